import type { Message } from '@aws-sdk/client-sqs';
import { HISTORY_ATTRIBUTES, type History, historyAttributes, isSentAnew, readHistory } from '../core/history.ts';
import type { Call, SqsApi } from './api.ts';
import { faultOf } from './fault.ts';
import { BATCH_MAX, batchesOf } from './sqs-batch.ts';

/** The queue in the service's words. Batches hold at most ten entries (SQS quotas); these functions cut them. */
export interface Queue {
  /** Long poll of 20 s. The signal ends it at once; messages that SQS had handed out by then come back by themselves. */
  receive(countMax: number, visibilitySeconds: number, signal: AbortSignal): Promise<QueueMessage[]>;
  /** @returns the receipts that SQS would not take */
  remove(receipts: readonly string[]): Promise<readonly string[]>;
  changeVisibility(changes: readonly VisibilityChange[]): Promise<readonly string[]>;
  /**
   * Sends messages to the queue anew: the same bodies, new receive counts, the given histories. The originals are still
   * there when it returns.
   * @returns the receipts of those that SQS would not take
   */
  sendAnew(copies: readonly MessageCopy[]): Promise<readonly string[]>;
  /**
   * Sends the body as it is to the dead-letter queue; it is safe there when this returns.
   * @param attributes the most important first: where the queue takes no message of that size, the last ones are left out
   */
  sendDeadLetter(body: string, attributes: Readonly<Record<string, string>>): Promise<void>;
  /** What SQS says that a queue is, whatever URL names it. @throws when the queue cannot be reached */
  arn(of: 'messages' | 'dead letters', signal: AbortSignal): Promise<string>;
  /** How many messages SQS counts, about. @throws when the queue cannot be reached */
  depth(signal: AbortSignal): Promise<QueueDepth>;
}

export interface QueueMessage {
  readonly id: string;
  readonly receipt: string;
  readonly body: string;
  /** 1 at the first receive. */
  readonly receiveCount: number;
  /** When it came to the queue, sent anew or not, epoch milliseconds. */
  readonly sentMs: number;
  readonly history: History;
  /** Absent on a message that came from whoever announces objects. */
  readonly isSentAnew?: boolean;
}

export interface QueueDepth {
  /** Wait to be received. */
  readonly visible: number;
  /** Some process has them in flight, or has handed them back for later. */
  readonly invisible: number;
  /** Sent with a delay that is not over. */
  readonly delayed: number;
}

export interface MessageCopy {
  readonly message: QueueMessage;
  readonly history: History;
  /** Until then it is in the queue for nobody; at most `DELAY_SECONDS_MAX`. */
  readonly delaySeconds: number;
}

/** The longest that SQS keeps a new message back (SQS API reference, SendMessage, DelaySeconds). */
const DELAY_SECONDS_MAX = 900;

export interface VisibilityChange {
  readonly receipt: string;
  readonly seconds: number;
}

export interface QueueDeps {
  readonly sqs: Call<SqsApi>;
  /** For long polls: waits for longer, and does not repeat by itself. */
  readonly receiver: Call<SqsApi>;
  readonly queueUrl: string;
  readonly deadLetterQueueUrl: string;
  /** Epoch milliseconds. */
  readonly nowMs: () => number;
}

export const LONG_POLL_SECONDS = 20;
/** An object's name and what we say take two kilobytes at most, what AWS says one. Values count to the message's size. */
const ATTRIBUTE_LENGTH_MAX = 3_072;

