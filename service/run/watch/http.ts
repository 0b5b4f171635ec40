import { type FastifyInstance, fastify } from 'fastify';
import { asDistributorError, DistributorError } from '../../base/errors.ts';
import { boundConnections, REQUEST_TIMEOUT_MS } from './connections.ts';
import { isOwnHost } from './own-host.ts';
import { addPage } from './page.ts';

export interface HttpDeps {
  /** Prometheus text of all threads. */
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>;
  /** Why the service is not alive; null when it is. */
  readonly unhealthy: () => string | null;
  /** Why the service is not ready; null when it is. */
  readonly unready: () => Promise<string | null>;
  readonly status: () => object;
  /** What tenants have used this month; undefined: nobody sums it up. @throws by the promise when the table does not answer */
  readonly usage: (() => Promise<object>) | undefined;
  /** Names of the endpoint beside those that nobody else can have. */
  readonly hostNames: readonly string[];
}

/** An orchestrator may ask by any name, and learns nothing of tenants. */
const FOR_ANY_HOST = new Set(['/healthz', '/readyz']);

/** No route has a schema: with compilers of its own fastify loads none, which are a third of its memory. */
const NO_SCHEMAS = { buildValidator: noCompiler, buildSerializer: noCompiler };

function noCompiler(): never {
  throw new DistributorError('invariant-broken', 'a route has a schema');
}

/** The endpoint for Prometheus, for the orchestrator and for people. Built apart from listening, so that tests inject. */
export function createHttp(deps: HttpDeps): FastifyInstance {
  const app = fastify({
    logger: false,
    forceCloseConnections: true,
    schemaController: { compilersFactory: NO_SCHEMAS },
    requestTimeout: REQUEST_TIMEOUT_MS,
    http: { connectionsCheckingInterval: 1_000 },
  });
  boundConnections(app.server);
  app.addHook('onRequest', async ({ url, headers }, reply) => {
    if (FOR_ANY_HOST.has(url) || isOwnHost(headers.host, deps.hostNames)) return;
    const what = `${headers.host ?? ''} is no name of this endpoint: HTTP_HOST_NAMES can add it`;
    return reply.code(421).header('content-type', 'text/plain; charset=utf-8').send(`${what}\n`);
  });
  addPage(app);
  app.get('/metrics', async (_request, reply) => {
    const { contentType, text } = await deps.metrics();
    return reply.header('content-type', contentType).send(text);
  });
  app.get('/healthz', async (_request, reply) => {
    const why = deps.unhealthy();
    return reply
      .code(why === null ? 200 : 503)
      .send(why === null ? { status: 'ok' } : { status: 'unhealthy', reason: why });
  });
  app.get('/readyz', async (_request, reply) => {
    const why = await deps.unready();
    return reply
      .code(why === null ? 200 : 503)
      .send(why === null ? { status: 'ready' } : { status: 'not ready', reason: why });
  });
  app.get('/status', async (_request, reply) => {
    return reply.headers({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' }).send(deps.status());
  });
  app.get('/usage', async (_request, reply) => {
    reply.headers({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' });
    if (!deps.usage) return reply.code(404).send({ reason: 'USAGE is false: usage is not summed up' });
    try {
      return await reply.send(await deps.usage());
    } catch (error) {
      return reply.code(503).send({ reason: asDistributorError(error).message });
    }
  });
  return app;
}
