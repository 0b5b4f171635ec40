import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { PutBucketNotificationConfigurationCommand } from '@aws-sdk/client-s3';
import { ListSubscriptionsByTopicCommand, UnsubscribeCommand } from '@aws-sdk/client-sns';
import { PurgeQueueCommand } from '@aws-sdk/client-sqs';
import { fetchSamples, sumOf } from '../../local/demo/metrics.ts';
import { endpointEnvironment, serviceEnvironment } from '../../local/provision/environment.ts';
import type { ServiceProcess } from '../../local/service-process.ts';
import { FLEET } from '../../service/ledger/fleet-reports.ts';
import { cli } from '../support/cli.ts';
import { keyOf } from '../support/tenant.ts';
import { until } from '../support/until.ts';
import { startPipeline, type TestPipeline, tenantOf } from './pipeline.ts';

/** Other emulators have no purge, or no listing of versions. */
const skip = process.env.AWS_ENDPOINT_URL ? 'the endpoint is not the embedded AWS' : false;
/** The SDK asks the environment for credentials, not the command. */
Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' });
/** The shortest of everything, so that two processes and a takeover take a minute. */
const SHORT = { LEASE_SECONDS: '5', VISIBILITY_TIMEOUT_SECONDS: '10', RECONCILE_GRACE_SECONDS: '1' };

const line = (message: string) => JSON.stringify({ message, timestamp: Date.now() });
const running = /compares the bucket with the ledger from now on/;
const reconciles = ({ lines }: ServiceProcess) => lines.some(({ msg }) => running.test(String(msg)));

async function stopAnnouncing({ deps, names }: TestPipeline) {
  await deps.s3.send(
    new PutBucketNotificationConfigurationCommand({ Bucket: names.bucket, NotificationConfiguration: {} }),
  );
}

async function loseSubscription({ deps, names }: TestPipeline) {
  const { Subscriptions } = await deps.sns.send(new ListSubscriptionsByTopicCommand({ TopicArn: names.topicArn }));
  for (const { SubscriptionArn } of Subscriptions ?? [])
    await deps.sns.send(new UnsubscribeCommand({ SubscriptionArn }));
}

async function messages(pipeline: TestPipeline, tenant: ReturnType<typeof tenantOf>) {
  return (await pipeline.logs(tenant)).map(({ message }) => message).sort();
}

const range = (prefix: string, count: number) => Array.from({ length: count }, (_, n) => `${prefix}-${n}`);

/** How often the reconciliation has announced each object. */
async function announcements(pipeline: TestPipeline) {
  const items = await pipeline.ledger();
  return items.filter(({ delivery }) => delivery === 'reconcile').map(({ announcements: count }) => Number(count));
}

interface Found {
  readonly objects: Readonly<Record<string, number>>;
  readonly lost: readonly { readonly tenant: string; readonly object: string }[];
  readonly repaired: Readonly<Record<string, number>> | null;
}

const reconcile = ({ cloud, names }: TestPipeline, ...args: string[]) =>
  cli(['reconcile', '--bucket', names.bucket, '--from', '1h', '--json', ...args], {
    environment: {
      ...endpointEnvironment(cloud?.url ?? '', 'us-east-1'),
      ...serviceEnvironment(names),
      RECONCILE_GRACE_SECONDS: '1',
    },
  });

test('what a lost subscription and a purged queue took is delivered once, by one process of two; when it dies, by the other', {
  skip,
}, async () => {
  const acme = tenantOf('acme');
  const globex = tenantOf('globex');
  await using pipeline = await startPipeline({ tenants: [acme, globex], service: SHORT });
  await pipeline.service.stop();
  const settings = { RECONCILE_INTERVAL_SECONDS: '5', RECONCILE_BUCKET: pipeline.names.bucket };
  // It begins with what is written from now on.
  const beginner = await pipeline.startService(settings);
  await until(() => beginner.lines.some(({ msg }) => /bucket was compared/.test(String(msg))), 'it has begun');
  await pipeline.put(keyOf('acme', 'announced.log'), line('announced'));
  await until(async () => (await messages(pipeline, acme)).length === 1, 'what is announced is delivered');
  await beginner.stop();
  // The queue is purged while nobody reads it.
  for (const name of range('purged', 3)) await pipeline.put(keyOf('acme', `${name}.log`), line(name));
  await until(async () => (await pipeline.queued()) === 3, 'three wait');
  await pipeline.deps.sqs.send(new PurgeQueueCommand({ QueueUrl: pipeline.names.queueUrl }));
  await loseSubscription(pipeline);
  for (const name of range('unheard', 4)) await pipeline.put(keyOf('globex', `${name}.log`), line(name));
  await pipeline.put('logs/not-of-a-tenant.log', 'foreign');

  const services = [await pipeline.startService(settings), await pipeline.startService(settings)];
  await until(async () => (await messages(pipeline, acme)).length === 4, 'the purged ones are delivered');
  await until(async () => (await messages(pipeline, globex)).length === 4, 'the unheard ones are delivered');
  assert.deepEqual(await messages(pipeline, acme), ['announced', ...range('purged', 3)]);
  assert.deepEqual(await messages(pipeline, globex), range('unheard', 4));
  assert.deepEqual(services.map(reconciles).sort(), [false, true], 'one of two reconciles');

  const [first, second] = reconciles(services[0] as ServiceProcess) ? services : services.toReversed();
  await first?.stop('SIGKILL');
  for (const name of range('later', 2)) await pipeline.put(keyOf('globex', `${name}.log`), line(name));
  await until(async () => (await messages(pipeline, globex)).length === 6, 'the other goes on');
  assert.ok(second && reconciles(second));
  assert.deepEqual(await messages(pipeline, globex), [...range('later', 2), ...range('unheard', 4)].sort());
  assert.deepEqual(await announcements(pipeline), Array(9).fill(1), 'each was announced once');

  const metric = async (name: string, labels = {}) =>
    sumOf(await fetchSamples(second.url), `log_distributor_${name}`, labels);
  assert.equal(await metric('reconcile_objects_total', { outcome: 'missing' }), 2);
  assert.equal(await metric('reconcile_announced_total', { outcome: 'announced' }), 2);
  assert.equal(await metric('objects_total', { outcome: 'duplicate' }), 0);
  await until(
    async () => (await metric('reconciled_up_to_timestamp_seconds')) * 1000 > Date.now() - 60_000,
    'all is accounted for',
  );
});

