import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream';

/** One endpoint for an AWS that is in two places. */
export interface Router {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Passes on what it receives, on loopback: calls to DynamoDB to one URL, all others to another. Both see the host that
 * the client has asked, as signatures and the URLs of queues contain it.
 */
export async function startTablesApart(places: { readonly tables: string; readonly others: string }): Promise<Router> {
  const server = createServer((incoming, response) => {
    const toTables = incoming.headers['x-amz-target']?.toString().startsWith('DynamoDB_');
    const { hostname, port } = new URL(toTables ? places.tables : places.others);
    const { method, url: path } = incoming;
    // A connection a call: none that has been idle can end under the next.
    const onward = httpRequest({ hostname, port, method, path, headers: endToEnd(incoming.headers), agent: false });
    onward.once('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, endToEnd(answer.headers));
      pipeline(answer, response, () => {});
    });
    // A client that is gone needs no answer, and one whose call broke off sees that.
    pipeline(incoming, onward, (error) => error && response.destroy());
    response.once('close', () => onward.destroy());
    onward.on('error', () => response.destroy());
  });
  server.keepAliveTimeout = 0;
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Without the headers that are for one connection: Node's server has said "continue" already, for example. */
function endToEnd({ connection, expect, 'keep-alive': keepAlive, ...headers }: IncomingHttpHeaders) {
  return headers;
}
