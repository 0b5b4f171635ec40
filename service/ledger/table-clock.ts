import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';

/**
 * The table's clock, read off the `Date` header of its answers. Leases compare times that different processes wrote;
 * on this clock they agree even where a host's clock is minutes off.
 */
export interface TableClock {
  nowMs(): number;
}

/** The header has whole seconds, and an answer takes its time: a difference below this is no skew. */
const TOLERANCE_MS = 2_000;

export function createTableClock(dynamo: DynamoDBClient, localNowMs: () => number): TableClock {
  let offsetMs = 0;
  dynamo.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const headers = (result.response as { headers?: Record<string, string> } | undefined)?.headers;
      const serverMs = Date.parse(headers?.date ?? '');
      if (Number.isFinite(serverMs)) {
        const differenceMs = serverMs - localNowMs();
        offsetMs = Math.abs(differenceMs) <= TOLERANCE_MS ? 0 : differenceMs;
      }
      return result;
    },
    { step: 'deserialize', priority: 'low', name: 'tableClock' },
  );
  return { nowMs: () => localNowMs() + offsetMs };
}
