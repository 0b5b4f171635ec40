import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { DescribeLogGroupsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { encodeRecords, takeRecords } from '../../local/workload/object.ts';
import { createRecordSource } from '../../local/workload/source.ts';
import { keyOf } from '../support/tenant.ts';
import { until } from '../support/until.ts';
import { startPipeline, type TestPipeline, tenantOf } from './pipeline.ts';

/** What only the embedded AWS enforces, as AWS does: limits, rejected events, trust. */
const ACME = tenantOf('acme-corp', {
  retention_days: 7,
  log_group_name: '/tenant-logs/acme-corp/{application}',
});
const NOW_MS = Date.now();
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const skip = process.env.AWS_ENDPOINT_URL ? 'the endpoint does not enforce it' : false;

suite('what AWS enforces', { skip }, () => {
  let pipeline: TestPipeline;
  before(async () => {
    pipeline = await startPipeline({ tenants: [ACME] });
  });
  after(() => pipeline[Symbol.asyncDispose]());

  const deliver = async (
    name: string,
    events: readonly { message: string; timestamp: number; application?: string }[],
  ) => {
    const done = await pipeline.metric('objects_total', { outcome: 'done' });
    await pipeline.put(keyOf('acme-corp', name), events.map((event) => JSON.stringify(event)).join('\n'));
    await pipeline.untilObjects(done + 1);
  };

  test('events of sixty hours in one object are delivered in calls of less than a day', async () => {
    const events = Array.from({ length: 61 }, (_, hours) => ({
      message: `hour ${hours}`,
      timestamp: NOW_MS - (60 - hours) * HOUR_MS,
      application: 'span',
    })).reverse();
    await deliver('span.log', events);
    const found = (await pipeline.logs(ACME)).filter(({ group }) => group.endsWith('/span'));
    assert.deepEqual(
      found.map(({ message, timestamp }) => `${timestamp} ${message}`).sort(),
      events.map(({ message, timestamp }) => `${timestamp} ${message}`).sort(),
    );
    assert.ok(new Set(found.map(({ stream }) => stream)).size >= 3);
  });

  test('events that are too old, too new or expired are kept in quarantine, and the others delivered', async () => {
    await deliver('first.log', [{ message: 'makes the group', timestamp: NOW_MS, application: 'window' }]);
    await deliver('window.log', [
      { message: 'too old', timestamp: NOW_MS - 15 * DAY_MS, application: 'window' },
      { message: 'expired', timestamp: NOW_MS - 8 * DAY_MS, application: 'window' },
      { message: 'good', timestamp: NOW_MS - 1_000, application: 'window' },
      { message: 'too new', timestamp: NOW_MS + 3 * HOUR_MS, application: 'window' },
      { message: 'before 1970', timestamp: -5, application: 'window' },
    ]);
    const messages = (await pipeline.logs(ACME))
      .filter(({ group }) => group.endsWith('/window'))
      .map(({ message }) => message);
    // A number below zero is no time that this service reads: the record gets its object's.
    assert.deepEqual(messages.sort(), ['before 1970', 'good', 'makes the group']);
    const kept = await pipeline.quarantine('acme-corp');
    assert.deepEqual(kept.map(({ reason, message, timestamp }) => [reason, message, timestamp]).sort(), [
      ['expired', 'expired', NOW_MS - 8 * DAY_MS],
      ['too_new', 'too new', NOW_MS + 3 * HOUR_MS],
      ['too_old', 'too old', NOW_MS - 15 * DAY_MS],
    ]);
    const entry = (await pipeline.ledger()).find(({ object }) => String(object).includes('/window.log#'));
    assert.deepEqual(entry?.counts, { read: 5, delivered: 2, filtered: 0, rejected: 3, quarantined: 0 });
  });

  test('groups are made with their retention, and nothing is ever described', async () => {
    const before = pipeline.cloud?.calls
      .list()
      .filter(({ service, action }) => service === 'logs' && action.startsWith('Describe'));
    const source = createRecordSource({ seed: 'calls', tenantId: 'acme-corp', clusterId: 'eu-1', environment: 'prod' });
    const done = await pipeline.metric('objects_total', { outcome: 'done' });
    for (let at = 0; at < 5; at++) {
      const records = takeRecords(source, 400_000, NOW_MS - 60_000, NOW_MS);
      await pipeline.put(keyOf('acme-corp', `calls-${at}.parquet`), await encodeRecords(records, 'parquet'));
    }
    await pipeline.untilObjects(done + 5);
    const calls = pipeline.cloud?.calls.list() ?? [];
    assert.deepEqual(
      calls.filter(({ service, action }) => service === 'logs' && action.startsWith('Describe')),
      before,
    );
    // One a session: the tenant has one cluster in one environment, and the service two threads at most for it.
    const threads = (await pipeline.status()).workers.length;
    assert.ok((await pipeline.metric('assume_role_total', { outcome: 'ok' })) <= threads);
    const { logGroups } = await pipeline.deps
      .logs(ACME.accountId, 'us-east-1')
      .send(new DescribeLogGroupsCommand({ logGroupNamePrefix: '/tenant-logs/acme-corp/' }));
    assert.ok((logGroups?.length ?? 0) >= 5);
    for (const { logGroupName, retentionInDays } of logGroups ?? [])
      assert.equal(retentionInDays, 7, logGroupName ?? '');
  });

  for (const [what, break_] of Object.entries({
    'a wrong external id': { external_id: 'external-wrong' },
    'a role that does not exist': {
      log_distribution_role_arn: 'arn:aws:iam::123123123123:role/LogDistribution-nobody',
    },
  })) {
    test(`${what} parks the tenant's messages, and nothing is lost`, async () => {
      const tenantId = what.replaceAll(' ', '-');
      const tenant = tenantOf(tenantId);
      await pipeline.addTenant(tenant);
      await pipeline.putItem({
        tenant_id: tenantId,
        type: 'cloudwatch',
        log_group_name: tenant.logGroupPrefix,
        log_distribution_role_arn: `arn:aws:iam::${tenant.accountId}:role/LogDistribution-${tenantId}`,
        external_id: tenant.externalId,
        ...break_,
      });
      const parked = await pipeline.metric('objects_total', { outcome: 'park' });
      await pipeline.put(keyOf(tenantId, 'x.log'), JSON.stringify({ message: 'm', timestamp: NOW_MS }));
      await until(
        async () => (await pipeline.metric('objects_total', { outcome: 'park' })) > parked,
        'the message is parked',
      );
      const entry = (await pipeline.status()).tenants.find(({ tenant }) => tenant === tenantId);
      assert.equal(entry?.trouble?.code, 'role-refused');
      assert.ok((await pipeline.queued()) >= 1);
    });
  }
});
