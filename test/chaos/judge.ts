import { decodeBooks } from '../../service/core/books.ts';
import { dueCells, sumUp } from './books.ts';
import { type FoundFile, judgeFiles } from './files.ts';
import type { FleetProcess } from './fleet.ts';
import type { LeaseTaken, Put } from './journal.ts';
import { fateOf, markOf, type TrueRecord } from './objects.ts';
import { createSettling } from './settling.ts';
import type { ChaosTenant, DeliveryTruth } from './tenants.ts';

/** What a trial left behind, read without the service. */
export interface Evidence {
  readonly objects: readonly JudgedObject[];
  readonly tenants: readonly ChaosTenant[];
  /** In the order in which they were accepted. */
  readonly events: Iterable<FoundEvent>;
  /** All that is in buckets of tenants. Absent: they have none. */
  readonly files?: readonly FoundFile[];
  readonly puts: ReadonlyMap<string, Put>;
  readonly acquisitions: readonly LeaseTaken[];
  readonly processes: readonly FleetProcess[];
  /**
   * Whether a call that a process had under way when it was halted may be executed when it wakes. The kernel of a real one sends the rest
   * of a body then, before any of the service's code runs. Where requests leave a process at once, nothing excuses a call without a lease.
   */
  readonly callsOutliveHalts: boolean;
  /** Whether receipts are issued, and every object of a delivery with books is to be in one. */
  readonly receipted: boolean;
  /** How long the processes wait for an answer. */
  readonly requestTimeoutMs: number;
  /**
   * How long the processes allow for until accepted events are seen: a copy of what was seen later is excused. Absent: none is, as nobody
   * saw when that was.
   */
  readonly settleMs?: number;
  readonly ledger: readonly LedgerItem[];
  readonly quarantine: readonly QuarantinedLine[];
  /** Bodies that must be dead letters, and those that are. */
  readonly garbage: readonly string[];
  readonly deadLetters: readonly DeadLetter[];
  /** Messages that are still in the queue. */
  readonly queued: number;
}

export interface JudgedObject {
  readonly number: number;
  readonly tenantId: string;
  /** As the ledger names it. */
  readonly id: string;
  readonly records: readonly TrueRecord[];
  /** What is in the central bucket; absent where no delivery keeps objects. */
  readonly stored?: { readonly key: string; readonly body: Buffer };
}

export interface FoundEvent {
  readonly account: string;
  readonly region: string;
  readonly group: string;
  readonly stream: string;
  readonly timestamp: number;
  readonly message: string;
  /** Of the call that brought it. */
  readonly requestId: string;
}

export interface LedgerItem {
  readonly object: string;
  readonly delivery: string;
  readonly state: string;
  readonly counts: Readonly<Record<string, number>>;
  /** Of deliveries with receipts, as `encodeBooks` writes them. */
  readonly books?: Uint8Array;
  /** Of what is in a receipt: its number. */
  readonly receipt?: unknown;
}

export interface QuarantinedLine {
  readonly object: string;
  readonly delivery: string;
  readonly record: number;
  readonly reason: string;
  readonly message: string;
}

export interface DeadLetter {
  readonly body: string;
  readonly reason: string;
}

export interface Verdict {
  /** Deliveries of records that had to arrive, each event once. */
  readonly events: number;
  readonly lost: number;
  readonly misrouted: number;
  /** Copies beyond the first. */
  readonly duplicated: number;
  /** Of these, copies of events of tenants that want each exactly once, but for what was seen too late to be known. */
  readonly duplicated_once: number;
  /** Of these, copies of what a process delivered that drained and ended with status 0. */
  readonly duplicated_after_term: number;
  /** Of all copies, those of tenants that want each event once which were seen too late to be known. */
  readonly duplicated_late: number;
  /** Of these, copies that neither an end without a word, nor a halt, nor a lost answer explains. */
  readonly unexplained: number;
  /** The most that one kill, or one halt, had repeated: of all objects in flight, and of the worst one. */
  readonly duplicated_max_per_kill: number;
  readonly duplicated_bytes_max_per_kill_and_object: number;
  /** Records whose outcome the ledger, the quarantine or the dead-letter queue has wrong. */
  readonly unaccounted: number;
  /** What is wrong, for people; at most a few dozen sentences. */
  readonly findings: readonly string[];
  /**
   * What had not ended when the trial's patience did, for people; empty for a trial that has ended. Otherwise nothing that
   * is missing counts as lost or unaccounted: it may be merely late.
   */
  readonly unfinished: readonly string[];
}

