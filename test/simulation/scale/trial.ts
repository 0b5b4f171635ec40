import { readSettings, type Settings } from '../../../service/base/settings.ts';
import { EUROPE, HOME } from '../../chaos/tenants.ts';
import { createCloud, DEAD_LETTERS_URL, LEDGER_TABLE, QUEUE_URL, setCloud, TENANT_TABLE } from '../cloud.ts';
import { createNetwork } from '../network.ts';
import { MINUTE_MS } from '../plan.ts';
import { createFleet } from '../task.ts';
import type { Subject } from '../trial.ts';
import { createLimitCheck } from '../watched/limits.ts';
import { createWeather } from '../weather.ts';
import { createWitness } from '../witness.ts';
import { createWorld } from '../world.ts';
import { createArrivals } from './arrivals.ts';
import { autoscale } from './autoscaling.ts';
import { type CountFigures, createCounts } from './counts.ts';
import { watchDeliveries } from './deliveries.ts';
import { createLags, type LagFigures } from './lags.ts';
import { createTimes } from './times.ts';
import {
  DEPLOY_EVERY_MS,
  DEPLOY_SHARE,
  FLOOD_OBJECT_BYTES,
  SILENT_MS_MAX,
  type Trouble,
  WHOLE,
  WINDOWS,
} from './trouble.ts';
import { type ScaleSize, type ScaleTenant, tenantsOf } from './workload.ts';

export interface ScaleOptions extends ScaleSize {
  readonly seed: string;
  readonly threads: number;
  readonly troubles: readonly Trouble[];
  /** Objects of a flood. */
  readonly flood: number;
  /** Where the number of tasks follows the policy of autoscaling; undefined: all run all the time. */
  readonly tasksMin: number | undefined;
  readonly onProgress: (text: string) => void;
}

export interface ScaleResult extends CountFigures {
  readonly troubles: readonly Trouble[];
  readonly objects: number;
  readonly lost: number;
  readonly repeated: number;
  readonly misrouted: number;
  readonly dead_letters: number;
  /** From the last object on, until all was done. */
  readonly calm_minutes: number;
  /** Of small tenants that are in no trouble, by the window of each trouble and in the whole run. */
  readonly quiet: Readonly<Record<Trouble | 'whole', LagFigures>>;
  /** Tasks that the policy wanted, where it did: the most, and at the end. */
  readonly tasks_wanted?: { readonly max: number; readonly last: number };
  readonly findings: readonly string[];
  readonly hash: string;
}

const START_MS = Date.UTC(2026, 0, 15, 9);
/** After the last object, everything is delivered within this. */
const CALM_MAX_MS = 60 * MINUTE_MS;
const DRAIN_MAX_MS = 5 * MINUTE_MS;
const LOOK_EVERY_MS = 1_000;

export async function runScale(subject: Subject, options: ScaleOptions): Promise<ScaleResult> {
  const stage = createStage(subject, options);
  const { world, cloud, fleet, deliveries, lags, counts } = stage;
  const lengthMs = options.hours * 60 * MINUTE_MS;
  const { tasks, tasksMin = tasks } = options;
  for (let place = 0; place < tasksMin; place++) fleet.open(place);
  const wanted = tasksMin < tasks ? autoscale({ world, fleet, ...cloud, tasksMin, tasksMax: tasks }) : undefined;
  stage.arrivals.begin(START_MS + lengthMs);
  for (const trouble of options.troubles)
    world.after(WINDOWS[trouble].from * lengthMs, undefined, () => begin(trouble, stage, options));
  for (let minute = 0; minute * MINUTE_MS < lengthMs; minute += 5)
    world.after(minute * MINUTE_MS, undefined, () =>
      options.onProgress(`minute ${minute}: ${deliveries.objects} objects delivered`),
    );

  await world.run(() => false, START_MS + lengthMs);
  const calmMs = await untilDone(stage);
  const window = ({ from, to }: { from: number; to: number }) => lags.between(from * lengthMs, to * lengthMs);
  const { flood, region, deployment } = WINDOWS;
  return {
    troubles: options.troubles,
    objects: deliveries.objects,
    lost: deliveries.lost(),
    ...deliveries.wrong,
    dead_letters: cloud.queues.messages(DEAD_LETTERS_URL).length,
    calm_minutes: Math.round(calmMs / MINUTE_MS),
    quiet: { flood: window(flood), region: window(region), deployment: window(deployment), whole: window(WHOLE) },
    ...counts.figures(deliveries.objects, lengthMs),
    ...(wanted && { tasks_wanted: { max: Math.max(...wanted), last: wanted.at(-1) ?? 0 } }),
    findings: cloud.witness.findings,
    hash: world.journal.hash(),
  };
}

