import type { Wanted } from '../../local/workload/filter.ts';
import { createRandom, type Random } from '../../local/workload/random.ts';
import type { ObjectPlan } from '../chaos/plan.ts';
import { type ChaosTenant, EUROPE, TENANTS, tenantsOf } from '../chaos/tenants.ts';
import { withCopy, withExactlyOnce } from '../chaos/tenants-with.ts';
import type { Effect, Match, Rule } from './weather.ts';

/**
 * What happens in a trial, drawn from its seed as a list of strokes. Each says all about itself, so that any of them can be left out
 * and the others stay what they are: that is how a failing trial is shrunk.
 */
export type Stroke = Timed &
  (
    | { readonly kind: 'object'; readonly number: number; readonly plan: ObjectPlan }
    /** The object is announced once more. */
    | { readonly kind: 'announce'; readonly number: number }
    | { readonly kind: 'garbage'; readonly body: string }
    | { readonly kind: 'weather'; readonly rule: Rule }
    | { readonly kind: 'blow'; readonly blow: Blow; readonly when: When; readonly ms: number }
    /** Somebody sets a host's clock. */
    | { readonly kind: 'clock'; readonly place: number; readonly byMs: number }
    /** All tasks are replaced, one after another, by ones that number batches in another way. */
    | { readonly kind: 'deploy'; readonly eventBytesMax: number }
    /** A further place for a task, or one less. */
    | { readonly kind: 'scale'; readonly place: number; readonly to: 'out' | 'in' }
  );

interface Timed {
  /** Since the storm began. */
  readonly atMs: number;
}

export type Blow = 'kill' | 'term' | 'freeze' | 'thread';

export type When =
  /** At its time. */
  | { readonly kind: 'time'; readonly place: number }
  /** The process whose n-th call of this kind, counted from its time on, was just executed, before it hears of it. */
  | { readonly kind: 'call'; readonly service: Match['service']; readonly operation: string; readonly nth: number };

export interface TrialPlan {
  readonly seed: string;
  /** Epoch milliseconds. */
  readonly startMs: number;
  readonly tenants: readonly ChaosTenant[];
  /** Places for tasks at first. */
  readonly tasks: number;
  readonly threads: number;
  /** How far the clock of each place's host is off. */
  readonly aheadMs: readonly number[];
  /** The longest until CloudWatch Logs shows what it has accepted. */
  readonly visibleMsMax: number;
  /** How often receipts are issued, seconds; 0: never. */
  readonly receiptSeconds: number;
  /** How far the index of the ledger may be behind it. */
  readonly indexLagMsMax: number;
  /** The share of messages that SQS hands out although somebody has them. */
  readonly redeliveries: number;
  readonly strokes: readonly Stroke[];
}

export interface Size {
  readonly tenants: number;
  readonly tasks: number;
  /** Length of the storm. */
  readonly hours: number;
}

export const MINUTE_MS = 60_000;
export const DEFAULT_SIZE: Size = { tenants: TENANTS.length, tasks: 2, hours: 1 / 6 };

