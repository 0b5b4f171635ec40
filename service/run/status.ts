import type { Settings } from '../base/settings.ts';
import { placeName } from '../core/place.ts';
import type { CircuitBreakers } from './circuit-breakers.ts';
import type { Freshness } from './freshness.ts';
import type { Horizon } from './horizon.ts';
import type { InHand } from './in-hand.ts';
import type { Pacing } from './pacing.ts';
import type { Parked } from './parked.ts';
import type { QueueDepthView } from './queue-depth.ts';
import type { Scheduler } from './scheduler.ts';
import { endOfLastSlotMs, type Series, SLOT_SECONDS } from './series.ts';
import type { Surplus } from './surplus.ts';
import type { TenantBoard, TenantStatus } from './tenant-board.ts';
import type { ObjectAtWork, WorkerPool } from './worker-pool.ts';

/** What `/status` answers: how this process stands, for the page at `/` and for scripts. Times are RFC 3339, UTC. */
export interface Status {
  readonly state: 'receiving' | 'draining';
  /** Of package.json. */
  readonly version: string;
  readonly started_at: string;
  /** When this was said: all ages are to be reckoned from it, not from the reader's clock. */
  readonly now: string;
  readonly process: {
    readonly id: number;
    /** Resident, threads and buffers included. */
    readonly memory_bytes: number;
    readonly memory_budget_bytes: number;
  };
  /** All tasks' queue as SQS counts it, about; null while that is not known. */
  readonly queue: { readonly visible: number; readonly invisible: number; readonly delayed: number } | null;
  /** Messages that were sent before it are, as far as can be known, not waiting in the queue. */
  readonly queue_read_up_to: string | null;
  readonly messages_in_hand: number;
  /** Handed back as surplus and still away, by estimate. */
  readonly messages_away: number;
  readonly objects: {
    readonly running: number;
    /** Of the running ones: those that wait for an answer, or have yet to show that there is one. */
    readonly behind_bulkhead: number;
    readonly waiting: number;
    readonly memory_reserved_bytes: number;
  };
  readonly workers: readonly { readonly thread: number; readonly objects: readonly ObjectAtWork[] }[];
  readonly destinations: readonly { readonly destination: string; readonly calls_per_second: number }[];
  /** What `bytes_per_second` means everywhere: rates of slots, the last of which ended at `ends_at`. */
  readonly series: { readonly slot_seconds: number; readonly ends_at: string };
  readonly bytes_per_second: readonly number[];
  /** Regions in which a service answers nobody; one object at a time finds out when it does. */
  readonly places: readonly PlaceStatus[];
  readonly tenants: readonly TenantStatus[];
}

export interface PlaceStatus {
  /** `CloudWatch Logs in eu-west-1` */
  readonly place: string;
  readonly state: 'open' | 'probing';
  readonly since: string;
  readonly next_try_at: string;
  /** That got no answer there. */
  readonly tenants: number;
}

export interface StatusDeps {
  readonly settings: Pick<Settings, 'memoryBudgetBytes'>;
  readonly version: string;
  readonly startedMs: number;
  readonly isDraining: () => boolean;
  readonly depth: QueueDepthView;
  readonly horizon: Pick<Horizon, 'ms'>;
  readonly freshness: Pick<Freshness, 'snapshot'>;
  readonly inHand: Pick<InHand, 'size'>;
  readonly surplus: Pick<Surplus, 'away'>;
  readonly scheduler: Pick<Scheduler, 'running' | 'behindBulkhead' | 'waiting' | 'reservedBytes'>;
  readonly workers: Pick<WorkerPool, 'work'>;
  readonly pacing: Pick<Pacing, 'list'>;
  readonly breakers: Pick<CircuitBreakers, 'list' | 'listPlaces'>;
  readonly parked: Pick<Parked, 'of'>;
  readonly board: Pick<TenantBoard, 'list'>;
  /** Bytes of messages, of all tenants. */
  readonly delivered: Pick<Series, 'rates'>;
  /** Epoch milliseconds. */
  readonly nowMs: () => number;
}

export function createStatus(deps: StatusDeps): () => Status {
  const { scheduler, horizon } = deps;
  return () => {
    const now = deps.nowMs();
    return {
      state: deps.isDraining() ? 'draining' : 'receiving',
      version: deps.version,
      started_at: toTime(deps.startedMs),
      now: toTime(now),
      process: {
        id: process.pid,
        memory_bytes: process.memoryUsage.rss(),
        memory_budget_bytes: deps.settings.memoryBudgetBytes,
      },
      queue: deps.depth.look() ?? null,
      queue_read_up_to: horizon.ms === undefined ? null : toTime(horizon.ms),
      messages_in_hand: deps.inHand.size,
      messages_away: deps.surplus.away,
      objects: {
        running: scheduler.running,
        behind_bulkhead: scheduler.behindBulkhead,
        waiting: scheduler.waiting,
        memory_reserved_bytes: scheduler.reservedBytes,
      },
      workers: deps.workers.work().map((objects, thread) => ({ thread, objects })),
      destinations: deps.pacing.list().map(({ destination, callsPerSecond }) => ({
        destination,
        calls_per_second: Math.round(callsPerSecond * 10) / 10,
      })),
      series: { slot_seconds: SLOT_SECONDS, ends_at: toTime(endOfLastSlotMs(now)) },
      bytes_per_second: deps.delivered.rates(),
      places: deps.breakers.listPlaces().map(({ place, state, sinceMs, againAtMs, tenants }) => ({
        place: placeName(place),
        state,
        since: toTime(sinceMs),
        next_try_at: toTime(againAtMs),
        tenants,
      })),
      tenants: deps.board.list(deps.breakers.list(), deps.freshness.snapshot(), deps.parked),
    };
  };
}

function toTime(ms: number): string {
  return new Date(ms).toISOString();
}
