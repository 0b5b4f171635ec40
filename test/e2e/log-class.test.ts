import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  DescribeLogGroupsCommand,
  FilterLogEventsCommand,
  ListTagsForResourceCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { startDemo } from '../../local/demo/environment.ts';
import { encodeRecords, takeRecords } from '../../local/workload/object.ts';
import { createRecordSource } from '../../local/workload/source.ts';
import { keyOf } from '../support/tenant.ts';
import { until } from '../support/until.ts';
import { startPipeline, tenantOf } from './pipeline.ts';

/** Classes, tags and entities of log groups, from S3 to what the tenant's account holds. */

const skip = process.env.AWS_ENDPOINT_URL ? 'the endpoint does not enforce it' : false;
const NOW_MS = Math.floor(Date.now() / 1000) * 1000;

function records(tenantId: string) {
  const source = createRecordSource({ seed: 'class', tenantId, clusterId: 'eu-1', environment: 'prod' });
  return takeRecords(source, 150_000, NOW_MS - 60_000, NOW_MS);
}
const sorted = (events: Iterable<{ readonly timestamp: number; readonly message: string }>) =>
  Array.from(events, ({ timestamp, message }) => `${timestamp} ${message}`).sort();

suite('log class', { skip }, () => {
  test("the demo's tenant of the cheaper class gets all its events, in groups of that class", async () => {
    await using demo = await startDemo({ cloud: {}, service: { LOG_LEVEL: 'info' }, onStep: () => {} });
    const tenant = demo.tenants.find(({ deliveries }) =>
      deliveries.some(({ log_group_class }) => log_group_class === 'INFREQUENT_ACCESS'),
    );
    assert.ok(tenant);
    const { tenantId, accountId: account } = tenant;
    const written = records(tenantId);
    await demo.put(keyOf(tenantId, 'one.ndjson.gz'), await encodeRecords(written, 'ndjson+gzip'));
    const held = () => [...demo.cloud.logs.read({ account })];
    await until(() => held().length >= written.length, 'all events are delivered');
    assert.deepEqual(sorted(held()), sorted(written));

    const logs = demo.deps.logs(account, demo.deps.region);
    const { logGroups = [] } = await logs.send(new DescribeLogGroupsCommand({}));
    const names = [...new Set(written.map(({ application }) => `${tenant.logGroupPrefix}/${application}`))];
    assert.deepEqual(
      logGroups.map((group) => [group.logGroupName, group.logGroupClass, group.retentionInDays]),
      names.sort().map((name) => [name, 'INFREQUENT_ACCESS', 30]),
    );
    const [group] = logGroups;
    assert.ok(group?.logGroupArn);
    const { tags } = await logs.send(new ListTagsForResourceCommand({ resourceArn: group.logGroupArn }));
    assert.deepEqual(tags, { 'cost-centre': 'platform' });
    // What the class does without.
    await assert.rejects(logs.send(new FilterLogEventsCommand({ logGroupName: group.logGroupName })), {
      name: 'InvalidOperationException',
    });
  });

  test('each event is stored with the entity of its own pod', async () => {
    const tenant = tenantOf('hooli', {
      log_group_name: '/tenant-logs/hooli/{application}',
      log_stream_name: '{namespace}/{date}',
      entity: 'eks',
    });
    await using pipeline = await startPipeline({ tenants: [tenant] });
    const written = records('hooli');
    await pipeline.put(keyOf('hooli', 'one.ndjson.gz'), await encodeRecords(written, 'ndjson+gzip'));
    await pipeline.untilObjects(1);
    const events = [...(pipeline.cloud?.logs.read() ?? [])];
    assert.deepEqual(sorted(events), sorted(written));
    const said = ({ keyAttributes = {} }: { keyAttributes?: Readonly<Record<string, string>> } = {}) =>
      `${keyAttributes.Name} ${keyAttributes.Environment}`;
    const wanted = written.map((record) => `${record.application} eks:eu-1/${record.kubernetes.namespace}`);
    assert.deepEqual(events.map(({ entity }) => said(entity)).sort(), wanted.sort());
    assert.ok(new Set(wanted).size > 1, 'more than one entity');
  });
});
