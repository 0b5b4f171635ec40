import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ALL_ACCEPTED, counted, GROUP, setUpCloudWatch } from '../../../support/cloudwatch-scene.ts';

test('nothing is looked for: a put comes first, and what it finds missing is created with its retention', async (t) => {
  const { logs, send, stored } = await setUpCloudWatch(t, { attributes: { retention_days: 14 } });
  await send();
  await send();
  assert.deepEqual(logs.calls, [
    `PutLogEvents ${GROUP} s`,
    `CreateLogStream ${GROUP} s`,
    `CreateLogGroup ${GROUP}`,
    `PutRetentionPolicy ${GROUP}`,
    `CreateLogStream ${GROUP} s`,
    `PutLogEvents ${GROUP} s`,
    `PutLogEvents ${GROUP} s`,
  ]);
  assert.equal(logs.account('acme').get(GROUP)?.retentionDays, 14);
  assert.deepEqual(stored(), ['one', 'two', 'one', 'two']);
});

test('a group that may not be created is destination-refused', async (t) => {
  const { logs, send } = await setUpCloudWatch(t);
  logs.faults.CreateLogGroup.push({ error: 'AccessDeniedException' });
  await assert.rejects(send(), {
    code: 'destination-refused',
    message: /refuses the call\. .*AWS: AccessDeniedException/,
  });
  logs.faults.CreateLogGroup.push({ error: 'LimitExceededException' });
  await assert.rejects(send(), {
    code: 'destination-refused',
    message: /as many log groups in us-east-1 as its quota allows.* AWS: LimitExceededException/,
  });
  logs.faults.CreateLogStream.push({ error: 'InvalidParameterException' });
  await assert.rejects(send(), { code: 'destination-rejects-request' });
});

test('a stream that is missing again right after its creation is tried a few times, then told', async (t) => {
  const { logs, send, exists, puts, stored } = await setUpCloudWatch(t);
  exists('s');
  logs.faults.PutLogEvents.push(...Array(2).fill({ error: 'ResourceNotFoundException' }));
  await send();
  assert.deepEqual([puts(), stored()], [3, ['one', 'two']]);
  logs.faults.PutLogEvents.push(...Array(20).fill({ error: 'ResourceNotFoundException' }));
  await assert.rejects(send(), { code: 'destination-refused', message: /missing again right after its creation/ });
  assert.equal(puts(), 3 + 4);
});

test('a creation that is throttled is sat out like a put, however often the put finds the stream missing meanwhile', async (t) => {
  const { logs, send, stored, metrics } = await setUpCloudWatch(t);
  logs.faults.CreateLogStream.push(...Array(5).fill({ error: 'ThrottlingException' }));
  assert.deepEqual(await send(), ALL_ACCEPTED);
  assert.deepEqual(stored(), ['one', 'two']);
  assert.deepEqual(await counted(metrics.retries), [['logs', 'throttle', 5]]);
  assert.deepEqual(await counted(metrics.throttles), [['logs', 5]]);
});

test('a creation that is throttled for good is destination-throttled, not a stream that vanishes', async (t) => {
  const { logs, send, puts } = await setUpCloudWatch(t);
  logs.faults.CreateLogStream.push(...Array(20).fill({ error: 'ThrottlingException' }));
  await assert.rejects(send(), { code: 'destination-throttled' });
  assert.equal(puts(), 12);
});

test('credentials that expire between a put and a creation are replaced', async (t) => {
  const { logs, send, clients, stored } = await setUpCloudWatch(t);
  logs.faults.CreateLogStream.push({ error: 'ExpiredTokenException' });
  assert.deepEqual(await send(), ALL_ACCEPTED);
  assert.deepEqual(clients, ['us-east-1 acme_1', 'us-east-1 acme_2']);
  assert.deepEqual(stored(), ['one', 'two']);
});

test('a retention that the role may not set keeps nothing from being delivered, and is noticed with every batch', async (t) => {
  const { logs, send, stored, notices } = await setUpCloudWatch(t, { attributes: { retention_days: 14 } });
  logs.faults.PutRetentionPolicy.push({ error: 'AccessDeniedException' });
  assert.deepEqual(await send(), ALL_ACCEPTED);
  assert.deepEqual(await send(), ALL_ACCEPTED);
  assert.deepEqual(stored(), ['one', 'two', 'one', 'two']);
  assert.deepEqual(
    notices.map(({ code }) => code),
    ['retention-not-set', 'retention-not-set'],
  );
  assert.match(
    notices[0]?.message ?? '',
    /^tenant acme, log group \/tenant-logs\/acme in us-east-1: its retention of 14 days is not set/,
  );
});

test('a retention that cannot be tried again with these credentials sends no events a second time', async (t) => {
  const settle = async () => {
    throw Object.assign(new Error('expired'), { name: 'ExpiredTokenException' });
  };
  const { send, stored, exists, puts } = await setUpCloudWatch(t, {
    attributes: { retention_days: 14 },
    writer: (real) => ({ ...real, retention: { ...real.retention, settle } }),
  });
  exists('s');
  assert.deepEqual(await send(), ALL_ACCEPTED);
  assert.deepEqual([puts(), stored()], [1, ['one', 'two']]);
});

test('a group is created with the class, the key and the tags of the item, in one call', async (t) => {
  const key = 'arn:aws:kms:us-east-1:111122223333:key/1234abcd';
  const { logs, send } = await setUpCloudWatch(t, {
    attributes: {
      log_group_class: 'INFREQUENT_ACCESS',
      log_group_kms_key_arn: key,
      log_group_tags: { team: 'web' },
    },
  });
  await send();
  const created = logs.received.filter(({ headers }) => /CreateLogGroup$/.test(String(headers['x-amz-target'])));
  assert.deepEqual(
    created.map(({ body }) => JSON.parse(body.toString())),
    [{ logGroupName: GROUP, logGroupClass: 'INFREQUENT_ACCESS', kmsKeyId: key, tags: { team: 'web' } }],
  );
});

test('the default class is not named, as a region that has no other refuses its name', async (t) => {
  const { logs, send } = await setUpCloudWatch(t, { attributes: { log_group_class: 'STANDARD' } });
  await send();
  const created = logs.received.find(({ headers }) => /CreateLogGroup$/.test(String(headers['x-amz-target'])));
  assert.deepEqual(JSON.parse(String(created?.body)), { logGroupName: GROUP });
});
