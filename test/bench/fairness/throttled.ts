import { setTimeout as delay } from 'node:timers/promises';
import type { TenantSpec } from '../../../local/provision/tenant.ts';
import { compare, type Found } from '../../../local/workload/compare.ts';
import { createTally } from '../../../local/workload/tally.ts';
import { buildTenant } from '../../support/tenant.ts';
import { createWriter, type Writer } from './load.ts';
import { OTHERS_GROUP, startOtherWriters } from './other-writers.ts';
import { openQuotaStage, type PutCounts, type QuotaStage, REGION } from './quota-stage.ts';

/** What the service makes of accounts that throttle; README.md says how it is measured. */
export interface ThrottledResult {
  /** Accounts that take 2, 5 and 20 calls a second: the share of that which was used, and refused calls for each accepted one. */
  readonly takes_2_used: number;
  readonly takes_2_refused: number;
  readonly takes_5_used: number;
  readonly takes_5_refused: number;
  readonly takes_20_used: number;
  readonly takes_20_refused: number;
  /** An account that takes 20, of which its own writers want 15: the share of the other 5 that was used. */
  readonly left_5_of_20_used: number;
  readonly left_5_of_20_refused: number;
  /** The share of their batches that these writers could store meanwhile. */
  readonly others_stored: number;
  /** From the moment at which they stop until nine tenths of the 20 are used. */
  readonly others_gone_s: number;
  /** 128 MB to an account that refuses nothing, and to one that refuses half of all calls at random. */
  readonly free_s: number;
  readonly random_half_s: number;
  /** Of the two above. */
  readonly random_half_ratio: number;
  readonly random_half_refused: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly misrouted: number;
  readonly seconds: number;
}

/** Calls of an object for an account with a quota: a stream for each application of its events, so small calls. */
const CALLS_PER_OBJECT = 40;
const EVENTS_PER_CALL = 5;
const QUOTAS = [2, 5, 20] as const;
const SHARED = 20;
const OTHERS = 15;
/** An object of some 16 MB of text, and how many of these are delivered to an account at once. */
const LARGE_EVENTS = 64_000;
const LARGE_OBJECTS = 8;
const PATIENCE_SECONDS = 120;

interface Subject {
  readonly tenant: TenantSpec;
  readonly writer: Writer;
}

/** @param seconds for which each of the quotas is looked at, from the first call on */
export async function runThrottledBench(seconds: number, say: (text: string) => void): Promise<ThrottledResult> {
  const startedMs = performance.now();
  const quotas = QUOTAS.map((perSecond) => ({ perSecond, ...smallCalls(`takes-${perSecond}`, perSecond) }));
  const shared = smallCalls('shared', 21);
  const warm = largeCalls('warm', 22);
  const free = largeCalls('free', 23);
  const half = largeCalls('half', 24);
  const subjects = [...quotas, shared, warm, free, half];
  let delivered = 0;
  await using stage = await openQuotaStage(
    subjects.map(({ tenant }) => tenant),
    (line) => {
      if (line.msg === 'object delivered') delivered++;
    },
  );
  const until = (objects: number) => reach(() => delivered >= objects, `${objects} objects are delivered`);
  /** Seconds from the first of the large objects to the last event stored. */
  const deliverLarge = async (subject: Subject) => {
    const before = delivered;
    const objects = Array.from({ length: LARGE_OBJECTS }, () => subject.writer.next());
    const fromMs = performance.now();
    await Promise.all(objects.map((object) => stage.put(object)));
    await until(before + LARGE_OBJECTS);
    return (performance.now() - fromMs) / 1000;
  };

  await deliverLarge(warm);
  const freeSeconds = await deliverLarge(free);
  say(`128 MB to an account that refuses nothing: ${freeSeconds.toFixed(1)} s`);
  stage.cloud.faults.add({ ...putsOf(half), probability: 0.5, effect: { kind: 'throttle' } });
  const halfSeconds = await deliverLarge(half);
  const halfPuts = stage.puts(half.tenant.logGroupPrefix);
  say(`128 MB to one that refuses half of all calls: ${halfSeconds.toFixed(1)} s, ${show(halfPuts)}`);

  const uses: Use[] = [];
  // Their streams are there before anything is counted: a put that finds its stream missing is a call more.
  for (const { writer } of [...quotas, shared]) await stage.put(writer.next());
  await until(LARGE_OBJECTS * 3 + quotas.length + 1);
  for (const quota of quotas) {
    const before = delivered;
    const objects = quota.writer.objects;
    const limit = limitTo(stage, quota, quota.perSecond);
    const use = await useOf(stage, quota, quota.perSecond, seconds);
    say(`an account that takes ${quota.perSecond} calls a second: ${show(use.puts)}, ${percent(use.used)} of it used`);
    uses.push(use);
    stage.cloud.faults.remove(limit.id);
    await until(before + quota.writer.objects - objects);
  }

  const before = delivered - shared.writer.objects;
  limitTo(stage, shared, SHARED);
  const others = await startOtherWriters(stage.deps.logs(shared.tenant.accountId, REGION), OTHERS);
  const sharedUse = await useOf(stage, shared, SHARED - OTHERS, seconds, SHARED * seconds);
  const othersStored = others.stored / others.begun;
  say(
    `${OTHERS} of ${SHARED} calls taken by others: ${show(sharedUse.puts)}, ${percent(sharedUse.used)} of the rest used; ` +
      `the others stored ${percent(othersStored)}`,
  );
  await others.stop();
  const goneSeconds = await secondsUntilUsed(stage, shared, SHARED);
  say(`all of it used ${goneSeconds} s after the others had stopped`);
  stage.cloud.faults.clear();
  await until(before + shared.writer.objects);
  await stage.stopServices();

  const [two, five, twenty] = uses.map(({ used, puts }) => ({ used: round(used), refused: round(refusedOf(puts)) }));
  return {
    takes_2_used: two?.used ?? 0,
    takes_2_refused: two?.refused ?? 0,
    takes_5_used: five?.used ?? 0,
    takes_5_refused: five?.refused ?? 0,
    takes_20_used: twenty?.used ?? 0,
    takes_20_refused: twenty?.refused ?? 0,
    left_5_of_20_used: round(sharedUse.used),
    left_5_of_20_refused: round(refusedOf(sharedUse.puts)),
    others_stored: round(othersStored),
    others_gone_s: goneSeconds,
    free_s: round(freeSeconds),
    random_half_s: round(halfSeconds),
    random_half_ratio: round(halfSeconds / freeSeconds),
    random_half_refused: round(refusedOf(halfPuts)),
    ...balance(stage, subjects),
    seconds: round((performance.now() - startedMs) / 1000),
  };
}

