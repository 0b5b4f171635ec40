import { type FastifyInstance, fastify } from 'fastify';
import { DistributorError } from '../../base/errors.ts';
import { addPage } from './page.ts';

export interface HttpDeps {
  /** Prometheus text of all threads. */
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>;
  /** Why the service is not alive; null when it is. */
  readonly unhealthy: () => string | null;
  /** Why the service is not ready; null when it is. */
  readonly unready: () => Promise<string | null>;
  readonly status: () => object;
}

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
  return app;
}
