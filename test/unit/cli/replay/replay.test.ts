import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import {
  DeleteObjectCommand,
  type ListObjectsV2Command,
  PutBucketVersioningCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { GetQueueAttributesCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { marshall } from '@aws-sdk/util-dynamodb';
import { s3Calls } from '../../../../service/aws/sdk/s3.ts';
import { remaining } from '../../../../service/cli/replay/feed.ts';
import { findObjects } from '../../../../service/cli/replay/find.ts';
import { createReplayStates, type ReplayState } from '../../../../service/cli/replay/state.ts';
import { objectId, parseNotification } from '../../../../service/core/notification.ts';
import { compileKeyTemplate } from '../../../../service/core/object-key.ts';
import { startCliCloud } from '../../../support/cli-cloud.ts';
import { LEDGER_TABLE, startDynamo } from '../../../support/dynamo.ts';
import { buildTenant, keyOf } from '../../../support/tenant.ts';
import { until } from '../../../support/until.ts';

const ACME = {
  ...buildTenant('acme', '111111111111'),
  deliveries: [
    { type: 'cloudwatch', log_group_name: '/tenant-logs/acme' },
    { type: 'cloudwatch#audit', log_group_name: '/tenant-logs/acme/audit', desired_logs: ['audit'] },
    { type: 'cloudwatch#off', log_group_name: '/tenant-logs/acme/off', enabled: false },
  ],
};
const line = (message: string) => JSON.stringify({ message, timestamp: Date.now(), application: 'api' });

/** Objects of two tenants, announced and taken from the queue as if they had been delivered. */
async function setUp(t: TestContext, count = 3) {
  const at = await startCliCloud(t, [ACME, buildTenant('globex', '222222222222')]);
  const day = new Date().toISOString().slice(0, 10).split('-');
  const names = Array.from({ length: count }, (_, n) => `year=${day[0]}/month=${day[1]}/day=${day[2]}/${n}.log`);
  for (const name of names) await at.put(keyOf('acme', name), line(name));
  await at.put(keyOf('acme', 'year=2019/month=01/day=01/old-partition.log'), line('old'));
  await at.put(keyOf('globex', 'other.log'), line('other'));
  const take = async () => {
    const bodies: string[] = [];
    for (;;) {
      const { Messages = [] } = await at.deps.sqs.send(
        new ReceiveMessageCommand({ QueueUrl: at.pipeline.queueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 0 }),
      );
      if (Messages.length === 0) return bodies;
      bodies.push(...Messages.map(({ Body = '' }) => Body));
    }
  };
  await at.cloud.settled();
  await take();
  const waiting = async () => {
    const { Attributes } = await at.deps.sqs.send(
      new GetQueueAttributesCommand({
        QueueUrl: at.pipeline.queueUrl,
        AttributeNames: ['ApproximateNumberOfMessages'],
      }),
    );
    return Number(Attributes?.ApproximateNumberOfMessages);
  };
  const asked = ['--bucket', at.pipeline.bucket, '--tenant', 'acme', '--from', '1h', '--rate', '1000'];
  return {
    ...at,
    names,
    take,
    waiting,
    /** `to` a little later: S3 tells whole seconds. */
    replay: (...args: string[]) => at.run(['replay', ...asked, ...args]),
    asked,
  };
}

const refs = (bodies: readonly string[]) =>
  bodies
    .flatMap((body) => {
      const notification = parseNotification(body);
      return notification.kind === 'objects' ? notification.objects : [];
    })
    .map((ref) => ({ name: ref.key.split('/').at(-1), replay: ref.replay, id: objectId(ref) }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));

test('a dry run tells what it would be, and sends nothing', async (t) => {
  const { replay, take } = await setUp(t);
  const { code, json } = await replay('--dry-run', '--json');
  assert.equal(code, 0);
  const { objects, estimate, warnings, dry_run } = json() as {
    objects: number;
    dry_run: boolean;
    warnings: string[];
    estimate: { events: number; put_calls: number; tenant_usd: number };
  };
  assert.deepEqual([objects, dry_run, warnings], [3, true, []]);
  assert.equal(estimate.events, 3);
  assert.equal(estimate.put_calls, 3);
  assert.ok(estimate.tenant_usd > 0);
  assert.deepEqual(await take(), []);
  assert.match((await replay('--dry-run')).out, /^3 objects, \d+ B$/m);
});

test('an object that cannot be read does not keep the others from being replayed', async (t) => {
  const { replay, put, take } = await setUp(t);
  await put(keyOf('acme', 'broken.parquet'), 'this is no Parquet at all, but longer than the others');
  const { code, err } = await replay('--yes');
  assert.equal(code, 0);
  assert.match(err, /would be a dead letter: .*its name says Parquet/);
  assert.equal(refs(await take()).filter(({ replay: asked }) => asked).length, 4);
});

test("a tenant's objects of the range are announced with the replay's id and restrictions, and no others", async (t) => {
  const { replay, take, names } = await setUp(t);
  const { code, json } = await replay(
    '--id',
    'r-1',
    '--delivery',
    'cloudwatch#audit',
    '--application',
    'audit',
    '--yes',
    '--json',
  );
  assert.equal(code, 0);
  const { state, fed } = json() as { state: string; fed: number };
  assert.deepEqual([state, fed], ['fed', 3]);
  const found = refs(await take());
  assert.deepEqual(
    found.map(({ name }) => name),
    names.map((name) => name.split('/').at(-1)).sort(),
  );
  for (const { replay: asked, id } of found) {
    assert.deepEqual(asked, { id: 'r-1', delivery: 'cloudwatch#audit', application: 'audit' });
    assert.ok(id.endsWith('+replay:r-1'));
  }
});

test('what was missed is announced as at first, in a bucket with versions by the version', async (t) => {
  const { replay, take, deps, pipeline, put, cloud } = await setUp(t, 1);
  await deps.s3.send(
    new PutBucketVersioningCommand({ Bucket: pipeline.bucket, VersioningConfiguration: { Status: 'Enabled' } }),
  );
  await put(keyOf('acme', 'with-version.log'), line('v'));
  await cloud.settled();
  const announced = (bodies: readonly string[]) => new Set(refs(bodies).map(({ id }) => id));
  const live = announced(await take());
  assert.match(
    (await replay('--missing', '--dry-run')).out,
    /note: objects that the ledger has as done are not delivered again/,
  );
  assert.equal((await replay('--missing', '--yes')).code, 0);
  const again = announced(await take());
  assert.equal(again.size, 2);
  assert.ok(live.size === 1 && again.isSupersetOf(live), 'the ledger knows it by the same name');
});

test('a replay that is interrupted goes on where it was, and announces nothing that the ledger would not know', async (t) => {
  const { run, asked, take, waiting } = await setUp(t, 25);
  const interrupt = new AbortController();
  // After the first ten objects it would wait for a day.
  const slow = [...asked.slice(0, -2), '--rate', '0.0001', '--id', 'r-1', '--yes'];
  const running = run(['replay', ...slow], { signal: interrupt.signal });
  await until(async () => (await waiting()) === 10, 'ten are announced');
  await until(
    async () => (await run(['replay-status', 'r-1', '--json'])).out.includes('"fed": 10'),
    'the replay knows it',
  );
  interrupt.abort();
  const first = await running;
  assert.equal(first.code, 1);
  assert.match(
    first.out,
    /10 of 25 objects are in the queue, interrupted\n`log-distributor replay --continue r-1` continues/,
  );

  const again = await run(['replay', ...slow]);
  assert.equal(again.code, 2);
  assert.match(again.err, /replay r-1 already exists: continue it with --continue r-1/);
  const other = await run(['replay', '--continue', 'r-1', '--tenant', 'globex', '--missing', '--yes']);
  assert.equal(other.code, 2);
  assert.match(
    other.err,
    /--tenant, --missing: not allowed with --continue, which uses the values of the original replay/,
  );
  const preview = await run(['replay', '--continue', 'r-1', '--dry-run', '--json']);
  const { objects, fed, estimate } = preview.json() as { objects: number; fed: number; estimate: { objects: number } };
  assert.deepEqual([objects, fed, estimate.objects], [25, 10, 15], 'what is left to do, and to pay');
  const rest = await run(['replay', '--continue', 'r-1', '--rate', '1000', '--yes']);
  assert.equal(rest.code, 0, rest.err);
  assert.equal(new Set(refs(await take()).map(({ id }) => id)).size, 25);
  const over = await run(['replay', '--continue', 'r-1', '--yes']);
  assert.deepEqual([over.code, await waiting()], [0, 0]);
  assert.match(over.out, /^all objects of replay r-1 are in the queue/);
});

test('a replay is not told as done when objects of it were deleted before anybody looked', async (t) => {
  const { run, replay, deps, pipeline, names, take } = await setUp(t);
  assert.equal((await replay('--id', 'r-1', '--yes')).code, 0);
  const status = async () => {
    const { code, json } = await run(['replay-status', 'r-1', '--json']);
    const { complete, gone, deliveries } = json() as { complete: boolean; gone: number; deliveries: number };
    return { code, complete, gone, deliveries };
  };
  for (const { id } of refs(await take())) {
    for (const type of ['cloudwatch', 'cloudwatch#audit']) {
      const item = marshall({ object: id, delivery: `acme/${type}`, state: 'done' });
      await deps.dynamo.send(new PutItemCommand({ TableName: pipeline.ledgerTable, Item: item }));
    }
  }
  assert.deepEqual(await status(), { code: 0, complete: true, gone: 0, deliveries: 6 });
  await deps.s3.send(new DeleteObjectCommand({ Bucket: pipeline.bucket, Key: keyOf('acme', names[0] ?? '') }));
  assert.deepEqual(await status(), { code: 1, complete: false, gone: 1, deliveries: 4 });
  const { out } = await run(['replay-status', 'r-1']);
  assert.match(out, /^1 objects were deleted or archived since.*\n`log-distributor dead-letters list --tenant acme`/m);
});

test('nothing is fed while live messages wait', async (t) => {
  const { run, asked, cloud, put, waiting } = await setUp(t);
  for (const n of [1, 2, 3, 4]) await put(keyOf('globex', `live-${n}.log`), line('live'));
  await cloud.settled();
  const interrupt = new AbortController();
  const running = run(['replay', ...asked, '--id', 'r-1', '--backlog', '3', '--yes'], { signal: interrupt.signal });
  await until(async () => (await run(['replay-status', 'r-1', '--json'])).out.includes('"fed": 0'), 'it has begun');
  const looks = () => cloud.calls.list().find(({ action }) => action === 'GetQueueAttributes')?.count ?? 0;
  await until(() => looks() >= 2, 'it has looked at the queue twice');
  interrupt.abort();
  assert.equal((await running).code, 1);
  assert.equal(await waiting(), 4);
});

test('what is usage error, or cannot be, ends with a sentence before anything is done', async (t) => {
  const { run, replay, take } = await setUp(t);
  const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
    [['replay', '--tenant', 'acme'], 2, /give --bucket, --from, or --continue/],
    [['replay', '--from', '2026-02-31'], 2, /must be a time such as/],
    [['replay', '--continue', 'nothing'], 1, /the ledger has no replay nothing/],
    [['replay-status', 'nothing'], 1, /the ledger has no replay nothing/],
  ];
  for (const [args, code, message] of cases) {
    const run_ = await run(args);
    assert.equal(run_.code, code, args.join(' '));
    assert.match(run_.err, message);
  }
  const more: readonly (readonly [readonly string[], number, RegExp])[] = [
    [['--to', '2h'], 2, /--from: must be before --to/],
    [['--to', '2099-01-01'], 2, /--to: is in the future/],
    [['--id', 'No Id'], 2, /--id: must be 1 to 64 of a-z0-9-/],
    [['--tenant', 'nobody'], 2, /tenant nobody is unknown in .*: it has acme/],
    [['--delivery', 'cloudwatch#none'], 1, /has no delivery cloudwatch#none, only cloudwatch, /],
    [['--delivery', 'cloudwatch#off'], 1, /is disabled, .*`log-distributor tenants enable acme` first/],
    [['--missing', '--delivery', 'cloudwatch'], 2, /--missing: cannot be combined with --delivery or --application/],
    [['--bucket', 'no-such-bucket', '--yes'], 1, /NoSuchBucket/],
    [[], 2, /there is no terminal to ask/],
  ];
  for (const [args, code, message] of more) {
    const { code: status, err } = await replay(...args);
    assert.equal(status, code, args.join(' '));
    assert.match(err, message);
  }
  assert.deepEqual(await take(), []);
});

test('warnings tell what will not arrive', async (t) => {
  const { run, pipeline } = await setUp(t);
  const inAMonth = Date.now() + 30 * 86_400_000;
  const { out } = await run(
    [
      'replay',
      '--bucket',
      pipeline.bucket,
      '--tenant',
      'acme',
      '--from',
      '31d',
      '--delivery',
      'cloudwatch#audit',
      '--application',
      'api',
      '--dry-run',
    ],
    { nowMs: () => inAMonth },
  );
  assert.doesNotMatch(out, /note: what the ledger knows/);
  assert.match(out, /note: 3 objects are older than 14 days: CloudWatch Logs will refuse/);
  assert.match(out, /note: cloudwatch#audit filters out the application api/);
});

test('what goes to a bucket is no PutLogEvents call, costs no ingestion, and is never too old', async (t) => {
  const lake = { ...buildTenant('lake', '333333333333'), deliveries: [{ type: 's3', bucket_name: 'lake-logs' }] };
  const { run, pipeline, put } = await startCliCloud(t, [lake]);
  await put(keyOf('lake', 'a.log'), line('a'));
  const inAMonth = Date.now() + 30 * 86_400_000;
  const args = ['replay', '--bucket', pipeline.bucket, '--tenant', 'lake', '--from', '31d', '--dry-run', '--json'];
  const { estimate, warnings } = (await run(args, { nowMs: () => inAMonth })).json() as {
    warnings: string[];
    estimate: { events: number; put_calls: number; tenant_usd: number };
  };
  assert.deepEqual([estimate.events, estimate.put_calls, estimate.tenant_usd], [1, 0, 0]);
  assert.equal(warnings.length, 1, warnings.join());
  assert.match(warnings[0] ?? '', /^s3 writes to S3: bytes/);
});

test('an object in an archive class is found once it is restored, and not while it is being restored', async () => {
  const LastModified = new Date(1_000);
  const archived = { ETag: '"e"', Size: 1, LastModified, StorageClass: 'GLACIER' as const };
  const Contents = [
    { ...archived, Key: keyOf('acme', 'archived.log') },
    { ...archived, Key: keyOf('acme', 'coming.log'), RestoreStatus: { IsRestoreInProgress: true } },
    {
      ...archived,
      Key: keyOf('acme', 'restored.log'),
      RestoreStatus: { IsRestoreInProgress: false, RestoreExpiryDate: new Date(2_000) },
    },
  ];
  const asked: unknown[] = [];
  const send = async ({ input }: ListObjectsV2Command) => {
    asked.push(input.OptionalObjectAttributes);
    // S3 tells it only where it is asked to.
    return { Contents, CommonPrefixes: [] };
  };
  const template = 'logs/tenant_id={tenant_id}/cluster_id={cluster_id}/environment={environment}/';
  const { objects, archived: left } = await findObjects({
    s3: s3Calls({ send } as unknown as S3Client),
    bucket: 'central',
    keyTemplate: compileKeyTemplate(template),
    range: { template, known: { tenant_id: 'acme' }, fromMs: 0, toMs: 2_000 },
    signal: new AbortController().signal,
    random: Math.random,
    onFound: () => {},
  });
  assert.deepEqual(asked, [['RestoreStatus']]);
  assert.deepEqual(
    objects.map(({ key }) => key),
    [keyOf('acme', 'restored.log')],
  );
  assert.equal(left, 2);
});

const STATE: ReplayState = {
  id: 'r-1',
  state: 'feeding',
  tenant: 'acme',
  bucket: 'central',
  fromMs: 1,
  toMs: 2,
  delivery: undefined,
  application: 'api',
  missing: false,
  objects: 3,
  fed: 0,
  lastMs: 0,
  lastKey: '',
};

test('of two who feed one replay, one is told', async (t) => {
  const { client } = await startDynamo(t);
  const states = createReplayStates({
    dynamo: client,
    table: LEDGER_TABLE,
    nowMs: Date.now,
    signal: new AbortController().signal,
  });
  assert.equal(await states.read('r-1'), undefined);
  assert.ok(await states.begin(STATE));
  assert.equal(await states.begin(STATE), false);
  assert.deepEqual(await states.read('r-1'), STATE);
  const after = { ...STATE, fed: 2, lastMs: 7, lastKey: 'k' };
  assert.ok(await states.save(STATE, after));
  assert.equal(await states.save(STATE, { ...STATE, fed: 1 }), false);
  assert.deepEqual(await states.read('r-1'), after);
});

test('what remains is what comes behind the last object in the order of time and key', () => {
  const object = (lastModifiedMs: number, key: string) => ({ lastModifiedMs, key, eTag: 'e', bytes: 1 });
  const objects = [object(1, 'a'), object(1, 'b'), object(1, 'c'), object(2, 'a')];
  assert.deepEqual(remaining(objects, STATE), objects);
  assert.deepEqual(remaining(objects, { ...STATE, lastMs: 1, lastKey: 'b' }), objects.slice(2));
  assert.deepEqual(remaining(objects, { ...STATE, lastMs: 2, lastKey: 'a' }), []);
});
