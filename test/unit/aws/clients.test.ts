import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { suite, type TestContext, test } from 'node:test';
import { CreateLogStreamCommand, PutLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { DeleteMessageCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import {
  createDynamoClient,
  createLogsSessionFactory,
  createReceiveClient,
  createS3Client,
  createSqsClient,
  createStsClient,
} from '../../../service/aws/clients.ts';
import { placeOf } from '../../support/aws.ts';
import { startServer } from '../../support/server.ts';

type Place = ReturnType<typeof placeOf>;

const CREDENTIALS = { accessKeyId: 'a', secretAccessKey: 's' };
const QueueUrl = 'http://127.0.0.1/000000000000/q';

/** A call of each client, and how often it is made when nobody answers. */
const CALLS: readonly (readonly [what: string, call: (place: Place) => Promise<unknown>, attempts: number])[] = [
  [
    'a put of events',
    (place) =>
      createLogsSessionFactory(place)('us-east-1', CREDENTIALS)
        .client()
        .send(new PutLogEventsCommand({ logGroupName: 'g', logStreamName: 's', logEvents: [] })),
    1,
  ],
  [
    'a call to a table',
    (place) => createDynamoClient(place).send(new GetItemCommand({ TableName: 'any', Key: { a: { S: 'x' } } })),
    4,
  ],
  [
    'a deletion of a message',
    (place) => createSqsClient(place).send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: 'r' })),
    4,
  ],
  ['a call to STS', (place) => createStsClient(place).send(new GetCallerIdentityCommand({})), 3],
  [
    'a file for S3',
    (place) => createS3Client(place).send(new PutObjectCommand({ Bucket: 'b', Key: 'k', Body: 'x' })),
    1,
  ],
];

/** Far less than an operator may set: the attempts add up. */
const TIMEOUT_MS = 100;

/** @returns the attempts that the client has made: on a busy machine the peer may not have seen all of them */
async function attemptsOf(t: TestContext, call: (place: Place) => Promise<unknown>, begins: boolean): Promise<number> {
  const { url } = await startServer(t, (_request, response) => {
    if (!begins) return;
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1', 'content-length': 100 });
    response.write('{');
  });
  const error = await call({ ...placeOf(url), requestTimeoutMs: TIMEOUT_MS }).then(
    () => assert.fail('the call has succeeded'),
    (reason: { readonly $metadata?: { readonly attempts?: number } }) => reason,
  );
  return error.$metadata?.attempts ?? 0;
}

suite('a peer that is half dead', { concurrency: true }, () => {
  for (const [what, call, attempts] of CALLS) {
    test(`${what} is given up when no answer comes`, async (t) => {
      assert.equal(await attemptsOf(t, call, false), attempts);
    });

    test(`${what} is given up when its answer stops in the middle`, async (t) => {
      assert.ok((await attemptsOf(t, call, true)) >= 1);
    });
  }
});

test('a receive that fails is the receive loop’s to repeat, so that the loop turns while the queue is away', async (t) => {
  const { url, received } = await startServer(t, (_request, response) => {
    response.writeHead(500).end();
  });
  await assert.rejects(createReceiveClient(placeOf(url)).send(new ReceiveMessageCommand({ QueueUrl })));
  assert.equal(received.length, 1);
});

test('a client of a session begins with the clock that one before it has learnt', async (t) => {
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
  const open = createLogsSessionFactory(placeOf(url));
  const create = () =>
    open('us-east-1', CREDENTIALS)
      .client()
      .send(new CreateLogStreamCommand({ logGroupName: 'g', logStreamName: 's' }));
  await assert.rejects(create(), { name: 'InvalidSignatureException' });
  await create();
  assert.equal(dates.length, 2);
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
