import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildChunk } from '../../../support/chunk.ts';
import { ALL_ACCEPTED, GROUP, NOON_MS, setUpCloudWatch } from '../../../support/cloudwatch-scene.ts';

const ATTRIBUTES = { log_stream_name: '{application}-{namespace}', entity: 'eks' };
const POD = { application: 'checkout', namespace: 'shop' };
const CHUNK = buildChunk(['one', 'two'].map((message, at) => ({ message, timeMs: NOON_MS + at, fields: POD })));

test('a put names the entity of its events, and events are stored as without one', async (t) => {
  const { logs, send, planOf, stored } = await setUpCloudWatch(t, { attributes: ATTRIBUTES });
  assert.deepEqual(await send(planOf(CHUNK)), ALL_ACCEPTED);
  assert.deepEqual(stored('acme', 'checkout-shop'), ['one', 'two']);
  const { body = '' } = logs.received.at(-1) ?? {};
  assert.deepEqual(JSON.parse(String(body)).entity, {
    keyAttributes: { Type: 'Service', Name: 'checkout', Environment: 'eks:c1/shop' },
    attributes: { PlatformType: 'AWS::EKS', 'EKS.Cluster': 'c1', 'K8s.Namespace': 'shop' },
  });
});

test('without the attribute a put names none', async (t) => {
  const { logs, send, planOf } = await setUpCloudWatch(t, { attributes: { log_stream_name: 's' } });
  await send(planOf(CHUNK));
  assert.deepEqual(Object.keys(JSON.parse(String(logs.received.at(-1)?.body))), [
    'logGroupName',
    'logStreamName',
    'logEvents',
  ]);
});

test('an entity that is rejected keeps nothing from being delivered, and is noticed', async (t) => {
  const { logs, send, planOf, stored, notices } = await setUpCloudWatch(t, { attributes: ATTRIBUTES });
  logs.entityRejections.push({ errorType: 'UnsupportedLogGroupType' });
  assert.deepEqual(await send(planOf(CHUNK)), ALL_ACCEPTED);
  assert.deepEqual(stored('acme', 'checkout-shop'), ['one', 'two']);
  assert.deepEqual(notices, [
    {
      code: 'entity-rejected',
      message: `tenant acme, log group ${GROUP} in us-east-1: CloudWatch Logs rejects the entity of the events (UnsupportedLogGroupType). Events are delivered. The class of the log group takes none. Remove the attribute entity where nobody needs it.`,
    },
  ]);
});