/** What PutLogEvents adds to each event, and chunks count with it. */
const EVENT_OVERHEAD_BYTES = 26;
/** The chunk of the service: what one kill may repeat of one object. Written down again on purpose. */
export const CHUNK_BYTES_MAX = 16 * 1_042_000;
const FINDINGS_MAX = 40;

type Notes = (sentence: string) => void;

export function judge(evidence: Evidence): Verdict {
  const findings: string[] = [];
  const note: Notes = (sentence) => {
    if (findings.length < FINDINGS_MAX) findings.push(sentence);
  };
  const found = sortEvents(evidence, note);
  const unfinished = findUnfinished(evidence);
  const ended = unfinished.length === 0;
  const { misrouted: strayed, ...files } = judgeFiles(evidence, ended, note);
  const sum = { ...files, duplicated_once: 0, duplicated_late: 0 };
  const repeated = createRepetitions(evidence, note);
  const settling = createSettling(evidence);
  for (const delivery of found.deliveries.values()) {
    for (const [record, copies] of delivery.copies.entries()) {
      if (copies === undefined) continue;
      sum.events++;
      if (copies.length === 0 && ended) {
        sum.lost++;
        note(`lost: record ${record} of ${delivery.object.id} for ${delivery.truth.name}`);
      }
      const more = Math.max(0, copies.length - 1);
      sum.duplicated += more;
      const { exactlyOnce, name } = delivery.truth;
      const broken = exactlyOnce ? settling.preventable(copies, delivery.object.id, name).length : 0;
      if (exactlyOnce) sum.duplicated_late += more - broken;
      if (broken > 0) {
        sum.duplicated_once += broken;
        const who = copies.map(({ process }) => process).join(', ');
        note(
          `repeated in spite of exactly_once, by ${who}: record ${record} of ${delivery.object.id} for ${delivery.truth.name}`,
        );
      }
      for (const [at, put] of copies.slice(0, -1).entries()) repeated.add(put, copies[at + 1], delivery, record);
    }
  }
  const unaccounted = (ended ? checkBooks(evidence, note) : 0) + checkLetters(evidence, ended, note);
  checkLeases(evidence, found, note);
  checkEnds(evidence, note);
  return { ...sum, misrouted: found.misrouted + strayed, unaccounted, ...repeated.sum(), findings, unfinished };
}

/** Without messages in the queue everything has ended, well or not. */
function findUnfinished({ objects, tenants, ledger, queued }: Evidence): string[] {
  if (queued === 0) return [];
  const done = new Set(ledger.filter(({ state }) => state === 'done').map((item) => `${item.object} ${item.delivery}`));
  const waiting = objects.flatMap(({ id, tenantId }) =>
    (tenants.find((tenant) => tenant.tenantId === tenantId)?.truths ?? [])
      .filter(({ name }) => !done.has(`${id} ${name}`))
      .map(({ name }) => `not done: ${id} for ${name}`),
  );
  return [`${queued} messages are in the queue`, ...waiting.slice(0, FINDINGS_MAX)];
}

interface FoundDelivery {
  readonly object: JudgedObject;
  readonly truth: DeliveryTruth;
  /** For each record the calls that brought it; undefined where none may. */
  readonly copies: (Put[] | undefined)[];
}

/** Puts every event to the record that it is a copy of; what is a copy of none, or stands elsewhere, is misrouted. */
function sortEvents({ objects, tenants, events, puts }: Evidence, note: Notes) {
  const byAccount = new Map(tenants.map((tenant) => [tenant.accountId, tenant]));
  const deliveries = new Map<string, FoundDelivery>();
  for (const object of objects) {
    const tenant = tenants.find(({ tenantId }) => tenantId === object.tenantId);
    for (const truth of tenant?.truths ?? []) {
      if (truth.bucket) continue;
      const copies = object.records.map((record) => (fateOf(record, truth).kind === 'delivered' ? [] : undefined));
      deliveries.set(`${object.number} ${truth.name}`, { object, truth, copies });
    }
  }
  let misrouted = 0;
  for (const event of events) {
    const truth = byAccount
      .get(event.account)
      ?.truths.find(({ groupPrefix }) => `${event.group}/`.startsWith(`${groupPrefix}/`));
    const { message, mark } = truth?.format === 'record' ? readRecord(event.message) : readMessage(event.message);
    const delivery = truth && mark && deliveries.get(`${mark.object} ${truth.name}`);
    const record = mark && delivery?.object.records[mark.record];
    const copies = mark && delivery?.copies[mark.record];
    const put = puts.get(event.requestId);
    if (truth && record && copies && put && record.message === message && isInPlace(event, record, truth)) {
      copies.push(put);
    } else {
      misrouted++;
      const { account, region, group, stream, timestamp } = event;
      note(`misrouted: in ${account} ${region} ${group} ${stream} at ${timestamp}: ${event.message.slice(-80)}`);
    }
  }
  return { deliveries, misrouted };
}

