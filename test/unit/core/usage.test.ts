import assert from 'node:assert/strict';
import { test } from 'node:test';
import { USD } from '../../../service/core/prices.ts';
import {
  addUsage,
  dayOf,
  daysOfMonth,
  NO_USAGE,
  startOfDay,
  usageByTenant,
  usageOf,
} from '../../../service/core/usage.ts';
import { countsOf } from '../../support/counts.ts';

const done = {
  object: 's3://central/logs/acme/a#v1',
  counts: countsOf({ read: 10, delivered: 7, filtered: 3 }),
  bytes: 700,
  calls: 2,
  size: 300,
  chunk: 0,
};

test('the usage of an object is what the ledger says of it, with its reads and writes', () => {
  assert.deepEqual(usageOf(done), {
    ...{ read: 10, delivered: 7, filtered: 3, rejected: 0, quarantined: 0 },
    ...{ objects: 1, replayed: 0, bytes: 700, calls: 2, size: 300, gets: 1, writes: 2 },
  });
  const large = usageOf({ ...done, object: `${done.object}+replay:r1`, size: 20 * 1024 * 1024, chunk: 4 });
  assert.deepEqual([large.replayed, large.gets, large.writes], [1, 3, 6]);
});

test('a tenant has one line a day; objects that several of its deliveries had count once, what was sent counts each time', () => {
  const one = usageOf(done);
  const two = addUsage(one, one);
  const replayed = usageOf({ ...done, object: `${done.object}+replay:r1` });
  const usage = new Map([
    ['globex/cloudwatch', one],
    ['acme/cloudwatch', addUsage(two, replayed)],
    ['acme/s3#archive', two],
    ['a/slash/cloudwatch', NO_USAGE],
  ]);
  const [slash, acme, globex, ...others] = usageByTenant('2026-11-30', usage);
  assert.deepEqual([slash?.tenant, acme?.tenant, globex?.tenant, others], ['a/slash', 'acme', 'globex', []]);
  const { platform_usd, logs_usd, ...rest } = { ...acme };
  assert.deepEqual(rest, {
    tenant: 'acme',
    day: '2026-11-30',
    objects: 3,
    events: 35,
    message_bytes: 3_500,
    calls: 10,
    stored_bytes: 900,
  });
  const gets = 5 * USD.s3Get;
  const writes = 10 * USD.dynamoWrite;
  assert.equal(platform_usd, 2 * (USD.s3Put + USD.snsPublish) + 3 * 0.5 * USD.sqsRequest + gets + writes);
  // Its bucket is no log group.
  assert.equal(logs_usd, ((2_100 + 21 * 26) / 1024 ** 3) * 0.5);
});

test('days are those of UTC, and a month has its own', () => {
  assert.equal(dayOf(Date.parse('2026-11-30T23:59:59.999Z')), '2026-11-30');
  assert.equal(startOfDay('2026-12-01'), Date.parse('2026-12-01T00:00:00Z'));
  assert.deepEqual([daysOfMonth('2026-02')?.length, daysOfMonth('2028-02')?.length], [28, 29]);
  assert.equal(daysOfMonth('2026-12')?.at(-1), '2026-12-31');
  for (const wrong of ['2026-13', '2026-1', '2026', '11-2026', '']) assert.equal(daysOfMonth(wrong), undefined);
});
