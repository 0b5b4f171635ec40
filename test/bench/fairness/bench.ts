import { setTimeout as delay } from 'node:timers/promises';
import { compare, type Found } from '../../../local/workload/compare.ts';
import { createTally } from '../../../local/workload/tally.ts';
import { busiestMinute, createLags, type LagQuantiles, type Lags } from './lag.ts';
import { createWriter, type Writer } from './load.ts';
import { openStage, type Stage } from './stage.ts';
import { type Cast, castOf } from './tenants.ts';

export interface BenchOptions {
  readonly quietTenants: number;
  /** Objects a second of all quiet tenants together. */
  readonly quietObjectsPerSecond: number;
  readonly noisyObjects: number;
  readonly noisyEventsPerObject: number;
  readonly seconds: number;
}

export interface BenchResult {
  readonly quiet_p99_alone_ms: number;
  readonly quiet_p99_ms: number;
  /** Of the two above: object created to delivered. */
  readonly ratio: number;
  /** Calls that were refused, in the minute that had most of them. */
  readonly broken_assume_role_per_minute: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly misrouted: number;
  readonly quiet_p50_alone_ms: number;
  readonly quiet_p50_ms: number;
  /** The same from the receive of the message on. */
  readonly service_p99_alone_ms: number;
  readonly service_p99_ms: number;
  readonly service_ratio: number;
  readonly quiet_objects: number;
  /** Objects of the noisy tenant that were delivered while the quiet ones were measured. */
  readonly noisy_objects_delivered: number;
  readonly seconds: number;
}

const QUIET_EVENTS_PER_OBJECT = 100;
const TROUBLED_OBJECTS = 40;
const TROUBLED_EVENTS_PER_OBJECT = 200;
/** Both services have their threads' code loaded and everybody's sessions before anything is measured. */
const WARM_UP_SECONDS = 8;
const DRAIN_SECONDS_MAX = 60;
/** Three times as fast as the two services deliver them here, so that most of the flood comes to be queued. */
const FLOOD_OBJECTS_PER_SECOND = 100;

/** Measures the quiet tenants alone, then beside the trouble, then looks whether everything is where it belongs. */
export async function runBench(options: BenchOptions, say: (text: string) => void): Promise<BenchResult> {
  const startedMs = performance.now();
  const cast = castOf(options.quietTenants);
  const writers = {
    quiet: cast.quiet.map(({ tenantId }) => createWriter(tenantId, QUIET_EVENTS_PER_OBJECT)),
    noisy: createWriter(cast.noisy.tenantId, options.noisyEventsPerObject),
    throttled: createWriter(cast.throttled.tenantId, TROUBLED_EVENTS_PER_OBJECT),
    broken: createWriter(cast.broken.tenantId, TROUBLED_EVENTS_PER_OBJECT),
  };
  const lags = createLags();
  await using stage = await openStage(cast, objectsOf(writers.noisy, options.noisyObjects), lags.add);
  say(`${cast.quiet.length + 3} tenants and ${options.noisyObjects} objects of the noisy one are there`);
  await stage.startServices();
  const quietly = (seconds: number) => writeQuietly(stage, writers.quiet, options.quietObjectsPerSecond, seconds);

  await quietly(WARM_UP_SECONDS);
  await untilDelivered(lags, 'quiet-', writers.quiet);
  lags.reset();
  await quietly(options.seconds);
  const alone = await delivered(lags, 'quiet-', () => lags.count('quiet-') >= objectsIn(options));
  say(`alone: ${show(alone)}`);

  lags.reset();
  stage.cloud.faults.add({
    service: 'logs',
    action: 'PutLogEvents',
    account: cast.throttled.accountId,
    effect: { kind: 'throttle' },
  });
  await Promise.all([
    stage.announce(stage.stored, FLOOD_OBJECTS_PER_SECOND),
    writeAll(stage, writers.throttled, TROUBLED_OBJECTS),
    writeAll(stage, writers.broken, TROUBLED_OBJECTS),
    quietly(options.seconds),
  ]);
  const beside = await delivered(lags, 'quiet-', () => lags.count('quiet-') >= objectsIn(options));
  const noisyObjects = lags.count('noisy');
  say(`beside the trouble: ${show(beside)}`);
  say(`the noisy tenant has ${noisyObjects} of ${options.noisyObjects} objects`);

  await until(() => lags.count('noisy') >= options.noisyObjects, DRAIN_SECONDS_MAX);
  await stage.stopServices();
  const books = await balance(stage, cast, writers);
  return {
    quiet_p99_alone_ms: round(alone.created.p99),
    quiet_p99_ms: round(beside.created.p99),
    ratio: round(beside.created.p99 / alone.created.p99),
    broken_assume_role_per_minute: busiestMinute(stage.refusalsMs),
    ...books,
    quiet_p50_alone_ms: round(alone.created.p50),
    quiet_p50_ms: round(beside.created.p50),
    service_p99_alone_ms: round(alone.received.p99),
    service_p99_ms: round(beside.received.p99),
    service_ratio: round(beside.received.p99 / alone.received.p99),
    quiet_objects: beside.objects,
    noisy_objects_delivered: noisyObjects,
    seconds: round((performance.now() - startedMs) / 1000),
  };
}