function isInPlace(event: FoundEvent, record: TrueRecord, { region, placeOf }: DeliveryTruth): boolean {
  const { group, stream } = placeOf(record);
  const { timestamp } = record;
  const due = { region, group, stream, timestamp };
  return Object.entries(due).every(([name, value]) => event[name as keyof typeof due] === value);
}

function readMessage(message: string) {
  return { message, mark: markOf(message) };
}

function readRecord(json: string) {
  const { message, file } = JSON.parse(json);
  return { message: String(message), mark: markOf(String(file)) };
}

/** Finds out for each repeated event why what the first call achieved was not known to who made the next. */
function createRepetitions(evidence: Evidence, note: Notes) {
  const { processes, requestTimeoutMs, callsOutliveHalts } = evidence;
  const leaseAt = createLeases(evidence);
  const byName = new Map(processes.map((process) => [process.name, process]));
  const events = new Map<string, number>();
  const bytes = new Map<string, number>();
  let afterTerm = 0;
  let unexplained = 0;
  const count = (counts: Map<string, number>, key: string, more: number) =>
    counts.set(key, (counts.get(key) ?? 0) + more);

  return {
    add(put: Put, next: Put | undefined, { object, truth }: FoundDelivery, record: number) {
      if (!put.answered) return;
      // Answered, and not read in time: so it is on a machine that is too busy.
      if (next?.process === put.process && next.atMs - put.atMs >= requestTimeoutMs) return;
      // Its caller gave it up, called again, and heard of that: then it arrived.
      if (next?.sent !== undefined && next.sent < put.order && !next.answered) return;
      const process = byName.get(put.process);
      const isLate =
        next !== undefined &&
        callsOutliveHalts &&
        byName.get(next.process)?.halted === true &&
        leaseAt(object, truth, next.order)?.process !== next.process;
      const silent = process?.end?.blow === 'SIGKILL' || (process?.end?.blow === 'SECOND' && process.end.status !== 0);
      if (silent || process?.halted || isLate) {
        // Of a process that was halted, a call that was under way is executed when it wakes: after the call of whoever took over.
        // One that has the lease knows what others saved, and its halt explains nothing.
        const who = silent || process?.halted ? put.process : (next?.process ?? '');
        count(events, who, 1);
        const message = object.records[record]?.message ?? '';
        // One that was halted twice may have lost two leases of the same object.
        const lease = leaseAt(object, truth, put.sent ?? put.order)?.order;
        const end = `${who} ${object.number} ${truth.name}, lease ${lease}`;
        count(bytes, end, Buffer.byteLength(message) + EVENT_OVERHEAD_BYTES);
      } else if (process?.end?.blow !== undefined) {
        afterTerm++;
        note(`repeated after SIGTERM of ${put.process}: record ${record} of ${object.id} for ${truth.name}`);
      } else {
        unexplained++;
        note(`repeated without a reason, first by ${put.process}: record ${record} of ${object.id} for ${truth.name}`);
      }
    },
    sum() {
      for (const [what, sum] of bytes) {
        if (sum <= CHUNK_BYTES_MAX) continue;
        unexplained++;
        note(`repeated ${sum} bytes, more than a chunk, for the end of ${what}`);
      }
      return {
        duplicated_after_term: afterTerm,
        unexplained,
        duplicated_max_per_kill: Math.max(0, ...events.values()),
        duplicated_bytes_max_per_kill_and_object: Math.max(0, ...bytes.values()),
      };
    },
  };
}

