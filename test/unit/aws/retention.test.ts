import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createLogWriter } from '../../../service/aws/log-writer.ts';
import { createLogsSessions } from '../../../service/aws/logs-session.ts';
import { createRetention, type GroupPlace, type RetentionDebts } from '../../../service/aws/retention.ts';
import { startLogs } from '../../support/logs-server.ts';
import { createTestPutEvents } from '../../support/put-events.ts';
import { createMemoryDebts } from '../../support/retention.ts';

const GROUP = '/acme/api';
const PLACE: GroupPlace = {
  tenantId: 'acme',
  accountId: '111111111111',
  region: 'eu-west-1',
  group: GROUP,
  retentionDays: 30,
};
const REFUSED_AGAIN_MS = 15 * 60_000;
const PASSING_AGAIN_MS = 500;
const PASSING_AGAIN_MAX_MS = 30_000;

/** A writer over real clients, with a record of debts that outlives it. */
async function setUp(t: TestContext, record?: RetentionDebts, place: { readonly requestTimeoutMs?: number } = {}) {
  const logs = await startLogs(t);
  const debts = createMemoryDebts();
  const now = { ms: 0 };
  const createSession = createLogsSessions({ ...logs.place, ...place });
  let sessions = 0;
  let processes = 0;
  /** Another session of the same account. */
  const newSession = () => {
    const keys = { accessKeyId: `acme_${++sessions}`, secretAccessKey: 'secret', sessionToken: 'token' };
    return createSession('eu-west-1', keys);
  };
  /** What a process that has just started has. */
  const startProcess = () => {
    const refused: string[] = [];
    const retention = createRetention({
      debts: record ?? debts.as(`process ${++processes}`),
      onRefused: (_place, message) => refused.push(message),
      nowMs: () => now.ms,
    });
    const writer = createLogWriter({ putEvents: createTestPutEvents(), retention, onCreate: () => {} });
    return {
      refused,
      retention,
      create: (session = newSession(), stream = 's', place = PLACE) => writer.create(session, place, stream),
    };
  };
  const group = () => logs.account('acme').get(GROUP);
  const tries = () => logs.calls.filter((call) => call.startsWith('PutRetention')).length;
  return { logs, debts, now, newSession, startProcess, group, tries };
}

test('a group whose retention is refused takes events, and what is owed is said', async (t) => {
  const { logs, debts, startProcess, group } = await setUp(t);
  const { create, retention, refused } = startProcess();
  logs.faults.PutRetentionPolicy.push({ error: 'AccessDeniedException' });
  await create();
  assert.deepEqual(group(), { retentionDays: undefined, streams: new Map([['s', []]]) });
  const key = '111111111111/eu-west-1//acme/api';
  assert.deepEqual([...debts.owed], [key]);
  assert.deepEqual(debts.notes, [key, key], 'before the creation, and anew with each try that fails');
  const message =
    "tenant acme, log group /acme/api in eu-west-1: its retention of 30 days is not set yet, so it keeps events for ever. Events are delivered, and the retention is tried again. The tenant's role needs logs:PutLogEvents, logs:CreateLogStream, logs:CreateLogGroup and logs:PutRetentionPolicy there. AWS: AccessDeniedException";
  assert.equal(retention.owed(PLACE), message);
  assert.deepEqual(refused, [message]);
});

test('the retention is set by the next stream that is created there, in whatever session', async (t) => {
  const { logs, debts, newSession, startProcess, group, tries } = await setUp(t);
  const { create, retention } = startProcess();
  logs.faults.PutRetentionPolicy.push({ error: 'AccessDeniedException' });
  await create();
  await create(newSession(), 'another');
  assert.equal(group()?.retentionDays, 30);
  assert.equal(retention.owed(PLACE), undefined);
  assert.equal(debts.owed.size, 0);
  await create(newSession(), 'a third');
  assert.equal(tries(), 2, 'set once, left alone after that');
});

test('a process that starts later settles what another one owes', async (t) => {
  const { logs, debts, newSession, startProcess, group } = await setUp(t);
  logs.faults.PutRetentionPolicy.push({ error: 'AccessDeniedException' });
  await startProcess().create();
  await startProcess().create(newSession(), 'another');
  assert.equal(group()?.retentionDays, 30);
  assert.equal(debts.owed.size, 0);
});

