import { steadyMs } from '../base/clock.ts';
import { once } from '../base/once.ts';
import type { Call, LogsApi } from './api.ts';
import type { CallSettings } from './calls.ts';
import { findEndpoint, findUserAgent } from './http/endpoint.ts';
import { createConnections } from './http/exchange.ts';
import { createJsonCalls, LOGS } from './http/json-calls.ts';
import { createSendSigned, createServerClock } from './http/signed.ts';
import type { SigningKeys } from './http/sigv4.ts';
import { CONNECTION_TIMEOUT_MS, LIMITS } from './place.ts';

/** CloudWatch Logs as one session sees it in one region. */
export interface LogsSession {
  readonly region: string;
  readonly credentials: SigningKeys;
  /** Where calls go. */
  readonly origin: () => Promise<URL>;
  readonly userAgent: () => Promise<string>;
  /** Everything but the hot call. One attempt: whoever calls repeats, within the tenant's limits. */
  readonly call: Call<LogsApi>;
}

/** @returns makes a session; sessions share their sockets and what is known of regions */
export function createLogsSessions(settings: CallSettings): (region: string, credentials: SigningKeys) => LogsSession {
  const origins = new Map<string, () => Promise<URL>>();
  const originOf = (region: string) => {
    const { endpointUrl } = settings;
    const origin = origins.get(region) ?? once(async () => (await findEndpoint('logs', { region, endpointUrl })).url);
    origins.set(region, origin);
    return origin;
  };
  const userAgent = once(findUserAgent);
  const call = settings.plainDecoder ? bySdk(settings) : overHttp(settings);
  return (region, credentials) => {
    const place = { region, credentials, origin: originOf(region), userAgent };
    return { ...place, call: call(place) };
  };
}

type Place = Omit<LogsSession, 'call'>;

function overHttp(settings: CallSettings): (place: Place) => Call<LogsApi> {
  const limits = LIMITS.tenant(settings);
  const connections = createConnections({ ...limits, connectionTimeoutMs: CONNECTION_TIMEOUT_MS });
  const clock = createServerClock(steadyMs);
  return ({ region, credentials, origin, userAgent }) => {
    const send = createSendSigned({ service: 'logs', region, identity: async () => credentials, connections, clock });
    const policy = { attemptsMax: limits.attemptsMax, firstMs: 0, capMs: 0 };
    return createJsonCalls(LOGS, { origin, userAgent, send }, policy, { random: Math.random });
  };
}

/** A client for each call: it weighs some 50 kB, and most sessions need one once. */
function bySdk(settings: CallSettings): (place: Place) => Call<LogsApi> {
  const load = once(async () => {
    const { createLogsClients, logsCalls } = await import('./sdk/logs.ts');
    const create = createLogsClients(settings);
    return ({ region, credentials }: Place) => logsCalls(create(region, credentials));
  });
  return (place) => {
    const call: Call<LogsApi> = async (...args) => (await load())(place)(...args);
    return call;
  };
}
