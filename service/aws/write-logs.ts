import type { Purpose } from './purpose.ts';

/** Calls to CloudWatch Logs in a tenant's account. */
export function writeLogs(region: string): Purpose {
  return {
    kind: 'write-destination',
    thing: 'the log group',
    needs:
      "The tenant's role needs logs:PutLogEvents, logs:CreateLogStream, logs:CreateLogGroup and logs:PutRetentionPolicy there.",
    advise: ({ code }) =>
      code === 'LimitExceededException'
        ? `The customer's account has as many log groups in ${region} as its quota allows. Have some deleted or the quota raised, or write to fewer groups (log_group_name).`
        : undefined,
  };
}
