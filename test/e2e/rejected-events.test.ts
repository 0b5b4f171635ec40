import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { PutRetentionPolicyCommand } from '@aws-sdk/client-cloudwatch-logs';
import { GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { endpointEnvironment, serviceEnvironment } from '../../local/provision/environment.ts';
import { REJECTED_STREAM } from '../../service/core/rejected-place.ts';
import { cli } from '../support/cli.ts';
import { keyOf } from '../support/tenant.ts';
import { until } from '../support/until.ts';
import { startPipeline, type TestPipeline, tenantOf } from './pipeline.ts';

/** What CloudWatch Logs rejects is in the tenant's own bucket, whatever becomes of the process, and can be redriven from there on. */
const skip = process.env.AWS_ENDPOINT_URL ? 'the endpoint does not enforce retention' : false;
const NOW_MS = Date.now();
const DAY_MS = 24 * 3_600_000;
const GROUP = '/tenant-logs/acme';

/** With a bucket that takes rejected events only. */
function tenant() {
  const name = `lake-${randomBytes(4).toString('hex')}`;
  const { deliveries, ...rest } = tenantOf('acme', { retention_days: 7, rejected_events: 's3#rejected' });
  const bucket = { type: 's3#rejected', enabled: false, bucket_name: name, bucket_prefix: 'in/' };
  return { ...rest, bucket: { name, prefix: 'in/' }, deliveries: [...deliveries, bucket] };
}

const line = (message: string, timestamp: number) => JSON.stringify({ message, timestamp });

async function linesOf({ deps }: TestPipeline, { accountId, bucket }: ReturnType<typeof tenant>) {
  const s3 = deps.s3Of(accountId);
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: bucket.name }));
  const files = await Promise.all(
    Contents.map(async ({ Key = '' }) => {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket.name, Key }));
      const text = gunzipSync((await Body?.transformToByteArray()) ?? new Uint8Array(0)).toString();
      return {
        key: Key,
        text,
        lines: text
          .trimEnd()
          .split('\n')
          .map((one) => JSON.parse(one)),
      };
    }),
  );
  return files.sort((a, b) => a.key.localeCompare(b.key));
}

