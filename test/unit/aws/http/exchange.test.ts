import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  createConnections,
  createTextSink,
  exchange,
  type HttpRequest,
} from '../../../../service/aws/http/exchange.ts';
import { startServer } from '../../../support/server.ts';

const connections = createConnections({ connectionTimeoutMs: 5_000, requestTimeoutMs: 60_000, socketsMax: 4 });
const BODY = Buffer.from('x'.repeat(3_000_000));

function requestTo(url: string, more: Partial<HttpRequest>): HttpRequest {
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
