import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ObjectTask } from '../../../../service/delivery/destination.ts';
import type { ReportLine } from '../../../../service/delivery/report.ts';
import { deliverAdmitted } from '../../../../service/run/messages/deliver-admitted.ts';
import { createCircuitBreakers } from '../../../../service/run/schedule/circuit-breakers.ts';
import { createScheduler, sizeOfJob } from '../../../../service/run/schedule/scheduler.ts';
import type { Order } from '../../../../service/run/threads/protocol.ts';
import { COUNTS, done, failed } from '../../../support/message-scene.ts';

const MEGABYTE = 1024 * 1024;
const ref = { bucket: 'b', key: 'k', version: 'v', versionId: undefined, size: 1_000, createdMs: 0 };
const TASK: ObjectTask = { ref, keyFields: { tenant_id: 'acme' } };
const short = (neededBytes: number, type = 'cloudwatch') => failed('memory-short', { type, neededBytes });

/** @param answers what each attempt ends with */
function setUp(...answers: readonly (readonly ReportLine[])[]) {
  const scheduler = createScheduler({ slots: 4, memoryBytes: 256 * MEGABYTE, nowMs: () => 0 });
  const attempts: { memoryBytes: number | undefined; held: readonly string[]; reserved: number }[] = [];
  let starts = 0;
  const deps = {
    scheduler,
    breakers: createCircuitBreakers({ nowMs: () => 0, probeMs: 1, onChange: () => {}, onPlaceChange: () => {} }),
    workers: {
      deliver: async (task: ObjectTask, { held }: Order) => {
        attempts.push({ memoryBytes: task.memoryBytes, held, reserved: scheduler.reservedBytes });
        const lines = answers[attempts.length - 1] ?? [];
        // As the worker does, it names what was left out.
        return {
          lines: lines.map((line) => (held.includes(line.type) ? { type: line.type, kind: 'held' as const } : line)),
        };
      },
    },
  };
  const run = () =>
    deliverAdmitted(deps, TASK, new AbortController().signal, () => {
      starts++;
    });
  return { run, attempts, scheduler, starts: () => starts };
}

test('an object is delivered with the memory that its size stands for', async () => {
  const { run, attempts, starts } = setUp([done]);
  assert.deepEqual(await run(), { lines: [done] });
  const { memoryBytes } = sizeOfJob(ref.size);
  assert.deepEqual(attempts, [{ memoryBytes, held: [], reserved: memoryBytes }]);
  assert.equal(starts(), 1);
});

test('an object that takes more is admitted anew for that, as often as it finds so, and starts only once', async () => {
  const { run, attempts, scheduler, starts } = setUp([short(90 * MEGABYTE)], [short(100 * MEGABYTE)], [done]);
  assert.deepEqual(await run(), { lines: [done] });
  assert.deepEqual(
    attempts.slice(1).map(({ memoryBytes, reserved }) => [memoryBytes, reserved]),
    [
      [96 * MEGABYTE, 96 * MEGABYTE],
      [112 * MEGABYTE, 112 * MEGABYTE],
    ],
  );
  assert.equal(starts(), 1);
  assert.deepEqual([scheduler.running, scheduler.reservedBytes], [0, 0]);
});

test('it waits its turn for the memory, and holds none meanwhile', async () => {
  const { run, attempts, scheduler } = setUp([short(150 * MEGABYTE)], [done]);
  const other = Promise.withResolvers<void>();
  const large = scheduler.submit(
    'other',
    { bytes: 1, memoryBytes: 150 * MEGABYTE, waitingBytes: 1 },
    { run: () => other.promise },
  );
  const running = run();
  while (scheduler.waiting === 0) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([attempts.length, scheduler.reservedBytes], [1, 150 * MEGABYTE]);
  other.resolve();
  await Promise.all([large, running]);
  assert.equal(attempts.length, 2);
});

test('deliveries that were over before are not tried again, and keep their lines', async () => {
  const audit: ReportLine = { type: 'cloudwatch#audit', kind: 'done', counts: COUNTS, format: 'parquet' };
  const { run, attempts } = setUp([audit, short(90 * MEGABYTE)], [audit, done]);
  assert.deepEqual(await run(), { lines: [audit, done] });
  assert.deepEqual(
    attempts.map(({ held }) => held),
    [[], ['cloudwatch#audit']],
  );
});

test('what fails for another reason is over, whatever else needs memory', async () => {
  const refused = failed('destination-refused', { type: 'cloudwatch#refused' });
  const { run } = setUp([refused, short(90 * MEGABYTE)], [{ ...refused, kind: 'held' }, done]);
  assert.deepEqual(
    (await run()).lines.map(({ type, kind }) => [type, kind]),
    [
      ['cloudwatch#refused', 'failed'],
      ['cloudwatch', 'done'],
    ],
  );
});
