import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type Agent, createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, connect, createServer, type LookupFunction, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import {
  type Connections,
  createConnections,
  createTextSink,
  exchange,
  type HttpRequest,
} from '../../../../service/aws/http/exchange.ts';
import { makeCertificate } from '../../../support/certificate.ts';
import { startServer } from '../../../support/server.ts';

const connections = createConnections({ connectionTimeoutMs: 5_000, requestTimeoutMs: 60_000, socketsMax: 4 });
const BODY = Buffer.from('x'.repeat(3_000_000));

function requestTo(url: string, more: Partial<HttpRequest> = {}): HttpRequest {
  const headers = { 'content-length': String(more.body?.length ?? BODY.length) };
  return { origin: new URL(url), method: 'POST', path: '/', headers, body: BODY, ...more };
}

const send = (request: HttpRequest) =>
  exchange(connections, request, () => createTextSink(1_000).sink, new AbortController().signal);

for (const body of [BODY, Buffer.from('x'), Buffer.from('')]) {
  test(`a body of ${body.length} bytes whose last byte is held back arrives whole`, async (t) => {
    const { url, received } = await startServer(t, (_, response) => void response.end('ok'));
    let asked = 0;
    const beforeLastByte = () => {
      asked++;
      assert.equal(received.length, 0, 'nobody has the request yet');
    };
    assert.equal((await send(requestTo(url, { body, beforeLastByte }))).status, 200);
    assert.equal(asked, 1);
    assert.deepEqual(received[0]?.body, body);
  });
}

test('a request that may not be executed any more ends with its last byte unsent', async (t) => {
  const { url, received } = await startServer(t, (_, response) => void response.end('ok'));
  const beforeLastByte = () => {
    throw new RangeError('the lease is over');
  };
  await assert.rejects(send(requestTo(url, { beforeLastByte })), { message: 'the lease is over' });
  // The next request over the same connections shows that the server goes on, and never had the first.
  assert.equal((await send(requestTo(url, { body: Buffer.from('next') }))).status, 200);
  assert.deepEqual(
    received.map(({ body }) => body.toString()),
    ['next'],
  );
});

/** A server that takes connections and never answers, and how each of them ends. */
async function startSilentServer(t: TestContext, tls: boolean) {
  const folder = mkdtempSync(join(tmpdir(), 'exchange-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const certificate = tls ? makeCertificate(folder) : undefined;
  if (tls && !certificate) {
    t.skip('there is no openssl to make a certificate with');
    return undefined;
  }
  const { promise: ended, resolve: end } = Promise.withResolvers<string>();
  const secure = certificate && createTlsServer(certificate, (socket) => socket.on('error', () => {}).resume());
  const server = createServer((socket) => {
    socket.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
    socket.on('end', () => end('closed'));
    // A server with TLS does not tell a reset from an end: whoever is in front of it does.
    if (secure) pass(socket, connect((secure.address() as AddressInfo).port, '127.0.0.1'));
    else socket.resume();
  });
  for (const one of [server, secure]) if (one) await once(one.listen(0, '127.0.0.1'), 'listening');
  const connections = createConnections({ connectionTimeoutMs: 5_000, requestTimeoutMs: 60_000, socketsMax: 1 });
  const agents = agentsOf(connections);
  if (certificate) for (const agent of agents) agent.options.ca = certificate.cert;
  t.after(() => {
    for (const agent of [connections.httpAgent, ...agents]) agent.destroy();
    for (const one of [server, secure]) one?.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`, connections, ended };
}

/** For requests with TLS: those that may have to be reset have one of their own. */
function agentsOf({ httpsAgent, resettableAgent }: Connections): Agent[] {
  assert.ok(resettableAgent);
  return [httpsAgent, resettableAgent];
}

function pass(socket: Socket, to: Socket): void {
  socket.on('data', (piece) => to.write(piece)).on('close', () => to.destroy());
  to.on('data', (piece) => socket.write(piece)).on('error', () => {});
}

for (const tls of [false, true]) {
  const protocol = tls ? 'HTTPS' : 'HTTP';
  test(`${protocol}: a request that is given up after its last byte is reset, so that nothing of it is sent any more`, async (t) => {
    const server = await startSilentServer(t, tls);
    if (!server) return;
    const stop = new AbortController();
    const beforeLastByte = () => setImmediate(() => stop.abort());
    const request = requestTo(server.url, { body: Buffer.from('body'), beforeLastByte });
    const receive = () => createTextSink(1_000).sink;
    await assert.rejects(exchange(server.connections, request, receive, stop.signal), { name: 'AbortError' });
    assert.equal(await server.ended, 'ECONNRESET');
  });
}

test('HTTPS: whole bodies arrive, one after another over one connection, at whichever address of the name there is', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'exchange-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const certificate = makeCertificate(folder);
  if (!certificate) {
    t.skip('there is no openssl to make a certificate with');
    return;
  }
  const bytes: number[] = [];
  const sockets = new Set<unknown>();
  const server = createHttpsServer(certificate, async (incoming, response) => {
    const body = await buffer(incoming);
    bytes.push(body.length);
    sockets.add(incoming.socket);
    response.end('ok');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const connections = createConnections({ connectionTimeoutMs: 5_000, requestTimeoutMs: 60_000, socketsMax: 1 });
  const agents = agentsOf(connections);
  for (const agent of agents) agent.options.ca = certificate.cert;
  t.after(() => {
    for (const agent of agents) agent.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const receive = () => createTextSink(1_000).sink;
  for (const beforeLastByte of [() => {}, undefined]) {
    sockets.clear();
    for (let nth = 0; nth < 3; nth++) {
      const request = requestTo(`https://127.0.0.1:${port}`, { beforeLastByte });
      assert.equal((await exchange(connections, request, receive, new AbortController().signal)).status, 200);
    }
    assert.equal(sockets.size, 1);
  }
  assert.deepEqual(bytes, Array(6).fill(BODY.length));

  // A name with two addresses, of which the first takes no connection.
  const addresses = ['127.0.0.2', '127.0.0.1'].map((address) => ({ address, family: 4 }));
  const elsewhere = createConnections({ connectionTimeoutMs: 5_000, requestTimeoutMs: 60_000, socketsMax: 1 });
  t.after(() => elsewhere.httpsAgent.destroy());
  const lookup: LookupFunction = (_name, _options, done) => done(null, addresses);
  Object.assign(elsewhere.httpsAgent.options, { lookup, rejectUnauthorized: false });
  const named = requestTo(`https://service.test:${port}`);
  assert.equal((await exchange(elsewhere, named, receive, new AbortController().signal)).status, 200);
});

for (const protocol of ['http', 'https']) {
  test(`${protocol}: a place that takes no connections is an error of the network`, async () => {
    const server = createServer();
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    await assert.rejects(send(requestTo(`${protocol}://127.0.0.1:${port}`, { beforeLastByte: () => {} })), {
      code: 'ECONNREFUSED',
    });
  });
}
