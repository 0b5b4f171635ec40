import type { Effect, FaultRule } from 'embedded-aws/faults/rule';
import type { Random } from '../../local/workload/random.ts';
import { EUROPE, TENANTS } from './tenants.ts';

/** What AWS and the network do to the service, drawn rule by rule. */

type Draw = (random: Random) => FaultRule['effect'];

const throttle: Draw = () => ({ kind: 'throttle' });
const latency: Draw = (random) => ({ kind: 'latency', ms: random.below(700), jitterMs: 700 });
const loseAnswer: Draw = () => ({ kind: 'lose-answer' });
const reset: Draw = (random) => ({ kind: 'reset', when: random.pick(['before', 'after']) });
const halfOpen: Draw = (random) => ({ kind: 'half-open', when: random.pick(['before', 'after']) });
const expired: Draw = () => ({ kind: 'expired-token' });
const truncate: Draw = (random) => ({ kind: 'truncate-body', bytes: random.below(40) });
const failure: Draw = (random) => ({
  kind: 'error',
  ...random.pick([
    { code: 'InternalFailure', status: 500 },
    { code: 'ServiceUnavailable', status: 503 },
    // A load balancer's own page.
    { code: 'BadGateway', status: 502 },
  ]),
});
/** The clock of one service is off for a while: it calls signatures too old or too new, as real ones do. */
const clock: Draw = (random) => ({ kind: 'clock', offsetMs: random.pick([-1, 1]) * random.between(310_000, 900_000) });

interface Place {
  readonly match: Pick<FaultRule, 'service' | 'action'>;
  readonly effects: readonly Draw[];
}

/** Where it may strike, and how. The service's own account of the tables' clock is not lied to: leases stand on it. */
const PLACES: readonly Place[] = [
  {
    match: { service: 'logs', action: 'PutLogEvents' },
    effects: [throttle, latency, loseAnswer, loseAnswer, reset, reset, halfOpen, truncate, expired, failure, clock],
  },
  { match: { service: 'logs' }, effects: [throttle, latency, loseAnswer, reset, failure] },
  {
    match: { service: 'dynamodb' },
    effects: [throttle, throttle, latency, loseAnswer, reset, halfOpen, failure, truncate],
  },
  {
    match: { service: 's3', action: 'GetObject' },
    effects: [throttle, latency, reset, halfOpen, failure, cutBody, slowBody],
  },
  { match: { service: 's3', action: 'PutObject' }, effects: [throttle, latency, loseAnswer, reset, failure] },
  { match: { service: 'sts' }, effects: [throttle, latency, loseAnswer, reset, halfOpen, failure, clock] },
  { match: { service: 'sqs' }, effects: [throttle, latency, loseAnswer, reset, failure, clock] },
  { match: { service: 'sqs', action: 'DeleteMessageBatch' }, effects: [halfOpen, loseAnswer, failure] },
];

function cutBody(random: Random): FaultRule['effect'] {
  return { kind: 'truncate-body', bytes: random.below(3_000_000) };
}

function slowBody(random: Random): FaultRule['effect'] {
  return { kind: 'slow-body', bytesPerSecond: random.between(200_000, 4_000_000) };
}

/** Half-open calls cost their callers a timeout each: a few of them are enough. */
const RARE: ReadonlySet<Effect['kind']> = new Set(['half-open']);

export function drawRule(random: Random): FaultRule {
  const { match, effects } = random.pick(PLACES);
  const effect = random.pick(effects)(random);
  if (RARE.has(effect.kind)) return { ...match, effect, probability: 0.3, count: random.between(1, 3) };
  // An outage for a moment, or trouble now and then for longer: by calls, as a busy machine makes few in a second.
  return random.chance(0.3)
    ? { ...match, effect, count: random.between(2, 25) }
    : { ...match, effect, probability: random.between(5, 60) / 100, count: random.between(2, 15) };
}

/** Who falls silent: one tenant's account, all tenants of a region, or the STS that everybody needs. */
const SILENCES: readonly ((random: Random) => Pick<FaultRule, 'service' | 'account' | 'resource'>)[] = [
  (random) => ({ service: 'logs', account: random.pick(TENANTS).accountId }),
  () => ({ service: 'logs', resource: `:${EUROPE}:` }),
  () => ({ service: 'sts' }),
];

/** Every call is struck until it is over, never executed: how a region, an endpoint or a NAT goes away. */
export function drawSilence(random: Random): FaultRule {
  const effect = random.pick([
    { kind: 'half-open' },
    { kind: 'half-open' },
    { kind: 'reset' },
    { kind: 'error', code: 'ServiceUnavailable', status: 503 },
  ] as const);
  // A call without an answer takes its caller's whole patience, and few are made meanwhile.
  const count = effect.kind === 'half-open' ? random.between(2, 8) : random.between(5, 40);
  return { ...random.pick(SILENCES)(random), effect, count };
}
