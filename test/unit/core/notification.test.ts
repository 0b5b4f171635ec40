import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DistributorError } from '../../../service/base/errors.ts';
import { objectId, parseNotification } from '../../../service/core/notification.ts';
import { holds } from '../../support/property.ts';

/** A record of an S3 event, shortened to what matters, as S3 sends it. */
function s3Record(object: Readonly<Record<string, unknown>>, more: Readonly<Record<string, unknown>> = {}) {
  return {
    eventVersion: '2.1',
    eventSource: 'aws:s3',
    eventTime: '2026-01-31T12:00:00.123Z',
    eventName: 'ObjectCreated:Put',
    s3: { bucket: { name: 'central' }, object: { key: 'logs/a', size: 42, eTag: 'e1', sequencer: '0055', ...object } },
    ...more,
  };
}

const s3Event = (...records: unknown[]) => JSON.stringify({ Records: records });

const snsEnvelope = (message: string, more: Readonly<Record<string, unknown>> = {}) =>
  JSON.stringify({
    Type: 'Notification',
    MessageId: '7f3c',
    TopicArn: 'arn:aws:sns:us-east-1:111122223333:objects',
    Subject: 'Amazon S3 Notification',
    Message: message,
    ...more,
  });

const eventBridge = (object: Readonly<Record<string, unknown>> = {}, more: Readonly<Record<string, unknown>> = {}) =>
  JSON.stringify({
    version: '0',
    'detail-type': 'Object Created',
    source: 'aws.s3',
    time: '2026-01-31T12:00:00Z',
    detail: {
      bucket: { name: 'central' },
      object: { key: 'logs/a', size: 42, etag: 'e1', sequencer: '0055', ...object },
    },
    ...more,
  });

const REF = {
  bucket: 'central',
  key: 'logs/a',
  version: 'e1',
  versionId: undefined,
  size: 42,
  createdMs: Date.UTC(2026, 0, 31, 12, 0, 0, 123),
};

function objectsOf(body: string) {
  const notification = parseNotification(body);
  assert.ok(notification.kind === 'objects');
  return notification.objects;
}

const keysOf = (body: string) => objectsOf(body).map(({ key }) => key);

test('an S3 event comes bare, as by SNS raw delivery or from S3 straight to SQS', () => {
  assert.deepEqual(objectsOf(s3Event(s3Record({}))), [REF]);
});

test('an S3 event comes in an SNS envelope', () => {
  assert.deepEqual(objectsOf(snsEnvelope(s3Event(s3Record({})))), [REF]);
  const { Type, ...withoutType } = JSON.parse(snsEnvelope(s3Event(s3Record({}))));
  assert.equal(Type, 'Notification');
  assert.deepEqual(objectsOf(JSON.stringify(withoutType)), [REF]);
});

test('an EventBridge event is understood, bare and in an SNS envelope', () => {
  const expected = { ...REF, createdMs: Date.UTC(2026, 0, 31, 12) };
  assert.deepEqual(objectsOf(eventBridge()), [expected]);
  assert.deepEqual(objectsOf(snsEnvelope(eventBridge())), [expected]);
});

test('one message may announce several objects, in their order', () => {
  assert.deepEqual(
    keysOf(s3Event(s3Record({ key: 'logs/b' }), s3Record({ key: 'logs/a' }), s3Record({ key: 'logs/c' }))),
    ['logs/b', 'logs/a', 'logs/c'],
  );
});

test('every kind of creation counts, with the prefix s3: and without', () => {
  for (const eventName of [
    'ObjectCreated:Put',
    'ObjectCreated:CompleteMultipartUpload',
    'ObjectCreated:Copy',
    's3:ObjectCreated:Post',
  ]) {
    assert.deepEqual(keysOf(s3Event(s3Record({}, { eventName }))), ['logs/a']);
  }
});

test('a Put and a CompleteMultipartUpload of the same object are one object', () => {
  const body = s3Event(
    s3Record({ sequencer: '0055' }, { eventName: 'ObjectCreated:Put' }),
    s3Record({ sequencer: '0056' }, { eventName: 'ObjectCreated:CompleteMultipartUpload' }),
  );
  assert.deepEqual(objectsOf(body), [REF]);
});

test('two versions of one key in one message are two objects', () => {
  const body = s3Event(s3Record({ eTag: 'e1' }), s3Record({ eTag: 'e2' }), s3Record({ eTag: 'e1', versionId: 'v1' }));
  assert.deepEqual(
    objectsOf(body).map(({ version }) => version),
    ['e1', 'e2', 'v1'],
  );
});

