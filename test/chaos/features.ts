import type { FaultRule } from 'embedded-aws/faults/rule';
import { createRandom, type Random } from '../../local/workload/random.ts';
import { DEADLY_MAX, LEASE_SECONDS, type ObjectPlan, type Strike, type TrialPlan } from './plan.ts';
import { LONG_TENANTS, TENANTS } from './tenants.ts';

/**
 * What only some trials have, or some tenants of a trial. Each feature has a row of numbers of its own, so that the same seeds make the
 * same storms whatever features there are.
 */
export interface Features {
  /** Tenants that want every event exactly once. */
  readonly exactlyOnce: readonly string[];
  /** Objects that nobody announces, by their places in the plan: the comparison of the bucket with the ledger must find them. */
  readonly unannounced: readonly number[];
  /** Tenants that are told how far they are. */
  readonly progress: readonly string[];
  /** Tenants whose rejected events go to a bucket of their own. */
  readonly rejected: readonly string[];
  /** Tenants that have deliveries to a bucket too: of every object, and of the records of a level. */
  readonly copied: readonly string[];
  /** Tenants whose roles refuse the service for a while. */
  readonly refused: readonly string[];
  /** Whether there is an object of records that are longer than an event may be. */
  readonly split: boolean;
  /** Whether all objects of a tenant are replayed once they are delivered, under one more blow. */
  readonly replay: ReplayPlan | undefined;
}

export interface ReplayPlan {
  readonly strike: Strike & { readonly when: { readonly kind: 'call' } };
  readonly rule: FaultRule;
}

/** It has no receipts, which would have what is replayed too. */
export const REPLAYED_TENANT = 'hooli';

export function planFeatures(seed: string, objects: readonly ObjectPlan[]): Features {
  return {
    exactlyOnce: planExactlyOnce(createRandom(`chaos/once/${seed}`)),
    unannounced: planUnannounced(createRandom(`chaos/unannounced/${seed}`), objects),
    progress: someTenants(createRandom(`chaos/progress/${seed}`), 0.4),
    rejected: planRejected(createRandom(`chaos/rejected/${seed}`), objects),
    copied: someTenants(createRandom(`chaos/copied/${seed}`), 0.25),
    refused: someTenants(createRandom(`chaos/refused/${seed}`), 0.15),
    split: createRandom(`chaos/split/${seed}`).chance(0.35),
    replay: planReplay(createRandom(`chaos/replay/${seed}`)),
  };
}

/** What a trial has, in words for people: `exactly_once acme-corp`. */
export function namesOf(features: Features): string[] {
  const { exactlyOnce, unannounced, progress, rejected, copied, refused, split, replay } = features;
  const named = (name: string, tenantIds: readonly string[]) => tenantIds.map((tenantId) => `${name} ${tenantId}`);
  return [
    ...named('exactly_once', exactlyOnce),
    ...(unannounced.length > 0 ? [`reconcile ${unannounced.length} objects`] : []),
    ...named('progress_events', progress),
    ...named('rejected_events', rejected),
    ...named('s3', copied),
    ...named('refused', refused),
    ...(split ? ['split_events'] : []),
    ...(replay ? [`replay ${REPLAYED_TENANT}`] : []),
  ];
}

function someTenants(random: Random, share: number): string[] {
  return TENANTS.map(({ tenantId }) => tenantId).filter(() => random.chance(share));
}

/** One of the two that may have the long object, and others by chance. */
function planExactlyOnce(random: Random): string[] {
  const one = random.pick(LONG_TENANTS);
  return TENANTS.map(({ tenantId }) => tenantId).filter((tenantId) => tenantId === one || random.chance(0.4));
}

/** Some of those that have events that are rejected. Of a tenant that wants warnings only, hardly any are. */
function planRejected(random: Random, objects: readonly ObjectPlan[]): string[] {
  const odd = new Set(objects.filter((object) => object.odd).map(({ tenantId }) => tenantId));
  const wanting = TENANTS.filter(({ truths }) => truths.some(({ wanted }) => wanted.minLevel === undefined));
  return wanting.map(({ tenantId }) => tenantId).filter((tenantId) => odd.has(tenantId) && random.chance(0.6));
}

/** Where the comparison has something to do, a trial lasts half a minute longer. */
function planUnannounced(random: Random, objects: readonly ObjectPlan[]): number[] {
  if (!random.chance(0.5)) return [];
  const silent = objects.flatMap(({ againAtMs, lineBytes }, at) =>
    againAtMs.length === 0 && lineBytes === undefined ? [at] : [],
  );
  const most = random.between(2, 5);
  while (silent.length > most) silent.splice(random.below(silent.length), 1);
  return silent;
}

