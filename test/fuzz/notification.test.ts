import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DistributorError } from '../../service/base/errors.ts';
import { objectId, parseNotification } from '../../service/core/notification.ts';
import { FUZZ_TIMEOUT_MS, fuzz } from './fuzz.ts';

/** A value, or anything else in its place. */
const orAnything = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 9, arbitrary }, { weight: 1, arbitrary: fc.jsonValue() });
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(orAnything(arbitrary), { nil: undefined, freq: 9 });
const text = fc.string({ unit: 'grapheme' });

const encodedKey = fc.oneof(text.map(encodeURIComponent), fc.webPath(), text, fc.constant('%'), fc.constant('a+b%2'));
const s3Record = fc.record({
  eventName: maybe(fc.constantFrom('ObjectCreated:Put', 's3:ObjectCreated:Copy', 'ObjectRemoved:Delete')),
  eventTime: maybe(fc.constantFrom('2026-01-31T12:00:00.000Z', 'yesterday')),
  s3: maybe(
    fc.record({
      bucket: maybe(fc.record({ name: maybe(text) })),
      object: maybe(
        fc.record({ key: maybe(encodedKey), size: maybe(fc.integer()), eTag: maybe(text), versionId: maybe(text) }),
      ),
    }),
  ),
});
const eventBridge = fc.record({
  'detail-type': maybe(fc.constantFrom('Object Created', 'Object Deleted')),
  time: maybe(text),
  detail: maybe(
    fc.record({
      bucket: maybe(fc.record({ name: maybe(text) })),
      object: maybe(
        fc.record({ key: maybe(text), size: maybe(fc.integer()), etag: maybe(text), 'version-id': maybe(text) }),
      ),
    }),
  ),
});
/** Whether an object in it may be empty, and so a folder. */
const mayBeFolder = (message: string) => /size\\*":0/.test(message);
const inner = fc
  .oneof(
    fc.record({ Records: orAnything(fc.array(orAnything(s3Record), { maxLength: 5 })) }),
    eventBridge,
    fc.constant({ Event: 's3:TestEvent' }),
    fc.jsonValue(),
  )
  .map((value) => JSON.stringify(value) ?? '');
const envelope = fc
  .record({ Type: maybe(fc.constant('Notification')), TopicArn: maybe(text), Message: maybe(inner) })
  .map((value) => JSON.stringify(value));
const body = fc.oneof(inner, envelope, text);

test(
  'whatever a message is, it names objects that S3 can be asked for, is a test, or is refused for a reason',
  {
    timeout: FUZZ_TIMEOUT_MS,
  },
  (t) =>
    fuzz(
      t,
      fc.property(body, (message) => {
        let notification: ReturnType<typeof parseNotification>;
        try {
          notification = parseNotification(message);
        } catch (error) {
          assert.ok(error instanceof DistributorError, `${error}`);
          assert.equal(error.code, 'not-a-notification');
          return;
        }
        if (notification.kind === 'test') return;
        const { objects, rest } = notification;
        assert.ok(objects.length > 0 || rest || mayBeFolder(message), 'nothing to deliver, so nobody would hear of it');
        if (rest) assert.throws(() => parseNotification(rest.body), { code: 'not-a-notification' });
        const ids = notification.objects.map(objectId);
        assert.equal(new Set(ids).size, ids.length, 'each object once');
        for (const { bucket, key, version, size, createdMs } of notification.objects) {
          assert.ok(bucket !== '' && key !== '' && version !== '');
          assert.ok(size === undefined || size >= 0);
          assert.ok(createdMs === undefined || Number.isFinite(createdMs));
        }
      }),
    ),
);
