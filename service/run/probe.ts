import { DescribeTableCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Queue } from '../aws/queue.ts';

export interface ProbeDeps {
  readonly dynamo: Pick<DynamoDBClient, 'send'>;
  readonly tables: readonly string[];
  readonly queue: Pick<Queue, 'probe'>;
  /** A clock that never goes back, milliseconds. */
  readonly nowMs: () => number;
}

const PROBE_TIMEOUT_MS = 5_000;
const PROBE_FRESH_MS = 5_000;

/**
 * Whether the queue and the tables answer; asked at most every few seconds, however often somebody looks.
 * @returns why not, or null
 */
export function createProbe({ dynamo, tables, queue, nowMs }: ProbeDeps): () => Promise<string | null> {
  let answer: Promise<string | null> | undefined;
  let askedMs = 0;

  const ask = async () => {
    const signal = AbortSignal.timeout(PROBE_TIMEOUT_MS);
    const describe = (name: string) =>
      dynamo.send(new DescribeTableCommand({ TableName: name }), { abortSignal: signal });
    const checks: readonly (readonly [what: string, check: Promise<unknown>])[] = [
      ['the queue', queue.probe(signal)],
      ...tables.map((name) => [`the table ${name}`, describe(name)] as const),
    ];
    const results = await Promise.allSettled(checks.map(([, check]) => check));
    const failed = checks.filter((_, at) => results[at]?.status === 'rejected').map(([name]) => name);
    return failed.length === 0 ? null : `${failed.join(' and ')} cannot be reached`;
  };

  return () => {
    if (!answer || nowMs() - askedMs > PROBE_FRESH_MS) {
      askedMs = nowMs();
      answer = ask();
    }
    return answer;
  };
}
