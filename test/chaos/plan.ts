import type { FaultRule } from 'embedded-aws/faults/rule';
import { OBJECT_FORMATS, type ObjectFormat } from '../../local/workload/object.ts';
import { createRandom, type Random } from '../../local/workload/random.ts';
import { type Features, longRecords, planFeatures, refuseRoles, strikeComparison, strikeCopies } from './features.ts';
import { LONG_TENANTS, TENANTS } from './tenants.ts';
import { drawRule, drawSilence } from './weather.ts';

/**
 * What happens in one trial, all of it drawn from its seed: the same seed makes the same plan on every machine. What real
 * processes make of it differs from run to run a little, so most blows fall at a counted call and not at a time.
 */
export interface TrialPlan {
  readonly seed: string;
  readonly objects: readonly ObjectPlan[];
  /** Messages that are no notifications: they must become dead letters. */
  readonly garbage: readonly Timed<{ readonly body: string }>[];
  readonly weather: readonly Timed<{ readonly rule: FaultRule }>[];
  /** Roles that are refused. */
  readonly refusals: readonly Timed<{ readonly rule: FaultRule }>[];
  readonly strikes: readonly Strike[];
  /** One for each service process that is kept running. */
  readonly services: readonly ServicePlan[];
  readonly features: Features;
  /** Destinations that stop answering for a while. */
  readonly silences: readonly Timed<{ readonly rule: FaultRule }>[];
}

type Timed<T> = T & {
  /** Since the storm began. */
  readonly atMs: number;
};

export interface ObjectPlan {
  readonly atMs: number;
  readonly tenantId: string;
  readonly format: ObjectFormat | 'json-array';
  /** UTF-8 bytes of all messages together, about. */
  readonly messageBytes: number;
  /** Of one line; absent: the mix of a shop. */
  readonly lineBytes?: number;
  /** Some records are of another tenant, no JSON, or too old or too new for CloudWatch Logs. */
  readonly odd: boolean;
  /** When it is announced once more. */
  readonly againAtMs: readonly number[];
}

export interface ServicePlan {
  readonly threads: number;
  /** How far the clocks of its processes are off, and what they jump by a while after they started. */
  readonly clock: { readonly offsetMs: number; readonly stepMs: number; readonly stepAfterMs: number };
}

/** A blow at a service process. */
export interface Strike {
  readonly blow: Blow;
  readonly when: StrikeTime;
  /** For how long the place of a process that ended stays empty, or a halted one stays halted. */
  readonly awayMs: number;
}

/** `SECOND` is SIGTERM twice; `HALT` is SIGSTOP, and SIGCONT after a while. */
export type Blow = 'SIGKILL' | 'SIGTERM' | 'SECOND' | 'HALT';

export type StrikeTime =
  | { readonly kind: 'time'; readonly atMs: number; readonly service: number }
  /** The process whose n-th call of this kind was just executed, before it hears of it. */
  | { readonly kind: 'call'; readonly service: string; readonly action: string; readonly nth: number };

/** When the last part of a plan begins. The storm goes on until its rules are used up, or nothing is left to strike. */
export const STORM_MS = 9_000;
/** On a machine that is too busy for that. */
export const STORM_MS_MAX = 60_000;
/** Of the trials' services. Far beyond what an answer takes on a machine that is busy with several trials. */
export const REQUEST_TIMEOUT_SECONDS = 12;
/** Leases of the trials' services; halts are shorter or longer than that. */
export const LEASE_SECONDS = 8;

export function planTrial(seed: string): TrialPlan {
  const random = createRandom(`chaos/${seed}`);
  const storm = {
    objects: planObjects(random),
    garbage: planGarbage(random),
    weather: Array.from({ length: random.between(6, 12) }, () => ({
      atMs: random.below(STORM_MS),
      rule: drawRule(random),
    })),
    strikes: planStrikes(random),
    services: [planService(random), planService(random)],
    silences: Array.from({ length: random.pick([0, 1, 1, 2]) }, () => ({
      atMs: random.below(STORM_MS * 0.7),
      rule: drawSilence(random),
    })),
  };
  const features = planFeatures(seed, storm.objects);
  const comparison = strikeComparison(seed, features, storm.strikes);
  return {
    ...storm,
    seed,
    objects: [...storm.objects, ...longRecords(seed, features)],
    features,
    weather: [...storm.weather, ...comparison.weather, ...strikeCopies(seed, features, storm.objects)],
    refusals: refuseRoles(seed, features),
    strikes: [...storm.strikes, ...comparison.strikes],
  };
}

