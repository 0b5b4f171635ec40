import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { objectId, objectNotification, parseNotification, parseObjectId } from '../../../service/core/notification.ts';
import { planChunk } from '../../../service/core/plan.ts';
import { chooseDeliveries, parseReplay, type Replay, recordTest, toRanges } from '../../../service/core/replay.ts';
import { buildChunk } from '../../support/chunk.ts';
import { buildDelivery } from '../../support/delivery.ts';
import { holds } from '../../support/property.ts';

const REF = {
  bucket: 'central',
  key: "logs/tenant_id=a b/c+d%20e=1/ü'(1)!*~.log",
  version: 'e1-2',
  versionId: undefined,
  size: 42,
  createdMs: Date.UTC(2026, 0, 31),
};
const REPLAY: Replay = {
  id: 'r-1',
  delivery: 'cloudwatch#audit',
  application: 'api',
  records: [
    [0, 3],
    [7, 8],
  ],
};

test('a replay in a notification comes out as it went in, key and version too', () => {
  for (const ref of [REF, { ...REF, version: 'v1', versionId: 'v1' }]) {
    for (const replay of [REPLAY, { id: 'r-1' }]) {
      const announced = { ...ref, replay };
      const notification = parseNotification(objectNotification(announced, ref.createdMs));
      assert.deepEqual(notification, { kind: 'objects', objects: [announced] });
    }
  }
});

test('an object that is announced without a replay is the one of its first delivery', () => {
  const notification = parseNotification(objectNotification(REF, REF.createdMs));
  assert.deepEqual(notification, { kind: 'objects', objects: [REF] });
});

test('a replay is another object for the ledger, and each replay is one of its own', () => {
  assert.equal(objectId(REF), `s3://central/${REF.key}#e1-2`);
  assert.equal(objectId({ ...REF, replay: REPLAY }), `s3://central/${REF.key}#e1-2+replay:r-1`);
});

test('the name of an object says what it was made of', () => {
  for (const key of [REF.key, 'a#b+replay:x#y', 'q?x=1']) {
    const ref = { ...REF, key };
    const parts = { bucket: 'central', key, version: 'e1-2' };
    assert.deepEqual(parseObjectId(objectId(ref)), { ...parts, replayId: undefined });
    assert.deepEqual(parseObjectId(objectId({ ...ref, replay: { id: 'r-1' } })), { ...parts, replayId: 'r-1' });
  }
  for (const text of ['', 's3://central/key', 'central/key#v', 's3://central/#v'])
    assert.equal(parseObjectId(text), undefined);
});

test('what is no replay of this version is refused, as it would deliver more than was asked for', () => {
  for (const value of [
    null,
    'r-1',
    {},
    { id: '' },
    { id: 'R 1' },
    { id: 'r-1', delivery: '' },
    { id: 'r-1', of_a_later_version: true },
    { id: 'r-1', records: [] },
    { id: 'r-1', records: [[3, 3]] },
    {
      id: 'r-1',
      records: [
        [5, 6],
        [0, 1],
      ],
    },
    {
      id: 'r-1',
      records: [
        [0, 6],
        [5, 7],
      ],
    },
    { id: 'r-1', records: [[-1, 6]] },
  ]) {
    assert.equal(parseReplay(value), undefined, JSON.stringify(value));
    const body = JSON.parse(objectNotification({ ...REF, replay: REPLAY }, 0));
    body.Records[0].logDistributorReplay = value;
    assert.throws(() => parseNotification(JSON.stringify(body)), /not an S3 notification: its logDistributorReplay/);
  }
});

test('a replay chooses among deliveries, and takes nothing in that they do not want', () => {
  const all = buildDelivery();
  const some = buildDelivery({ type: 'cloudwatch#some', desired_logs: ['api', 'web'] });
  assert.equal(chooseDeliveries([all, some], undefined).length, 2);
  assert.deepEqual(chooseDeliveries([all, some], { id: 'r' }), [all, some]);
  assert.deepEqual(chooseDeliveries([all, some], { id: 'r', delivery: 'cloudwatch#some' }), [some]);
  assert.deepEqual(chooseDeliveries([all, some], { id: 'r', delivery: 'cloudwatch#none' }), []);
  const applications = (application: string) =>
    chooseDeliveries([all, some], { id: 'r', application }).map((delivery) => [...(delivery.applications ?? [])]);
  assert.deepEqual(applications('api'), [['api'], ['api']]);
  assert.deepEqual(applications('other'), [['other'], []]);
});

test('records that are not asked for are filtered, by their ordinal in the object', () => {
  const chunk = buildChunk(
    ['a', 'b', 'c', 'd'].map((message) => ({ message, timeMs: REF.createdMs })),
    { at: { record: 5, cursor: 'x' } },
  );
  const plan = planChunk(chunk, {
    delivery: buildDelivery(),
    keyFields: {},
    lastModifiedMs: 0,
    eventBytesMax: 1e6,
    asked: recordTest({
      id: 'r',
      records: [
        [0, 1],
        [6, 8],
      ],
    }),
  });
  assert.equal(plan.filtered, 2);
  assert.deepEqual(
    plan.batches.map(({ events }) => [...events]),
    [[1, 2]],
  );
});

test('ranges hold exactly the ordinals that they were made of', () =>
  holds(
    fc.property(fc.uniqueArray(fc.nat(60), { minLength: 1 }), (records) => {
      const ranges = toRanges(records);
      const asked = recordTest({ id: 'r', records: ranges });
      for (let record = 0; record < 65; record++) assert.equal(asked?.(record), records.includes(record));
      assert.ok(parseReplay({ id: 'r', records: ranges }));
    }),
  ));

test('a replay without ranges asks for all', () => {
  assert.equal(recordTest({ id: 'r' }), undefined);
  assert.equal(recordTest(undefined), undefined);
});
