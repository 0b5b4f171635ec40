import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { type TestContext, test } from 'node:test';
import {
  createGetObject,
  createQueueCalls,
  createReceiveCalls,
  createStsCalls,
  createTableCalls,
} from '../../../../service/aws/calls.ts';
import { awsErrorName, FAULT_NAMES, faultOf } from '../../../../service/aws/fault.ts';
import type { ObjectHead } from '../../../../service/aws/get-object.ts';
import { createLogsSessions } from '../../../../service/aws/logs-session.ts';
import { answerOf } from '../../../../service/base/aws-answer.ts';
import { jsonAnswer, queryAnswer, s3Answer, type WireAnswer } from '../../../support/answers.ts';
import { placeOf } from '../../../support/aws.ts';
import { type Received, startServer } from '../../../support/server.ts';

/** Our own calls against the SDK's: the same requests, the same outputs, the same errors. */

type Place = ReturnType<typeof placeOf>;

const KEYS = { accessKeyId: 'AKID', secretAccessKey: 'secret', sessionToken: 'token' };
const BODY = '{"Records":[]}';
const MD5 = '63a47d4f2dd4d1d2a4f0ac2b4b7ae0e4';
const never = new AbortController().signal;

interface Exchange {
  readonly what: string;
  readonly call: (place: Place) => Promise<unknown>;
  /** Where the call succeeds. */
  readonly answer: WireAnswer;
  readonly refusal: (code: string) => WireAnswer;
}

const json = (body: object): WireAnswer => ({
  status: 200,
  headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amzn-requestid': 'r' },
  body: JSON.stringify(body),
});
const queueUrl = (place: Place) => `${place.endpointUrl}/000000000000/logs`;
const jsonRefusal = (code: string) => jsonAnswer(`com.amazonaws.service#${code}`, 'no, “really” not');

const ITEM = {
  object: { S: 's3://b/k "ö"' },
  chunk: { N: '3' },
  ahead: { L: [{ L: [{ N: '4' }, { N: '5' }] }] },
  counts: { M: { read: { N: '10' } } },
  owners: { SS: ['a', 'b'] },
  flag: { BOOL: true },
  none: { NULL: true },
  other: { B: Buffer.from('bytes').toString('base64') },
  others: { BS: [Buffer.from('one').toString('base64'), Buffer.from('two').toString('base64')] },
};

