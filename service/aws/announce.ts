import { setTimeout as delay } from 'node:timers/promises';
import { type ObjectRef, objectNotification } from '../core/notification.ts';
import type { Call, SqsApi } from './api.ts';
import type { Throttle } from './throttle.ts';

/** Announces objects to the service's queue as S3 does: at a rate, and only while live traffic does not wait. */
export interface Announcer {
  /** Waits for its turn, and sends nothing. @returns false when the signal aborted. @throws what SQS answers */
  ready(): Promise<boolean>;
  /**
   * Waits for its turn and sends up to `BATCH_MAX` announcements.
   * @returns those that SQS did not take; `stopped` when the signal aborted before anything was sent
   * @throws what SQS answers
   */
  send(
    refs: readonly ObjectRef[],
  ): Promise<'stopped' | { readonly failed: readonly ObjectRef[]; readonly code: string }>;
}

export interface AnnouncerDeps {
  readonly sqs: Call<SqsApi>;
  readonly queueUrl: string;
  readonly throttle: Throttle;
  /** Nothing is sent while more messages than this wait in the queue. */
  readonly backlogMax: number;
  /** Told how many wait, each time that it has to wait for them. */
  readonly onWait: (waiting: number) => void;
  readonly signal: AbortSignal;
  /** Epoch milliseconds. */
  readonly nowMs: () => number;
}

const LOOK_AGAIN_MS = 2_000;

export function createAnnouncer({ sqs, queueUrl, signal, ...deps }: AnnouncerDeps): Announcer {
  const untilLiveIsServed = async () => {
    while (!signal.aborted) {
      const input = { QueueUrl: queueUrl, AttributeNames: ['ApproximateNumberOfMessages' as const] };
      const { Attributes } = await sqs('GetQueueAttributes', input);
      const waiting = Number(Attributes?.ApproximateNumberOfMessages ?? 0);
      if (waiting <= deps.backlogMax) return;
      deps.onWait(waiting);
      await delay(LOOK_AGAIN_MS, undefined, { signal }).catch(() => {});
    }
  };
  return {
    async ready() {
      await deps.throttle.take(0);
      await untilLiveIsServed();
      return !signal.aborted;
    },
    async send(refs) {
      await deps.throttle.take(refs.length);
      await untilLiveIsServed();
      if (signal.aborted) return 'stopped';
      const { Failed = [] } = await sqs('SendMessageBatch', {
        QueueUrl: queueUrl,
        Entries: refs.map((ref, at) => ({
          Id: String(at),
          // A replay is late from now on; what was missed, since it was written.
          MessageBody: objectNotification(ref, (ref.replay ? undefined : ref.createdMs) ?? deps.nowMs()),
        })),
      });
      const failed = Failed.flatMap(({ Id }) => refs[Number(Id)] ?? []);
      return { failed, code: Failed[0]?.Code ?? '' };
    },
  };
}
