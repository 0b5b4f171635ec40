import { faultOf } from '../../aws/fault.ts';
import type { LogsSession } from '../../aws/logs-session.ts';
import type { RoleRequest, SessionCredentials } from '../../aws/roles.ts';
import type { Search } from '../../core/already-there.ts';
import type { Delivery } from '../../core/delivery.ts';
import type { Route } from '../../core/route.ts';
import { type AttemptDeps, callTenant } from '../../delivery/attempts.ts';
import type { CallWatch } from '../../delivery/call-watch.ts';
import type { StopSignals } from '../../delivery/destination.ts';
import { CLOUDWATCH_LOGS } from './target.ts';

/** Reads the events of a log stream in the ranges of a search. */
export type ReadStream = (route: Route, search: Search, sinceMs: number, signals: StopSignals) => Promise<StreamRead>;

export interface StreamRead {
  readonly calls: number;
  /** false: there were more events than are read. */
  readonly complete: boolean;
}

export interface ReadStreamDeps extends AttemptDeps {
  readonly sessionOf: (credentials: SessionCredentials, region: string) => LogsSession;
}

/**
 * A page has up to 10,000 events and 1 MB (API reference, GetLogEvents), and an account 10 to 25 calls a second, by region: so many pages
 * take a minute at the least.
 */
const CALLS_MAX = 600;

/** @returns a function that throws what CloudWatch Logs answers when it cannot be read */
export function createReadStream(
  deps: ReadStreamDeps,
  delivery: Delivery,
  role: RoleRequest,
  watch: CallWatch,
): ReadStream {
  const { tenantId, type, region, accountId } = delivery;
  // Reads have a quota of their own, and nothing to do with the tenant's cap.
  const destination = `${CLOUDWATCH_LOGS.id}/${accountId}/${region}/read`;
  const rateLimited = { tenantId, type, destination, bytes: 0, bytesPerSecondMax: undefined };

  const readPage = (input: PageInput, signals: StopSignals) =>
    callTenant(
      deps,
      {
        service: CLOUDWATCH_LOGS,
        role,
        region,
        rateLimited,
        watch,
        attempt: (credentials) =>
          deps.sessionOf(credentials, region).call('GetLogEvents', input, { abortSignal: signals.abort }),
      },
      signals,
    );

  return async (route, search, sinceMs, signals) => {
    let calls = 0;
    const stream = { logGroupName: route.group, logStreamName: route.stream, startFromHead: true };
    for (const { fromMs, toMs } of search.ranges) {
      const range = { ...stream, startTime: fromMs, endTime: toMs + 1 };
      for (let token: string | undefined; ; ) {
        if (calls === CALLS_MAX) return { calls, complete: false };
        calls++;
        const page = await readPage({ ...range, nextToken: token }, signals).catch(orNothing);
        if (!page) return { calls, complete: true };
        for (const { timestamp = Number.NaN, message = '', ingestionTime = 0 } of page.events ?? []) {
          if (ingestionTime >= sinceMs) search.see({ timestamp, message, ingestedMs: ingestionTime });
        }
        // A page may be empty and not the last; the last one's token comes back.
        if (page.nextForwardToken === undefined || page.nextForwardToken === token) break;
        token = page.nextForwardToken;
      }
    }
    return { calls, complete: true };
  };
}

interface PageInput {
  readonly logGroupName: string;
  readonly logStreamName: string;
  readonly startFromHead: boolean;
  readonly startTime: number;
  readonly endTime: number;
  readonly nextToken: string | undefined;
}

/** A stream that does not exist holds nothing. */
function orNothing(error: unknown): undefined {
  if (faultOf(error) !== 'missing') throw error;
}
