import { asDistributorError, type ErrorCode } from '../base/errors.ts';
import { lruSet } from '../base/lru.ts';
import type { Metrics } from '../base/metrics.ts';
import type { Delivery } from '../core/delivery.ts';
import { objectId } from '../core/notification.ts';
import { type Rejection, sayRejection } from '../core/refusal.ts';
import { REJECTED_FOLDER, REJECTED_STREAM } from '../core/rejected-place.ts';
import { type QuarantineLine, quarantineKey } from '../quarantine/file.ts';
import { compressLines } from '../quarantine/writer.ts';
import type { CallWatch } from './call-watch.ts';
import type { Destination, Notice, ObjectTask, OpenDestination, StopSignals } from './destination.ts';

/**
 * Events that a destination rejects for their times go to a bucket of the tenant where its item says so (`rejected_events`), and
 * an event in the tenant's log group says where they are. Quarantine has only their places then, so that they can be redriven.
 * A bucket that takes nothing keeps no other delivery from going on: quarantine has the text then (docs/decisions/0053).
 */
export interface RejectedEvents {
  /** @returns undefined where the tenant's item asks for nothing, so that quarantine has everything */
  open(options: RejectedOptions): RejectedKeep | undefined;
}

export interface RejectedOptions {
  readonly task: ObjectTask;
  readonly delivery: Delivery;
  /** All of the tenant's. */
  readonly deliveries: readonly Delivery[];
  /** The one that rejects them: it tells the tenant. */
  readonly destination: Destination;
  readonly watch: CallWatch;
  readonly onNotice: (notice: Notice) => void;
  readonly signals: StopSignals;
  /** Files are written anew by whoever goes on, so that a drain need not wait for them. */
  readonly reading: AbortSignal;
}

/** A file of events that were rejected. */
export interface RejectedFile {
  readonly reason: Rejection;
  readonly events: number;
  /** Epoch milliseconds. */
  readonly firstMs: number;
  readonly lastMs: number;
  /** undefined: the text is in quarantine. */
  readonly url: string | undefined;
}

export interface RejectedKeep {
  /**
   * Writes a file into the tenant's bucket. The same reason and place overwrite it.
   * @returns its URL; undefined: it could not be written, and quarantine must have the text
   * @throws what a stop throws
   */
  write(reason: Rejection, place: string, lines: Iterable<QuarantineLine>): Promise<string | undefined>;
  /**
   * Tells the tenant of the files of one place, in one call: it is the last thing before they count as kept.
   * @throws DistributorError as `Destination.say`, unless the log group takes none of these events
   */
  announce(files: readonly RejectedFile[]): Promise<void>;
}

export interface RejectedEventsDeps {
  readonly openDestination: OpenDestination;
  readonly metrics: Pick<Metrics, 'rejectedFiles'>;
  /** AWS's clock, epoch milliseconds. */
  readonly awsNowMs: () => number;
  readonly monotonicMs: () => number;
}

/** A bucket that took nothing is left alone for so long: each object would wait for it otherwise. */
const REST_MS = 60_000;
const RESTING_MAX = 1_000;
/** The log group takes no events of the service's own. Anything else is trouble of the delivery too, and passes. */
const UNSAID: ReadonlySet<ErrorCode> = new Set(['destination-refused', 'destination-rejects-request']);

export function createRejectedEvents(deps: RejectedEventsDeps): RejectedEvents {
  /** Until when, and why. */
  const resting = new Map<string, { readonly untilMs: number; readonly why: string }>();

  return {
    open(options) {
      const { task, delivery, deliveries, onNotice, signals, reading } = options;
      const type = delivery.target.rejectedEvents;
      if (type === undefined) return undefined;
      const { tenantId } = delivery;
      const taker = deliveries.find((one) => one.type === type);
      const name = `${tenantId}/${type}`;

      /** @throws what keeps the bucket from taking it */
      const writeFile = async (key: string, lines: Iterable<QuarantineLine>): Promise<string> => {
        if (!taker) throw new Error(`the tenant has no delivery ${type}`);
        const rest = resting.get(name);
        if (rest && deps.monotonicMs() < rest.untilMs) throw new Error(rest.why);
        const { target } = taker;
        const bucket = deps.openDestination({ delivery: taker, target, task, watch: options.watch, onNotice });
        if (!bucket.keepFile) throw new Error(`${type} is no bucket`);
        const body = await compressLines(lines);
        try {
          return await bucket.keepFile(key, body, { drain: reading, abort: reading });
        } catch (error) {
          reading.throwIfAborted();
          const why = asDistributorError(error).message;
          lruSet(resting, name, { untilMs: deps.monotonicMs() + REST_MS, why }, RESTING_MAX);
          throw error;
        }
      };

      return {
        async write(reason, place, lines) {
          const key = quarantineKey(REJECTED_FOLDER, { tenant: tenantId, reason, place });
          try {
            const url = await writeFile(key, lines);
            deps.metrics.rejectedFiles.inc({ kept_by: 'bucket' });
            return url;
          } catch (error) {
            reading.throwIfAborted();
            deps.metrics.rejectedFiles.inc({ kept_by: 'quarantine' });
            const failure = asDistributorError(error);
            if (failure.disposition === 'crash') throw failure;
            const why = error instanceof Error ? error.message : String(error);
            const message = `tenant ${tenantId}: rejected events are in quarantine, and not in the bucket of ${type}, which rejected_events names. ${why}`;
            onNotice({ code: 'rejected-events-quarantined', message });
            return undefined;
          }
        },
        async announce(files) {
          const timestamp = deps.awsNowMs();
          const events = files.map((file) => ({ timestamp, message: pointer(objectId(task.ref), file) }));
          try {
            await options.destination.say?.(REJECTED_STREAM, events, signals);
          } catch (error) {
            const { code, message } = asDistributorError(error);
            if (!UNSAID.has(code)) throw error;
            onNotice({
              code: 'rejected-events-unannounced',
              message: `tenant ${tenantId}: the log group does not take the events that say where rejected events are. They are kept all the same. ${message}`,
            });
          }
        },
      };
    },
  };
}

/** The same for the same file, whoever writes it: who reads it twice has read the same. */
function pointer(object: string, { reason, events, firstMs, lastMs, url }: RejectedFile): string {
  return JSON.stringify({
    log_distributor: 'rejected_events',
    reason,
    detail: sayRejection(reason),
    events,
    first_timestamp: firstMs,
    last_timestamp: lastMs,
    object,
    ...(url === undefined ? { kept_by: 'platform' } : { file: url }),
  });
}
