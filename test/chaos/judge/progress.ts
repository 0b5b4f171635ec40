import { PROGRESS_STREAM } from '../../../service/core/progress-event.ts';
import type { FleetProcess } from '../fleet.ts';
import type { Put } from '../journal.ts';
import { type Fate, fateOf } from '../objects.ts';
import type { DeliveryTruth } from '../tenants.ts';
import type { FoundDelivery, ServiceEvent, sortEvents } from './events.ts';
import type { Evidence, Notes } from './evidence.ts';

/** What the service told tenants of how far they are, compared with what was delivered (docs/decisions/0054). */
export interface ProgressVerdict {
  /** Progress events that were found. */
  readonly progress: number;
  /** Of these, those that were compared with objects that were put before, on their way or delivered. */
  readonly claims: number;
}

export const NO_PROGRESS: ProgressVerdict = { progress: 0, claims: 0 };

interface Claim {
  readonly put: Put;
  readonly atMs: number;
  readonly upToMs: number;
  readonly counts: Counts;
}

type Counts = Readonly<Record<(typeof COUNTED)[number], number>>;
const COUNTED = ['delivered', 'rejected', 'quarantined'] as const satisfies readonly Fate['kind'][];

export function checkProgress(
  evidence: Evidence,
  { said, deliveries }: ReturnType<typeof sortEvents>,
  note: Notes,
): ProgressVerdict {
  const progress = said.filter(({ event }) => event.stream === PROGRESS_STREAM);
  let claims = 0;
  const ofTruths = Map.groupBy(progress, ({ truth }) => truth);
  for (const [truth, events] of ofTruths) {
    const read = events.flatMap((event) => readClaim(evidence, event, note) ?? []);
    const due = [...deliveries.values()].filter((delivery) => delivery.truth.name === truth.name);
    claims += checkClaims(evidence, { name: truth.name, claims: read, due }, note);
    checkCounts(evidence, { truth, claims: read, due }, note);
  }
  return { progress: progress.length, claims };
}

/** @returns undefined for what is no event of this delivery, and said to be */
function readClaim({ puts }: Evidence, { event, tenantId, truth }: ServiceEvent, note: Notes): Claim | undefined {
  const wrong = (what: string) => note(`a progress event of ${truth.name} ${what}: ${event.message.slice(0, 300)}`);
  const put = puts.get(event.requestId);
  try {
    const said = JSON.parse(event.message);
    const counts = {
      delivered: said.EventsDelivered,
      rejected: said.EventsRejected,
      quarantined: said.EventsQuarantined,
    };
    const upToMs = Date.parse(said.DeliveredUpTo);
    const isOurs = `${said.TenantId}/${said.Delivery}` === truth.name && truth.name.startsWith(`${tenantId}/`);
    const isSound = upToMs <= event.timestamp && COUNTED.every((name) => counts[name] >= 0);
    if (put && isOurs && isSound) return { put, atMs: event.timestamp, upToMs, counts };
    wrong(isOurs ? 'is of the future, or has no counts' : 'is of another delivery');
  } catch {
    wrong('cannot be read');
  }
  return undefined;
}

interface Told {
  readonly name: string;
  readonly claims: readonly Claim[];
  readonly due: readonly FoundDelivery[];
}

/** Processes know the table's clock this well (service/ledger/table-clock.ts), and its answers name seconds. */
const CLOCK_TOLERANCE_MS = 1_000;
/** What a message that is visible again takes to be received, and to be told of. */
const RETURN_MS = 5_000;

/**
 * Each process says what it knows, and the customer's metric takes the one that is furthest behind. So a moment's claim is the least of what
 * all processes that run then have said last and say next. What it says is delivered must be there by then.
 * @returns how many claims were compared with an object
 */