export function planTrial(seed: string, { tenants: count, tasks, hours }: Size): TrialPlan {
  const tenants = drawTenants(seed, count);
  const kinds = createRandom(`simulation/${seed}/kinds`);
  const random = createRandom(`simulation/${seed}`);
  const stormMs = hours * 60 * MINUTE_MS;
  const soon = () => random.below(stormMs);
  /** A longer storm has more of everything. */
  const share = hours / DEFAULT_SIZE.hours;
  const times = (least: number, most: number) => Math.round(share * random.between(least, most));
  const many = <T>(count: number, make: (at: number) => T) => Array.from({ length: count }, (_, at) => make(at));
  const objects = many(times(12, 20), (number): Stroke => drawObject(random, tenants, number, soon()));
  return {
    seed,
    startMs: Date.UTC(2026, 0, 31, 21) + random.below(180) * MINUTE_MS,
    tenants,
    tasks,
    threads: random.between(1, 2),
    aheadMs: many(tasks + 2, () => (random.chance(0.5) ? random.pick([-180, -14, -1, 1, 14, 180]) * MINUTE_MS : 0)),
    visibleMsMax: kinds.pick([0, 1_500, 9_000]),
    receiptSeconds: kinds.pick([0, 60, 300]),
    indexLagMsMax: kinds.pick([0, 2_000, 120_000]),
    redeliveries: random.pick([0, 0, 0.05]),
    strokes: [
      ...objects,
      ...objects
        .filter(() => random.chance(0.35))
        .map((_, number): Stroke => ({ kind: 'announce', number, atMs: soon() })),
      ...many(random.below(3), (): Stroke => ({ kind: 'garbage', atMs: soon(), body: random.pick(GARBAGE) })),
      ...many(
        times(6, 14),
        (at): Stroke => ({ kind: 'weather', atMs: soon(), rule: drawRule(random, tenants, `${seed}/rule ${at}`) }),
      ),
      // Five owners in a row that die at an object are rightly taken for its fault.
      ...many(times(0, 4), () => drawBlow(random, random.pick(['kill', 'kill', 'thread']), soon(), tasks)),
      ...many(times(0, 3), () => drawBlow(random, 'term', soon(), tasks)),
      ...many(times(0, 2), () => drawBlow(random, 'freeze', soon(), tasks)),
      ...many(
        random.pick([0, 0, 1]),
        (): Stroke => ({
          kind: 'clock',
          atMs: soon(),
          place: random.below(tasks),
          byMs: random.pick([-1440, -360, -20, 20, 360]) * MINUTE_MS,
        }),
      ),
      ...many(random.pick([0, 0, 1]), (): Stroke => ({ kind: 'deploy', atMs: soon(), eventBytesMax: 999_000 })),
      ...(random.chance(0.3) ? drawScaling(tasks, soon(), soon()) : []),
    ].sort((a, b) => a.atMs - b.atMs),
  };
}

/** What a delivery to a bucket wants: everything, so that good objects are copied whole, or a part. */
const KEPT: readonly Wanted[] = [{}, {}, { minLevel: 'warn' }, { applications: ['gateway', 'payments', 'audit'] }];

/** Each of them wants every event exactly once, or does not, and keeps objects in a bucket of its own, or does not. */
function drawTenants(seed: string, count: number): readonly ChaosTenant[] {
  const random = createRandom(`simulation/${seed}/tenants`);
  return tenantsOf(count)
    .map((tenant) => (random.chance(0.5) ? withExactlyOnce(tenant) : tenant))
    .map((tenant) => (random.chance(0.4) ? withCopy(tenant, 's3', 'central/', random.pick(KEPT)) : tenant));
}

const GARBAGE = ['garbage', '{"Records":[]}', '{"is":"nothing of ours"}', '"text"', '{"Records":[{"eventName":'];

function drawObject(random: Random, tenants: TrialPlan['tenants'], number: number, atMs: number): Stroke {
  const plan: ObjectPlan = {
    atMs,
    tenantId: random.pick(tenants).tenantId,
    format: random.pick(['ndjson', 'ndjson', 'json-array']),
    messageBytes: random.between(100, random.pick([3_000, 3_000, 30_000])),
    odd: random.chance(0.3),
    againAtMs: [],
  };
  return { kind: 'object', atMs, number, plan };
}

const STRIKING_CALLS = [
  ['logs', 'PutLogEvents', 40],
  ['logs', 'GetLogEvents', 3],
  ['dynamodb', 'UpdateItem', 60],
  ['s3', 'GetObject', 20],
  ['s3', 'PutObject', 10],
  ['sqs', 'DeleteMessageBatch', 12],
  ['sqs', 'ReceiveMessage', 20],
  ['sts', 'AssumeRole', 6],
  ['kms', 'Sign', 8],
] as const;

function drawBlow(random: Random, blow: Blow, atMs: number, tasks: number): Stroke {
  const [service, operation, calls] = random.chance(0.5) ? STRIKING_CALLS[0] : random.pick(STRIKING_CALLS);
  const when: When = random.chance(0.3)
    ? { kind: 'time', place: random.below(tasks) }
    : { kind: 'call', service, operation, nth: random.between(1, calls) };
  return {
    kind: 'blow',
    atMs,
    blow,
    when,
    ms: blow === 'freeze' ? random.between(1_000, 180_000) : random.below(30_000),
  };
}

function drawScaling(place: number, atMs: number, otherMs: number): Stroke[] {
  const [outMs, inMs] = [Math.min(atMs, otherMs), Math.max(atMs, otherMs)];
  return [
    { kind: 'scale', atMs: outMs, place, to: 'out' },
    { kind: 'scale', atMs: inMs, place, to: 'in' },
  ];
}

