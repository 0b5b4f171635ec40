import { type Accounted, addAccounted, NOTHING_ACCOUNTED } from '../../core/accounted.ts';
import type { Counts } from '../../core/counts.ts';
import { TENANTS_MAX } from '../../core/tenants-max.ts';
import { withoutSecrets } from '../../core/without-secrets.ts';
import { type ObjectReport, onlyWaits, type ReportLine } from '../../delivery/report.ts';
import type { FreshnessSnapshot } from '../queue/freshness.ts';
import type { DeliveryTrouble } from '../schedule/circuit-breakers.ts';
import { isNothingDelivered } from './outcome.ts';
import type { Parked, ParkedMessages } from './parked.ts';
import { createSeries, type Series } from './series.ts';

/** A tenant in `/status`. Counts are of this process, since its start. */
export interface TenantStatus {
  readonly tenant: string;
  /** Objects in flight that wait for their turn, and objects that are being delivered. */
  readonly waiting: number;
  readonly in_flight: number;
  readonly objects: number;
  /** Records by what became of them; a record counts for each delivery of the tenant. `events` were delivered. */
  readonly events: number;
  readonly filtered: number;
  readonly rejected: number;
  readonly quarantined: number;
  readonly dead_letters: number;
  /** Of the last object that was delivered: created to delivered. */
  readonly lag_seconds: number | null;
  readonly last_delivered_at: string | null;
  /** As far as this process knows (run/queue/freshness.ts); null while it knows nothing of the queue. */
  readonly delivered_up_to: string | null;
  /** When the oldest object that this process has in flight or has handed back was announced; null when there is none. */
  readonly oldest_undelivered_at: string | null;
  /** Of the last canary that was delivered: when it was written. */
  readonly last_canary_at: string | null;
  /** Bytes of delivered messages per second in each slot of the series, the oldest first; [] when there were none. */
  readonly bytes_per_second: readonly number[];
  /**
   * The last failure, or the last object of which nothing was delivered (`nothing-delivered`), while no further object has been
   * delivered since.
   */
  readonly trouble: { readonly code: string; readonly message: string; readonly at: string } | null;
  /** Messages that wait in the queue because the tenant's destinations take nothing, as far as this process gave them back. */
  readonly parked: { readonly messages: number; readonly first_dead_letter_at: string | null };
  /** Deliveries that are not tried, or only by a probe, or that wait for an answer: those that are not here are well. */
  readonly circuits: readonly CircuitStatus[];
  /** What to put right, though it keeps nothing from being delivered: of each delivery the last, if an object met it lately. */
  readonly notices: readonly NoticeStatus[];
}

export interface NoticeStatus {
  readonly delivery: string;
  readonly code: string;
  readonly message: string;
  readonly at: string;
}

export interface CircuitStatus {
  readonly delivery: string;
  readonly state: DeliveryTrouble['state'];
  readonly code: string;
  readonly message: string;
  readonly since: string;
  readonly next_try_at: string;
}

/** Keeps recent events of each tenant for the status page. Bounded: the tenants that are idle for longest are dropped first. */
export interface TenantStats {
  waiting(tenant: string): void;
  started(tenant: string): void;
  accounted(tenant: string, accounted: Accounted): void;
  ended(tenant: string, report: ObjectReport, createdMs: number | undefined): void;
  /** An object that waited need not be delivered now. */
  withdrawn(tenant: string): void;
  canaryDelivered(tenant: string, writtenMs: number): void;
  deadLetter(tenant: string): void;
  list(troubles: readonly DeliveryTrouble[], freshness: FreshnessSnapshot, parked: Pick<Parked, 'of'>): TenantStatus[];
  /** Tenants that the tenant table has, as far as objects came of them, with when the last canary that arrived was written. */
  known(): readonly KnownTenant[];
}

export interface KnownTenant {
  readonly tenant: string;
  /** Epoch milliseconds. */
  readonly canaryMs: number | undefined;
}

/** One thread meets what another does not know of. Beyond the longest time between two tries (aws/retention.ts). */
const NOTICE_KEPT_MS = 20 * 60_000;
/** Beside the codes of errors: the object is done, and every record that was wanted of it is in quarantine. */
const NOTHING_DELIVERED = 'nothing-delivered';

interface Entry {
  readonly tenant: string;
  /** Whether the tenant table has it: anybody who writes to the bucket can make up a name. */
  known: boolean;
  waiting: number;
  inFlight: number;
  objects: number;
  accounted: Accounted;
  deadLetters: number;
  lagSeconds: number | null;
  deliveredMs: number | undefined;
  canaryMs: number | undefined;
  /** Absent until something was delivered: most tenants of a task have nothing to show. */
  series: Series | undefined;
  trouble: TenantStatus['trouble'];
  /** By delivery. */
  readonly notices: Map<string, NoticeStatus>;
}