function checkClaims(evidence: Evidence, { name, claims, due }: Told, note: Notes): number {
  const { processes, putMs } = evidence;
  const byProcess = Map.groupBy(claims, ({ put }) => put.process);
  const objects = due
    .filter(({ object }) => object.announced && object.replayedFrom === undefined && putMs.has(object.number))
    .map((delivery) => ({
      id: delivery.object.id,
      putMs: putMs.get(delivery.object.number) ?? 0,
      order: orderOf(delivery),
    }));
  let compared = 0;
  for (const claim of claims) {
    const around = claimsAround(processes, byProcess, claim);
    if (!around) continue;
    const latest = around.reduce((last, one) => (one.put.order > last.put.order ? one : last), claim);
    const upToMs = Math.min(...around.map((one) => one.upToMs)) - CLOCK_TOLERANCE_MS;
    const forgottenMs = forgottenBefore(evidence, claim, latest);
    const known = objects.filter((object) => object.putMs > forgottenMs && object.putMs < upToMs);
    if (known.length > 0) compared++;
    for (const { id } of known.filter(({ order }) => order > latest.put.order))
      note(
        `told to be delivered up to ${new Date(upToMs).toISOString()} by ${claim.put.process}, and is not: ${id} for ${name}`,
      );
  }
  return compared;
}

/**
 * A process that ends forgets what it had received and handed back, and until that returns nobody knows of it (docs/decisions/0050): objects that
 * were put before its end are left out for so long. @returns when the last such process ended, epoch milliseconds
 */
function forgottenBefore({ processes, hiddenUntilMs }: Evidence, claim: Claim, latest: Claim): number {
  const ends = processes.map(({ name, endedMs = Number.POSITIVE_INFINITY }) => {
    const backMs = Math.max(endedMs, hiddenUntilMs.get(name) ?? 0) + RETURN_MS;
    return endedMs <= latest.put.atMs && claim.atMs < backMs ? endedMs : 0;
  });
  return Math.max(0, ...ends);
}

/** When the last of its events was there for the first time, by the journal's numbers; infinite where one is missing. */
function orderOf({ events }: FoundDelivery): number {
  const first = events.map(({ copies }) => Math.min(...copies.map(({ order }) => order)));
  return first.reduce((last, order) => Math.max(last, order), 0);
}

/** @returns undefined where a process that runs has not said anything before, or says nothing afterwards */
function claimsAround(
  processes: readonly FleetProcess[],
  byProcess: ReadonlyMap<string, readonly Claim[]>,
  claim: Claim,
): readonly Claim[] | undefined {
  const around: Claim[] = [claim];
  for (const { name, startedMs = 0, endedMs = Number.POSITIVE_INFINITY } of processes) {
    if (name === claim.put.process || startedMs > claim.put.atMs || endedMs < claim.put.atMs) continue;
    const said = byProcess.get(name) ?? [];
    const before = said.findLast(({ put }) => put.order < claim.put.order);
    const after = said.find(({ put }) => put.order > claim.put.order);
    if (!before || !after) return undefined;
    around.push(before, after);
  }
  return around;
}

/**
 * What was told and heard adds up to no more than what was delivered, rejected and quarantined; and to no less, unless a process ended that had
 * not told everything: one that was killed, or that could not tell it at its end.
 */
function checkCounts(
  { processes }: Evidence,
  { truth, claims, due }: Omit<Told, 'name'> & { readonly truth: DeliveryTruth },
  note: Notes,
): void {
  const sumOf = (some: readonly Claim[], kind: (typeof COUNTED)[number]) =>
    some.reduce((sum, { counts }) => sum + counts[kind], 0);
  const isWhole = processes.every((process) => hasToldAll(process, claims));
  const isExact = !processes.some(({ halted }) => halted);
  const heard = claims.filter(({ put }) => put.answered);
  for (const kind of COUNTED) {
    const owed = due.reduce(
      (sum, { object }) => sum + object.records.filter((record) => fateOf(record, truth).kind === kind).length,
      0,
    );
    const [least, most] = [sumOf(heard, kind), sumOf(claims, kind)];
    // One that was halted may have had the answer, and read it too late.
    if (isExact && least > owed) note(`${least} ${kind} were told of ${truth.name}, and there are ${owed}`);
    if (isWhole && most < owed) note(`only ${most} ${kind} were told of ${truth.name}, and there are ${owed}`);
  }
}

function hasToldAll({ name, end, struckMs }: FleetProcess, claims: readonly Claim[]): boolean {
  if (end?.blow !== 'SIGTERM' || end.status !== 0 || struckMs === undefined) return false;
  return claims.some(({ put }) => put.process === name && put.answered && put.atMs >= struckMs);
}
