import type { DistributorError } from '../base/errors.ts';
import type { KeyTemplate } from '../core/object-key.ts';
import { createAdmission } from '../run/messages/admission.ts';
import { createCanaryBooks } from '../run/messages/canaries.ts';
import { type ProcessDeps, processMessage } from '../run/messages/process-message.ts';
import { createNotifier } from '../run/queue/notifier.ts';
import { createReceiveLoop, type ReceiveLoop } from '../run/queue/receive-loop.ts';
import type { Ground, QueueParts, ScheduleParts, StatsParts, Workers } from './parts.ts';
import type { FleetNotes } from './reconciler.ts';

/** Messages come in as long as there is room, and each is processed to its end. */
export interface Receiving {
  readonly loop: ReceiveLoop;
  /** How many more messages may be in flight now. */
  room(): number;
  /** Resolves when no message is being processed any more; nothing may be received meanwhile. */
  idle(): Promise<void>;
}

/** Messages in flight beyond the objects at work, so that a free slot need not wait for a receive. */
const PREFETCH = 20;
/**
 * Messages beyond these while they are sent anew, which takes two calls: behind a flood whose surplus goes back so, the others'
 * messages are found as soon as where it is only hidden.
 */
const LEAVING_MAX = 100;
/** Of the messages in flight: what one tenant may have of them. More than its share of the slots, so that it fills these. */
const TENANT_SHARE = 1 / 2;
/** Enough concurrent receives to fill the room of one thread. */
const RECEIVERS = 3;

export function composeReceiving(
  ground: Ground,
  parts: QueueParts & StatsParts & ScheduleParts & Pick<FleetNotes, 'noteDeadLetter'> & { readonly workers: Workers },
  keyTemplate: KeyTemplate,
  onCrash: (error: DistributorError) => void,
): Receiving {
  const { settings, metrics, nowMs, monotonicMs, logger } = ground;
  const { scheduler, inFlight, breakers, handBacks, tenantStats, queue, receivedSeconds } = parts;
  const messagesMax = parts.slots + PREFETCH;
  const deps: ProcessDeps = {
    ...parts,
    ...ground,
    keyTemplate,
    admission: createAdmission({
      messagesMax: Math.ceil(messagesMax * TENANT_SHARE),
      handBacks,
      onTrial: breakers.onTrial,
      hasPlace: scheduler.wantPlace,
    }),
    canaries: createCanaryBooks({ metrics, tenantStats, nowMs }),
    parkMs: settings.parkMs,
    probeMs: settings.probeMs,
    random: Math.random,
    onCrash,
  };
  const processing = new Set<Promise<void>>();
  const messageEnded = createNotifier();
  // Neither messages whose objects wait behind the bulkhead nor those that are being sent anew keep anybody out.
  const room = () => messagesMax + scheduler.behindBulkhead + Math.min(LEAVING_MAX, inFlight.leaving) - inFlight.size;
  const loop = createReceiveLoop({
    queue,
    visibilitySeconds: receivedSeconds,
    room,
    roomNotifier: messageEnded,
    receivers: RECEIVERS,
    onMessage(message) {
      const work = processMessage(deps, inFlight.take(message)).finally(() => {
        processing.delete(work);
        messageEnded.notify();
      });
      processing.add(work);
    },
    watermark: parts.watermark,
    reception: parts.reception,
    metrics,
    logger,
    random: Math.random,
    nowMs: monotonicMs,
    epochMs: nowMs,
  });
  return {
    loop,
    room,
    async idle() {
      while (processing.size > 0) await Promise.all(processing);
    },
  };
}
