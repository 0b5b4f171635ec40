import type { Settings } from '../../base/settings.ts';
import { placeName } from '../../core/place.ts';
import { withoutSecrets } from '../../core/without-secrets.ts';
import type { Freshness } from '../queue/freshness.ts';
import type { HandBacks } from '../queue/hand-backs.ts';
import type { InFlight } from '../queue/in-flight.ts';
import type { CountedDepth, QueueDepthView } from '../queue/queue-depth.ts';
import type { Reception, ReceptionView } from '../queue/reception.ts';
import type { Watermark } from '../queue/watermark.ts';
import type { CircuitBreakers } from '../schedule/circuit-breakers.ts';
import type { RateLimits } from '../schedule/rate-limits.ts';
import type { Scheduler } from '../schedule/scheduler.ts';
import type { Parked } from '../stats/parked.ts';
import { endOfLastSlotMs, type Series, SLOT_SECONDS } from '../stats/series.ts';
import type { TenantStats, TenantStatus } from '../stats/tenant-stats.ts';
import type { ObjectAtWork, WorkerPool } from '../threads/worker-pool.ts';
import type { Probe, ProbeView } from './probe.ts';
import type { Reconciler, ReconcilerView } from './reconciler.ts';

/** The answer of `/status`: the state of this process, for the page at `/` and for scripts. Times are RFC 3339, UTC. */
export interface Status {
  /** As the last receives went (run/queue/reception.ts), or `draining`. */
  readonly state: ReceptionView['state'] | 'draining';
  /** What keeps the service from working, or part of it: what it is not ready for, and lost objects that wait for a person. */
  readonly problems: readonly ProblemStatus[];
  /** When AWS was last asked for the queues and the tables; null before the first answer. */
  readonly checked_at: string | null;
  /** Of package.json. */
  readonly version: string;
  readonly started_at: string;
  /** RUNBOOK_URL: the page links each kind of trouble to its section; null when it is not set. */
  readonly runbook_url: string | null;
  /** The service's time. Reckon all ages from it, not from the reader's clock. */
  readonly now: string;
  readonly process: {
    readonly id: number;
    /** Resident, threads and buffers included. */
    readonly memory_bytes: number;
    readonly memory_budget_bytes: number;
  };
  /** All tasks' queue as SQS counted it, about; null while that is not known. */
  readonly queue: {
    readonly visible: number;
    readonly invisible: number;
    readonly delayed: number;
    readonly counted_at: string;
  } | null;
  /** Messages that were sent before it are, as far as can be known, not waiting in the queue. */
  readonly queue_read_up_to: string | null;
  readonly messages_in_flight: number;
  /** Handed back and not yet visible again, by estimate. */
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
  /** Regions in which a service answers no tenant; one object at a time probes it. */
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

export interface ProblemStatus {
  /** The setting that names what it is about. */
  readonly about: string;
  readonly message: string;
  readonly since: string;
}

export interface StatusDeps {
  readonly settings: Pick<Settings, 'memoryBudgetBytes' | 'runbookUrl'>;
  readonly version: string;
  readonly startedMs: number;
  readonly isDraining: () => boolean;
  readonly reception: Pick<Reception, 'look'>;
  readonly probe: Pick<Probe, 'look'>;
  readonly depth: QueueDepthView;
  readonly watermark: Pick<Watermark, 'ms'>;
  readonly freshness: Pick<Freshness, 'snapshot'>;
  readonly inFlight: Pick<InFlight, 'size'>;
  readonly handBacks: Pick<HandBacks, 'away'>;
  readonly scheduler: Pick<Scheduler, 'running' | 'behindBulkhead' | 'waiting' | 'reservedBytes'>;
  readonly workers: Pick<WorkerPool, 'work'>;
  readonly rateLimits: Pick<RateLimits, 'list'>;
  readonly breakers: Pick<CircuitBreakers, 'list' | 'listPlaces'>;
  readonly parked: Pick<Parked, 'of'>;
  readonly tenantStats: Pick<TenantStats, 'list'>;
  /** Bytes of messages, of all tenants. */
  readonly delivered: Pick<Series, 'rates'>;
  /** undefined: the bucket is not compared with the ledger. */
  readonly reconciler: Pick<Reconciler, 'look'> | undefined;
  /** Epoch milliseconds. */
  readonly nowMs: () => number;
}

export function createStatus(deps: StatusDeps): () => Status {
  const { scheduler, watermark } = deps;
  return () => {
    const now = deps.nowMs();
    const reception = deps.reception.look();
    const checked = deps.probe.look();
    return {
      state: deps.isDraining() ? 'draining' : reception.state,
      problems: problemsOf(reception, checked, deps.reconciler?.look()),
      checked_at: checked.askedMs === undefined ? null : toTime(checked.askedMs),
      version: deps.version,
      started_at: toTime(deps.startedMs),
      runbook_url: deps.settings.runbookUrl ?? null,
      now: toTime(now),
      process: {
        id: process.pid,
        memory_bytes: process.memoryUsage.rss(),
        memory_budget_bytes: deps.settings.memoryBudgetBytes,
      },
      queue: toQueueStatus(deps.depth.look()),
      queue_read_up_to: watermark.ms === undefined ? null : toTime(watermark.ms),
      messages_in_flight: deps.inFlight.size,
      messages_away: deps.handBacks.away,
      objects: {
        running: scheduler.running,
        behind_bulkhead: scheduler.behindBulkhead,
        waiting: scheduler.waiting,
        memory_reserved_bytes: scheduler.reservedBytes,
      },
      workers: deps.workers.work().map((objects, thread) => ({ thread, objects })),
      destinations: deps.rateLimits.list().map(({ destination, callsPerSecond }) => ({
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
      tenants: deps.tenantStats.list(deps.breakers.list(), deps.freshness.snapshot(), deps.parked),
    };
  };
}

function toQueueStatus(depth: CountedDepth | undefined): Status['queue'] {
  if (!depth) return null;
  const { countedMs, ...counts } = depth;
  return { ...counts, counted_at: toTime(countedMs) };
}

/** A failing receive tells more about the queue than the probe does, so it replaces the probe's problem. */
function problemsOf(
  reception: ReceptionView,
  { problems }: ProbeView,
  compared: ReconcilerView | undefined,
): ProblemStatus[] {
  const failing = reception.state === 'failing' ? [{ about: 'SQS_QUEUE_URL', ...reception }] : [];
  const others = failing.length > 0 ? problems.filter(({ about }) => about !== 'SQS_QUEUE_URL') : problems;
  return [...failing, ...others, ...withheldProblems(compared)].map(({ about, message, sinceMs }) => ({
    about,
    message: withoutSecrets(message),
    since: toTime(sinceMs),
  }));
}

/** The setting is what one would change to make it stop for good. */
function withheldProblems(compared: ReconcilerView | undefined) {
  if (compared?.withheldMs === undefined) return [];
  const message = `${compared.withheldObjects} objects of the bucket are not in the ledger: so many that none is announced until a person decides whether the announcements were lost, or the ledger.`;
  return [{ about: 'RECONCILE_INTERVAL_SECONDS', message, sinceMs: compared.withheldMs }];
}

function toTime(ms: number): string {
  return new Date(ms).toISOString();
}
