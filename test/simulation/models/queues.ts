import type { Message, MessageAttributeValue } from '@aws-sdk/client-sqs';
import type { SqsApi } from '../../../service/aws/api.ts';
import { type Answers, awsError } from './answers.ts';
import { createShelf, type Shelf } from './shelf.ts';

/**
 * SQS, standard queues. A message that is received is invisible for a while and then comes back, with one receive more; after
 * `maxReceiveCount` of them it goes to the dead-letter queue. A receipt is good until the message is received again. The order is
 * nobody's to count on. At least once: `onceMore` lets a message be handed out although somebody has it.
 */
export interface Queues extends Answers<Omit<SqsApi, 'ReceiveMessage'>> {
  /** What there is now; a long poll asks again at `nextMs`, and when something is sent. */
  receive(input: Parameters<SqsApi['ReceiveMessage']>[0]): Message[];
  /** When the next message of the queue that is hidden now turns visible; infinite: none will. */
  nextMs(queueUrl: string): number;
  messages(queueUrl: string): readonly StoredMessage[];
  /** Whether a receive would bring something now. */
  hasVisible(queueUrl: string): boolean;
}

export interface StoredMessage {
  readonly id: string;
  readonly body: string;
  readonly attributes: Readonly<Record<string, MessageAttributeValue>>;
  readonly sentMs: number;
  visibleMs: number;
  receives: number;
  receipt: string | undefined;
}

export interface QueuesDeps {
  readonly nowMs: () => number;
  readonly newId: () => string;
  /** Which of those that are visible comes next: a whole number below `count`. */
  readonly pick: (count: number) => number;
  /** Whether this message is handed out once more than it should. */
  readonly onceMore: () => boolean;
  readonly queues: readonly QueueSpec[];
}

export interface QueueSpec {
  readonly url: string;
  readonly arn: string;
  readonly redrive?: { readonly url: string; readonly maxReceiveCount: number };
}

const BATCH_MAX = 10;
const MESSAGE_BYTES_MAX = 1024 * 1024;
const VISIBILITY_SECONDS_MAX = 43_200;
const DELAY_SECONDS_MAX = 900;

