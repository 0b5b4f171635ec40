/**
 * The sink: the process that the service under test takes for AWS. Objects and PutLogEvents are answered here, as cheaply as
 * can be; everything else is passed on to the embedded AWS, as the service knows one endpoint only.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { answerCalls } from '../child.ts';
import type { SinkCalls } from './calls.ts';
import { createForward } from './forward.ts';
import { type RequestHead, serveHttp } from './http.ts';
import { createObjects } from './objects.ts';
import { createPuts } from './puts.ts';

const objects = createObjects(Date.now);
const puts = createPuts();
let getBytes = 0;
let calls: Record<string, number> = {};
let cpuBefore = process.cpuUsage();
let deleted = 0;
let awaited: { readonly messages: number; readonly resolve: () => void } | undefined;

function countDeleted(messages: number): void {
  deleted += messages;
  if (awaited && deleted >= awaited.messages) awaited.resolve();
}

/** STS names its operations in the body, and is asked once for each tenant. */
function operationOf({ method, headers }: RequestHead): string {
  return headers.get('x-amz-target')?.split('.').at(-1) ?? (method === 'GET' ? 'GetObject' : 'other');
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the sink listens on no port');
  return address.port;
}

answerCalls<SinkCalls>({
  async open({ cloudPort, tls }) {
    const forward = createForward({ port: cloudPort, onDeleted: countDeleted });
    const serve = serveHttp((head, reply) => {
      const operation = operationOf(head);
      calls[operation] = (calls[operation] ?? 0) + 1;
      if (operation === 'PutLogEvents') return puts.accept(head, reply);
      if (head.method !== 'GET') return forward(head, reply);
      return {
        take() {},
        end() {
          const answer = objects.get(head);
          getBytes += answer.body.length;
          reply(answer);
        },
      };
    });
    const http = await listen(createServer(serve));
    const https = tls ? await listen(createTlsServer(tls, serve)) : undefined;
    return { http, https };
  },
  serve: objects.serve,
  begin({ keepBodies }) {
    puts.begin(keepBodies);
    getBytes = 0;
    calls = {};
    deleted = 0;
    awaited = undefined;
    cpuBefore = process.cpuUsage();
  },
  untilDeleted(messages) {
    const { promise, resolve } = Promise.withResolvers<void>();
    awaited = { messages, resolve };
    countDeleted(0);
    return promise;
  },
  async end() {
    const { user, system } = process.cpuUsage(cpuBefore);
    return { ...(await puts.end()), getBytes, calls, cpuSeconds: (user + system) / 1e6 };
  },
});
