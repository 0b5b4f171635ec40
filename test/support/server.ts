import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface TestServer {
  readonly url: string;
  /** All requests so far, in the order of their arrival. */
  readonly received: readonly Received[];
}

/**
 * A server on the loopback for one test, which ends it. `answer` gets each request with its number, from 1; a response
 * that it does not end stays open, as on a half-dead peer.
 */
export async function startServer(
  t: TestContext,
  answer: (request: Received, response: ServerResponse, nth: number) => void | Promise<void>,
): Promise<TestServer> {
  const received: Received[] = [];
  const server = createServer(async (incoming, response) => {
    const pieces: Buffer[] = [];
    try {
      for await (const piece of incoming) pieces.push(piece);
    } catch {
      // The client left before it had sent everything: there is no request.
      return;
    }
    const { method = '', url = '', headers } = incoming;
    const request = { method, path: url, headers, body: Buffer.concat(pieces) };
    received.push(request);
    await answer(request, response, received.length);
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, received };
}
