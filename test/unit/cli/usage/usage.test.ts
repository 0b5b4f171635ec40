import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTableCalls } from '../../../../service/aws/calls.ts';
import type { UsageReport } from '../../../../service/cli/usage/collect.ts';
import { startOfDay } from '../../../../service/core/usage.ts';
import { createUsageDays } from '../../../../service/ledger/usage-days.ts';
import { placeOf } from '../../../support/aws.ts';
import { startCliCloud } from '../../../support/cli-cloud.ts';
import { buildTenant } from '../../../support/tenant.ts';
import { finishObject } from '../../../support/usage.ts';

const NEVER = new AbortController().signal;
const NOW_MS = Date.parse('2026-11-30T15:00:00Z');
const nowMs = () => NOW_MS;

async function setUp(t: Parameters<typeof startCliCloud>[0]) {
  const { cloud, pipeline, run } = await startCliCloud(t, [buildTenant('acme', '111111111111')]);
  const calls = createTableCalls(placeOf(cloud.url));
  const finish = (object: string, delivery: string, day: string) =>
    finishObject({ calls }, `s3://b/${object}#v`, delivery, startOfDay(day) + 1, pipeline.ledgerTable);
  const days = createUsageDays({ dynamo: calls, table: pipeline.ledgerTable });
  return { finish, days, run: (...args: string[]) => run(['usage', ...args], { nowMs }) };
}

test('a month is what was summed up, and for other days what the ledger says; other days are unknown', async (t) => {
  const { finish, days, run } = await setUp(t);
  await finish('a', 'acme/cloudwatch', '2026-11-28');
  await days.write('2026-11-28', (await days.sum(['2026-11-28'], NEVER)).get('2026-11-28') ?? new Map(), NEVER);
  await finish('late', 'acme/cloudwatch', '2026-11-28');
  await finish('b', 'acme/cloudwatch', '2026-11-30');
  await finish('c', 'globex/cloudwatch', '2026-11-30');
  const { code, json, err } = await run('--month', '2026-11', '--json');
  assert.equal(code, 0);
  const report = json() as UsageReport;
  assert.deepEqual(
    report.tenants.map(({ tenant, day, objects, events, message_bytes }) => [
      tenant,
      day,
      objects,
      events,
      message_bytes,
    ]),
    [
      ['acme', '2026-11-28', 1, 10, 1_000],
      ['acme', '2026-11-30', 1, 10, 1_000],
      ['globex', '2026-11-30', 1, 10, 1_000],
    ],
  );
  assert.equal(report.days_so_far.length, 12);
  assert.deepEqual(
    [report.days_missing.length, report.days_missing[0], report.days_missing.at(-1)],
    [17, '2026-11-01', '2026-11-17'],
  );
  assert.match(err, /Not final: .*2026-11-30/);
  assert.match(err, /17 from 2026-11-01 to 2026-11-17/);
  const text = await run('--tenant', 'acme');
  assert.match(text.out, /^acme +2026-11 +2 +20 +2\.0 KB +2 /m);
  assert.doesNotMatch(text.out, /globex/);
});

test('comma-separated values have a line for each tenant and day, with every field quoted', async (t) => {
  const { finish, run } = await setUp(t);
  await finish('a', 'ac"me, inc/cloudwatch', '2026-11-30');
  const { out } = await run('--csv');
  const [title, line, end] = out.split('\r\n');
  assert.equal(
    title,
    '"tenant","day","objects","events","message_bytes","calls","stored_bytes","platform_usd","logs_usd"',
  );
  assert.match(line ?? '', /^"ac""me, inc","2026-11-30","1","10","1000","1","400","0\.\d+(e-\d+)?","[\d.e-]+"$/);
  assert.equal(end, '');
});

test('what nobody meant is a usage error', async (t) => {
  const { run } = await setUp(t);
  assert.match((await run('--month', '2026-13')).err, /must be a month such as 2026-11/);
  const both = await run('--csv', '--json');
  assert.deepEqual([both.code, both.err.includes('exclude each other')], [2, true]);
  const unknown = await run('--tenant', 'acne');
  assert.deepEqual([unknown.code, unknown.err.includes('did you mean acme?')], [2, true]);
  assert.match((await run('--tenant', 'acme')).out, /No object was delivered in 2026-11/);
});
