import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { createMetrics } from '../../../../service/base/metrics.ts';
import { REPLAY_MEMBER } from '../../../../service/core/replay.ts';
import type { ReportLine } from '../../../../service/delivery/report.ts';
import { done, failed, keyOf, NOON_MS, s3Event, setUpMessages } from '../../../support/message-scene.ts';

/** The key of a canary that was announced a minute before noon. */
const CANARY_KEY = keyOf('acme').replace('x.gz', 'log-distributor-canary/2026-01-31T11-59-00-000Z.ndjson');
const ONE = { read: 1, delivered: 1, filtered: 0, rejected: 0, quarantined: 0 };
const canaries = async ({ canaries: counter }: ReturnType<typeof createMetrics>) =>
  Object.fromEntries((await counter.get()).values.map(({ labels, value }) => [labels.outcome, value]));

test('a canary that every delivery has taken has arrived, and its time is known', async () => {
  const arrived = { ...done, counts: ONE };
  const { run, metrics, tenantStats } = setUpMessages({ acme: [arrived, { type: 'cloudwatch#off', kind: 'skipped' }] });
  await run(s3Event(CANARY_KEY));
  assert.deepEqual(await canaries(metrics), { delivered: 1 });
  assert.equal(
    (await metrics.canarySeconds.get()).values.find(({ metricName }) => metricName?.endsWith('_sum'))?.value,
    60,
  );
  assert.deepEqual(tenantStats.known(), [{ tenant: 'acme', canaryMs: NOON_MS - 60_000 }]);
});

for (const [what, lines] of [
  ['was refused by its log group', [{ ...done, counts: { ...ONE, delivered: 0, rejected: 1 } }]],
  ['one delivery of two has not taken', [{ ...done, counts: ONE }, failed('destination-unavailable')]],
  ['was delivered before', [{ type: 'cloudwatch', kind: 'duplicate', counts: ONE }]],
  ['is for a tenant that is disabled', [{ type: 'cloudwatch', kind: 'skipped' }]],
] as const satisfies readonly (readonly [string, readonly ReportLine[]])[]) {
  test(`a canary that ${what} does not count as arrived`, async () => {
    const { run, metrics } = setUpMessages({ acme: lines });
    await run(s3Event(CANARY_KEY));
    assert.deepEqual(await canaries(metrics), {});
  });
}

test('a canary that cannot be delivered is tried like any object for an hour, and then given up without a dead letter', async () => {
  const { run, log, letters, metrics, now } = setUpMessages({ acme: [failed('role-refused')] });
  await run(s3Event(CANARY_KEY));
  assert.match(log.at(-1) ?? '', /^renew /);
  now.ms += 3_600_000;
  await run(s3Event(CANARY_KEY));
  assert.deepEqual([log.at(-1), letters, await canaries(metrics)], ['remove', [], { given_up: 1 }]);
  await run(s3Event(keyOf('acme')));
  assert.match(log.at(-1) ?? '', /^renew /, 'other objects are kept');
});

test('a canary has arrived when the last of two deliveries takes what the other one took at an earlier try', async () => {
  const lines = [
    { type: 'cloudwatch', kind: 'duplicate', counts: ONE },
    { ...done, type: 's3', counts: ONE },
  ] as const;
  const { run, metrics } = setUpMessages({ acme: lines });
  await run(s3Event(CANARY_KEY));
  assert.deepEqual(await canaries(metrics), { delivered: 1 });
});

test('a canary in a replay proves nothing of the way from S3, and is kept like any object', async () => {
  const arrived = { ...done, counts: ONE };
  const replayed = () => {
    const { Records } = JSON.parse(s3Event(CANARY_KEY));
    return JSON.stringify({ Records: [{ ...Records[0], [REPLAY_MEMBER]: { id: 'r1' } }] });
  };
  const { run, metrics, tenantStats } = setUpMessages({ acme: [arrived] });
  await run(replayed());
  assert.deepEqual(await canaries(metrics), {});
  assert.deepEqual(tenantStats.known(), [{ tenant: 'acme', canaryMs: undefined }]);
  const refused = setUpMessages({ acme: [failed('role-refused')] });
  refused.now.ms += 3_600_000;
  await refused.run(replayed());
  assert.match(refused.log.at(-1) ?? '', /^renew /);
});

for (const code of ['stopping', 'lease-held'] as const) {
  test(`an old canary that only has to wait is not given up: ${code}`, async () => {
    const { run, log, metrics, now } = setUpMessages({ acme: [failed(code)] });
    now.ms += 7_200_000;
    await run(s3Event(CANARY_KEY));
    assert.match(log.at(-1) ?? '', /^release /);
    assert.deepEqual(await canaries(metrics), {});
  });
}

test('a canary of which nobody says when it was written is kept like any object', async () => {
  const { run, log } = setUpMessages({ acme: [failed('role-refused')] });
  await run(s3Event(CANARY_KEY).replace('eventTime', 'time'));
  assert.match(log.at(-1) ?? '', /^renew /);
});
