import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { Finding } from '../../../../service/run/watch/preflight.ts';
import { createProbe } from '../../../../service/run/watch/probe.ts';

const AWAY: Finding = { about: 'LEDGER_TABLE', kind: 'away', message: 'the table is away (request id 1)' };

function setUp() {
  const now = { ms: 60_000 };
  const findings: Finding[] = [];
  const seen = { looks: 0 };
  const probe = createProbe({
    preflight: async () => {
      seen.looks++;
      return [...findings];
    },
    nowMs: () => now.ms,
  });
  return { probe, findings, seen, now };
}

test('however often somebody asks or looks, AWS is asked at most every five seconds', async () => {
  const { probe, findings, seen, now } = setUp();
  assert.deepEqual(await Promise.all([probe.ask(), probe.ask()]), [[], []]);
  probe.look();
  findings.push(AWAY);
  now.ms += 5_000;
  assert.deepEqual(await probe.ask(), []);
  assert.equal(seen.looks, 1);
  now.ms += 1;
  assert.deepEqual(await probe.ask(), [{ ...AWAY, sinceMs: 65_001 }]);
  assert.equal(seen.looks, 2);
});

test('who looks sees the last answer at once, with its age, and the next one when it is there', async () => {
  const { probe, findings, now } = setUp();
  assert.deepEqual(probe.look(), { problems: [], askedMs: undefined });
  findings.push(AWAY);
  await turn();
  assert.deepEqual(probe.look(), { problems: [], askedMs: 60_000 });
  now.ms += 6_000;
  assert.deepEqual(probe.look(), { problems: [], askedMs: 60_000 });
  await turn();
  assert.deepEqual(probe.look(), { problems: [{ ...AWAY, sinceMs: 66_000 }], askedMs: 66_000 });
});

test('a problem is known since it was first found, whatever its words, until it is gone', async () => {
  const { probe, findings, now } = setUp();
  findings.push(AWAY);
  const since = async () => {
    now.ms += 6_000;
    return (await probe.ask()).map(({ message, sinceMs }) => [message, sinceMs]);
  };
  assert.deepEqual(await since(), [[AWAY.message, 66_000]]);
  findings[0] = { ...AWAY, message: 'the table is away (request id 2)' };
  assert.deepEqual(await since(), [['the table is away (request id 2)', 66_000]]);
  findings.pop();
  assert.deepEqual(await since(), []);
  findings.push(AWAY);
  assert.deepEqual(await since(), [[AWAY.message, 84_000]]);
});

test('a clock that is set back keeps nobody from asking again', async () => {
  const { probe, seen, now } = setUp();
  await probe.ask();
  now.ms -= 3_600_000;
  await probe.ask();
  assert.equal(seen.looks, 2);
});
