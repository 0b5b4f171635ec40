import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ALL_ACCEPTED, counted, GROUP, NOON_MS, setUpCloudWatch } from '../../../support/cloudwatch-scene.ts';
import { buildDelivery } from '../../../support/delivery.ts';
import { NEVER } from '../../../support/stop-signals.ts';

test('a batch goes to the stream with its times, by the role of the tenant', async (t) => {
  const { logs, sts, send, exists, metrics, plan } = await setUpCloudWatch(t);
  exists('s');
  assert.deepEqual(await send(plan('one', 'two')), ALL_ACCEPTED);
  assert.deepEqual(logs.events('acme', GROUP, 's'), [
    { timestamp: NOON_MS, message: 'one' },
    { timestamp: NOON_MS + 1, message: 'two' },
  ]);
  const [call] = sts.calls;
  assert.deepEqual([call?.RoleArn, call?.ExternalId], ['arn:aws:iam::111122223333:role/logs', 'acme-1']);
  assert.deepEqual(call?.Tags, [
    { Key: 'tenant_id', Value: 'acme' },
    { Key: 'cluster_id', Value: 'c1' },
    { Key: 'environment', Value: 'prod' },
  ]);
  assert.deepEqual(await counted(metrics.puts), [['accepted', 1]]);
  assert.deepEqual(await counted(metrics.putBytes), [[3 + 3 + 2 * 26]]);
});

test('the session and its client are kept; another region has a client of its own', async (t) => {
  const { clients, send, open, plan, logs, exists } = await setUpCloudWatch(t);
  exists('s');
  await send();
  await send();
  const elsewhere = open(buildDelivery({ log_stream_name: 's', external_id: 'acme-1', target_region: 'eu-west-1' }));
  const planned = plan('x');
  const [batch] = planned.batches;
  assert.ok(batch);
  await elsewhere.send(planned, batch, NEVER);
  assert.deepEqual(clients, ['us-east-1 acme_1', 'eu-west-1 acme_1']);
  assert.match(String(logs.received.at(-1)?.headers.authorization), /\/eu-west-1\/logs\//);
});

test('what the service refused of a batch comes back as ranges', async (t) => {
  const { logs, send, exists } = await setUpCloudWatch(t);
  exists('s');
  logs.rejections.push({ tooOldLogEventEndIndex: 1, expiredLogEventEndIndex: 2, tooNewLogEventStartIndex: 1 });
  assert.deepEqual(await send(), { tooOldBefore: 1, expiredBefore: 2, tooNewFrom: 1 });
  logs.rejections.push({ expiredLogEventEndIndex: 1 });
  assert.deepEqual(await send(), { tooOldBefore: 0, expiredBefore: 1, tooNewFrom: 2 });
});

test('a batch that lies wholly before an event that the service has called expired has its answer without a call', async (t) => {
  const { logs, send, exists, plan, foresee, open, puts } = await setUpCloudWatch(t);
  exists('s');
  const earlier = plan('one', 'two');
  assert.equal(foresee(earlier), undefined);
  logs.rejections.push({ tooOldLogEventEndIndex: 1, expiredLogEventEndIndex: 1 });
  await send(plan('one', 'two', 'three'));
  assert.equal(foresee(earlier), undefined, 'what is too old says nothing of the retention');
  logs.rejections.push({ expiredLogEventEndIndex: 2 });
  await send(plan('one', 'two', 'three'));
  assert.deepEqual(foresee(earlier), { tooOldBefore: 0, expiredBefore: 2, tooNewFrom: 2 });
  assert.equal(foresee(plan('one', 'two', 'three')), undefined, 'its last event may be in time');
  const delivery = buildDelivery({ log_stream_name: 's', log_group_name: '/tenant-logs/acme/other' });
  assert.equal(foresee(earlier, undefined, delivery), undefined, 'another group');
  assert.equal(foresee(earlier, open(buildDelivery({ log_stream_name: 's' }))), undefined, 'another object');
  assert.equal(puts(), 2);
});

test('puts at the same time do not mix their bodies', async (t) => {
  const { send, exists, plan, stored, logs } = await setUpCloudWatch(t);
  exists('s');
  logs.faults.PutLogEvents.push({ error: 'ThrottlingException' }, { reset: true }, { error: 'ThrottlingException' });
  const messages = Array.from({ length: 24 }, (_, at) => `${at} ${'x'.repeat(at * 500)}`);
  await Promise.all(messages.map((message) => send(plan(message))));
  await Promise.all(messages.map((message) => send(plan(message))));
  assert.deepEqual(stored().sort(), [...messages, ...messages].sort());
});

test('the memory of a body is used again after a success, and left alone after a failure', async (t) => {
  const memories: ArrayBufferLike[] = [];
  const { logs, send, exists } = await setUpCloudWatch(t, {
    writer: (real) => ({
      ...real,
      put: (client, body, signal) => {
        memories.push(body.buffer);
        return real.put(client, body, signal);
      },
    }),
  });
  exists('s');
  await send();
  await send();
  assert.equal(memories[0], memories[1]);
  logs.faults.PutLogEvents.push({ error: 'AccessDeniedException' });
  await assert.rejects(send());
  await send();
  assert.notEqual(memories[3], memories[2], 'a dying socket may still hold it');
});
