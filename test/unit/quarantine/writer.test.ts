import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { QuarantineLine } from '../../../service/quarantine/file.ts';
import { createQuarantine } from '../../../service/quarantine/writer.ts';
import { startS3 } from '../../support/s3-server.ts';

const never = new AbortController().signal;
const PLACE = {
  bucket: 'central',
  tenantId: 'acme',
  reason: 'too_old',
  place: 's3://central/logs/a#e1\nacme/cloudwatch\n0/3',
};

const line = (record: number, message: string): QuarantineLine => ({
  object: 's3://central/logs/a#e1',
  delivery: 'acme/cloudwatch',
  record,
  reason: 'too_old',
  detail: 'more than 14 days old',
  timestamp: 1_700_000_000_000,
  message,
});

async function setUp(t: TestContext) {
  const s3 = await startS3(t);
  const written: string[] = [];
  const quarantine = createQuarantine({
    s3: s3.calls,
    random: () => 0,
    prefix: 'quarantine/',
    onWrite: (reason) => written.push(reason),
  });
  const lines = () =>
    [...s3.objects].map(([key, bytes]) => [
      key,
      gunzipSync(bytes)
        .toString('utf8')
        .split('\n')
        .map((text) => (text === '' ? '' : JSON.parse(text))),
    ]);
  return { s3, quarantine, written, lines };
}

test('lines are kept as gzip NDJSON below the tenant and the reason', async (t) => {
  const { s3, quarantine, written, lines } = await setUp(t);
  const kept = [line(3, 'one\ntwo'), line(9, 'é "quoted" 🍵')];
  await quarantine.write(PLACE, kept, never);
  const [[key, content] = []] = lines();
  assert.match(String(key), /^central\/quarantine\/tenant_id=acme\/reason=too_old\/[0-9a-f]{32}\.ndjson\.gz$/);
  assert.deepEqual(content, [...kept, '']);
  assert.deepEqual(written, ['too_old']);
  assert.equal(s3.received[0]?.headers['content-type'], 'application/gzip');
});

test('the lines of a whole chunk are one file, whatever their number', async (t) => {
  const { quarantine, lines } = await setUp(t);
  const count = 50_000;
  const all = function* () {
    for (let record = 0; record < count; record++) yield line(record, `é ${record}`);
  };
  await quarantine.write(PLACE, all(), never);
  const [[, content] = []] = lines();
  assert.deepEqual(content, [...all(), '']);
});

test('the same place overwrites its file, another place has another', async (t) => {
  const { quarantine, lines } = await setUp(t);
  await quarantine.write(PLACE, [line(1, 'first')], never);
  await quarantine.write(PLACE, [line(1, 'first'), line(2, 'second')], never);
  assert.deepEqual(
    lines().map(([, content]) => content),
    [[line(1, 'first'), line(2, 'second'), '']],
  );
  await quarantine.write({ ...PLACE, place: `${PLACE.place}4` }, [line(3, 'third')], never);
  await quarantine.write({ ...PLACE, reason: 'expired' }, [line(4, 'fourth')], never);
  await quarantine.write({ ...PLACE, tenantId: 'globex' }, [line(5, 'fifth')], never);
  assert.equal(lines().length, 4);
});

test('a tenant id cannot leave the prefix', async (t) => {
  const { s3, quarantine } = await setUp(t);
  await quarantine.write({ ...PLACE, tenantId: '../a b/ö' }, [line(1, 'x')], never);
  const [path] = s3.received.map((request) => decodeURIComponent(request.path));
  assert.ok(path?.startsWith('/central/quarantine/tenant_id=..%2Fa%20b%2F%C3%B6/reason=too_old/'), String(path));
});

test('passing trouble of S3 is sat out', async (t) => {
  const { s3, quarantine, lines, written } = await setUp(t);
  s3.faults.set(1, { kind: 'error', status: 503, code: 'SlowDown' });
  s3.faults.set(2, { kind: 'reset' });
  await quarantine.write(PLACE, [line(1, 'x')], never);
  assert.equal(lines().length, 1);
  assert.deepEqual([s3.received.length, written], [3, ['too_old']]);
});

test('what cannot be kept is quarantine-unavailable, and counts as not written', async (t) => {
  const { s3, quarantine, written } = await setUp(t);
  s3.faults.set(1, { kind: 'error', status: 403, code: 'AccessDenied' });
  await assert.rejects(quarantine.write(PLACE, [line(1, 'x')], never), {
    code: 'quarantine-unavailable',
    message:
      /^s3:\/\/central\/quarantine\/tenant_id=acme\/reason=too_old\/\w+\.ndjson\.gz could not be written\. The task role needs s3:PutObject .* AWS: AccessDenied$/,
  });
  for (let n = 2; n <= 7; n++) s3.faults.set(n, { kind: 'error', status: 500, code: 'InternalError' });
  await assert.rejects(quarantine.write(PLACE, [line(1, 'x')], never), { code: 'quarantine-unavailable' });
  assert.deepEqual([s3.received.length, written], [7, []]);
});

test('an abort is passed on as what it is', async (t) => {
  const { s3, quarantine, written } = await setUp(t);
  s3.faults.set(1, { kind: 'silent' });
  const abort = new AbortController();
  const writing = quarantine.write(PLACE, [line(1, 'x')], abort.signal);
  writing.catch(() => {});
  abort.abort();
  await assert.rejects(writing, { name: 'AbortError' });
  assert.deepEqual(written, []);
});
