import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { createS3Calls } from '../../../../service/aws/calls.ts';
import { replaysOf, whyUseless } from '../../../../service/cli/quarantine/replays.ts';
import { parseNotification } from '../../../../service/core/notification.ts';
import type { QuarantineReason } from '../../../../service/core/refusal.ts';
import { REPLAY_RANGES_MAX } from '../../../../service/core/replay.ts';
import { parseQuarantineKey } from '../../../../service/quarantine/file.ts';
import { createQuarantine } from '../../../../service/quarantine/writer.ts';
import { placeOf } from '../../../support/aws.ts';
import { startCliCloud } from '../../../support/cli-cloud.ts';
import { buildTenant, keyOf } from '../../../support/tenant.ts';

const NOW_MS = Date.now();
const HOUR_MS = 3_600_000;
const BODY = '{"message":"a"}\n{"message":"b"}\n{"message":"c"}\n{"message":"d"}\n';

/** An object, and a quarantine that the service's own code has written about it. */
async function setUp(t: TestContext) {
  const at = await startCliCloud(t, [buildTenant('acme', '111111111111')]);
  const key = keyOf('acme', 'a.log');
  await at.put(key, BODY);
  const object = `s3://${at.pipeline.bucket}/${key}#${createHash('md5').update(BODY).digest('hex')}`;
  const quarantine = createQuarantine({
    s3: createS3Calls(placeOf(at.cloud.url)),
    prefix: 'quarantine/',
    random: () => 0,
    onWrite: () => {},
  });
  await at.cloud.settled();
  const take = async () => {
    const { Messages = [] } = await at.deps.sqs.send(
      new ReceiveMessageCommand({ QueueUrl: at.pipeline.queueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 0 }),
    );
    return Messages.map(({ Body = '' }) => Body).filter((body) => body.includes('logDistributorReplay'));
  };
  await take();
  return {
    ...at,
    key,
    object,
    take,
    keep: (
      reason: QuarantineReason,
      records: readonly {
        record: number;
        timestamp?: number;
        kept_at?: string;
        original_base64?: string;
      }[],
      of = object,
    ) =>
      quarantine.write(
        { bucket: at.pipeline.bucket, tenantId: 'acme', reason, place: `${of}${reason}` },
        records.map((record) => ({
          object: of,
          delivery: 'acme/cloudwatch',
          reason,
          detail: 'why',
          ...(record.kept_at === undefined ? { message: 'text' } : {}),
          ...record,
        })),
        new AbortController().signal,
      ),
    quarantine: (command: string, ...args: string[]) =>
      at.run(['quarantine', command, ...(command === 'show' ? [] : ['--bucket', at.pipeline.bucket]), ...args]),
  };
}

test('list tells what is there by tenant and reason, and file by file', async (t) => {
  const { keep, quarantine } = await setUp(t);
  assert.deepEqual(await quarantine('list').then(({ code, out }) => [code, out]), [0, 'nothing in quarantine\n']);
  await keep('too_new', [{ record: 1 }]);
  await keep('unparsable', [{ record: 2 }]);
  const all = await quarantine('list', '--json');
  assert.equal(all.code, 1);
  const rows = all.json() as { tenant: string; reason: string; files: number }[];
  assert.deepEqual(rows.map(({ tenant, reason, files }) => [tenant, reason, files]).sort(), [
    ['acme', 'too_new', 1],
    ['acme', 'unparsable', 1],
  ]);
  const [file] = (await quarantine('list', '--files', '--tenant', 'acme', '--reason', 'too_new', '--json')).json() as {
    url: string;
  }[];
  const shown = await quarantine('show', file?.url ?? '');
  assert.equal(shown.code, 0);
  assert.match(shown.out, /^s3:\/\/.*\nacme\/cloudwatch {2}too_new {2}why\n +1 {2}- {2}text\n$/);
});