test('a process that is killed after it told the tenant leaves one file for each reason, and they can be redriven', {
  skip,
}, async () => {
  const acme = tenant();
  await using pipeline = await startPipeline({
    tenants: [acme],
    service: { LEASE_SECONDS: '5', VISIBILITY_TIMEOUT_SECONDS: '10' },
  });
  // The first call is carried out, and nobody hears of it.
  const told = pipeline.cloud?.faults.add({
    service: 'logs',
    action: 'PutLogEvents',
    resource: REJECTED_STREAM,
    nth: 1,
    effect: { kind: 'half-open', when: 'after' },
  });
  const lines = [
    line('expired one', NOW_MS - 8 * DAY_MS),
    line('in time', NOW_MS),
    line('expired two', NOW_MS - 9 * DAY_MS),
    line('too new', NOW_MS + DAY_MS),
    'broken',
  ];
  await pipeline.put(keyOf('acme', 'a.log'), lines.join('\n'));
  const struck = () => pipeline.cloud?.faults.list().find(({ id }) => id === told?.id)?.struck ?? 0;
  await until(() => struck() === 1, 'the tenant is told');
  await pipeline.service.stop('SIGKILL');
  await pipeline.startService();
  await until(async () => (await pipeline.queued()) === 0, 'another process has delivered it');

  const files = await linesOf(pipeline, acme);
  const kept = files.map((file) => file.lines.map(({ message, reason }) => `${reason}: ${message}`));
  assert.deepEqual(kept, [['expired: expired one', 'expired: expired two'], ['too_new: too new']]);
  const held = await pipeline.quarantine('acme');
  assert.deepEqual(
    held.map(({ record, reason, message, kept_at: keptAt }) => [record, reason, message, keptAt]).sort(),
    [
      [0, 'expired', undefined, `s3://${acme.bucket.name}/${files[0]?.key}`],
      [2, 'expired', undefined, `s3://${acme.bucket.name}/${files[0]?.key}`],
      [3, 'too_new', undefined, `s3://${acme.bucket.name}/${files[1]?.key}`],
      [4, 'unparsable', 'broken', undefined],
    ],
  );

  const events = await pipeline.logs(acme);
  const pointers = events.filter(({ stream }) => stream === REJECTED_STREAM).map(({ message }) => message);
  const expired = pointers.filter((message) => JSON.parse(message).reason === 'expired');
  assert.equal(expired.length, 2, 'said by the process that was killed, and by the one that went on');
  assert.equal(new Set(expired).size, 1, 'in the same words');
  assert.equal(JSON.parse(expired[0] ?? '').file, `s3://${acme.bucket.name}/${files[0]?.key}`);
  assert.equal(JSON.parse(expired[0] ?? '').events, 2);
  assert.equal(pointers.length, 3);
  const delivered = async () =>
    (await pipeline.logs(acme))
      .filter(({ stream }) => stream !== REJECTED_STREAM)
      .map(({ message }) => message)
      .sort();
  assert.deepEqual(await delivered(), ['in time']);
  const item = (await pipeline.ledger()).find(({ delivery }) => delivery === 'acme/cloudwatch');
  assert.deepEqual(item?.counts, {
    read: 5,
    delivered: 1,
    filtered: 0,
    rejected: 3,
    quarantined: 1,
  });

  const logs = pipeline.deps.logs(acme.accountId, 'us-east-1');
  await logs.send(new PutRetentionPolicyCommand({ logGroupName: GROUP, retentionInDays: 14 }));
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' });
  const environment = {
    ...endpointEnvironment(pipeline.cloud?.url ?? '', 'us-east-1'),
    ...serviceEnvironment(pipeline.names),
  };
  const redrive = ['quarantine', 'redrive', '--bucket', pipeline.names.bucket, '--reason', 'expired', '--yes'];
  const { code, err } = await cli(redrive, { environment });
  assert.equal(code, 0, err);
  await until(async () => (await delivered()).length > 1, 'they are delivered');
  assert.deepEqual(await delivered(), ['expired one', 'expired two', 'in time']);

  // The tenant's file is an object of logs like any other.
  await pipeline.put(keyOf('acme', 'again.log'), files[0]?.text ?? '');
  await until(async () => (await delivered()).length > 4, 'the file is delivered');
  const twice = (await pipeline.logs(acme)).filter(({ message }) => message.startsWith('expired'));
  assert.deepEqual(
    twice.map(({ message, timestamp }) => `${message} ${NOW_MS - timestamp}`).sort(),
    ['expired one', 'expired one', 'expired two', 'expired two'].map(
      (message) => `${message} ${(message.endsWith('one') ? 8 : 9) * DAY_MS}`,
    ),
  );
});

test('a bucket that is gone leaves the text in quarantine, and the status says why', { skip }, async () => {
  const acme = tenant();
  const gone = acme.deliveries.map((delivery) =>
    delivery.type === 's3#rejected' ? { ...delivery, bucket_name: `${acme.bucket.name}-gone` } : delivery,
  );
  await using pipeline = await startPipeline({ tenants: [{ ...acme, deliveries: gone }] });
  await pipeline.put(keyOf('acme', 'a.log'), [line('too new', NOW_MS + DAY_MS), line('good', NOW_MS)].join('\n'));
  await pipeline.untilObjects(1);
  assert.deepEqual(
    (await pipeline.quarantine('acme')).map(({ message, kept_at: keptAt }) => [message, keptAt]),
    [['too new', undefined]],
  );
  const { tenants } = (await (await fetch(`${pipeline.service.url}/status`)).json()) as {
    tenants: { notices: { code: string; message: string }[] }[];
  };
  const [notice] = tenants[0]?.notices ?? [];
  assert.equal(notice?.code, 'rejected-events-quarantined');
  assert.match(notice.message, /rejected_events names/);
  assert.equal(await pipeline.metric('rejected_files_total', { kept_by: 'quarantine' }), 1);
});