test("the test event of a new configuration is one, in SNS's envelope too", () => {
  const body = JSON.stringify({ Service: 'Amazon S3', Event: 's3:TestEvent', Bucket: 'central', RequestId: 'R' });
  assert.deepEqual(parseNotification(body), { kind: 'test' });
  assert.deepEqual(parseNotification(snsEnvelope(body)), { kind: 'test' });
});

const KEYS: readonly (readonly [encoded: string, key: string])[] = [
  ['logs/red+flower.gz', 'logs/red flower.gz'],
  ['logs/a%2Bb.gz', 'logs/a+b.gz'],
  ['logs/tenant_id%3Dacme/x', 'logs/tenant_id=acme/x'],
  ['logs/100%25.gz', 'logs/100%.gz'],
  ['logs/%252F.gz', 'logs/%2F.gz'],
  ['logs%2Fa', 'logs/a'],
  ['logs/caf%C3%A9/%E6%97%A5%E6%9C%AC/%F0%9F%8D%B5.gz', 'logs/café/日本/🍵.gz'],
  ['logs//a', 'logs//a'],
  ['%2Fleading', '/leading'],
];

for (const [encoded, key] of KEYS) {
  test(`S3's key ${encoded} is ${key}`, () => {
    assert.deepEqual(keysOf(s3Event(s3Record({ key: encoded }))), [key]);
  });
}

test('any key survives the encoding of S3', () =>
  holds(
    fc.property(fc.string({ unit: 'binary', minLength: 1 }), (key) => {
      const encoded = encodeURIComponent(key).replaceAll('%2F', '/').replaceAll('%20', '+');
      assert.deepEqual(keysOf(s3Event(s3Record({ key: encoded }))), [key]);
    }),
  ));

test("EventBridge's key is taken as it stands, as EventBridge does not encode it", () => {
  assert.deepEqual(keysOf(eventBridge({ key: 'logs/a+b%2F c' })), ['logs/a+b%2F c']);
});

test('a version id goes before the ETag, and "null" or an empty one is none', () => {
  const versions = (object: Readonly<Record<string, unknown>>) =>
    objectsOf(s3Event(s3Record(object))).map(({ version, versionId }) => [version, versionId]);
  assert.deepEqual(versions({ versionId: 'v7' }), [['v7', 'v7']]);
  assert.deepEqual(versions({ versionId: 'null' }), [['e1', undefined]]);
  assert.deepEqual(versions({ versionId: '' }), [['e1', undefined]]);
  assert.deepEqual(objectsOf(eventBridge({ 'version-id': 'v8' }))[0]?.versionId, 'v8');
});

test('an ETag loses the quotes that some writers leave around it', () => {
  assert.equal(objectsOf(s3Event(s3Record({ eTag: '"e1"' })))[0]?.version, 'e1');
});

test('what a notification does not say about size and time stays open', () => {
  const [ref] = objectsOf(s3Event(s3Record({ size: undefined }, { eventTime: undefined })));
  assert.deepEqual([ref?.size, ref?.createdMs], [undefined, undefined]);
  const [odd] = objectsOf(s3Event(s3Record({ size: -1 }, { eventTime: 'yesterday' })));
  assert.deepEqual([odd?.size, odd?.createdMs], [undefined, undefined]);
});

test("an object's id holds bucket, key and version", () => {
  assert.equal(objectId(REF), 's3://central/logs/a#e1');
});