export function createTenantStats(nowMs: () => number): TenantStats {
  const tenants = new Map<string, Entry>();

  const of = (tenant: string) => {
    const entry = tenants.get(tenant) ?? emptyEntry(tenant);
    tenants.delete(tenant);
    tenants.set(tenant, entry);
    if (tenants.size > TENANTS_MAX) forgetOldest();
    return entry;
  };

  const forgetOldest = () => {
    for (const [tenant, { waiting, inFlight }] of tenants) {
      if (waiting + inFlight > 0) continue;
      tenants.delete(tenant);
      return;
    }
  };

  return {
    waiting(tenant) {
      of(tenant).waiting++;
    },
    started(tenant) {
      const entry = of(tenant);
      entry.waiting--;
      entry.inFlight++;
    },
    accounted(tenant, accounted) {
      const entry = of(tenant);
      entry.accounted = addAccounted(entry.accounted, accounted);
      if (accounted.messageBytes === 0) return;
      entry.series ??= createSeries(nowMs);
      entry.series.add(accounted.messageBytes);
    },
    ended(tenant, report, createdMs) {
      const entry = of(tenant);
      entry.inFlight--;
      let trouble: Entry['trouble'] | undefined;
      for (const line of report.lines) {
        entry.known ||= line.type !== '';
        noteNotice(entry, line, nowMs());
        if (line.kind === 'done') entry.objects++;
        if (line.kind === 'done' && isNothingDelivered(line.counts)) {
          trouble ||= { code: NOTHING_DELIVERED, message: describeKept(line, line.counts), at: toTime(nowMs()) };
        } else if (line.kind === 'done') {
          entry.deliveredMs = nowMs();
          entry.lagSeconds = createdMs === undefined ? null : Math.max(0, nowMs() - createdMs) / 1000;
          trouble ??= null;
        } else if (line.kind === 'failed' && !onlyWaits(line.code)) {
          const { code = '', message = '' } = line;
          trouble = { code, message: withoutSecrets(message), at: toTime(nowMs()) };
        }
      }
      // Of two deliveries of one object, the one that was made is no comfort for the one that was not.
      if (trouble !== undefined) entry.trouble = trouble;
    },
    withdrawn(tenant) {
      of(tenant).waiting--;
    },
    canaryDelivered(tenant, writtenMs) {
      const entry = of(tenant);
      entry.canaryMs = Math.max(writtenMs, entry.canaryMs ?? 0);
    },
    deadLetter(tenant) {
      of(tenant).deadLetters++;
    },
    list(troubles, freshness, parked) {
      const byTenant = Map.groupBy(troubles, ({ tenant }) => tenant);
      return [...tenants.values()]
        .sort((a, b) => a.tenant.localeCompare(b.tenant))
        .map((entry) => toStatus(entry, freshness, byTenant.get(entry.tenant) ?? [], parked.of(entry.tenant), nowMs()));
    },
    known: () =>
      [...tenants.values()].filter(({ known }) => known).map(({ tenant, canaryMs }) => ({ tenant, canaryMs })),
  };
}

function emptyEntry(tenant: string): Entry {
  return {
    tenant,
    known: false,
    waiting: 0,
    inFlight: 0,
    objects: 0,
    accounted: NOTHING_ACCOUNTED,
    deadLetters: 0,
    lagSeconds: null,
    deliveredMs: undefined,
    canaryMs: undefined,
    series: undefined,
    trouble: null,
    notices: new Map(),
  };
}

function noteNotice({ notices }: Entry, { type, kind, notice }: ReportLine, nowMs: number): void {
  if (notice) {
    const message = withoutSecrets(notice.message);
    notices.set(type, { delivery: type, code: notice.code, message, at: toTime(nowMs) });
  } else if (kind === 'skipped') {
    notices.delete(type);
  }
}

function toStatus(
  entry: Entry,
  freshness: FreshnessSnapshot,
  troubles: readonly DeliveryTrouble[],
  { messages, firstDeadLetterMs }: ParkedMessages,
  nowMs: number,
): TenantStatus {
  const { delivered, filtered, rejected, quarantined } = entry.accounted;
  return {
    tenant: entry.tenant,
    waiting: entry.waiting,
    in_flight: entry.inFlight,
    objects: entry.objects,
    events: delivered,
    filtered,
    rejected,
    quarantined,
    dead_letters: entry.deadLetters,
    lag_seconds: entry.lagSeconds,
    last_delivered_at: toTimeOrNull(entry.deliveredMs),
    delivered_up_to: toTimeOrNull(freshness.upToMs(entry.tenant)),
    oldest_undelivered_at: toTimeOrNull(freshness.oldestMs(entry.tenant)),
    last_canary_at: toTimeOrNull(entry.canaryMs),
    bytes_per_second: entry.series?.rates() ?? [],
    trouble: entry.trouble,
    parked: { messages, first_dead_letter_at: toTimeOrNull(firstDeadLetterMs) },
    circuits: troubles.map(toCircuitStatus),
    notices: [...entry.notices.values()].filter(({ at }) => nowMs - Date.parse(at) < NOTICE_KEPT_MS),
  };
}

function toCircuitStatus({ type, state, code, message, sinceMs, againAtMs }: DeliveryTrouble): CircuitStatus {
  const shown = { delivery: type, state, code, message: withoutSecrets(message) };
  return { ...shown, since: toTime(sinceMs), next_try_at: toTime(againAtMs) };
}

function describeKept({ type }: ReportLine, { read, rejected, quarantined }: Counts): string {
  return `nothing of an object of ${read} records was delivered to ${type}: the quarantine has ${quarantined} records that are unreadable or name another tenant, and ${rejected} that are too old, too new or expired`;
}

function toTime(ms: number): string {
  return new Date(ms).toISOString();
}

function toTimeOrNull(ms: number | undefined): string | null {
  return ms === undefined ? null : toTime(ms);
}
