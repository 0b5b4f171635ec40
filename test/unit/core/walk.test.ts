import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createWalk } from '../../../service/core/walk.ts';

const HIVE = 'logs/tenant_id={tenant_id}/cluster_id={cluster_id}/environment={environment}/';
const LEAF = 'logs/tenant_id=acme/cluster_id=c/environment=e/';
const RANGE = { fromMs: Date.UTC(2026, 10, 24, 10), toMs: Date.UTC(2026, 10, 24, 11) };

const walkOf = (template: string, known: Record<string, string> = { tenant_id: 'acme' }) =>
  createWalk({ template, known, ...RANGE });

test('the walk follows the template, and leaves other tenants alone', () => {
  const walk = walkOf(HIVE);
  assert.equal(walk.start, 'logs/');
  assert.equal(walk.judge('logs/'), 'folders');
  assert.equal(walk.beginning('logs/'), 'tenant_id=acme');
  assert.equal(walk.judge('logs/tenant_id=acme/'), 'folders');
  assert.equal(walk.beginning('logs/tenant_id=acme/'), 'cluster_id=');
  for (const folder of [
    'logs/tenant_id=acme-corp/',
    'logs/tenant_id=globex/',
    'logs/tenant_id=acme/other/',
    'quarantine/',
  ]) {
    assert.equal(walk.judge(folder), 'none', folder);
  }
});

test('a template whose tenant stands behind others is walked folder by folder', () => {
  const walk = walkOf('{cluster_id}/{tenant_id}/{application}/{pod_name}/', { tenant_id: 'acme', application: 'api' });
  assert.equal(walk.start, '');
  assert.equal(walk.judge(''), 'folders');
  assert.equal(walk.beginning(''), '');
  assert.equal(walk.beginning('c1/'), 'acme');
  assert.equal(walk.judge('c1/acme/'), 'folders');
  assert.equal(walk.judge('c1/globex/'), 'none');
  assert.equal(walk.judge('c1/acme/web/'), 'none');
  assert.equal(walk.judge('c1/acme/api/'), 'folders');
  assert.equal(walk.judge('c1/acme/api/pod-1/deeper/'), 'all');
});

test('a value that writers may encode is found either way', () => {
  const walk = walkOf(HIVE, { tenant_id: 'a b' });
  assert.equal(walk.beginning('logs/'), 'tenant_id=');
  assert.equal(walk.judge('logs/tenant_id=a b/'), 'folders');
  assert.equal(walk.judge('logs/tenant_id=a%20b/'), 'folders');
  assert.equal(walk.judge('logs/tenant_id=a/'), 'none');
});

test('partitions by time are passed by where no object of the range can be', () => {
  const walk = walkOf(HIVE);
  const skips: Record<string, string | undefined> = {
    // Events of two weeks ago that were written late, and a clock that is ahead.
    'year=2026/month=11/day=09/hour=10/a': undefined,
    'year=2026/month=11/day=24/hour=03/a': undefined,
    'year=2026/month=11/day=25/hour=10/a': undefined,
    'year=2026/month=11/day=09/hour=09/a': 'year=2026/month=11/day=09/hour=10/',
    'year=2026/month=11/day=08/hour=23/a': 'year=2026/month=11/day=09/hour=10/',
    'year=2025/month=12/day=31/hour=23/a': 'year=2026/month=11/day=09/hour=10/',
    // Only as far down as there are partitions: files of the day itself may stand before its hours.
    'year=2026/month=11/day=08/a': 'year=2026/month=11/day=09/',
    'year=2026/month=11/day=09/a': undefined,
    'year=2026/month=10/other/a': 'year=2026/month=11/',
    'year=2025/a': 'year=2026/',
    'year=2026/month=11/day=25/hour=11/a': 'year>',
    'year=2026/month=12/day=01/a': 'year>',
    'year=2027/a': 'year>',
    'a.log': undefined,
    'whatever/a.log': undefined,
    'day=01/a.log': undefined,
    'year=26/month=01/a.log': undefined,
  };
  for (const [key, to] of Object.entries(skips)) {
    assert.equal(walk.skip(LEAF, LEAF + key), to === undefined ? undefined : LEAF + to, key);
  }
});

test('whoever knows how late objects are written passes by more', () => {
  const walk = createWalk({
    template: HIVE,
    known: { tenant_id: 'acme' },
    fromMs: Date.UTC(2027, 0, 1, 1),
    toMs: Date.UTC(2027, 0, 1, 2),
    lateMs: 2 * 3_600_000,
    earlyMs: 3_600_000,
  });
  const skip = (key: string) => walk.skip(LEAF, LEAF + key);
  assert.equal(skip('year=2026/month=12/day=31/hour=22/a'), `${LEAF}year=2026/month=12/day=31/hour=23/`);
  assert.equal(skip('year=2026/month=12/day=31/hour=23/a'), undefined);
  assert.equal(skip('year=2027/month=01/day=01/hour=02/a'), undefined);
  assert.equal(skip('year=2027/month=01/day=01/hour=03/a'), `${LEAF}year>`);
});

test('a template that ends in the middle of a name is walked up to its last folder', () => {
  const walk = walkOf('logs/{tenant_id}/{application}-…');
  assert.equal(walk.judge('logs/'), 'folders');
  assert.equal(walk.judge('logs/acme/'), 'all');
  assert.equal(walk.judge('logs/acme/deeper/'), 'all');
});

test('a partition is passed by when all of it is over, whatever it is: a year, a month, a day or an hour', () => {
  const walk = createWalk({ template: HIVE, known: {}, ...RANGE, lateMs: 0, earlyMs: 0 });
  const skips: Record<string, string | undefined> = {
    'year=2025/a': `${LEAF}year=2026/`,
    'year=2026/a': undefined,
    'year=2027/a': `${LEAF}year>`,
    'year=2026/month=10/a': `${LEAF}year=2026/month=11/`,
    'year=2026/month=11/a': undefined,
    'year=2026/month=12/a': `${LEAF}year>`,
    'year=2026/month=11/day=23/a': `${LEAF}year=2026/month=11/day=24/`,
    'year=2026/month=11/day=24/a': undefined,
    'year=2026/month=11/day=25/a': `${LEAF}year>`,
    'year=2026/month=11/day=24/hour=09/a': `${LEAF}year=2026/month=11/day=24/hour=10/`,
    'year=2026/month=11/day=24/hour=10/a': undefined,
    'year=2026/month=11/day=24/hour=11/a': `${LEAF}year>`,
    // No partition of ours: nobody knows what time it is of.
    'copy-of-year=2025/a': undefined,
  };
  for (const [key, behind] of Object.entries(skips)) assert.equal(walk.skip(LEAF, LEAF + key), behind, key);
});
