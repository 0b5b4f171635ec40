import { AwsError } from '../http/aws-error.ts';

/** Calls a second that an account has in a region, by action. Actions that are not named are free. */
export type LogsQuotas = Readonly<Record<string, number>>;

/** What a new account has ("CloudWatch Logs quotas"; Describe* are the lowest that are documented for any region). */
export const AWS_LOGS_QUOTAS: LogsQuotas = {
  PutLogEvents: 5_000,
  CreateLogGroup: 10,
  CreateLogStream: 50,
  DescribeLogGroups: 5,
  DescribeLogStreams: 5,
  FilterLogEvents: 5,
  GetLogEvents: 10,
};

/** Buckets kept; the one not used for longest goes first. */
const BUCKETS_MAX = 10_000;

/** A token bucket for each account, region and action, as large as one second's quota. */
export function createQuotas(quotas: LogsQuotas): (place: string, action: string, nowMs: number) => void {
  const buckets = new Map<string, { tokens: number; atMs: number }>();
  return (place, action, nowMs) => {
    const perSecond = quotas[action];
    if (perSecond === undefined) return;
    const key = `${place}/${action}`;
    const bucket = buckets.get(key) ?? { tokens: perSecond, atMs: nowMs };
    bucket.tokens = Math.min(perSecond, bucket.tokens + ((nowMs - bucket.atMs) * perSecond) / 1000);
    bucket.atMs = nowMs;
    buckets.delete(key);
    buckets.set(key, bucket);
    if (buckets.size > BUCKETS_MAX) {
      const [oldest] = buckets.keys();
      if (oldest !== undefined) buckets.delete(oldest);
    }
    if (bucket.tokens < 1) throw new AwsError('ThrottlingException', 'Rate exceeded');
    bucket.tokens--;
  };
}
