import { USD } from '../../core/prices.ts';

/** What a replay costs and how long it takes, from a few of its objects that were really planned. */
export interface Estimate {
  readonly objects: number;
  readonly object_bytes: number;
  /** Of all deliveries together. */
  readonly events: number;
  /** Of deliveries to CloudWatch Logs, as PutLogEvents counts them; `put_calls` and `tenant_usd` likewise. */
  readonly event_bytes: number;
  readonly put_calls: number;
  /** List prices of us-east-1, without free tiers: an idea, no bill. */
  readonly tenant_usd: number;
  readonly platform_usd: number;
  readonly seconds: number;
  /** PutLogEvents calls at the feeding rate, of what an account has in a region. */
  readonly put_quota_percent: number;
  readonly sampled_objects: number;
}

export interface Sample {
  readonly objectBytes: number;
  readonly events: number;
  readonly eventBytes: number;
  readonly putCalls: number;
}

/** PutLogEvents calls a second, account and region ("CloudWatch Logs quotas": 5,000 in the largest regions, fewer in some). */
const PUT_CALLS_PER_SECOND = 5_000;

const GB = 1e9;
/** One S3 request reads this much of an object. */
const WINDOW_BYTES = 8 * 1024 * 1024;
/** Send, receive, delete; acquire, one checkpoint, finish. */
const SQS_REQUESTS = 3;
const LEDGER_WRITES = 3;

export interface EstimateInput {
  readonly objects: readonly { readonly bytes: number }[];
  readonly samples: readonly Sample[];
  readonly listCalls: number;
  readonly deliveries: number;
  readonly objectsPerSecond: number;
}

/** Scales by bytes, as objects differ in size more than in what they hold. */
export function estimate({ objects, samples, listCalls, deliveries, objectsPerSecond }: EstimateInput): Estimate {
  const objectBytes = sum(objects, ({ bytes }) => bytes);
  const sampledBytes = sum(samples, (sample) => sample.objectBytes);
  const factor = sampledBytes === 0 ? 0 : objectBytes / sampledBytes;
  const eventBytes = sum(samples, (sample) => sample.eventBytes) * factor;
  const putCalls = sum(samples, (sample) => sample.putCalls) * factor;
  const gets = sum(objects, ({ bytes }) => Math.max(1, Math.ceil(bytes / WINDOW_BYTES))) * deliveries;
  const seconds = objects.length / objectsPerSecond;
  return {
    objects: objects.length,
    object_bytes: objectBytes,
    events: Math.round(sum(samples, (sample) => sample.events) * factor),
    event_bytes: Math.round(eventBytes),
    put_calls: Math.ceil(putCalls),
    tenant_usd: (eventBytes / GB) * USD.logsIngestion,
    platform_usd:
      gets * USD.s3Get +
      // LIST is in the price class of PUT.
      listCalls * USD.s3Put +
      objects.length * (SQS_REQUESTS * USD.sqsRequest + LEDGER_WRITES * deliveries * USD.dynamoWrite),
    seconds,
    put_quota_percent: seconds === 0 ? 0 : (putCalls / seconds / PUT_CALLS_PER_SECOND) * 100,
    sampled_objects: samples.length,
  };
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}

/** A few objects of all times and sizes: the first, the last, and the one in the middle. */
export function chooseSamples<T extends { readonly bytes: number }>(objects: readonly T[], bytesMax: number): T[] {
  const small = objects.filter(({ bytes }) => bytes > 0 && bytes <= bytesMax);
  const places = [0, Math.floor(small.length / 2), small.length - 1];
  return [...new Set(places)].map((at) => small[at]).filter((object) => object !== undefined);
}
