import type { Queue, QueueMessage } from '../../aws/queue.ts';
import { errorFields, type Logger } from '../../base/logger.ts';
import type { Metrics } from '../../base/metrics.ts';
import type { RefusedRecords } from '../../core/notification.ts';

export interface BuryRestDeps {
  readonly queue: Pick<Queue, 'sendDeadLetter'>;
  readonly metrics: Pick<Metrics, 'objects' | 'deadLetters'>;
  readonly logger: Logger;
}

/**
 * Sends what a message holds beside its objects to the dead-letter queue, as a letter of its own: its objects are delivered, and
 * must not stand among what is not.
 * @returns whether it is safe there
 */
export async function buryRest(
  { queue, metrics, logger }: BuryRestDeps,
  { id }: Pick<QueueMessage, 'id'>,
  { body, error }: RefusedRecords,
): Promise<boolean> {
  const attributes = { reason: error.code, tenant_id: '', object: '', detail: error.message };
  try {
    await queue.sendDeadLetter(body, attributes);
  } catch (cause) {
    logger.error(
      { ...errorFields(cause), message_id: id },
      'a part of a message could not be sent to the dead-letter queue; the message stays in its queue',
    );
    return false;
  }
  metrics.objects.inc({ outcome: 'dead_letter' });
  metrics.deadLetters.inc({ reason: error.code });
  logger.warn(
    { ...attributes, message_id: id },
    'a part of a message announces no object; moved to the dead-letter queue by itself',
  );
  return true;
}
