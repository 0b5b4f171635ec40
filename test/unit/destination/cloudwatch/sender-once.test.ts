import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { startCloud } from 'embedded-aws';
import type { FaultRule } from 'embedded-aws/faults/rule';
import { createProvisionDeps } from '../../../../local/provision/deps.ts';
import { PIPELINE_NAMES } from '../../../../local/provision/pipeline.ts';
import { provisionTable } from '../../../../local/provision/table.ts';
import { provisionTenant } from '../../../../local/provision/tenant.ts';
import { createStsCalls } from '../../../../service/aws/calls.ts';
import { createLogsSessions } from '../../../../service/aws/logs-session.ts';
import { createMetrics } from '../../../../service/base/metrics.ts';
import { planChunk } from '../../../../service/core/plan.ts';
import { TENANT_TABLE_KEYS } from '../../../../service/core/tables.ts';
import { UNWATCHED } from '../../../../service/delivery/call-watch.ts';
import { placeOf } from '../../../support/aws.ts';
import { buildChunk } from '../../../support/chunk.ts';
import { counted } from '../../../support/cloudwatch-scene.ts';
import { buildDelivery, cloudWatchOf } from '../../../support/delivery.ts';
import { createTestCloudWatch, createTestLogWriter } from '../../../support/destinations.ts';
import { createTestSessions } from '../../../support/role-sessions.ts';
import { NEVER } from '../../../support/stop-signals.ts';
import { buildTenant } from '../../../support/tenant.ts';

/** The destination of a tenant that wants every event once, against an AWS that evaluates its role and shows events late. */
const TENANT = buildTenant('acme', '111122223333', { exactly_once: true });

async function setUp(t: TestContext, ...rules: readonly FaultRule[]) {
  const cloud = await startCloud({ logsVisibleAfterMs: () => 300 });
  const deps = createProvisionDeps({ endpointUrl: cloud.url, region: 'us-east-1' });
  t.after(async () => {
    deps.close();
    await cloud.close();
  });
  await provisionTable(deps, { name: PIPELINE_NAMES.tenantTable, keys: TENANT_TABLE_KEYS });
  const roleArn = await provisionTenant(deps, TENANT, PIPELINE_NAMES);
  const delivery = buildDelivery({
    log_stream_name: 's',
    log_group_name: TENANT.logGroupPrefix,
    log_distribution_role_arn: roleArn,
    external_id: TENANT.externalId,
    exactly_once: true,
  });
  const place = placeOf(cloud.url);
  const metrics = createMetrics();
  const openCloudWatch = createTestCloudWatch(
    { logs: { place }, sts: createStsCalls(place), metrics },
    {
      sessions: createTestSessions(createStsCalls(place)),
      writer: createTestLogWriter(place),
      createSession: createLogsSessions(place),
      settleMs: 1_000,
    },
  );
  const keyFields = { tenant_id: 'acme' };
  const destination = openCloudWatch({
    delivery,
    target: cloudWatchOf(delivery),
    task: { ref: { bucket: 'b', key: 'k', version: 'e', versionId: undefined, size: 1, createdMs: 0 }, keyFields },
    watch: UNWATCHED,
    onNotice: () => {},
  });
  const timeMs = Date.now();
  const plan = planChunk(buildChunk(['one', 'two'].map((message, at) => ({ message, timeMs: timeMs + at }))), {
    delivery,
    keyFields,
    lastModifiedMs: timeMs,
    eventBytesMax: 1_000_000,
  });
  for (const rule of rules) cloud.faults.add(rule);
  const [batch] = plan.batches;
  assert.ok(batch);
  return {
    metrics,
    destination,
    send: () => destination.send(plan, batch, NEVER),
    stored: () => Array.from(cloud.logs.read({ account: TENANT.accountId }), ({ message }) => message),
  };
}

/** The first put of each test finds no stream. */
const SECOND_PUT = { service: 'logs', action: 'PutLogEvents', nth: 2 } as const;
const ALL_ACCEPTED = { tooOldBefore: 0, expiredBefore: 0, tooNewFrom: 2 };

for (const [what, effect, outcome] of [
  ['an answer that is lost', { kind: 'lose-answer' }, 'there'],
  ['a connection that is reset after the call', { kind: 'reset', when: 'after' }, 'there'],
  ['an answer that breaks off', { kind: 'truncate-body', bytes: 5 }, 'there'],
  ['a failure without the call', { kind: 'error', code: 'ServiceUnavailable', status: 503 }, 'missing'],
] as const) {
  test(`after ${what}, each event is there once`, async (t) => {
    const { send, stored, metrics, destination } = await setUp(t, { ...SECOND_PUT, effect });
    assert.deepEqual(await send(), ALL_ACCEPTED);
    assert.deepEqual(stored(), ['one', 'two']);
    assert.deepEqual(await counted(metrics.readBackBatches), [[outcome, 1]]);
    assert.equal(destination.inDoubt?.(), false);
  });
}

test('a refusal by CloudWatch Logs is no doubt, and without doubt nothing is read', async (t) => {
  const { send, stored, metrics } = await setUp(t, { ...SECOND_PUT, effect: { kind: 'throttle' } });
  await send();
  assert.deepEqual(stored(), ['one', 'two']);
  assert.deepEqual(await counted(metrics.readBackCalls), [[0]]);
});