type Stage = ReturnType<typeof createStage>;

function createStage(subject: Subject, options: ScaleOptions) {
  const { seed } = options;
  const world = createWorld(`scale/${seed}`, START_MS, { eventsMax: Number.POSITIVE_INFINITY, keepsLines: false });
  const tenants = tenantsOf(options);
  const models = createCloud(world);
  const weather = createWeather();
  const witness = createWitness(world, models.tables);
  const arrivals = createArrivals({ world, ...models, tenants, seed, size: options });
  const counts = createCounts(world, { ...models, witness });
  const times = createTimes(world, (number) => arrivals.get(number)?.bytes ?? 0);
  const network = createNetwork(world, { weather, onExecuted: counts.called, times });
  const cloud = Object.assign(models, { network, witness, objects: { ...models.objects, get: arrivals.read } });
  setCloud(world, cloud);
  for (const tenant of tenants) cloud.addTenant(tenant);
  const settings = settingsOf(options);
  const fleet = createFleet({ world, ...subject, settings, aheadMs: () => 0, find: witness.find });
  world.afterTurns(createLimitCheck(world, settings, witness.find));
  world.afterTurns(counts.looked);

  const flooded = floodedOf(tenants);
  const isQuiet = (tenant: ScaleTenant) => tenant.isSmall && tenant !== flooded && tenant.region === HOME;
  const lags = createLags();
  const deliveries = watchDeliveries(cloud, arrivals, ({ tenant, createdMs }) => {
    if (isQuiet(tenant)) lags.add(createdMs - START_MS, world.nowMs - createdMs);
  });
  return { world, cloud, weather, arrivals, counts, fleet, flooded, lags, deliveries };
}

function begin(trouble: Trouble, { world, weather, arrivals, fleet, flooded }: Stage, options: ScaleOptions): void {
  switch (trouble) {
    case 'flood':
      arrivals.flood(flooded, options.flood, FLOOD_OBJECT_BYTES);
      return;
    case 'region': {
      const match = { service: 'logs', region: EUROPE } as const;
      const { seed, hours } = options;
      weather.add({ match, effect: { kind: 'lost' }, probability: 1, count: Number.POSITIVE_INFINITY, seed });
      const { from, to } = WINDOWS.region;
      const halfMs = ((to - from) * hours * 60 * MINUTE_MS) / 2;
      world.after(Math.min(SILENT_MS_MAX, halfMs), undefined, weather.clear);
      return;
    }
    case 'deployment': {
      // A rolling update: some are replaced at once, and then the next.
      const atOnce = Math.max(1, Math.floor(options.tasks * DEPLOY_SHARE));
      for (let place = 0; place < options.tasks; place++)
        world.after(Math.floor(place / atOnce) * DEPLOY_EVERY_MS, undefined, () => fleet.term(place, 0));
    }
  }
}

/** Lets the fleet work everything off, and ends it. @returns how long it had to work */
async function untilDone({ world, cloud, fleet }: Stage): Promise<number> {
  const { witness, queues } = cloud;
  const fromMs = world.nowMs;
  let lookedMs = 0;
  // To look at all messages costs more than a turn.
  const isDone = () => {
    if (world.nowMs - lookedMs < LOOK_EVERY_MS) return false;
    lookedMs = world.nowMs;
    return queues.messages(QUEUE_URL).length === 0;
  };
  if (!(await world.run(isDone, fromMs + CALM_MAX_MS))) witness.find('messages are left in the queue');
  const calmMs = world.nowMs - fromMs;
  fleet.closeAll();
  if (!(await world.run(() => fleet.running === 0, world.nowMs + DRAIN_MAX_MS))) witness.find('a drain did not end');
  return calmMs;
}

/** Those of production, but for what is not simulated. */
function settingsOf({ threads }: ScaleOptions): Settings {
  return readSettings({
    SQS_QUEUE_URL: QUEUE_URL,
    DLQ_URL: DEAD_LETTERS_URL,
    TENANT_CONFIG_TABLE: TENANT_TABLE,
    LEDGER_TABLE,
    WORKER_THREADS: String(threads),
    USAGE: 'false',
    PROGRESS_INTERVAL_SECONDS: '0',
  });
}

/** A tenant of medium size, at home. */
function floodedOf(tenants: readonly ScaleTenant[]): ScaleTenant {
  const found = tenants.slice(tenants.length >> 1).find(({ region }) => region === HOME);
  if (!found) throw new Error('there is no tenant to flood the queue');
  return found;
}
