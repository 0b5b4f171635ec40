import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { readStates, stateKey } from '../../../service/ledger/entries.ts';
import { ANNOUNCEMENTS_MAX, createMarks, DEAD_LETTER_MARK } from '../../../service/ledger/marks.ts';
import { LEDGER_TABLE, startDynamo } from '../../support/dynamo.ts';

const OBJECT = 's3://central/logs/a#e1';
const NOON_MS = Date.UTC(2026, 0, 31, 12);

async function setUp(t: TestContext) {
  const dynamo = await startDynamo(t);
  const now = { ms: NOON_MS };
  const marks = createMarks({ dynamo: dynamo.calls, table: LEDGER_TABLE, nowMs: () => now.ms });
  return { dynamo, now, marks };
}

test('a dead letter is noted with its reason, and goes when its deliveries go', async (t) => {
  const { dynamo, marks } = await setUp(t);
  await marks.deadLetter(OBJECT, 'role-refused');
  assert.deepEqual(await dynamo.ledgerItem(OBJECT, DEAD_LETTER_MARK), {
    object: OBJECT,
    delivery: DEAD_LETTER_MARK,
    state: 'dead',
    reason: 'role-refused',
    expires_at: NOON_MS / 1000 + 14 * 24 * 3600,
  });
  const keys = [{ object: OBJECT, delivery: DEAD_LETTER_MARK }];
  const batch = { table: LEDGER_TABLE, keys, consistent: true };
  const states = await readStates(
    { dynamo: dynamo.calls, signal: new AbortController().signal, random: () => 0 },
    batch,
  );
  assert.deepEqual(
    keys.map((key) => states.get(stateKey(key))),
    ['dead'],
  );
});

test('an object is claimed once, by whoever comes first', async (t) => {
  const { marks } = await setUp(t);
  const claims = await Promise.all(Array.from({ length: 5 }, () => marks.claim(OBJECT, NOON_MS)));
  assert.deepEqual(claims.sort(), ['announced', 'announced', 'announced', 'announced', 'claimed']);
  assert.equal(await marks.claim(`${OBJECT}2`, NOON_MS), 'claimed');
});

test('it is announced again once the queue is read past the announcement, three times in all', async (t) => {
  const { marks, now } = await setUp(t);
  assert.equal(ANNOUNCEMENTS_MAX, 3);
  const outcomes: string[] = [];
  for (let turn = 0; turn < 4; turn++) {
    now.ms = NOON_MS + turn * 60_000;
    outcomes.push(await marks.claim(OBJECT, now.ms - 1));
    // The announcement may still wait.
    outcomes.push(await marks.claim(OBJECT, now.ms));
  }
  assert.deepEqual(outcomes, [
    'claimed',
    'announced',
    'claimed',
    'announced',
    'claimed',
    'announced',
    'given up',
    'given up',
  ]);
});

test('an announcement that was not made does not count, and is made once the queue is read further', async (t) => {
  const { marks, now } = await setUp(t);
  for (let turn = 0; turn < 2 * ANNOUNCEMENTS_MAX; turn++) {
    now.ms = NOON_MS + turn * 60_000;
    assert.equal(await marks.claim(OBJECT, now.ms - 1), 'claimed');
    await marks.giveBack(OBJECT);
    // SQS may have taken it and only its answer was lost.
    assert.equal(await marks.claim(OBJECT, now.ms), 'announced');
  }
});

test('what was never claimed is not given back', async (t) => {
  const { dynamo, marks } = await setUp(t);
  await marks.giveBack(OBJECT);
  assert.equal(await dynamo.ledgerItem(OBJECT, 'reconcile'), undefined);
});
