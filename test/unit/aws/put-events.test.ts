import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { faultOf } from '../../../service/aws/fault.ts';
import { createLogsSessions } from '../../../service/aws/logs-session.ts';
import { createPutEvents } from '../../../service/aws/put-events.ts';
import { placeOf } from '../../support/aws.ts';
import { createTestPutEvents } from '../../support/put-events.ts';
import { startServer } from '../../support/server.ts';

const never = new AbortController().signal;
const BODY = Buffer.from('{"logGroupName":"g"}');
const keys = { accessKeyId: 'AKID', secretAccessKey: 'secret', sessionToken: 'token' };
const sessionOf = (url: string) => createLogsSessions(placeOf(url))('eu-west-1', keys);

/** A server that says what it is told to, byte for byte, once a request has arrived. */
async function startRaw(t: TestContext, answer: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('data', () => answer(socket));
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
}

for (const [what, headers, body, name] of [
  ['a header', { 'x-amzn-errortype': 'ThrottlingException:http://internal/' }, '{}', 'ThrottlingException'],
  [
    'the body, behind a namespace',
    {},
    '{"__type":"com.amazonaws.logs#ResourceNotFoundException"}',
    'ResourceNotFoundException',
  ],
  ['the body alone', {}, '{"__type":"AccessDeniedException","message":"no"}', 'AccessDeniedException'],
  ['nothing but the status', {}, '<html>Bad gateway</html>', 'HTTP 502'],
] as const) {
  test(`the name of an error is read from ${what}`, async (t) => {
    const { url } = await startServer(t, async (_request, response) => {
      response.writeHead(502, headers);
      response.end(body);
    });
    await assert.rejects(createTestPutEvents()(sessionOf(url), BODY, never), {
      name,
      $metadata: { httpStatusCode: 502 },
    });
  });
}

test("a clock that is hours off is fixed from the service's answers", async (t) => {
  const times: string[] = [];
  const { url } = await startServer(t, async (request, response) => {
    times.push(String(request.headers['x-amz-date']));
    response.end('{}');
  });
  const put = createTestPutEvents(() => Date.now() - 3 * 3_600_000);
  const session = sessionOf(url);
  await put(session, BODY, never);
  await put(session, BODY, never);
  const offsets = times.map((time) => {
    const iso = time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z');
    return Math.round((Date.now() - Date.parse(iso)) / 3_600_000);
  });
  assert.deepEqual(offsets, [3, 0]);
});

test('a peer that takes the request and says nothing is given up', async (t) => {
  const url = await startRaw(t, () => {});
  const put = createTestPutEvents(Date.now, 50);
  await assert.rejects(put(sessionOf(url), BODY, never), { name: 'TimeoutError' });
});

test('an answer that breaks off is a failure of the network', async (t) => {
  const url = await startRaw(t, (socket) => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{"rejec', () => socket.destroy());
  });
  await assert.rejects(createTestPutEvents()(sessionOf(url), BODY, never), (error) => faultOf(error) === 'transient');
});

test('an answer that is too long, or no JSON, is a failure that may pass', async (t) => {
  const endless = await startRaw(t, (socket) => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9000000\r\n\r\n');
    socket.write(Buffer.alloc(3_000_000, 'x'));
  });
  await assert.rejects(
    createTestPutEvents()(sessionOf(endless), BODY, never),
    (error) => faultOf(error) === 'transient',
  );
  const { url } = await startServer(t, async (_request, response) => {
    response.end('no JSON');
  });
  await assert.rejects(createTestPutEvents()(sessionOf(url), BODY, never), (error) => faultOf(error) === 'transient');
});

test('an abort ends the call at once', async (t) => {
  const arrived = Promise.withResolvers<void>();
  const url = await startRaw(t, () => arrived.resolve());
  const abort = new AbortController();
  const call = createTestPutEvents()(sessionOf(url), BODY, abort.signal);
  await arrived.promise;
  abort.abort();
  await assert.rejects(call, { name: 'AbortError' });
  await assert.rejects(createTestPutEvents()(sessionOf(url), BODY, abort.signal), { name: 'AbortError' });
});

test('after an early answer nothing more of the body is sent, as its memory is used again', async (t) => {
  const closed = Promise.withResolvers<void>();
  let received = 0;
  const url = await startRaw(t, (socket) => {
    socket.on('data', (piece) => {
      received += piece.length;
    });
    socket.on('close', () => closed.resolve());
    socket.pause();
    socket.write('HTTP/1.1 503 Service Unavailable\r\ncontent-length: 2\r\n\r\n{}');
    // What is read later is what was sent before the answer came.
    closed.promise.catch(() => {});
    setTimeout(() => socket.resume(), 100);
  });
  // More than sockets hold on both sides.
  const body = Buffer.alloc(64 * 1024 * 1024, 0x61);
  await assert.rejects(createTestPutEvents()(sessionOf(url), body, never), { $metadata: { httpStatusCode: 503 } });
  body.fill(0x62);
  await closed.promise;
  assert.ok(received < body.length);
});

test('without an endpoint of its own a session writes to the service of its region, over TLS', async () => {
  const { origin } = createLogsSessions({ ...placeOf(''), endpointUrl: undefined })('eu-west-1', keys);
  assert.equal((await origin()).href, 'https://logs.eu-west-1.amazonaws.com/');
});

test('a compressed body that was refused stays as it is, as its socket may still be sending it', async (t) => {
  const { url } = await startServer(t, async (request, response) => {
    response.writeHead(request.headers['content-encoding'] === 'gzip' ? 415 : 200);
    response.end('{}');
  });
  const compressed: Buffer[] = [];
  const put = createPutEvents({
    nowMs: Date.now,
    connectionTimeoutMs: 60_000,
    requestTimeoutMs: 60_000,
    socketsMax: 1,
    gzipBody(body) {
      const gzip = Buffer.allocUnsafeSlow(body.length).fill(1);
      compressed.push(gzip);
      return gzip;
    },
    onSent() {},
    onGzipRefused() {},
  });
  await put(sessionOf(url), BODY, never);
  assert.deepEqual(
    compressed.map(({ length }) => length),
    [BODY.length],
  );
});
