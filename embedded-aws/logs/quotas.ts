import { AwsError } from '../http/aws-error.ts';
import { createRateLimit } from '../rate-limit.ts';

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

/** Limits kept; the one not used for longest goes first. */
const LIMITS_MAX = 10_000;

/** A rate limit for each account, region and action. */
export function createQuotas(quotas: LogsQuotas): (place: string, action: string, nowMs: number) => void {
  const limits = new Map<string, (nowMs: number) => boolean>();
  return (place, action, nowMs) => {
    const perSecond = quotas[action];
    if (perSecond === undefined) return;
    const key = `${place}/${action}`;
    const takes = limits.get(key) ?? createRateLimit(perSecond);
    limits.delete(key);
    limits.set(key, takes);
    if (limits.size > LIMITS_MAX) {
      const [oldest] = limits.keys();
      if (oldest !== undefined) limits.delete(oldest);
    }
    if (!takes(nowMs)) throw new AwsError('ThrottlingException', 'Rate exceeded');
  };
}
