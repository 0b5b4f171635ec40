import { compare, type Found } from '../../../local/workload/compare.ts';
import { createTally } from '../../../local/workload/tally.ts';
import { busiestMinute, createLags } from './lag.ts';
import { createWriter, type Writer } from './load.ts';
import { openStage, type Stage } from './stage.ts';
import { DRAIN_SECONDS_MAX, delivered, round, show, until, untilDelivered, writeQuietly } from './steps.ts';
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
