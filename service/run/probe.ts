import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import { createDynamoClient } from '../aws/clients.ts';
import type { Queue } from '../aws/queue.ts';
import type { Settings } from '../base/settings.ts';

const PROBE_TIMEOUT_MS = 5_000;
const PROBE_FRESH_MS = 5_000;

/**
 * Whether the queue and the tables answer; asked at most every few seconds, however often somebody looks.
 * @returns why not, or null
 */
export function createProbe(settings: Settings, queue: Pick<Queue, 'probe'>): () => Promise<string | null> {
  const dynamo = createDynamoClient(settings);
  let answer: Promise<string | null> | undefined;
  let askedMs = 0;

  const ask = async () => {
    const signal = AbortSignal.timeout(PROBE_TIMEOUT_MS);
    const table = (name: string) => dynamo.send(new DescribeTableCommand({ TableName: name }), { abortSignal: signal });
    const checks: readonly [string, Promise<unknown>][] = [
      ['the queue', queue.probe(signal)],
      [`the table ${settings.tenantTable}`, table(settings.tenantTable)],
      [`the table ${settings.ledgerTable}`, table(settings.ledgerTable)],
    ];
    const results = await Promise.allSettled(checks.map(([, check]) => check));
    const failed = checks.filter((_, at) => results[at]?.status === 'rejected').map(([name]) => name);
    return failed.length === 0 ? null : `${failed.join(' and ')} cannot be reached`;
  };

  return () => {
    if (!answer || performance.now() - askedMs > PROBE_FRESH_MS) {
      askedMs = performance.now();
      answer = ask();
    }
    return answer;
  };
}
