import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { REPLAY_MEMBER } from '../../../../service/core/replay.ts';
import { failed, keyOf, s3Event, setUpMessages } from '../../../support/message-scene.ts';

test("an object holds its tenant's watermark while it is at work, and while its message is away, until it is delivered", async () => {
  const { run, freshness, hold, now } = setUpMessages({ refusing: [failed('role-refused')] });
  const behind = (tenant: string) => (now.ms - (freshness.snapshot().upToMs(tenant) ?? 0)) / 1000;
  const letGo = hold();
  const running = [run(s3Event(keyOf('acme'))), run(s3Event(keyOf('refusing')))];
  await turn();
  assert.deepEqual([behind('acme'), behind('refusing')], [60, 60]);
  letGo();
  await Promise.all(running);
  assert.deepEqual([behind('acme'), behind('refusing'), behind('idle')], [0, 60, 0]);
});

test("a message handed back as surplus holds its tenant's watermark", async () => {
  const { run, freshness, hold, now, messagesHandedBack } = setUpMessages({}, 1);
  const letGo = hold();
  const running = run(s3Event(keyOf('acme')));
  await run(s3Event(keyOf('acme')));
  letGo();
  await running;
  assert.deepEqual(await messagesHandedBack(), { surplus: 1 });
  assert.equal(now.ms - (freshness.snapshot().upToMs('acme') ?? 0), 60_000);
});

test('a replay of old objects does not take the watermark back', async () => {
  const { run, freshness, hold, now } = setUpMessages();
  const letGo = hold();
  const replayed = JSON.parse(s3Event(keyOf('acme')));
  replayed.Records[0][REPLAY_MEMBER] = { id: 'r-1' };
  const running = run(JSON.stringify(replayed));
  await turn();
  assert.equal(freshness.snapshot().upToMs('acme'), now.ms);
  letGo();
  await running;
});

test('a dead letter lets the watermark go on, and is counted for its tenant', async () => {
  const { run, freshness, tenantStats, now, parked } = setUpMessages({ acme: [failed('object-gone')] });
  await run(s3Event(keyOf('acme')));
  assert.equal(freshness.snapshot().upToMs('acme'), now.ms);
  assert.deepEqual(
    tenantStats.list([], freshness.snapshot(), parked).map(({ tenant, dead_letters }) => [tenant, dead_letters]),
    [['acme', 1]],
  );
});