test('show says which records are not UTF-8, and gives their bytes; redrive takes them like any other', async (t) => {
  const { keep, quarantine, take } = await setUp(t);
  const original_base64 = Buffer.from('Stra\xdfe', 'latin1').toString('base64');
  await keep('expired', [{ record: 1, original_base64 }, { record: 2 }]);
  const [file] = (await quarantine('list', '--files', '--json')).json() as { url: string }[];
  const shown = await quarantine('show', file?.url ?? '');
  assert.match(
    shown.out,
    / 1 {2}- {2}text {2}\(not UTF-8\)\n +2 {2}- {2}text\nRecords that are not UTF-8 .*original_base64\.\n$/,
  );
  const records = (await quarantine('show', file?.url ?? '', '--json')).json() as { original_base64?: string }[];
  assert.deepEqual(
    records.map((record) => record.original_base64),
    [original_base64, undefined],
  );
  const { code } = await quarantine('redrive', '--reason', 'expired', '--yes');
  assert.equal(code, 0);
  const notification = parseNotification((await take())[0] ?? '');
  assert.ok(notification.kind === 'objects');
  assert.deepEqual(notification.objects[0]?.replay?.records, [[1, 3]]);
});

test('records whose text is in the bucket of the tenant are shown with its place, and redriven like any other', async (t) => {
  const { keep, quarantine, take } = await setUp(t);
  await keep('expired', [{ record: 1, kept_at: 's3://acme-logs/a.ndjson.gz' }]);
  const [file] = (await quarantine('list', '--files', '--json')).json() as { url: string }[];
  assert.match((await quarantine('show', file?.url ?? '')).out, / 1 {2}- {2}\(in s3:\/\/acme-logs\/a\.ndjson\.gz\)\n$/);
  assert.equal((await quarantine('redrive', '--reason', 'expired', '--yes')).code, 0);
  const notification = parseNotification((await take())[0] ?? '');
  assert.ok(notification.kind === 'objects');
  assert.deepEqual(notification.objects[0]?.replay?.records, [[1, 2]]);
});

test('a file that is not there, or not of the quarantine, ends with a sentence', async (t) => {
  const { quarantine, pipeline, key } = await setUp(t);
  const gone = await quarantine('show', `s3://${pipeline.bucket}/quarantine/none.ndjson.gz`);
  assert.equal(gone.code, 1);
  assert.match(gone.err, /does not exist: `log-distributor quarantine list --files` shows what does/);
  assert.match((await quarantine('show', `s3://${pipeline.bucket}/${key}`)).err, /is no file of the quarantine/);
});

test('redrive announces the object for its delivery, and of it only the records that were kept', async (t) => {
  const { keep, quarantine, take, key } = await setUp(t);
  await keep('too_new', [
    { record: 3, timestamp: NOW_MS },
    { record: 1, timestamp: NOW_MS },
    { record: 0, timestamp: NOW_MS + 3 * HOUR_MS },
  ]);
  const dry = await quarantine('redrive', '--reason', 'too_new', '--dry-run', '--json');
  const tally = { files: 1, records: 2, messages: 1, still_too_new: 1, objects_gone: 0, interrupted: false };
  assert.deepEqual(dry.json(), { ...tally, dry_run: true });
  assert.deepEqual(await take(), []);

  const { code, json } = await quarantine('redrive', '--reason', 'too_new', '--yes', '--json');
  assert.equal(code, 0);
  assert.deepEqual(json(), { ...tally, dry_run: false });
  const first = await take();
  const notification = parseNotification(first[0] ?? '');
  assert.ok(notification.kind === 'objects');
  const [ref] = notification.objects;
  assert.equal(ref?.key, key);
  assert.equal(ref.replay?.delivery, 'cloudwatch');
  assert.deepEqual(ref.replay.records, [
    [1, 2],
    [3, 4],
  ]);

  await quarantine('redrive', '--reason', 'too_new', '--yes');
  const second = parseNotification((await take())[0] ?? '');
  assert.ok(second.kind === 'objects');
  assert.equal(second.objects[0]?.replay?.id, ref.replay.id, 'the ledger knows the second as the first');
});

test('records whose time comes later are redriven later, by a replay that the ledger does not know yet', async (t) => {
  const { keep, take, run, pipeline } = await setUp(t);
  await keep('too_new', [
    { record: 0, timestamp: NOW_MS },
    { record: 2, timestamp: NOW_MS + 30 * HOUR_MS },
  ]);
  const redriven = async (nowMs: number) => {
    const args = [
      'quarantine',
      'redrive',
      '--bucket',
      pipeline.bucket,
      '--reason',
      'too_new',
      '--rate',
      '1000',
      '--yes',
    ];
    assert.equal((await run(args, { nowMs: () => nowMs })).code, 0);
    const objects = (await take()).flatMap((body) => {
      const notification = parseNotification(body);
      return notification.kind === 'objects' ? notification.objects : [];
    });
    return Map.groupBy(objects, ({ replay }) => JSON.stringify(replay?.records));
  };
  const early = await redriven(NOW_MS);
  assert.deepEqual([...early.keys()], ['[[0,1]]']);
  const late = await redriven(NOW_MS + 29 * HOUR_MS);
  assert.deepEqual([...late.keys()].sort(), ['[[0,1]]', '[[2,3]]']);
  const idOf = (replays: typeof early, records: string) => replays.get(records)?.[0]?.replay?.id;
  assert.equal(idOf(late, '[[0,1]]'), idOf(early, '[[0,1]]'));
  assert.notEqual(idOf(late, '[[2,3]]'), idOf(early, '[[0,1]]'));
});