const EXCHANGES: readonly Exchange[] = [
  {
    what: 'UpdateItem',
    call: (place) =>
      createTableCalls(place)('UpdateItem', {
        TableName: 'ledger',
        Key: { object: { S: 's3://b/k "ö"' }, delivery: { S: 'acme/cloudwatch' } },
        UpdateExpression: 'SET #a = :a ADD #b :b REMOVE #c',
        ConditionExpression: '#a <> :a',
        ExpressionAttributeNames: { '#a': 'a', '#b': 'b', '#c': 'c' },
        ExpressionAttributeValues: {
          ':a': { N: '1' },
          ':b': { SS: ['x'] },
          ':c': { B: Buffer.from('bytes') },
          ':d': { B: Uint8Array.of(0, 255) },
          ':e': { BS: [Buffer.from('one')] },
        },
        ReturnValues: 'ALL_NEW',
      }),
    answer: json({ Attributes: ITEM }),
    refusal: jsonRefusal,
  },
  {
    what: 'GetItem',
    call: (place) =>
      createTableCalls(place)('GetItem', { TableName: 't', Key: { a: { S: 'x' } }, ConsistentRead: true }),
    answer: json({ Item: ITEM }),
    refusal: jsonRefusal,
  },
  {
    what: 'Query',
    call: (place) =>
      createTableCalls(place)('Query', {
        TableName: 't',
        KeyConditionExpression: 'tenant_id = :t',
        ExpressionAttributeValues: { ':t': { S: 'acme' } },
        ExclusiveStartKey: { tenant_id: { S: 'acme' }, type: { S: 's3' } },
      }),
    answer: json({ Items: [ITEM, {}], Count: 2, ScannedCount: 2, LastEvaluatedKey: { tenant_id: { S: 'acme' } } }),
    refusal: jsonRefusal,
  },
  {
    what: 'ReceiveMessage',
    call: (place) =>
      createReceiveCalls(place)('ReceiveMessage', {
        QueueUrl: queueUrl(place),
        MaxNumberOfMessages: 10,
        WaitTimeSeconds: 20,
        VisibilityTimeout: 30,
        MessageSystemAttributeNames: ['ApproximateReceiveCount', 'SentTimestamp'],
        MessageAttributeNames: ['a'],
      }),
    answer: json({
      Messages: [
        {
          MessageId: 'm',
          ReceiptHandle: 'r==',
          Body: BODY,
          MD5OfBody: md5(BODY),
          Attributes: { SentTimestamp: '1700000000000', ApproximateReceiveCount: '1' },
          MessageAttributes: { a: { DataType: 'Number', StringValue: '1' } },
        },
      ],
    }),
    refusal: jsonRefusal,
  },
  {
    what: 'DeleteMessageBatch',
    call: (place) =>
      createQueueCalls(place)('DeleteMessageBatch', {
        QueueUrl: queueUrl(place),
        Entries: [{ Id: '0', ReceiptHandle: 'r==' }],
      }),
    answer: json({ Successful: [], Failed: [{ Id: '0', SenderFault: true, Code: 'ReceiptHandleIsInvalid' }] }),
    refusal: jsonRefusal,
  },
  {
    what: 'ChangeMessageVisibilityBatch',
    call: (place) =>
      createQueueCalls(place)('ChangeMessageVisibilityBatch', {
        QueueUrl: queueUrl(place),
        Entries: [{ Id: '0', ReceiptHandle: 'r==', VisibilityTimeout: 0 }],
      }),
    answer: json({ Successful: [{ Id: '0' }] }),
    refusal: jsonRefusal,
  },
  {
    what: 'SendMessageBatch',
    call: (place) =>
      createQueueCalls(place)('SendMessageBatch', {
        QueueUrl: queueUrl(place),
        Entries: [
          {
            Id: '0',
            MessageBody: BODY,
            DelaySeconds: 900,
            MessageAttributes: { a: { DataType: 'Number', StringValue: '1' } },
          },
        ],
      }),
    answer: json({ Successful: [{ Id: '0', MessageId: 'm', MD5OfMessageBody: md5(BODY) }], Failed: [] }),
    refusal: jsonRefusal,
  },
  {
    what: 'CreateLogGroup',
    call: (place) => createLogsSessions(place)('eu-west-1', KEYS).call('CreateLogGroup', { logGroupName: '/a/b' }),
    answer: json({}),
    refusal: jsonRefusal,
  },
  {
    what: 'DescribeLogGroups',
    call: (place) =>
      createLogsSessions(place)('eu-west-1', KEYS).call('DescribeLogGroups', { logGroupNamePrefix: '/a' }),
    answer: json({ logGroups: [{ logGroupName: '/a', creationTime: 1, retentionInDays: 7, storedBytes: 0 }] }),
    refusal: jsonRefusal,
  },
  {
    what: 'AssumeRole',
    call: (place) =>
      createStsCalls(place, async () => KEYS)('AssumeRole', {
        RoleArn: 'arn:aws:iam::111122223333:role/a+b',
        RoleSessionName: 'log-distributor-acme',
        DurationSeconds: 3600,
        ExternalId: 'a&b =ü*~',
        Tags: [
          { Key: 'tenant_id', Value: 'acme' },
          { Key: 'cluster_id', Value: '' },
        ],
      }),
    answer: {
      status: 200,
      headers: { 'content-type': 'text/xml' },
      body: `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><AssumedRoleUser><AssumedRoleId>AROA:s</AssumedRoleId><Arn>arn:aws:sts::1:assumed-role/r/s</Arn></AssumedRoleUser><Credentials><AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>a/b&amp;c&#x2F;d</SecretAccessKey><SessionToken>t==</SessionToken><Expiration>2026-01-31T12:00:00Z</Expiration></Credentials></AssumeRoleResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></AssumeRoleResponse>`,
    },
    refusal: (code) => queryAnswer(403, code, 'no, “really” <not> & never'),
  },
  {
    what: 'GetObject',
    call: async (place) => {
      const pieces: Buffer[] = [];
      const found: ObjectHead = await createGetObject(place)(
        {
          bucket: 'central',
          key: "logs/a b/ü+%2F&?#='()*!~$@,;:/../k.gz",
          versionId: 'v/1+2=',
          start: 5,
          end: 10,
          ifMatch: '"e"',
        },
        () => (piece) => void pieces.push(Buffer.from(piece)),
        never,
      );
      return { found, body: Buffer.concat(pieces).toString() };
    },
    answer: {
      status: 206,
      headers: {
        etag: '"e"',
        'content-range': 'bytes 5-9/20',
        'content-length': '5',
        'last-modified': 'Sat, 31 Jan 2026 12:00:00 GMT',
      },
      body: 'hello',
    },
    refusal: (code) =>
      s3Answer(403, code, 'no, “really” <not> & never', { StorageClass: 'GLACIER', Region: 'eu-west-3' }, 'eu-west-2'),
  },
];

function md5(text: string): string {
  return hash('md5', text, 'hex');
}

/** Makes a call by both ways, each against the same answer. @returns what arrived, and what came back or was thrown */
async function bothWays(t: TestContext, { call }: Exchange, answer: (response: ServerResponse) => void) {
  const { url, received } = await startServer(t, (_request, response) => answer(response));
  const make = async (plainDecoder: boolean) => {
    const before = received.length;
    const result = await call({ ...placeOf(url), plainDecoder }).then(
      (output) => ({ output }),
      (error: unknown) => ({ error }),
    );
    return { ...result, requests: received.slice(before) };
  };
  return { own: await make(false), sdk: await make(true) };
}