export function createQueues({ nowMs, newId, pick, onceMore, queues }: QueuesDeps): Queues {
  const stored = new Map(queues.map(({ url }) => [url, createShelf<StoredMessage>()]));
  const specOf = (url: string | undefined) => {
    const spec = queues.find((queue) => queue.url === url);
    const messages = stored.get(url ?? '');
    if (!spec || !messages)
      throw awsError('AWS.SimpleQueueService.NonExistentQueue', 400, 'The specified queue does not exist.');
    return { spec, messages };
  };
  const byReceipt = (messages: Shelf<StoredMessage>, receipt: string | undefined) => {
    const message = messages.get(receipt?.split('/')[0] ?? '');
    return message?.receipt !== undefined && message.receipt === receipt ? message : undefined;
  };

  const send = (url: string | undefined, body: string, attributes: StoredMessage['attributes'], delaySeconds = 0) => {
    const { messages } = specOf(url);
    const id = newId();
    const sentMs = nowMs();
    messages.add({
      id,
      body,
      attributes,
      sentMs,
      visibleMs: sentMs + delaySeconds * 1000,
      receives: 0,
      receipt: undefined,
    });
    return id;
  };

  const batch = <E extends { readonly Id?: string | undefined }>(
    entries: readonly E[] | undefined,
    each: (entry: E) => string | undefined,
  ) => {
    if (!entries?.length) throw awsError('AWS.SimpleQueueService.EmptyBatchRequest', 400);
    if (entries.length > BATCH_MAX) throw awsError('AWS.SimpleQueueService.TooManyEntriesInBatchRequest', 400);
    if (new Set(entries.map(({ Id }) => Id)).size < entries.length)
      throw awsError('AWS.SimpleQueueService.BatchEntryIdsNotDistinct', 400);
    const Failed = entries.flatMap((entry) => {
      const Code = each(entry);
      return Code === undefined ? [] : [{ Id: entry.Id, Code, SenderFault: true }];
    });
    return { Failed };
  };

  return {
    receive({ QueueUrl, MaxNumberOfMessages = 1, VisibilityTimeout = 30 }) {
      const { spec, messages } = specOf(QueueUrl);
      const taken: Message[] = [];
      /** Stay visible although somebody has them, but come once in a receive. */
      const kept = new Set<StoredMessage>();
      while (taken.length < MaxNumberOfMessages) {
        const visible = messages.visible(nowMs());
        const left = kept.size === 0 ? visible : visible.filter((other) => !kept.has(other));
        if (left.length === 0) break;
        const message = left[pick(left.length)] as StoredMessage;
        if (spec.redrive && message.receives >= spec.redrive.maxReceiveCount) {
          messages.remove(message);
          specOf(spec.redrive.url).messages.add({ ...message, visibleMs: nowMs(), receipt: undefined });
          continue;
        }
        message.receives++;
        message.receipt = `${message.id}/${message.receives}`;
        if (onceMore()) kept.add(message);
        else messages.hide(message, nowMs() + VisibilityTimeout * 1000);
        taken.push({
          MessageId: message.id,
          ReceiptHandle: message.receipt,
          Body: message.body,
          Attributes: { ApproximateReceiveCount: String(message.receives), SentTimestamp: String(message.sentMs) },
          MessageAttributes: { ...message.attributes },
        });
      }
      return taken;
    },
    nextMs: (queueUrl) => specOf(queueUrl).messages.nextMs(),
    messages: (queueUrl) => specOf(queueUrl).messages.all(),
    hasVisible: (queueUrl) => specOf(queueUrl).messages.visible(nowMs()).length > 0,
    DeleteMessageBatch({ QueueUrl, Entries }) {
      const { messages } = specOf(QueueUrl);
      return batch(Entries, ({ ReceiptHandle }) => {
        if (!/^[^/]+\/\d+$/.test(ReceiptHandle ?? '')) return 'ReceiptHandleIsInvalid';
        // To delete what is not there any more succeeds; an older receipt deletes nothing.
        const message = byReceipt(messages, ReceiptHandle);
        if (message) messages.remove(message);
        return undefined;
      });
    },
    ChangeMessageVisibilityBatch({ QueueUrl, Entries }) {
      const { messages } = specOf(QueueUrl);
      return batch(Entries, ({ ReceiptHandle, VisibilityTimeout = 0 }) => {
        const message = byReceipt(messages, ReceiptHandle);
        if (VisibilityTimeout < 0 || VisibilityTimeout > VISIBILITY_SECONDS_MAX) return 'InvalidParameterValue';
        if (!message) return 'InvalidParameterValue';
        if (message.visibleMs <= nowMs()) return 'MessageNotInflight';
        messages.hide(message, nowMs() + VisibilityTimeout * 1000);
        return undefined;
      });
    },
    SendMessage({ QueueUrl, MessageBody = '', MessageAttributes = {}, DelaySeconds }) {
      if (Buffer.byteLength(MessageBody) > MESSAGE_BYTES_MAX) throw awsError('InvalidParameterValue', 400);
      return { MessageId: send(QueueUrl, MessageBody, MessageAttributes, DelaySeconds) };
    },
    SendMessageBatch({ QueueUrl, Entries }) {
      return batch(Entries, ({ MessageBody = '', MessageAttributes = {}, DelaySeconds = 0 }) => {
        if (DelaySeconds > DELAY_SECONDS_MAX) return 'InvalidParameterValue';
        send(QueueUrl, MessageBody, MessageAttributes, DelaySeconds);
        return undefined;
      });
    },
    GetQueueAttributes({ QueueUrl, AttributeNames = [] }) {
      const { spec, messages } = specOf(QueueUrl);
      const all = messages.all();
      const hidden = all.filter(({ visibleMs }) => visibleMs > nowMs());
      const delayed = hidden.filter(({ receives }) => receives === 0).length;
      const Attributes: Record<string, string> = {
        QueueArn: spec.arn,
        ApproximateNumberOfMessages: String(all.length - hidden.length),
        ApproximateNumberOfMessagesNotVisible: String(hidden.length - delayed),
        ApproximateNumberOfMessagesDelayed: String(delayed),
      };
      const wanted = Object.entries(Attributes).filter(([name]) =>
        (AttributeNames as readonly string[]).includes(name),
      );
      return { Attributes: Object.fromEntries(wanted) };
    },
  };
}