function planGarbage(random: Random): TrialPlan['garbage'] {
  return Array.from({ length: random.below(3) }, () => ({
    atMs: random.below(STORM_MS),
    body: random.pick(['garbage', '{"Records":[]}', '{"is":"nothing of ours"}', '"text"', '{"Records":[{"eventName":']),
  }));
}

function planObjects(random: Random): ObjectPlan[] {
  const tenantIds = TENANTS.map(({ tenantId }) => tenantId);
  const object = (messageBytes: number, more: Partial<ObjectPlan> = {}): ObjectPlan => ({
    atMs: random.below(STORM_MS * 0.7),
    tenantId: random.pick(tenantIds),
    format: random.pick([...OBJECT_FORMATS, 'json-array']),
    messageBytes,
    odd: false,
    againAtMs: random.chance(0.35) ? [random.below(STORM_MS)] : [],
    ...more,
  });
  // Three chunks, of 16.7 MB each at most, so that positions between chunks and within them count.
  const long = object(random.between(36e6, 44e6), {
    atMs: random.below(STORM_MS * 0.3),
    tenantId: random.pick(LONG_TENANTS),
    format: random.pick(['ndjson', 'ndjson+gzip', 'ndjson+zstd']),
    lineBytes: random.between(300, 900),
  });
  const odd = () => object(random.between(20e3, 400e3), { odd: true });
  return [
    long,
    odd(),
    odd(),
    ...Array.from({ length: 4 }, () => object(random.between(300e3, 1_800e3))),
    ...Array.from({ length: 10 }, () => object(random.between(100, 60e3))),
  ];
}

/** Blows that end a process without a word, at most: an object at which five owners in a row died is, rightly, taken for what killed them. */
export const DEADLY_MAX = 4;

function planStrikes(random: Random): Strike[] {
  const deadly = Array.from({ length: random.below(DEADLY_MAX + 1) }, () =>
    draw(random, random.pick(['SIGKILL', 'SIGKILL', 'SECOND'])),
  );
  const gentle = Array.from({ length: random.below(4) }, () => draw(random, 'SIGTERM'));
  const halts = random.chance(0.4) ? [draw(random, 'HALT')] : [];
  return [...deadly, ...gentle, ...halts];
}

const STRIKING_CALLS = [
  ['logs', 'PutLogEvents', 40],
  ['dynamodb', 'UpdateItem', 60],
  ['s3', 'GetObject', 40],
  ['s3', 'PutObject', 2],
  ['sqs', 'DeleteMessageBatch', 12],
  ['sqs', 'ReceiveMessage', 10],
  ['sts', 'AssumeRole', 6],
] as const;

function draw(random: Random, blow: Blow): Strike {
  const [service, action, calls] = random.chance(0.5) ? STRIKING_CALLS[0] : random.pick(STRIKING_CALLS);
  const when: StrikeTime = random.chance(0.3)
    ? { kind: 'time', atMs: random.below(STORM_MS), service: random.below(2) }
    : { kind: 'call', service, action, nth: random.between(1, calls) };
  const awayMs = blow === 'HALT' ? random.between(1_000, LEASE_SECONDS * 1_500) : random.below(1_500);
  return { blow, when, awayMs };
}

const MINUTE_MS = 60_000;

function planService(random: Random): ServicePlan {
  const offsetMs = random.chance(0.5) ? random.pick([-180, -14, -4, -1, 1, 4, 14, 180]) * MINUTE_MS : 0;
  const steps = random.chance(0.2);
  return {
    threads: random.between(1, 2),
    clock: {
      offsetMs,
      stepMs: steps ? random.pick([-20, 20]) * MINUTE_MS : 0,
      stepAfterMs: random.between(2_000, STORM_MS),
    },
  };
}