function respond({ status, headers, body }: WireAnswer) {
  return (response: ServerResponse): void => {
    response.writeHead(status, headers).end(body);
  };
}

/** What of a request counts: not who sends it, nor when, nor the SDK's own additions. */
function essence({ method, path, headers, body }: Received) {
  const { pathname, searchParams } = new URL(path, 'http://host');
  searchParams.delete('x-id');
  const text = body.toString();
  const type = headers['content-type'];
  return {
    method,
    // As it was sent, undecoded: it is what is signed.
    path: path.split('?')[0],
    pathname,
    query: [...searchParams],
    type,
    target: headers['x-amz-target'],
    range: headers.range,
    ifMatch: headers['if-match'],
    token: headers['x-amz-security-token'],
    scope: /Credential=\S+\/\d{8}\/(\S+),/.exec(String(headers.authorization))?.[1],
    body: type?.includes('json') ? JSON.parse(text) : Object.fromEntries(new URLSearchParams(text)),
  };
}

for (const exchange of EXCHANGES) {
  test(`${exchange.what}: the same request, and the same output`, async (t) => {
    const { own, sdk } = await bothWays(t, exchange, respond(exchange.answer));
    assert.deepEqual(own.requests.map(essence), sdk.requests.map(essence));
    assert.ok('output' in own && 'output' in sdk, String('error' in own && own.error));
    assert.deepEqual(plain(own.output), plain(sdk.output));
  });

  test(`${exchange.what}: the same error, under each of AWS's names`, { timeout: 600_000 }, async (t) => {
    let code = '';
    const { url } = await startServer(t, (_request, response) => respond(exchange.refusal(code))(response));
    const told = async (plainDecoder: boolean) => {
      const error = await exchange.call({ ...placeOf(url), plainDecoder }).then(
        () => assert.fail('the call has succeeded'),
        (reason: unknown) => reason,
      );
      const { message, requestId, ...details } = answerOf(error) ?? assert.fail('no answer');
      return { name: awsErrorName(error), told: { fault: faultOf(error), message, requestId, ...details, code: '' } };
    };
    // Those that are repeated take their time, and are all alike.
    const repeated = new Set(['throttle', 'transient']);
    const faults = FAULT_NAMES.filter((name) => !repeated.has(faultOf(Object.assign(new Error(''), { name }))));
    for (const name of [...faults, 'SomethingNew']) {
      code = name;
      const own = await told(false);
      assert.equal(own.name, name);
      // The SDK has names of its own for some.
      assert.deepEqual(own.told, (await told(true)).told, name);
    }
  });

  for (const [what, answer] of [
    ['a page of a proxy', { status: 403, headers: { 'content-type': 'text/html' }, body: '<html>secret</html>' }],
    ['nothing', { status: 403, headers: {}, body: '' }],
    ['a redirect', { status: 301, headers: { location: 'http://127.0.0.1:9/' }, body: '' }],
  ] as const) {
    test(`${exchange.what}: ${what} is an error of the same kind`, async (t) => {
      const { own, sdk } = await bothWays(t, exchange, respond(answer));
      assert.ok('error' in own && 'error' in sdk);
      assert.deepEqual([faultOf(own.error), answerOf(own.error)?.code], [faultOf(sdk.error), `HTTP ${answer.status}`]);
    });
  }
}

test('the path of an endpoint is kept by both ways', async (t) => {
  for (const { what, call, answer } of EXCHANGES) {
    const { url, received } = await startServer(t, (_request, response) => respond(answer)(response));
    for (const plainDecoder of [false, true]) await call({ ...placeOf(`${url}/gateway`), plainDecoder });
    const [own, sdk] = received.map(({ path }) => path.split('?')[0]?.replace(/\/$/, ''));
    assert.ok(own?.startsWith('/gateway'), `${what}: ${own}`);
    assert.equal(own, sdk, what);
  }
});

test('a message that was sent, but is said to have another body, is not sent again', async (t) => {
  const [send] = EXCHANGES.filter(({ what }) => what === 'SendMessageBatch');
  assert.ok(send);
  const { own, sdk } = await bothWays(t, send, respond(json({ Successful: [{ Id: '0', MD5OfMessageBody: MD5 }] })));
  assert.ok('error' in own && 'error' in sdk);
  assert.deepEqual([own.requests.length, sdk.requests.length], [1, 1]);
});

test('a message whose body is not what SQS has sent is refused by both ways', async (t) => {
  const [receive] = EXCHANGES.filter(({ what }) => what === 'ReceiveMessage');
  assert.ok(receive);
  const answer = json({ Messages: [{ MessageId: 'm', ReceiptHandle: 'r', Body: 'changed', MD5OfBody: MD5 }] });
  const { own, sdk } = await bothWays(t, receive, respond(answer));
  assert.ok('error' in own && 'error' in sdk);
});

/** Without the SDK's own additions, what nobody reads, and what is undefined. */
function plain(output: unknown): unknown {
  const { $metadata: _, AssumedRoleUser: __, ...rest } = Object(output);
  return JSON.parse(JSON.stringify(rest));
}
