import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { BATCH_MAX, batchesOf } from '../../aws/sqs-batch.ts';
import { CommandError } from '../errors.ts';
import { BY_THE_QUEUE, type DeadLetter } from './letter.ts';

/**
 * The dead-letter queue for people. SQS cannot list: to look at a message is to receive it, so it is invisible to others
 * until it is let go. A look that is broken off lets go by itself, after `HOLD_SECONDS`.
 */
export interface DeadLetterQueue {
  /**
   * Each message once, in batches as SQS hands them out. What the consumer does not name in `settled` is let go in the end.
   * Ends when nothing more comes, after `lettersMax`, or when the signal aborts.
   */
  batches(lettersMax: number, settled: ReadonlySet<string>): AsyncGenerator<DeadLetter[], void, undefined>;
  /** Sends the bodies to a queue. @returns those that are safe there */
  sendTo(queueUrl: string, letters: readonly DeadLetter[]): Promise<DeadLetter[]>;
  /** @throws CommandError when SQS does not delete one of them */
  remove(letters: readonly DeadLetter[]): Promise<void>;
}

/** Receives in a row that bring only what was seen: those that were held for too long, while others take their time. */
const STALE_MAX = 100;

export interface DeadLetterQueueDeps {
  readonly sqs: Pick<SQSClient, 'send'>;
  readonly queueUrl: string;
  readonly signal: AbortSignal;
}

/** A second of long polling asks all of SQS's servers; a short poll asks some. */
const WAIT_SECONDS = 1;
/** As long as a person takes to read; a look that takes longer meets messages again, and knows them. */
const HOLD_SECONDS = 300;

/** The service remembers for 10 s that a tenant is unknown or invalid, and would make the same dead letter once more. */
const OF_THE_TENANT: ReadonlySet<string> = new Set(['tenant-unknown', 'tenant-invalid']);
const FORGOTTEN_SECONDS = 15;

export function createDeadLetterQueue({ sqs, queueUrl, signal }: DeadLetterQueueDeps): DeadLetterQueue {
  const letGo = async (letters: readonly DeadLetter[]) => {
    for (const part of batchesOf(letters, ({ body }) => body)) {
      await sqs.send(
        new ChangeMessageVisibilityBatchCommand({
          QueueUrl: queueUrl,
          Entries: part.map(({ receipt }, at) => ({ Id: String(at), ReceiptHandle: receipt, VisibilityTimeout: 0 })),
        }),
      );
    }
  };

  return {
    async *batches(lettersMax, settled) {
      const seen = new Map<string, DeadLetter>();
      try {
        let stale = 0;
        for (let more = true; more && seen.size < lettersMax && !signal.aborted; ) {
          const { Messages = [] } = await sqs.send(
            new ReceiveMessageCommand({
              QueueUrl: queueUrl,
              MaxNumberOfMessages: Math.min(BATCH_MAX, lettersMax - seen.size),
              WaitTimeSeconds: WAIT_SECONDS,
              VisibilityTimeout: HOLD_SECONDS,
              MessageAttributeNames: ['All'],
              MessageSystemAttributeNames: ['SentTimestamp'],
            }),
          );
          const letters = Messages.map(toLetter);
          const fresh = letters.filter(({ id }) => !seen.has(id));
          for (const letter of letters) seen.set(letter.id, letter);
          stale = fresh.length > 0 ? 0 : stale + 1;
          more = letters.length > 0 && stale < STALE_MAX;
          if (fresh.length > 0) yield fresh;
        }
      } finally {
        await letGo([...seen.values()].filter(({ id }) => !settled.has(id)));
      }
    },

    async sendTo(target, letters) {
      const safe: DeadLetter[] = [];
      for (const part of batchesOf(letters, ({ body }) => body)) {
        const { Successful = [] } = await sqs.send(
          new SendMessageBatchCommand({
            QueueUrl: target,
            // Without the attributes: what was the reason is over, and its history begins anew.
            Entries: part.map(({ body, reason }, at) => ({
              Id: String(at),
              MessageBody: body,
              ...(OF_THE_TENANT.has(reason) ? { DelaySeconds: FORGOTTEN_SECONDS } : {}),
            })),
          }),
        );
        const ids = new Set(Successful.map(({ Id }) => Number(Id)));
        safe.push(...part.filter((_, at) => ids.has(at)));
      }
      return safe;
    },

    async remove(letters) {
      for (const part of batchesOf(letters, ({ body }) => body)) {
        const { Failed = [] } = await sqs.send(
          new DeleteMessageBatchCommand({
            QueueUrl: queueUrl,
            Entries: part.map(({ receipt }, at) => ({ Id: String(at), ReceiptHandle: receipt })),
          }),
        );
        if (Failed.length > 0) {
          throw new CommandError(
            `SQS did not delete ${Failed.length} messages (${Failed[0]?.Code}): they now exist twice: repeat the command`,
          );
        }
      }
    },
  };
}

function toLetter(message: Message): DeadLetter {
  const attribute = (name: string) => message.MessageAttributes?.[name]?.StringValue ?? '';
  return {
    id: message.MessageId ?? '',
    receipt: message.ReceiptHandle ?? '',
    body: message.Body ?? '',
    reason: attribute('reason') || BY_THE_QUEUE,
    tenant: attribute('tenant_id'),
    object: attribute('object'),
    detail: attribute('detail'),
    sentMs: Number(message.Attributes?.SentTimestamp ?? 0),
  };
}
