import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { createTableCalls } from '../../../service/aws/calls.ts';
import { createTableClock } from '../../../service/ledger/table-clock.ts';
import { placeOf } from '../../support/aws.ts';
import { startDynamo } from '../../support/dynamo.ts';
import { holds } from '../../support/property.ts';
import { startServer } from '../../support/server.ts';

const NOON_MS = Date.UTC(2026, 0, 31, 12);
/** What the clock may be off after one answer, which names a second. */
const ONE_ANSWER_MS = 600;

/** Clocks of the host and of the table, all set by the test; the table's is undefined where it tells no time. */
interface World {
  monotonicMs: number;
  steadyMs: number;
  tableMs: number | undefined;
  /** For how long a request, and its answer, are on their way. */
  travelMs: number;
}

async function setUp(t: TestContext, initial: Partial<World> = {}, status = 200) {
  const world: World = { monotonicMs: 5_000, steadyMs: NOON_MS, tableMs: NOON_MS, travelMs: 0, ...initial };
  const pass = (ms: number) => {
    world.monotonicMs += ms;
    world.steadyMs += ms;
    if (world.tableMs !== undefined) world.tableMs += ms;
  };
  const { url } = await startServer(t, (_request, response) => {
    pass(world.travelMs);
    response.sendDate = false;
    if (world.tableMs !== undefined) response.setHeader('date', new Date(world.tableMs).toUTCString());
    const content = status === 200 ? {} : { __type: 'x#ConditionalCheckFailedException', message: 'no' };
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(content));
    pass(world.travelMs);
  });
  const clock = createTableClock({ monotonicMs: () => world.monotonicMs, steadyMs: () => world.steadyMs });
  const dynamo = createTableCalls(placeOf(url), clock.observe);
  const ask = () => dynamo('GetItem', { TableName: 'any', Key: { object: { S: 'x' } } });
  const off = () => Math.abs(clock.nowMs() - (world.tableMs ?? Number.NaN));
  return { world, clock, ask, pass, off };
}

test('before the first answer, the host’s clock is all there is', async (t) => {
  const { clock } = await setUp(t, { tableMs: NOON_MS + 60_000 });
  assert.equal(clock.nowMs(), NOON_MS);
});

for (const skewMs of [3_600_000, -3_600_000, 3_000, -3_000, 0]) {
  test(`a table that is ${skewMs / 1_000} s ahead is followed`, async (t) => {
    const { ask, off } = await setUp(t, { tableMs: NOON_MS + skewMs });
    await ask();
    assert.ok(off() <= ONE_ANSWER_MS);
  });
}

test('a host’s clock that is set while it runs moves nothing', async (t) => {
  const { world, clock, ask } = await setUp(t);
  await ask();
  const before = clock.nowMs();
  world.steadyMs += 600_000;
  assert.equal(clock.nowMs(), before);
});

test('an answer without a date, or one that takes long, makes it no worse', async (t) => {
  const { world, clock, ask, off } = await setUp(t);
  await ask();
  const { tableMs } = world;
  world.tableMs = undefined;
  const before = clock.nowMs();
  await ask();
  assert.equal(clock.nowMs(), before);
  world.tableMs = tableMs;
  world.travelMs = 20_000;
  await ask();
  assert.ok(off() <= ONE_ANSWER_MS);
});

test('a table whose clock is set is followed', async (t) => {
  const { world, ask, off } = await setUp(t);
  await ask();
  world.tableMs = NOON_MS - 600_000;
  await ask();
  assert.ok(off() <= ONE_ANSWER_MS);
});

test('a refusal tells the time as well as a success', async (t) => {
  const { ask, off } = await setUp(t, { tableMs: NOON_MS + 600_000 }, 400);
  await assert.rejects(ask(), { name: 'ConditionalCheckFailedException' });
  assert.ok(off() <= ONE_ANSWER_MS);
});

test('whatever the times of the answers, the clock is off by less than half a second and their travel', async (t) => {
  await holds(
    fc.asyncProperty(
      fc.integer({ min: -1e8, max: 1e8 }),
      fc.array(fc.tuple(fc.nat(5_000), fc.nat(400)), { minLength: 1, maxLength: 8 }),
      async (skewMs, answers) => {
        const { world, ask, pass, off } = await setUp(t, { tableMs: NOON_MS + skewMs });
        for (const [afterMs, travelMs] of answers) {
          pass(afterMs);
          world.travelMs = travelMs;
          await ask();
        }
        const least = Math.min(...answers.map(([, travelMs]) => travelMs));
        assert.ok(off() <= 500 + least + 26, `off by ${off()} ms`);
      },
    ),
    40,
  );
});

test('answers narrow it down to some dozen milliseconds', async (t) => {
  const { ask, pass, off } = await setUp(t, { tableMs: NOON_MS + 123_456 });
  for (let n = 0; n < 50; n++) {
    pass(137);
    await ask();
  }
  assert.ok(off() <= 50, `off by ${off()} ms`);
});

test('a table in this very process agrees with the host’s clock', async (t) => {
  const { place } = await startDynamo(t);
  const clock = createTableClock({ monotonicMs: () => performance.now(), steadyMs: Date.now });
  const dynamo = createTableCalls(place, clock.observe);
  await dynamo('GetItem', { TableName: 'delivery-ledger', Key: { object: { S: 'x' }, delivery: { S: 'y' } } });
  assert.ok(Math.abs(clock.nowMs() - Date.now()) < 1_500);
});