const GARBAGE: readonly (readonly [what: string, body: string, why: RegExp])[] = [
  ['an empty body', '', /the message body is not JSON/],
  ['text', 'hello', /the message body is not JSON/],
  ['half a body', s3Event(s3Record({})).slice(0, -5), /the message body is not JSON/],
  ['a number', '42', /JSON but no object/],
  ['null', 'null', /JSON but no object/],
  ['a list', '[{"Records":[]}]', /JSON but no object/],
  ['an object of something else', '{"hello":"world"}', /neither Records nor detail-type/],
  [
    'a Message without an envelope',
    JSON.stringify({ Message: s3Event(s3Record({})) }),
    /neither Records nor detail-type/,
  ],
  ['an envelope around text', snsEnvelope('hello'), /the Message of the SNS envelope is not JSON/],
  ['an envelope around a list', snsEnvelope('[]'), /JSON but no object/],
  [
    'a subscription to be confirmed',
    JSON.stringify({ Type: 'SubscriptionConfirmation', TopicArn: 'arn', Message: 'You have chosen to subscribe' }),
    /the Message of the SNS envelope is not JSON/,
  ],
  ['no records', '{"Records":[]}', /Records is empty/],
  ['records that are none', '{"Records":"all"}', /neither Records nor detail-type/],
  ['a record that is no object', '{"Records":["a"]}', /an entry of Records is no object/],
  [
    'a removal',
    s3Event(s3Record({}, { eventName: 'ObjectRemoved:Delete' })),
    /"ObjectRemoved:Delete", not an ObjectCreated/,
  ],
  ['a restore', s3Event(s3Record({}, { eventName: 's3:ObjectRestore:Completed' })), /not an ObjectCreated event/],
  ['no event name', s3Event(s3Record({}, { eventName: undefined })), /undefined, not an ObjectCreated event/],
  ['a name that only ends like a creation', s3Event(s3Record({}, { eventName: 'NotObjectCreated:Put' })), /not an Obj/],
  ['no object', s3Event(s3Record({}, { s3: { bucket: { name: 'central' } } })), /no s3.object.key/],
  ['a key that is no text', s3Event(s3Record({ key: 7 })), /no s3.object.key/],
  ['an empty key', s3Event(s3Record({ key: '' })), /no object key/],
  ['a key that is not encoded', s3Event(s3Record({ key: 'logs/100%' })), /"logs\/100%" is not URL-encoded/],
  ['a key that is not UTF-8', s3Event(s3Record({ key: 'logs/%FF' })), /not URL-encoded/],
  ['no bucket', s3Event(s3Record({}, { s3: { object: { key: 'a' } } })), /no bucket name/],
  ['an empty bucket', s3Event(s3Record({}, { s3: { bucket: { name: '' }, object: { key: 'a' } } })), /no bucket name/],
  [
    'another EventBridge event',
    eventBridge({}, { 'detail-type': 'Object Deleted' }),
    /"Object Deleted", not "Object Cr/,
  ],
  ['an EventBridge event without detail', eventBridge({}, { detail: null }), /no bucket name/],
  ['neither a version id nor an ETag', s3Event(s3Record({ eTag: undefined })), /neither a version id nor an ETag/],
  ['an empty ETag', s3Event(s3Record({ eTag: '""', versionId: 'null' })), /neither a version id nor an ETag/],
  ['an EventBridge event without either', eventBridge({ etag: 7 }), /neither a version id nor an ETag/],
];

for (const [what, body, why] of GARBAGE) {
  test(`${what} is not a notification, and the error says why`, () => {
    assert.throws(
      () => parseNotification(body),
      (error) => {
        assert.ok(error instanceof DistributorError);
        assert.equal(error.code, 'not-a-notification');
        assert.match(error.message, why);
        return true;
      },
    );
  });
}

test('a thousand records are taken, one more is refused', () => {
  const records = Array.from({ length: 1_001 }, (_, at) => s3Record({ key: `logs/${at}` }));
  assert.equal(objectsOf(s3Event(...records.slice(1))).length, 1_000);
  assert.throws(() => parseNotification(s3Event(...records)), { code: 'not-a-notification', message: /1001 entries/ });
});

test('whatever JSON comes, the answer is a notification or not-a-notification', () =>
  holds(
    fc.property(fc.json(), (body) => {
      try {
        parseNotification(body);
      } catch (error) {
        assert.ok(error instanceof DistributorError && error.code === 'not-a-notification', String(error));
      }
    }),
  ));

test('events beside creations are told apart from the objects, with what is wrong with the first', () => {
  const removed = s3Record({ key: 'logs/b' }, { eventName: 'ObjectRemoved:Delete' });
  const nameless = s3Record({ key: '' });
  const notification = parseNotification(s3Event(removed, s3Record({}), nameless));
  assert.ok(notification.kind === 'objects');
  assert.deepEqual(notification.objects, [REF]);
  assert.equal(notification.rest?.body, s3Event(removed, nameless));
  assert.match(String(notification.rest?.error.message), /its event is "ObjectRemoved:Delete"/);
  assert.throws(() => parseNotification(notification.rest?.body ?? ''), { code: 'not-a-notification' });
});

test('a message of which nothing can be delivered is refused as a whole', () => {
  const removed = s3Record({ key: 'logs/b' }, { eventName: 'ObjectRemoved:Delete' });
  assert.throws(() => parseNotification(s3Event(removed, removed)), { message: /ObjectRemoved:Delete/ });
});

test('a folder of the console, empty and with a key that ends with a slash, is nothing to deliver', () => {
  const folder = { key: 'logs/tenant_id%3Dacme/', size: 0 };
  assert.deepEqual(parseNotification(s3Event(s3Record(folder))), { kind: 'objects', objects: [] });
  assert.deepEqual(parseNotification(eventBridge(folder)), { kind: 'objects', objects: [] });
  assert.deepEqual(keysOf(s3Event(s3Record(folder), s3Record({}))), ['logs/a']);
  // What is not known to be empty, or not named like a folder, is an object.
  assert.deepEqual(keysOf(s3Event(s3Record({ ...folder, size: undefined }))), ['logs/tenant_id=acme/']);
  assert.deepEqual(keysOf(s3Event(s3Record({ size: 0 }))), ['logs/a']);
});
