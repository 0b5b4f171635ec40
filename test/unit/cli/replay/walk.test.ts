import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createWalk } from '../../../../service/cli/replay/walk.ts';

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

test('partitions by time are left where no object of the range can be', () => {
  const walk = walkOf(HIVE);
  const verdicts: Record<string, string> = {
    '': 'folders',
    'year=2026/': 'folders',
    'year=2025/': 'none',
    'year=2027/': 'none',
    'year=2026/month=11/': 'folders',
    'year=2026/month=10/': 'none',
    'year=2026/month=12/': 'none',
    'year=2026/month=11/day=24/': 'all',
    // Events of two weeks ago that were written late, and a clock that is ahead.
    'year=2026/month=11/day=09/': 'all',
    'year=2026/month=11/day=25/': 'all',
    'year=2026/month=11/day=08/': 'none',
    'year=2026/month=11/day=26/': 'none',
    'year=2026/month=11/day=24/hour=03/': 'all',
    'whatever/': 'all',
    'year=2026/other=11/': 'all',
  };
  for (const [tail, verdict] of Object.entries(verdicts)) assert.equal(walk.judge(LEAF + tail), verdict, tail);
});

test('a year before the range still counts while its last days are near', () => {
  const walk = createWalk({
    template: HIVE,
    known: { tenant_id: 'acme' },
    fromMs: Date.UTC(2027, 0, 3),
    toMs: Date.UTC(2027, 0, 4),
  });
  assert.equal(walk.judge(`${LEAF}year=2026/`), 'folders');
  assert.equal(walk.judge(`${LEAF}year=2026/month=12/day=20/`), 'all');
  assert.equal(walk.judge(`${LEAF}year=2026/month=12/day=18/`), 'none');
});

test('a template that ends in the middle of a name is walked up to its last folder', () => {
  const walk = walkOf('logs/{tenant_id}/{application}-…');
  assert.equal(walk.judge('logs/acme/'), 'folders');
  assert.equal(walk.judge('logs/acme/deeper/'), 'all');
});
