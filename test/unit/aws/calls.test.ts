import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { suite, type TestContext, test } from 'node:test';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import {
  createGetObject,
  createQueueCalls,
  createReceiveCalls,
  createS3Calls,
  createStsCalls,
  createTableCalls,
} from '../../../service/aws/calls.ts';
import { faultOf } from '../../../service/aws/fault.ts';
import { createLogsSessions } from '../../../service/aws/logs-session.ts';
import { createS3Client } from '../../../service/aws/sdk/s3.ts';
import { placeOf } from '../../support/aws.ts';
import { startServer } from '../../support/server.ts';

type Place = ReturnType<typeof placeOf>;

const CREDENTIALS = { accessKeyId: 'a', secretAccessKey: 's', sessionToken: 't' };
const QueueUrl = 'http://127.0.0.1/000000000000/q';
const never = new AbortController().signal;
const RANGE = { bucket: 'b', key: 'k', versionId: undefined, start: 0, end: 10, ifMatch: undefined };

/** A call of each kind, and how often it is made when the service fails. */
const CALLS: readonly (readonly [what: string, call: (place: Place) => Promise<unknown>, attempts: number])[] = [
  [
    'the creation of a log stream',
    (place) =>
      createLogsSessions(place)('us-east-1', CREDENTIALS).call('CreateLogStream', {
        logGroupName: 'g',
        logStreamName: 's',
      }),
    1,
  ],
  ['a call to a table', (place) => createTableCalls(place)('GetItem', { TableName: 'any', Key: { a: { S: 'x' } } }), 4],
  [
    'a deletion of messages',
    (place) => createQueueCalls(place)('DeleteMessageBatch', { QueueUrl, Entries: [{ Id: '0', ReceiptHandle: 'r' }] }),
    4,
  ],
  // The receive loop repeats it, so that the loop turns while the queue is away.
  ['a receive', (place) => createReceiveCalls(place)('ReceiveMessage', { QueueUrl }), 1],
  ['a call to STS', (place) => createStsCalls(place)('GetCallerIdentity', {}), 3],
  ['a range of an object', (place) => createGetObject(place)(RANGE, () => () => {}, never), 1],
  ['a file for S3', (place) => createS3Calls(place)('PutObject', { Bucket: 'b', Key: 'k', Body: 'x' }), 1],
];

/** Both ways of a call: our own, and the SDK's. */
const WAYS = [
  ['over HTTP', false],
  ['by the SDK', true],
] as const;

/** Far less than an operator may set: the attempts add up. */
const TIMEOUT_MS = 100;

async function rejected(
  t: TestContext,
  call: (place: Place) => Promise<unknown>,
  plainDecoder: boolean,
  begins: boolean,
) {
  const { url } = await startServer(t, (_request, response) => {
    if (!begins) return;
    response.writeHead(200, { 'content-length': '100', 'content-type': 'application/x-amz-json-1.0' });
    response.write('{');
  });
  const place = { ...placeOf(url), requestTimeoutMs: TIMEOUT_MS, plainDecoder };
  await assert.rejects(call(place), (error) => faultOf(error) === 'transient');
}

suite('a peer that is half dead', { concurrency: true }, () => {
  for (const [way, plainDecoder] of WAYS) {
    for (const [what, call, attempts] of CALLS) {
      // A long poll may be silent for longer than a test.
      if (what !== 'a receive') {
        test(`${what} ${way} is given up when no answer comes`, (t) => rejected(t, call, plainDecoder, false));
        // The body of an object is watched by whoever reads it.
        if (what !== 'a range of an object' || plainDecoder)
          test(`${what} ${way} is given up when its answer stops in the middle`, (t) =>
            rejected(t, call, plainDecoder, true));
      }

      test(`${what} ${way} is made ${attempts} times when the service fails`, async (t) => {
        const { url, received } = await startServer(t, (_request, response) => void response.writeHead(500).end());
        await assert.rejects(call({ ...placeOf(url), plainDecoder }), (error) => faultOf(error) === 'transient');
        assert.equal(received.length, attempts);
      });
    }
  }
});

for (const [way, plainDecoder] of WAYS) {
  test(`a session ${way} begins with the clock that one before it has learnt`, async (t) => {
    const dates: string[] = [];
    const { url } = await startServer(t, (request, response) => {
      const date = String(request.headers['x-amz-date']);
      dates.push(date);
      // An hour ahead of the clock of this process.
      const now = new Date(Date.now() + 3_600_000);
      const right = date.slice(0, 11) === now.toISOString().replaceAll(/[-:]/g, '').slice(0, 11);
      response.writeHead(right ? 200 : 403, { date: now.toUTCString(), 'content-type': 'application/x-amz-json-1.1' });
      response.end(right ? '{}' : '{"__type":"InvalidSignatureException","message":"Signature expired"}');
    });
    const open = createLogsSessions({ ...placeOf(url), plainDecoder });
    const create = () =>
      open('us-east-1', CREDENTIALS).call('CreateLogStream', { logGroupName: 'g', logStreamName: 's' });
    await assert.rejects(create(), { name: 'InvalidSignatureException' });
    await create();
    assert.equal(dates.length, 2);
  });

  test(`a call ${way} ends at once when its caller gives up, also before it began`, async (t) => {
    const arrived = Promise.withResolvers<void>();
    const { url, received } = await startServer(t, () => arrived.resolve());
    const receive = createReceiveCalls({ ...placeOf(url), plainDecoder });
    const abort = new AbortController();
    const polling = receive('ReceiveMessage', { QueueUrl }, { abortSignal: abort.signal });
    await arrived.promise;
    abort.abort();
    await assert.rejects(polling, (error) => faultOf(error) === 'aborted');
    const late = receive('ReceiveMessage', { QueueUrl }, { abortSignal: abort.signal });
    await assert.rejects(late, (error) => faultOf(error) === 'aborted');
    assert.equal(received.length, 1);
  });
}

test('a connection that ends without an answer is a failed call, not a silent one', async (t) => {
  const { url } = await startServer(t, (_request, response) => {
    response.socket?.end('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n');
  });
  const get = createGetObject({ ...placeOf(url), plainDecoder: false });
  await assert.rejects(
    get(RANGE, () => () => {}, never),
    (error) => faultOf(error) === 'transient',
  );
});

test('a file that S3 refuses by its headers is not sent', async (t) => {
  let received = 0;
  const server = createServer();
  server.on('checkContinue', (request, response) => {
    request.on('data', (piece: Uint8Array) => {
      received += piece.length;
    });
    response.writeHead(403, { connection: 'close' }).end('<Error><Code>AccessDenied</Code></Error>');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const client = createS3Client(placeOf(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  const Body = Buffer.alloc(8 * 1024 * 1024);
  await assert.rejects(client.send(new PutObjectCommand({ Bucket: 'b', Key: 'k', Body })), { name: 'AccessDenied' });
  assert.equal(received, 0);
});