for (const [error, againMs] of [
  ['AccessDeniedException', REFUSED_AGAIN_MS],
  ['ThrottlingException', PASSING_AGAIN_MS],
] as const) {
  test(`while a group is used, a retention that met ${error} is tried again after ${againMs / 1000} s`, async (t) => {
    const { logs, now, newSession, startProcess, group, tries } = await setUp(t);
    const { create, retention } = startProcess();
    logs.faults.PutRetentionPolicy.push({ error });
    await create();
    now.ms += againMs - 1;
    await retention.settle(newSession(), PLACE, 'used');
    assert.equal(tries(), 1);
    now.ms += 1;
    await Promise.all([1, 2, 3].map(() => retention.settle(newSession(), PLACE, 'used')));
    assert.equal(tries(), 2, 'by one of those that use it');
    assert.equal(group()?.retentionDays, 30);
  });
}

test('throttled again and again, a retention is tried after twice the wait, up to 30 s', async (t) => {
  const { logs, now, newSession, startProcess, tries } = await setUp(t);
  const { create, retention } = startProcess();
  logs.faults.PutRetentionPolicy.push(...Array(20).fill({ error: 'ThrottlingException' }));
  await create();
  const waitsMs: number[] = [];
  for (let lastMs = 0; waitsMs.length < 9; ) {
    now.ms += PASSING_AGAIN_MS;
    const before = tries();
    await retention.settle(newSession(), PLACE, 'used');
    if (tries() === before) continue;
    waitsMs.push(now.ms - lastMs);
    lastMs = now.ms;
  }
  assert.deepEqual(waitsMs.slice(0, 3), [500, 1_000, 2_000]);
  assert.deepEqual(waitsMs.slice(-2), [PASSING_AGAIN_MAX_MS, PASSING_AGAIN_MAX_MS]);
});

test('a connection that turns out to be closed is no reason to wait', async (t) => {
  const { logs, startProcess, group, debts } = await setUp(t);
  logs.faults.PutRetentionPolicy.push({ reset: true });
  await startProcess().create();
  assert.equal(group()?.retentionDays, 30);
  assert.equal(debts.owed.size, 0);
});

test('a call that gets no answer is not repeated, as it has waited already', async (t) => {
  const { logs, startProcess, group, debts, tries } = await setUp(t, undefined, { requestTimeoutMs: 50 });
  logs.faults.PutRetentionPolicy.push({ silent: true });
  await startProcess().create();
  assert.deepEqual([tries(), group()?.retentionDays, debts.owed.size], [1, undefined, 1]);
});

test('an account that refuses one group is not asked for the others until it is asked again, and then for all', async (t) => {
  const { logs, now, newSession, startProcess, tries } = await setUp(t);
  const { create, retention, refused } = startProcess();
  const places = ['a', 'b', 'c'].map((name) => ({ ...PLACE, group: `/acme/${name}` }));
  logs.faults.PutRetentionPolicy.push(...Array(4).fill({ error: 'AccessDeniedException' }));
  for (const place of places) await create(undefined, 's', place);
  assert.equal(tries(), 3, 'each is tried when it is created');
  assert.equal(refused.length, 1, 'and the log tells of the first');
  const useAll = async () => {
    for (const place of places) await retention.settle(newSession(), place, 'used');
  };
  now.ms += REFUSED_AGAIN_MS;
  await useAll();
  assert.deepEqual([tries(), refused.length], [4, 2]);
  now.ms += REFUSED_AGAIN_MS;
  await useAll();
  assert.equal(tries(), 7);
  assert.deepEqual(
    places.map(({ group }) => logs.account('acme').get(group)?.retentionDays),
    [30, 30, 30],
  );
});

test('a group that is created with an answer that gets lost is known to be ours', async (t) => {
  const { logs, startProcess, group, debts } = await setUp(t);
  logs.faults.CreateLogGroup.push({ reset: true, stored: true });
  await assert.rejects(startProcess().create(), (error: Error) => error.name !== 'ResourceAlreadyExistsException');
  assert.equal(group()?.retentionDays, undefined);
  await startProcess().create();
  assert.equal(group()?.retentionDays, 30);
  assert.equal(debts.owed.size, 0);
});

test("the retention of a group that somebody else has created is its owner's business", async (t) => {
  const { logs, newSession, startProcess, tries, debts } = await setUp(t);
  const { create, retention } = startProcess();
  logs.account('acme').set(GROUP, { retentionDays: 5, streams: new Map() });
  await create();
  // Created by its owner between our look and our creation.
  logs.faults.CreateLogStream.push({ error: 'ResourceNotFoundException' });
  await create(undefined, 'another');
  await retention.settle(newSession(), PLACE, 'used');
  assert.equal(tries(), 0);
  assert.equal(debts.owed.size, 0);
});

test('a group that could not be created owes nothing', async (t) => {
  const { logs, startProcess, debts } = await setUp(t);
  logs.faults.CreateLogGroup.push({ error: 'AccessDeniedException' });
  await assert.rejects(startProcess().create(), { name: 'AccessDeniedException' });
  assert.equal(debts.owed.size, 0);
});