export function createQueue({ sqs, receiver, queueUrl, deadLetterQueueUrl, nowMs }: QueueDeps): Queue {
  return {
    async receive(countMax, visibilitySeconds, signal) {
      const answer = await receiver(
        'ReceiveMessage',
        {
          QueueUrl: queueUrl,
          MaxNumberOfMessages: Math.min(countMax, BATCH_MAX),
          WaitTimeSeconds: LONG_POLL_SECONDS,
          VisibilityTimeout: visibilitySeconds,
          MessageSystemAttributeNames: ['ApproximateReceiveCount', 'SentTimestamp'],
          MessageAttributeNames: [...HISTORY_ATTRIBUTES],
        },
        { abortSignal: signal },
      );
      return (answer.Messages ?? []).map((message) => toQueueMessage(message, nowMs()));
    },

    async remove(receipts) {
      const failed: string[] = [];
      for (const part of batchesOf(receipts)) {
        const answer = await sqs('DeleteMessageBatch', {
          QueueUrl: queueUrl,
          Entries: part.map((receipt, at) => ({ Id: String(at), ReceiptHandle: receipt })),
        });
        for (const failure of answer.Failed ?? []) failed.push(part[Number(failure.Id)] ?? '');
      }
      return failed;
    },

    async changeVisibility(changes) {
      const failed: string[] = [];
      for (const part of batchesOf(changes)) {
        const answer = await sqs('ChangeMessageVisibilityBatch', {
          QueueUrl: queueUrl,
          Entries: part.map(({ receipt, seconds }, at) => ({
            Id: String(at),
            ReceiptHandle: receipt,
            VisibilityTimeout: seconds,
          })),
        });
        for (const failure of answer.Failed ?? []) failed.push(part[Number(failure.Id)]?.receipt ?? '');
      }
      return failed;
    },

    async sendAnew(copies) {
      const failed: string[] = [];
      for (const part of batchesOf(copies, ({ message }) => message.body)) {
        const answer = await sqs('SendMessageBatch', {
          QueueUrl: queueUrl,
          Entries: part.map(({ message, history, delaySeconds }, at) => ({
            Id: String(at),
            MessageBody: message.body,
            DelaySeconds: Math.min(DELAY_SECONDS_MAX, delaySeconds),
            MessageAttributes: attributesOf(historyAttributes(history), 'Number'),
          })),
        });
        for (const failure of answer.Failed ?? []) failed.push(part[Number(failure.Id)]?.message.receipt ?? '');
      }
      return failed;
    },

    async sendDeadLetter(body, attributes) {
      const all = Object.entries(attributesOf(attributes, 'String'));
      for (let count = all.length; ; count--) {
        try {
          await sqs('SendMessage', {
            QueueUrl: deadLetterQueueUrl,
            MessageBody: body,
            MessageAttributes: Object.fromEntries(all.slice(0, count)),
          });
          return;
        } catch (error) {
          // Names, types and values count to the size (API reference, MessageAttributeValue): at most 1 MiB, or what the
          // queue's MaximumMessageSize says, which nobody tells us.
          if (count === 0 || faultOf(error) !== 'invalid') throw error;
        }
      }
    },

    async arn(of, signal) {
      const QueueUrl = of === 'messages' ? queueUrl : deadLetterQueueUrl;
      // Of a standard queue SQS refuses to tell whether it is a FIFO queue; its name does.
      const input = { QueueUrl, AttributeNames: ['QueueArn' as const] };
      const { Attributes } = await sqs('GetQueueAttributes', input, { abortSignal: signal });
      return Attributes?.QueueArn ?? '';
    },

    async depth(signal) {
      const { Attributes: counts } = await sqs(
        'GetQueueAttributes',
        {
          QueueUrl: queueUrl,
          AttributeNames: [
            'ApproximateNumberOfMessages',
            'ApproximateNumberOfMessagesNotVisible',
            'ApproximateNumberOfMessagesDelayed',
          ],
        },
        { abortSignal: signal },
      );
      return {
        visible: Number(counts?.ApproximateNumberOfMessages ?? 0),
        invisible: Number(counts?.ApproximateNumberOfMessagesNotVisible ?? 0),
        delayed: Number(counts?.ApproximateNumberOfMessagesDelayed ?? 0),
      };
    },
  };
}

/** SQS takes no empty values. */
function attributesOf(values: Readonly<Record<string, string>>, type: 'String' | 'Number') {
  const filled = Object.entries(values).filter(([, value]) => value !== '');
  return Object.fromEntries(
    filled.map(([name, value]) => [name, { DataType: type, StringValue: attributeValue(value) }]),
  );
}

function toQueueMessage(message: Message, nowMs: number): QueueMessage {
  const attributes = Object.fromEntries(
    Object.entries(message.MessageAttributes ?? {}).map(([name, { StringValue }]) => [name, StringValue]),
  );
  return {
    id: message.MessageId ?? '',
    receipt: message.ReceiptHandle ?? '',
    body: message.Body ?? '',
    receiveCount: Number(message.Attributes?.ApproximateReceiveCount ?? 1),
    sentMs: Number(message.Attributes?.SentTimestamp ?? nowMs),
    history: readHistory(attributes),
    ...(isSentAnew(attributes) ? { isSentAnew: true } : {}),
  };
}

/** SQS takes the characters of XML 1.0 and no others (API reference, SendMessage). */
function attributeValue(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must go.
  const allowed = text.toWellFormed().replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, ' ');
  return allowed.length <= ATTRIBUTE_LENGTH_MAX
    ? allowed
    : `${allowed.slice(0, ATTRIBUTE_LENGTH_MAX - 1)}…`.toWellFormed();
}