type Draw = (random: Random) => Effect;

const late: Draw = (random) => ({ kind: 'late', ms: random.below(random.pick([500, 4_000])) });
const lost: Draw = () => ({ kind: 'lost' });
const unheard: Draw = () => ({ kind: 'unheard' });
/** Up to the time for which a signature is good, and seldom so long. */
const delayed: Draw = (random) => ({
  kind: 'delayed',
  ms: random.below(random.pick([5_000, 60_000, 300_000])),
  at: random.pick(['sender', 'beyond']),
});
const reset: Draw = (random) => ({ kind: 'reset', when: random.pick(['before', 'after']) });
const refused =
  (name: string, status: number): Draw =>
  () => ({ kind: 'refused', name, status });
const throttled = refused('ThrottlingException', 400);
const broken = refused('InternalFailure', 500);
const expired = refused('ExpiredTokenException', 400);
const expiredToken = refused('ExpiredToken', 400);
const denied = refused('AccessDeniedException', 400);

const PLACES: readonly { readonly match: Match; readonly effects: readonly Draw[] }[] = [
  {
    match: { service: 'logs', operation: 'PutLogEvents' },
    effects: [throttled, late, delayed, unheard, unheard, reset, reset, lost, expired, denied, broken],
  },
  { match: { service: 'logs', operation: 'GetLogEvents' }, effects: [throttled, late, unheard, reset, lost, broken] },
  { match: { service: 'logs' }, effects: [throttled, late, delayed, unheard, reset, broken, denied] },
  {
    match: { service: 'dynamodb' },
    effects: [refused('ProvisionedThroughputExceededException', 400), late, delayed, unheard, reset, lost, broken],
  },
  { match: { service: 'dynamodb', operation: 'UpdateItem' }, effects: [late, delayed, unheard, reset] },
  { match: { service: 's3' }, effects: [refused('SlowDown', 503), late, delayed, unheard, reset, lost, broken] },
  {
    match: { service: 's3', operation: 'PutObject' },
    effects: [refused('SlowDown', 503), delayed, unheard, reset, lost, expiredToken, refused('AccessDenied', 403)],
  },
  {
    match: { service: 'sts' },
    effects: [throttled, late, delayed, unheard, reset, lost, broken, refused('AccessDenied', 403)],
  },
  { match: { service: 'kms' }, effects: [throttled, late, unheard, reset, lost, broken, denied] },
  { match: { service: 'sqs' }, effects: [refused('RequestThrottled', 403), late, delayed, unheard, reset, broken] },
  { match: { service: 'sqs', operation: 'DeleteMessageBatch' }, effects: [delayed, unheard, lost, broken] },
];

/** Who falls silent: one tenant's account, all tenants of a region, or the STS that everybody needs. */
const SILENCES: readonly ((random: Random, tenants: TrialPlan['tenants']) => Match)[] = [
  (random, tenants) => ({ service: 'logs', account: random.pick(tenants).accountId }),
  () => ({ service: 'logs', region: EUROPE }),
  (random, tenants) => ({ service: 's3', account: random.pick(tenants).accountId }),
  () => ({ service: 'sts' }),
];

function drawRule(random: Random, tenants: TrialPlan['tenants'], seed: string): Rule {
  if (random.chance(0.15)) {
    const effect = random.pick<Effect>([{ kind: 'lost' }, { kind: 'reset', when: 'before' }, broken(random)]);
    return {
      match: random.pick(SILENCES)(random, tenants),
      effect,
      probability: 1,
      count: random.between(5, 60),
      seed,
    };
  }
  const { match, effects } = random.pick(PLACES);
  const effect = random.pick(effects)(random);
  // The ledger answers within a lease's time: what a silence beyond that repeats would have no other reason.
  const isSlow = effect.kind === 'lost' || effect.kind === 'unheard' || effect.kind === 'delayed';
  if (isSlow) return { match, effect, probability: 0.4, count: random.between(1, 4), seed };
  return random.chance(0.3)
    ? { match, effect, probability: 1, count: random.between(2, 25), seed }
    : { match, effect, probability: random.between(5, 60) / 100, count: random.between(2, 15), seed };
}
