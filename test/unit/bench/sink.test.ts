import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { startChild } from '../../bench/child.ts';
import { createEventTally } from '../../bench/data/event-tally.ts';
import type { SinkCalls } from '../../bench/sink/calls.ts';
import { startServer } from '../../support/server.ts';

/** The sink as the benchmark runs it, before a cloud that answers with what it was asked. */
async function startSink(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'sink-'));
  t.after(() => rm(folder, { recursive: true }));
  const asked = Promise.withResolvers<void>();
  const left = Promise.withResolvers<void>();
  const cloud = await startServer(t, ({ method, path, body, headers }, response) => {
    if (headers['x-amz-target'] === 'AmazonSQS.ReceiveMessage') {
      response.once('close', left.resolve);
      asked.resolve();
      return;
    }
    response.setHeader('x-amzn-requestid', 'from the cloud');
    response.end(headers['x-amz-target'] ? '{"Failed":[{"Id":"1"}]}' : `${method} ${path} ${body} ${headers.host}`);
  });
  const sink = startChild<SinkCalls>(new URL('../../bench/sink/main.ts', import.meta.url));
  t.after(() => sink[Symbol.asyncDispose]());
  const cloudPort = Number(new URL(cloud.url).port);
  const { http: port } = await sink.call('open', { cloudPort, tls: undefined });
  return { sink, port, folder, longPoll: { asked: asked.promise, left: left.promise } };
}

interface Asked {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string | number>>;
  readonly body?: string | Buffer;
}

function ask(
  port: number,
  { method = 'GET', path = '/', headers = {}, body }: Asked,
): Promise<{ response: IncomingMessage; bytes: Buffer }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ response: IncomingMessage; bytes: Buffer }>();
  const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
  const request = httpRequest(
    { host: '127.0.0.1', port, method, path, headers: { ...length, ...headers } },
    async (response) => {
      const pieces: Buffer[] = [];
      for await (const piece of response) pieces.push(piece);
      resolve({ response, bytes: Buffer.concat(pieces) });
    },
  );
  request.on('error', reject);
  request.end(body);
  return promise;
}

const PUT = { method: 'POST', headers: { 'x-amz-target': 'Logs_20140328.PutLogEvents' } };

function putBody(logGroupName: string, events: readonly [timestamp: number, message: string][]): Buffer {
  const logEvents = events.map(([timestamp, message]) => ({ timestamp, message }));
  return Buffer.from(JSON.stringify({ logGroupName, logStreamName: 's', logEvents }));
}

test('the sink answers ranges of an object as S3 does', async (t) => {
  const { sink, port, folder } = await startSink(t);
  const file = join(folder, 'object');
  await writeFile(file, '0123456789');
  await sink.call('serve', [{ name: 'a b.gz', file, eTag: 'tag' }]);
  await sink.call('begin', { keepBodies: undefined });
  const path = '/bucket/some/key/a%20b.gz?x-id=GetObject';

  const range = await ask(port, { path, headers: { range: 'bytes=2-4', 'if-match': '"tag"' } });
  assert.equal(range.response.statusCode, 206);
  assert.equal(range.response.headers.etag, '"tag"');
  assert.equal(range.response.headers['content-range'], 'bytes 2-4/10');
  assert.equal(range.bytes.toString(), '234');

  const beyond = await ask(port, { path, headers: { range: 'bytes=8-99' } });
  assert.equal(beyond.response.headers['content-range'], 'bytes 8-9/10');
  assert.equal(beyond.bytes.toString(), '89');

  const whole = await ask(port, { path });
  assert.equal(whole.response.statusCode, 200);
  assert.equal(whole.bytes.toString(), '0123456789');

  const statusOf = async (asked: Asked) => (await ask(port, asked)).response.statusCode;
  assert.equal(await statusOf({ path, headers: { range: 'bytes=10-12' } }), 416);
  assert.equal(await statusOf({ path, headers: { 'if-match': '"other"' } }), 412);
  assert.equal(await statusOf({ path: '/bucket/unknown' }), 404);
  assert.ok((await sink.call('end', null)).getBytes >= 15);
});

