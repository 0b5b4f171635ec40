import { once } from 'node:events';
import { createServer, request } from 'node:http';

/** What lies between programs and an emulator, and refuses some calls as AWS does without a permission. */
export interface DenyingProxy {
  readonly url: string;
  /** Names of the calls that were refused. */
  readonly denied: readonly string[];
  stop(): Promise<void>;
}

/** Refuses calls of the JSON protocols whose `X-Amz-Target` matches, and passes on the others. */
export async function denyingProxy(emulatorUrl: string, target: RegExp): Promise<DenyingProxy> {
  const denied: string[] = [];
  const server = createServer((incoming, outgoing) => {
    const call = String(incoming.headers['x-amz-target'] ?? '');
    if (target.test(call)) {
      denied.push(call);
      incoming.resume();
      outgoing.writeHead(400, { 'content-type': 'application/x-amz-json-1.1' });
      outgoing.end(JSON.stringify({ __type: 'AccessDeniedException', Message: `not authorized to perform ${call}` }));
      return;
    }
    const { method, headers, url } = incoming;
    const onward = request(new URL(url ?? '/', emulatorUrl), { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    incoming.pipe(onward);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    denied,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