function* objectsOf(writer: Writer, count: number) {
  for (let at = 0; at < count; at++) yield writer.next();
}

function objectsIn({ quietObjectsPerSecond, seconds }: BenchOptions): number {
  return Math.floor(quietObjectsPerSecond * seconds);
}

async function writeAll(stage: Stage, writer: Writer, count: number): Promise<void> {
  for (let at = 0; at < count; at++) await stage.put(writer);
}

/** One quiet tenant after another writes an object, at an even pace. */
async function writeQuietly(
  stage: Stage,
  writers: readonly Writer[],
  perSecond: number,
  seconds: number,
): Promise<void> {
  const startedMs = performance.now();
  const puts: Promise<void>[] = [];
  for (let at = 0; at < Math.floor(perSecond * seconds); at++) {
    const writer = writers[at % writers.length];
    await delay(Math.max(0, startedMs + (at * 1000) / perSecond - performance.now()));
    if (writer) puts.push(stage.put(writer));
  }
  await Promise.all(puts);
}

async function untilDelivered(lags: Lags, prefix: string, writers: readonly Writer[]): Promise<void> {
  const objects = writers.reduce((sum, writer) => sum + writer.objects, 0);
  if (!(await until(() => lags.count(prefix) >= objects, DRAIN_SECONDS_MAX))) {
    throw new Error(`${lags.count(prefix)} of ${objects} objects of ${prefix}* were delivered in time`);
  }
}

async function delivered(lags: Lags, prefix: string, complete: () => boolean): Promise<LagQuantiles> {
  if (!(await until(complete, DRAIN_SECONDS_MAX))) throw new Error(`objects of ${prefix}* were not delivered in time`);
  return lags.quantiles(prefix);
}

/** @returns whether it came true in time */
async function until(condition: () => boolean, secondsMax: number): Promise<boolean> {
  const deadlineMs = performance.now() + secondsMax * 1000;
  while (!condition()) {
    if (performance.now() > deadlineMs) return false;
    await delay(50);
  }
  return true;
}

/**
 * Every event of the tenants that could be delivered is in its account once; an object of the others is still announced by
 * a message, in the queue or among the dead letters.
 */
async function balance(
  stage: Stage,
  cast: Cast,
  { quiet, noisy, throttled, broken }: { quiet: readonly Writer[]; noisy: Writer; throttled: Writer; broken: Writer },
): Promise<Pick<BenchResult, 'lost' | 'duplicated' | 'misrouted'>> {
  const tenants = [...cast.quiet, cast.noisy, cast.throttled, cast.broken];
  const found = new Map<string, Found>(
    tenants.map(({ tenantId }) => [tenantId, { inside: createTally(), outside: createTally() }]),
  );
  const byAccount = new Map(tenants.map((tenant) => [tenant.accountId, tenant]));
  for (const event of stage.cloud.logs.read()) {
    const tenant = byAccount.get(event.account);
    const tally = found.get(tenant?.tenantId ?? '');
    tally?.[event.group === tenant?.logGroupPrefix ? 'inside' : 'outside'].add(event.timestamp, event.message);
  }
  const writers = [...quiet, noisy, throttled, broken];
  const { lost, duplicated, misrouted, unexpected } = compare(
    new Map(writers.map(({ tenantId, tally }) => [tenantId, tally])),
    found,
  );
  const keptObjects = Math.min(await stage.messages(), throttled.objects + broken.objects);
  return {
    lost: Math.max(0, lost - keptObjects * TROUBLED_EVENTS_PER_OBJECT),
    duplicated,
    misrouted: misrouted + unexpected,
  };
}

function show({ objects, created, received }: LagQuantiles): string {
  const ms = (value: number) => Math.round(value);
  return (
    `${objects} objects; created to delivered p50 ${ms(created.p50)} ms, p99 ${ms(created.p99)} ms; ` +
    `received to delivered p50 ${ms(received.p50)} ms, p99 ${ms(received.p99)} ms`
  );
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