function planReplay(random: Random): ReplayPlan | undefined {
  if (!random.chance(0.3)) return undefined;
  const match = { service: 'logs', action: 'PutLogEvents' } as const;
  const blow = random.pick(['SIGKILL', 'SIGKILL', 'SIGTERM', 'HALT'] as const);
  const awayMs = blow === 'HALT' ? random.between(1_000, LEASE_SECONDS * 1_500) : random.below(1_500);
  const effect = random.pick<FaultRule['effect']>([
    { kind: 'throttle' },
    { kind: 'lose-answer' },
    { kind: 'reset', when: 'after' },
  ]);
  return {
    strike: { blow, when: { kind: 'call', ...match, nth: random.between(1, 4) }, awayMs },
    rule: { ...match, effect, count: random.between(1, 3) },
  };
}

/** What strikes the comparison, as few of the calls that the storm is aimed at are its own. */
export function strikeComparison(
  seed: string,
  { unannounced }: Pick<Features, 'unannounced'>,
  others: readonly Strike[],
): { readonly weather: TrialPlan['weather']; readonly strikes: readonly Strike[] } {
  const random = createRandom(`chaos/comparison/${seed}`);
  if (unannounced.length === 0) return { weather: [], strikes: [] };
  const weather = COMPARISON_CALLS.map((match) => {
    const effect = random.pick<FaultRule['effect']>([
      { kind: 'throttle' },
      { kind: 'lose-answer' },
      { kind: 'reset', when: 'before' },
      { kind: 'reset', when: 'after' },
      { kind: 'error', code: 'ServiceUnavailable', status: 503 },
    ]);
    return { atMs: 0, rule: { ...match, effect, count: random.between(1, 3) } };
  });
  const deadly = others.filter(({ blow }) => blow === 'SIGKILL' || blow === 'SECOND').length;
  const blow = random.pick(['SIGTERM', 'HALT', deadly < DEADLY_MAX ? 'SIGKILL' : 'SIGTERM'] as const);
  const when = { kind: 'call', ...random.pick(COMPARISON_CALLS), nth: 1 } as const;
  const awayMs = blow === 'HALT' ? random.between(1_000, LEASE_SECONDS * 1_500) : random.below(1_500);
  return { weather, strikes: random.chance(0.6) ? [{ blow, when, awayMs }] : [] };
}

/** What a comparison lists and announces with, and nobody else. */
const COMPARISON_CALLS = [
  { service: 's3', action: 'ListObjectVersions' },
  { service: 'sqs', action: 'SendMessageBatch' },
] as const;

/** Objects above it are copied in parts (service/destination/s3/sender.ts). */
const PART_BYTES_MIN = 8 * 1024 * 1024;

/** What strikes copies in parts, of which only the object that is several chunks long is large enough. */
export function strikeCopies(
  seed: string,
  { copied }: Pick<Features, 'copied'>,
  objects: readonly ObjectPlan[],
): TrialPlan['weather'] {
  const random = createRandom(`chaos/copies/${seed}`);
  if (!objects.some(({ tenantId, messageBytes }) => messageBytes > PART_BYTES_MIN && copied.includes(tenantId)))
    return [];
  const action = random.pick(['CreateMultipartUpload', 'UploadPart', 'CompleteMultipartUpload']);
  const effect = random.pick<FaultRule['effect']>([
    { kind: 'throttle' },
    { kind: 'lose-answer' },
    { kind: 'reset', when: 'after' },
    { kind: 'error', code: 'ServiceUnavailable', status: 503 },
  ]);
  return [{ atMs: 0, rule: { service: 's3', action, effect, count: random.between(1, 3) } }];
}

/** STS refuses the roles of these tenants so often, and then takes the service as before. */
export function refuseRoles(seed: string, { refused }: Pick<Features, 'refused'>): TrialPlan['weather'] {
  const random = createRandom(`chaos/refusals/${seed}`);
  const effect = { kind: 'error', code: 'AccessDenied', status: 403 } as const;
  return refused.map((tenantId) => {
    const rule = { service: 'sts', action: 'AssumeRole', resource: `role/LogDistribution-${tenantId}`, effect };
    return { atMs: 0, rule: { ...rule, count: random.between(2, 6) } };
  });
}

/** Longest event of the services in trials with records that are longer, with what CloudWatch Logs adds to each. */
export const SPLIT_BYTES = 20_000;

/** Records in three to six parts, of a tenant without receipts: books have the parts, and the service alone knows where it cuts. */
export function longRecords(seed: string, { split }: Pick<Features, 'split'>): ObjectPlan[] {
  if (!split) return [];
  const random = createRandom(`chaos/long records/${seed}`);
  const object: ObjectPlan = {
    atMs: random.below(3_000),
    tenantId: 'hooli',
    format: random.pick(['parquet', 'ndjson', 'ndjson+gzip', 'ndjson+zstd', 'json-array']),
    messageBytes: random.between(3e6, 6e6),
    lineBytes: random.between(45_000, 100_000),
    odd: false,
    againAtMs: [],
  };
  return [object];
}
