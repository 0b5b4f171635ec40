import type { AgentOptions } from 'node:http';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { type CallLimits, type ClientPlace, CONNECTION_TIMEOUT_MS } from '../place.ts';

/** What all clients of the SDK are made with. */

type Agents = (
  options: AgentOptions,
) => Pick<
  Exclude<ConstructorParameters<typeof NodeHttpHandler>[0], (...args: never[]) => unknown> & object,
  'httpAgent' | 'httpsAgent'
>;

const plainAgents: Agents = (options) => ({ httpAgent: options, httpsAgent: options });

export function createHandler(
  { socketsMax, requestTimeoutMs }: CallLimits,
  createAgents: Agents = plainAgents,
): NodeHttpHandler {
  return new NodeHttpHandler({
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    requestTimeout: requestTimeoutMs,
    // Without this the handler only logs a warning when the time is over.
    throwOnRequestTimeout: true,
    // The request's timeout ends with the headers of the answer; this one watches the body too.
    socketTimeout: requestTimeoutMs,
    ...createAgents({ keepAlive: true, maxSockets: socketsMax }),
  });
}

export function common(place: ClientPlace) {
  return {
    region: place.region,
    ...(place.endpointUrl === undefined ? {} : { endpoint: place.endpointUrl }),
    // Handlers of a command are composed once for a client instead of once for a call.
    cacheMiddleware: true,
  };
}