/** The ledger must say of every delivery that it is done, with the right counts; quarantine must hold what they say. */
function checkBooks({ objects, tenants, ledger, quarantine, receipted }: Evidence, note: Notes): number {
  const items = new Map(ledger.map((item) => [`${item.object} ${item.delivery}`, item]));
  const kept = new Map(
    quarantine.map((line) => [`${line.object} ${line.delivery} ${line.record} ${line.reason}`, line]),
  );
  let wrong = 0;
  for (const object of objects) {
    for (const truth of tenants.find(({ tenantId }) => tenantId === object.tenantId)?.truths ?? []) {
      const due = { read: object.records.length, delivered: 0, filtered: 0, rejected: 0, quarantined: 0 };
      for (const [at, record] of object.records.entries()) {
        const fate = fateOf(record, truth);
        due[fate.kind]++;
        if (!('reason' in fate)) continue;
        const line = kept.get(`${object.id} ${truth.name} ${at} ${fate.reason}`);
        if (line && (truth.format === 'record' || line.message === record.message)) continue;
        wrong++;
        note(`not in quarantine as ${fate.reason}: record ${at} of ${object.id} for ${truth.name}`);
      }
      const item = items.get(`${object.id} ${truth.name}`);
      if (item?.state === 'done' && truth.booked && !areBooked(object.records, truth, item)) {
        wrong++;
        note(`other books than what was delivered: ${object.id} for ${truth.name}`);
      }
      if (item?.state === 'done' && truth.booked && receipted && item.receipt === undefined) {
        wrong++;
        note(`in no receipt: ${object.id} for ${truth.name}`);
      }
      if (item?.state !== 'done') note(`not done but ${item?.state}: ${object.id} for ${truth.name}`);
      for (const [outcome, number] of Object.entries(due)) {
        const counted = item?.state === 'done' ? (item.counts[outcome] ?? 0) : 0;
        if (counted === number) continue;
        wrong += Math.abs(counted - number);
        note(`${outcome} is ${counted} and should be ${number}: ${object.id} for ${truth.name}`);
      }
    }
  }
  return wrong;
}

/** Whether the books have each event of the object once, whatever a crash repeated, in its stream and hour. */
function areBooked(records: readonly TrueRecord[], truth: DeliveryTruth, { books }: LedgerItem): boolean {
  const { cells, covered } = decodeBooks(books ?? new Uint8Array(0));
  return covered && sumUp(cells) === sumUp(dueCells(records, truth));
}

/** Dead letters are the garbage, each at least once, with its reason, and nothing else. */
function checkLetters({ garbage, deadLetters }: Evidence, ended: boolean, note: Notes): number {
  const missing = garbage.filter((body) => ended && !deadLetters.some((letter) => letter.body === body));
  const others = deadLetters.filter(({ body, reason }) => !garbage.includes(body) || reason !== 'not-a-notification');
  for (const body of missing) note(`no dead letter of ${JSON.stringify(body)}`);
  for (const { body, reason } of others) note(`a dead letter with the reason ${reason}: ${body.slice(0, 300)}`);
  return missing.length + others.length;
}

/** The lease of a delivery when something happened: the one that was taken last before. */
function createLeases({ acquisitions }: Evidence) {
  const takings = Map.groupBy(acquisitions, ({ object, delivery }) => `${object} ${delivery}`);
  return ({ id }: JudgedObject, { name }: DeliveryTruth, at: number) =>
    takings.get(`${id} ${name}`)?.findLast(({ order }) => order < at);
}

/** Nobody may deliver what another process has taken the lease of since. Copies of it would be a matter of luck. */
function checkLeases(evidence: Evidence, { deliveries }: ReturnType<typeof sortEvents>, note: Notes): void {
  const { processes, callsOutliveHalts } = evidence;
  const leaseAt = createLeases(evidence);
  const excused = new Set(processes.filter(({ halted }) => halted && callsOutliveHalts).map(({ name }) => name));
  for (const { object, truth, copies } of deliveries.values()) {
    for (const put of new Set(copies.flatMap((list) => list ?? []))) {
      // What left in time arrives whenever it does.
      const holder = leaseAt(object, truth, put.sent ?? put.order)?.process;
      if (holder !== put.process && !excused.has(put.process)) {
        note(`delivered by ${put.process} while ${holder} had the lease: ${object.id} for ${truth.name}`);
      }
    }
  }
}

/** A process ends when it is told to, and after SIGTERM in order, unless its grace ended while it was halted. */
function checkEnds({ processes }: Evidence, note: Notes): void {
  for (const { name, end, haltedInDrain } of processes) {
    if (end?.blow === undefined) note(`${name} ended by itself, with status ${end?.status}`);
    else if (end.blow === 'SIGTERM' && end.status !== 0 && !haltedInDrain)
      note(`${name} ended with status ${end.status} after SIGTERM`);
  }
}