test('the sink counts put bodies by their bytes, and keeps nothing of them', async (t) => {
  const { sink, port } = await startSink(t);
  await sink.call('begin', { keepBodies: undefined });
  const large = Buffer.alloc(3_000_000, 'x');
  const answers = await Promise.all([ask(port, { ...PUT, body: large }), ask(port, { ...PUT, body: 'not even JSON' })]);
  assert.deepEqual(
    answers.map(({ bytes }) => bytes.toString()),
    ['{}', '{}'],
  );
  const totals = await sink.call('end', null);
  assert.equal(totals.putCalls, 2);
  assert.equal(totals.putBytes, 3_000_013);
  assert.deepEqual(totals.bodyLengths, []);
  assert.deepEqual(totals.groups, {});
});

test('bodies that are kept are told by log group, and written one after another', async (t) => {
  const { sink, port, folder } = await startSink(t);
  const file = join(folder, 'bodies');
  await sink.call('begin', { keepBodies: file });
  const bodies = [
    putBody('/a', [
      [1, 'x'],
      [2, 'ü'],
    ]),
    putBody('/b', [[3, 'y']]),
    putBody('/a', [[1, 'x']]),
  ];
  for (const body of bodies) await ask(port, { ...PUT, body });
  const { groups, bodyLengths } = await sink.call('end', null);
  const tally = createEventTally();
  for (const [timestamp, message] of [
    [2, 'ü'],
    [1, 'x'],
    [1, 'x'],
  ] as const)
    tally.add(timestamp, message);
  assert.deepEqual(groups['/a'], tally.read());
  assert.equal(groups['/a']?.messageBytes, 4);
  assert.equal(groups['/b']?.events, 1);
  assert.deepEqual(
    bodyLengths,
    bodies.map(({ length }) => length),
  );
  assert.deepEqual(await readFile(file), Buffer.concat(bodies));
});

test('everything else is passed on to the embedded AWS, and its answer back', async (t) => {
  const { port } = await startSink(t);
  const headers = { host: 'as-signed', expect: '100-continue' };
  const { response, bytes } = await ask(port, { method: 'PUT', path: '/bucket/key?x=1', headers, body: 'content' });
  assert.equal(bytes.toString(), 'PUT /bucket/key?x=1 content as-signed');
  assert.equal(response.headers['x-amzn-requestid'], 'from the cloud');
});

test('a deleted message counts once the queue has confirmed it', async (t) => {
  const { sink, port } = await startSink(t);
  await sink.call('begin', { keepBodies: undefined });
  let reached = false;
  const waiting = sink.call('untilDeleted', 3).then(() => {
    reached = true;
  });
  const remove = (entries: number) => {
    const body = JSON.stringify({ Entries: Array.from({ length: entries }, () => ({})) });
    return ask(port, { method: 'POST', headers: { 'x-amz-target': 'AmazonSQS.DeleteMessageBatch' }, body });
  };
  // One of each batch fails.
  await remove(3);
  // Answers come in order: one to the first call would be here before this one.
  await sink.call('serve', []);
  assert.equal(reached, false);
  await remove(2);
  await waiting;
});

test('a client that leaves its long poll takes the request behind it along', async (t) => {
  const { port, longPoll } = await startSink(t);
  const socket = connect(port, '127.0.0.1');
  socket.write('POST / HTTP/1.1\r\nhost: x\r\nx-amz-target: AmazonSQS.ReceiveMessage\r\ncontent-length: 2\r\n\r\n{}');
  await longPoll.asked;
  socket.destroy();
  await longPoll.left;
});

test('a request may arrive byte by byte, and the next one on the same connection', async (t) => {
  const { sink, port } = await startSink(t);
  await sink.call('begin', { keepBodies: undefined });
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  const text = 'POST / HTTP/1.1\r\nX-Amz-Target: Logs_20140328.PutLogEvents\r\nContent-Length: 5\r\n\r\nhello';
  for (let round = 1; round <= 2; round++) {
    for (const byte of text) {
      socket.write(byte);
      await new Promise((resolve) => setImmediate(resolve));
    }
    let answer = '';
    for await (const piece of socket.iterator({ destroyOnReturn: false })) {
      answer += piece;
      if (answer.endsWith('{}')) break;
    }
    assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/);
  }
  socket.destroy();
  assert.equal((await sink.call('end', null)).putBytes, 10);
});

test('a body without a length ends the connection', async (t) => {
  const { port } = await startSink(t);
  const headers = { ...PUT.headers, 'transfer-encoding': 'chunked' };
  await assert.rejects(ask(port, { ...PUT, headers }), { code: 'ECONNRESET' });
});