function smallCalls(name: string, account: number): Subject {
  const tenant = buildTenant(name, accountId(account), { log_stream_name: '{application}' });
  return { tenant, writer: createWriter(name, CALLS_PER_OBJECT * EVENTS_PER_CALL, CALLS_PER_OBJECT) };
}

function largeCalls(name: string, account: number): Subject {
  return { tenant: buildTenant(name, accountId(account)), writer: createWriter(name, LARGE_EVENTS) };
}

function accountId(n: number): string {
  return String(800_000_000_000 + n);
}

function putsOf({ tenant }: Subject) {
  return { service: 'logs', action: 'PutLogEvents', account: tenant.accountId };
}

function limitTo(stage: QuotaStage, subject: Subject, abovePerSecond: number) {
  return stage.cloud.faults.add({ ...putsOf(subject), effect: { kind: 'throttle', abovePerSecond } });
}

interface Use {
  readonly puts: PutCounts;
  /** Of what the account took in this time, with the second's worth that it takes at once at first. */
  readonly used: number;
}

/**
 * Writes objects of more calls than the account takes, and looks at the calls of so many seconds from the first one on: the time
 * until the rate is found is part of it.
 */
async function useOf(
  stage: QuotaStage,
  { tenant, writer }: Subject,
  perSecond: number,
  seconds: number,
  calls = perSecond * (seconds + 1),
): Promise<Use> {
  const objects = Math.ceil((calls * 1.5) / CALLS_PER_OBJECT);
  const group = tenant.logGroupPrefix;
  const before = stage.puts(group);
  const writing = (async () => {
    for (let n = 0; n < objects; n++) await stage.put(writer.next());
  })();
  await reach(() => stage.puts(group).accepted > before.accepted, 'a call is accepted');
  await delay(seconds * 1000);
  const puts = since(before, stage.puts(group));
  await writing;
  return { puts, used: puts.accepted / (perSecond * (seconds + 1)) };
}

function since(before: PutCounts, now: PutCounts): PutCounts {
  return { accepted: now.accepted - before.accepted, refused: now.refused - before.refused };
}

/** Whole seconds until nine tenths of a rate are accepted, over two seconds. */
async function secondsUntilUsed(stage: QuotaStage, { tenant }: Subject, perSecond: number): Promise<number> {
  const accepted = () => stage.puts(tenant.logGroupPrefix).accepted;
  const counts = [accepted()];
  for (let second = 1; second <= PATIENCE_SECONDS; second++) {
    await delay(1_000);
    counts.push(accepted());
    const last = (counts.at(-1) ?? 0) - (counts.at(-3) ?? Number.POSITIVE_INFINITY);
    if (last >= 0.9 * 2 * perSecond) return second - 2;
  }
  return PATIENCE_SECONDS;
}

async function reach(condition: () => boolean, what: string): Promise<void> {
  const deadlineMs = performance.now() + PATIENCE_SECONDS * 1000;
  while (!condition()) {
    if (performance.now() > deadlineMs) throw new Error(`not within ${PATIENCE_SECONDS} s: ${what}`);
    await delay(20);
  }
}

/** Every event is in its tenant's account, once. */
function balance(stage: QuotaStage, subjects: readonly Subject[]) {
  const found = new Map<string, Found>(
    subjects.map(({ tenant }) => [tenant.tenantId, { inside: createTally(), outside: createTally() }]),
  );
  const byAccount = new Map(subjects.map(({ tenant }) => [tenant.accountId, tenant]));
  for (const event of stage.cloud.logs.read()) {
    if (event.group === OTHERS_GROUP) continue;
    const tenant = byAccount.get(event.account);
    const tally = found.get(tenant?.tenantId ?? '');
    tally?.[event.group === tenant?.logGroupPrefix ? 'inside' : 'outside'].add(event.timestamp, event.message);
  }
  const written = new Map(subjects.map(({ writer }) => [writer.tenantId, writer.tally]));
  const { lost, duplicated, misrouted, unexpected } = compare(written, found);
  return { lost, duplicated, misrouted: misrouted + unexpected };
}

function refusedOf({ accepted, refused }: PutCounts): number {
  return refused / accepted;
}

function show({ accepted, refused }: PutCounts): string {
  return `${accepted} calls accepted, ${refused} refused`;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