test('a dry run does not wait for the rate', { timeout: 60_000 }, async (t) => {
  const { keep, quarantine, put, object } = await setUp(t);
  await put(keyOf('acme', 'b.log'), BODY);
  await keep('expired', [{ record: 1 }]);
  await keep('expired', [{ record: 2 }], object.replace('a.log', 'b.log'));
  // At this rate the second message would wait for a day.
  const { code, json } = await quarantine('redrive', '--reason', 'expired', '--rate', '0.00001', '--dry-run', '--json');
  assert.equal(code, 0);
  assert.equal((json() as { messages: number }).messages, 2);
});

test('an object that is gone is told, and its file stays', async (t) => {
  const { keep, quarantine, take, object } = await setUp(t);
  await keep('expired', [{ record: 1 }], object.replace(/#.*$/, '#0123456789abcdef0123456789abcdef'));
  const { code, out } = await quarantine('redrive', '--reason', 'expired', '--yes');
  assert.equal(code, 1);
  assert.match(out, /the objects of 1 files are gone: only the quarantine has their text/);
  assert.deepEqual(await take(), []);
});

test('what would be refused again is not redriven, and why is said', async (t) => {
  const { quarantine } = await setUp(t);
  for (const reason of ['unparsable', 'foreign_tenant', 'too_old']) {
    const { code, err } = await quarantine('redrive', '--reason', reason, '--yes');
    assert.equal(code, 2);
    assert.ok(err.includes(whyUseless(reason) ?? 'no such reason'), err);
  }
});

test('a reason or a tenant that there is not is a usage error, and names what there is', async (t) => {
  const { quarantine } = await setUp(t);
  const reason = await quarantine('list', '--reason', 'too-new');
  assert.equal(reason.code, 2);
  assert.match(reason.err, /Did you mean too_new\? There are unparsable, foreign_tenant, too_old, too_new, expired\./);
  const tenant = await quarantine('list', '--tenant', 'nobody');
  assert.equal(tenant.code, 2);
  assert.match(tenant.err, /tenant nobody is unknown in /);
});

test('the keys of the quarantine tell tenant and reason, and nothing else has such keys', () => {
  assert.deepEqual(parseQuarantineKey('q/', 'q/tenant_id=a%20b/reason=too_old/0a.ndjson.gz'), {
    tenant: 'a b',
    reason: 'too_old',
  });
  for (const key of [
    'q/tenant_id=a/x.gz',
    'other/tenant_id=a/reason=too_old/0a.ndjson.gz',
    'q/tenant_id=/reason=x/a.ndjson.gz',
    'q/tenant_id=50%/reason=x/a.ndjson.gz',
  ]) {
    assert.equal(parseQuarantineKey('q/', key), undefined, key);
  }
});

test('a file of more ranges than a message takes becomes several replays with ids of their own', () => {
  const file = { bucket: 'c', key: 'k', eTag: 'e', tenant: 'acme', reason: 'expired', bytes: 1, writtenMs: 0 };
  const records = Array.from({ length: REPLAY_RANGES_MAX + 1 }, (_, at) => ({
    object: 's3://c/logs/a#1',
    delivery: 'acme/cloudwatch#audit',
    record: at * 2,
    reason: 'expired',
    detail: '',
    message: '',
  }));
  const replays = replaysOf(file, records);
  assert.deepEqual(
    replays.map(({ replay }) => replay.records?.length),
    [REPLAY_RANGES_MAX, 1],
  );
  assert.equal(new Set(replays.map(({ replay }) => replay.id)).size, 2);
  assert.ok(replays.every(({ replay }) => replay.delivery === 'cloudwatch#audit'));
});