test('the command finds what S3 has not announced, in a bucket with versions too, and announces nothing else', {
  skip,
}, async () => {
  const acme = tenantOf('acme');
  const globex = tenantOf('globex');
  await using pipeline = await startPipeline({ tenants: [acme, globex], versioning: true, service: SHORT });
  await pipeline.put(keyOf('acme', 'announced.log'), line('announced'));
  await pipeline.untilObjects(1);
  await pipeline.put(keyOf('nobody', 'a.log'), line('of nobody'));
  await pipeline.deadLetter('nobody');
  await stopAnnouncing(pipeline);
  for (const name of range('silent', 3)) await pipeline.put(keyOf('acme', `${name}.log`), line(name));
  // The same key again: another version, and another object for the ledger.
  await pipeline.put(keyOf('acme', 'silent-0.log'), line('silent-0 again'));
  await pipeline.put(keyOf('globex', 'silent.log'), line('of globex'));

  const found = async (...args: string[]) => {
    const run = await reconcile(pipeline, ...args);
    // No task has said how far it is before its third report.
    if (run.out === '') assert.match(run.err, /try again in two minutes/);
    const said = run.out === '' ? undefined : (run.json() as Found);
    return said && { code: run.code, ...said };
  };
  const untilFound = (what: (objects: Found['objects']) => boolean) =>
    until(async () => {
      const now = await found();
      return now && what(now.objects) ? now : undefined;
    }, 'the command finds it');
  const first = await untilFound(({ missing }) => missing === 5);
  assert.equal(first.code, 1);
  assert.deepEqual([first.objects.delivered, first.objects.unknown_tenant, first.repaired], [1, 1, null]);
  const one = await found('--tenant', 'globex');
  assert.deepEqual(
    one?.lost.map(({ tenant }) => tenant),
    ['globex'],
  );
  const repaired = await found('--repair', '--yes');
  assert.deepEqual([repaired?.code, repaired?.repaired], [0, { announced: 5, announced_before: 0, given_up: 0 }]);
  await until(async () => (await pipeline.logs(acme)).length === 5, 'they are delivered');
  await until(async () => (await pipeline.logs(globex)).length === 1, 'they are delivered');
  assert.deepEqual(await messages(pipeline, acme), ['announced', 'silent-0 again', ...range('silent', 3)].sort());
  const after = await untilFound(({ pending }) => pending === 0);
  assert.deepEqual([after.code, after.objects.missing, after.objects.delivered], [0, 0, 6]);
  assert.deepEqual(await announcements(pipeline), Array(5).fill(1));
});

test('a task that drains tells the fleet at its end what it leaves behind', { skip }, async () => {
  const acme = tenantOf('acme');
  await using pipeline = await startPipeline({ tenants: [acme], service: SHORT });
  const reports = async () => {
    const { Items } = await pipeline.deps.dynamo.send(new ScanCommand({ TableName: pipeline.names.ledgerTable }));
    const ofFleet = (Items ?? []).filter(({ object }) => object?.S === FLEET);
    return ofFleet.map(({ report }) => JSON.parse(report?.S ?? '') as { at_ms: number; open: Record<string, number> });
  };
  await until(async () => (await reports()).length === 1, 'it has reported');
  // The role refuses, so the message is parked. The next report is due in 15 s.
  const effect = { kind: 'error', code: 'AccessDenied', status: 403 } as const;
  pipeline.cloud?.faults.add({ service: 'sts', action: 'AssumeRole', effect });
  const [before] = await reports();
  await pipeline.put(keyOf('acme', 'parked.log'), line('parked'));
  await until(async () => (await pipeline.metric('parked_messages')) === 1, 'it is parked');
  await pipeline.service.stop();
  const [after] = await reports();
  assert.ok(before && after && after.at_ms > before.at_ms);
  assert.deepEqual(Object.keys(after.open), ['acme']);
});
