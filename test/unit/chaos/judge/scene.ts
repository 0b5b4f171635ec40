import { addBooks, type Books, encodeBooks, HOUR_MS, NO_BOOKS } from '../../../../service/core/books.ts';
import { digestOf } from '../../../../service/core/digest.ts';
import type { FleetProcess, ProcessEnd } from '../../../chaos/fleet.ts';
import type { Put } from '../../../chaos/journal.ts';
import type { Evidence, FoundEvent, LedgerItem } from '../../../chaos/judge/evidence.ts';
import type { Verdict } from '../../../chaos/judge/judge.ts';
import type { Nature, TrueRecord } from '../../../chaos/objects.ts';
import { HOME, TENANTS } from '../../../chaos/tenants.ts';

export const ACCOUNT = '111111111111';
export const GROUP = '/tenant-logs/acme-corp';
export const STREAM = 'eu-1-prod-1970-01-01';
export const OBJECT = 's3://b/k#e';
export const DELIVERY = 'acme-corp/cloudwatch';

export const recordOf = (at: number, nature: Nature = 'good', length = 0): TrueRecord => ({
  timestamp: 1_000 + at,
  message: `${'x'.repeat(length)}line ~0.${at}`,
  application: 'app',
  level: 'info',
  podName: 'pod-1',
  nature,
});

/** Who made a call: a process that was ended like this, or whose answer was lost. */
interface Call {
  readonly by?: string;
  readonly answered?: boolean;
  readonly atMs?: number;
}

/** What is said of a trial in which nothing was wrong, and nothing had to be delivered. */
export const CLEAN: Verdict = {
  events: 0,
  parts: 0,
  replayed: 0,
  lost: 0,
  misrouted: 0,
  duplicated: 0,
  duplicated_once: 0,
  duplicated_late: 0,
  duplicated_after_term: 0,
  unexplained: 0,
  duplicated_max_per_kill: 0,
  duplicated_bytes_max_per_kill_and_object: 0,
  unaccounted: 0,
  unannounced: 0,
  reconciled: 0,
  announced_again: 0,
  progress: 0,
  claims: 0,
  rejected_in_bucket: 0,
  rejected_in_quarantine: 0,
  copied_whole: 0,
  copied_records: 0,
  findings: [],
  unfinished: [],
};

/** With each of the records once, in one stream. */
export function booksOf(records: readonly TrueRecord[], stream = STREAM): Books {
  return records
    .map(({ message, timestamp }): Books => {
      const bytes = Buffer.from(message);
      const place = { group: GROUP, stream, hour: Math.floor(timestamp / HOUR_MS) };
      return {
        cells: [{ ...place, events: 1, bytes: bytes.length, digest: digestOf(bytes, timestamp) }],
        covered: true,
      };
    })
    .reduce(addBooks, NO_BOOKS);
}

/** A trial in which all went well, of an object with these records. */
export function createScene(records: readonly TrueRecord[] = [recordOf(0), recordOf(1)]) {
  const events: FoundEvent[] = [];
  const puts = new Map<string, Put>();
  const processes: FleetProcess[] = [];
  let order = 1;

  const process = (name: string, end: ProcessEnd | undefined, halted = false) => {
    const process: FleetProcess = { name, place: 0, halted, end };
    processes.push(process);
    return process;
  };
  const put = (which: readonly TrueRecord[], { by = 'p0', answered = true, atMs = 0 }: Call = {}) => {
    const requestId = `call ${puts.size}`;
    puts.set(requestId, { process: by, order: order++, atMs, answered });
    for (const { timestamp, message } of which)
      events.push({ account: ACCOUNT, region: HOME, group: GROUP, stream: STREAM, timestamp, message, requestId });
    return requestId;
  };
  const counts = { read: records.length, delivered: records.length, filtered: 0, rejected: 0, quarantined: 0 };
  const books = encodeBooks(booksOf(records.filter(({ nature }) => nature === 'good')));
  const item: LedgerItem = { object: OBJECT, delivery: DELIVERY, state: 'done', counts, books, receipt: 1 };
  const evidence = (more: Partial<Evidence> = {}): Evidence => ({
    objects: [{ number: 0, tenantId: 'acme-corp', id: OBJECT, announced: true, records }],
    tenants: TENANTS,
    putMs: new Map([[0, 0]]),
    events,
    puts,
    acquisitions: processes.map(({ name }) => ({
      process: name,
      object: OBJECT,
      delivery: DELIVERY,
      order: ([...puts.values()].find((one) => one.process === name)?.order ?? 1) - 0.5,
    })),
    hiddenUntilMs: new Map(),
    processes,
    callsOutliveHalts: true,
    receipted: true,
    requestTimeoutMs: 10_000,
    ledger: [item],
    quarantine: [],
    files: [],
    garbage: [],
    deadLetters: [],
    queued: 0,
    ...more,
  });
  return { records, events, process, put, item, evidence };
}

export const TERM: ProcessEnd = { blow: 'SIGTERM', status: 0 };
export const KILL: ProcessEnd = { blow: 'SIGKILL', status: null };