test('of two threads that create a group at once, the slower one undoes nothing of the other', async (t) => {
  const { logs, startProcess, group, debts } = await setUp(t);
  const [first, second] = [startProcess(), startProcess()];
  logs.faults.PutRetentionPolicy.push({ error: 'AccessDeniedException' }, { error: 'AccessDeniedException' });
  await first.create();
  logs.faults.CreateLogStream.push({ error: 'ResourceNotFoundException' });
  await second.create(undefined, 'another');
  assert.equal(debts.owed.size, 1);
  assert.equal(group()?.retentionDays, undefined);
});

test('of two sessions of a process that create a group at once, the one that succeeds sets the retention', async (t) => {
  const { logs, newSession, startProcess, group, debts } = await setUp(t);
  const { retention } = startProcess();
  logs.account('acme').set(GROUP, { retentionDays: undefined, streams: new Map() });
  const [, otherFindsIt] = [await retention.begin(PLACE), await retention.begin(PLACE)];
  await otherFindsIt();
  await retention.settle(newSession(), PLACE, 'created');
  assert.equal(group()?.retentionDays, 30);
  assert.equal(debts.owed.size, 0);
});

test('credentials that expire are for the caller to renew, and the retention stays owed', async (t) => {
  const { logs, newSession, startProcess, group, debts } = await setUp(t);
  const { create } = startProcess();
  logs.faults.PutRetentionPolicy.push({ error: 'ExpiredTokenException' });
  await assert.rejects(create(), { name: 'ExpiredTokenException' });
  assert.equal(debts.owed.size, 1);
  await create(newSession());
  assert.equal(group()?.retentionDays, 30);
});

test('a group that was deleted owes nothing any more', async (t) => {
  const { logs, now, newSession, startProcess, debts } = await setUp(t);
  const { create, retention } = startProcess();
  logs.faults.PutRetentionPolicy.push({ error: 'AccessDeniedException' });
  await create();
  logs.account('acme').delete(GROUP);
  now.ms += REFUSED_AGAIN_MS;
  await retention.settle(newSession(), PLACE, 'used');
  assert.equal(retention.owed(PLACE), undefined);
  assert.equal(debts.owed.size, 0);
});

test('a group that is not seen for some seconds after its creation still owes its retention', async (t) => {
  const { logs, now, newSession, startProcess, group, debts, tries } = await setUp(t);
  const { create, retention } = startProcess();
  logs.faults.PutRetentionPolicy.push(...Array(3).fill({ error: 'ResourceNotFoundException' }));
  await create();
  while (tries() < 4) {
    assert.equal(debts.owed.size, 1);
    now.ms += PASSING_AGAIN_MS;
    await retention.settle(newSession(), PLACE, 'used');
  }
  assert.equal(group()?.retentionDays, 30);
  assert.equal(debts.owed.size, 0);
});

for (const where of ['the same process', 'another process']) {
  test(`who finds a group there takes nothing back of a session of ${where} that has created it`, async (t) => {
    const { logs, now, newSession, startProcess, group, debts } = await setUp(t);
    const finder = startProcess().retention;
    const creator = where === 'the same process' ? finder : startProcess().retention;
    logs.account('acme').set(GROUP, { retentionDays: undefined, streams: new Map() });
    logs.faults.PutRetentionPolicy.push({ error: 'ThrottlingException' });
    const findsIt = await finder.begin(PLACE);
    await creator.begin(PLACE);
    await creator.settle(newSession(), PLACE, 'created');
    await findsIt();
    assert.equal(debts.owed.size, 1);
    now.ms += PASSING_AGAIN_MS;
    await creator.settle(newSession(), PLACE, 'used');
    assert.equal(group()?.retentionDays, 30);
    assert.equal(debts.owed.size, 0);
  });
}

test('without a retention nothing is noted or set', async (t) => {
  const { startProcess, debts, tries } = await setUp(t);
  await startProcess().create(undefined, 's', { ...PLACE, retentionDays: undefined });
  assert.deepEqual([debts.owed.size, tries()], [0, 0]);
});

test('a record that cannot be used keeps no group from being created, and no retention from being set', async (t) => {
  const away = async () => {
    throw new Error('no ledger');
  };
  const { logs, now, newSession, startProcess, group } = await setUp(t, {
    note: away,
    claim: away,
    withdraw: away,
    isOwed: away,
    settle: away,
  });
  const { create, retention } = startProcess();
  logs.faults.PutRetentionPolicy.push({ error: 'AccessDeniedException' });
  await create();
  assert.deepEqual([...(group()?.streams.keys() ?? [])], ['s']);
  now.ms += REFUSED_AGAIN_MS;
  await retention.settle(newSession(), PLACE, 'used');
  assert.equal(group()?.retentionDays, 30);
});
