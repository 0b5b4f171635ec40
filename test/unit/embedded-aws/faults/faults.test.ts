import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFaults, type StruckCall } from '../../../../embedded-aws/faults/faults.ts';
import type { FaultRule } from '../../../../embedded-aws/faults/rule.ts';
import { createRandom } from '../../../../local/workload/random.ts';

const CALL: StruckCall = {
  service: 'logs',
  action: 'PutLogEvents',
  account: '111111111111',
  resource: 'arn:aws:logs:us-east-1:111111111111:log-group:/tenant-logs/acme:log-stream:s',
  contentEncoding: 'gzip',
};
const THROTTLE = { effect: { kind: 'throttle' } } as const;

function faultsOf(seed = 'seed') {
  let nowMs = 0;
  const faults = createFaults({ random: createRandom(seed).uniform, nowMs: () => nowMs });
  const sleep = (ms: number) => {
    nowMs += ms;
  };
  return { faults, sleep };
}
/** Which of the calls 1 to n are struck by a rule. */
function struckOf(rule: FaultRule, calls: number, seed?: string): number[] {
  const { faults } = faultsOf(seed);
  faults.add(rule);
  return Array.from({ length: calls }, (_, i) => i + 1).filter(() => faults.strike(CALL).length > 0);
}

test('without rules nothing strikes', () => {
  assert.deepEqual(faultsOf().faults.strike(CALL), []);
});

const MATCHES: readonly (readonly [rule: Omit<FaultRule, 'effect'>, matches: boolean])[] = [
  [{}, true],
  [{ service: 'logs' }, true],
  [{ service: 's3' }, false],
  [{ action: 'PutLogEvents' }, true],
  [{ action: 'CreateLogGroup' }, false],
  [{ account: '111111111111' }, true],
  [{ account: '222222222222' }, false],
  [{ resource: '/tenant-logs/acme' }, true],
  [{ resource: '/tenant-logs/globex' }, false],
  [{ contentEncoding: 'gzip' }, true],
  [{ contentEncoding: 'identity' }, false],
  [{ service: 'logs', action: 'PutLogEvents', account: '222222222222' }, false],
];
for (const [rule, matches] of MATCHES) {
  test(`a rule for ${JSON.stringify(rule)} ${matches ? 'matches' : 'does not match'} a PutLogEvents of acme`, () => {
    assert.equal(struckOf({ ...rule, ...THROTTLE }, 1).length === 1, matches);
  });
}

test('a rule strikes the n-th matching call, or several', () => {
  assert.deepEqual(struckOf({ nth: 3, ...THROTTLE }, 6), [3]);
  assert.deepEqual(struckOf({ nth: [1, 4], ...THROTTLE }, 6), [1, 4]);
});

test('calls that do not match are not counted', () => {
  const { faults } = faultsOf();
  const fault = faults.add({ account: '111111111111', nth: 2, ...THROTTLE });
  faults.strike(CALL);
  faults.strike({ ...CALL, account: '222222222222' });
  assert.equal(faults.strike(CALL).length, 1);
  assert.deepEqual([fault.matched, fault.struck], [2, 1]);
});

test('a rule strikes a number of times', () => {
  assert.deepEqual(struckOf({ count: 2, ...THROTTLE }, 5), [1, 2]);
});

test('a rule strikes by chance, the same calls for the same seed', () => {
  const rule: FaultRule = { probability: 0.3, ...THROTTLE };
  const struck = struckOf(rule, 1_000, 'a');
  assert.ok(struck.length > 200 && struck.length < 400, `${struck.length} of 1,000`);
  assert.deepEqual(struckOf(rule, 1_000, 'a'), struck);
  assert.notDeepEqual(struckOf(rule, 1_000, 'b'), struck);
  assert.deepEqual(struckOf({ probability: 0, ...THROTTLE }, 100), []);
});

test('a throttle above a rate refuses what is beyond it, after one second of it at once', () => {
  const { faults, sleep } = faultsOf();
  const fault = faults.add({ account: CALL.account, effect: { kind: 'throttle', abovePerSecond: 4 } });
  const accepted = (calls: number) =>
    Array.from({ length: calls }, () => faults.strike(CALL).length === 0).filter(Boolean).length;
  assert.equal(accepted(10), 4);
  sleep(500);
  assert.equal(accepted(10), 2);
  sleep(60_000);
  assert.equal(accepted(10), 4);
  assert.deepEqual([fault.matched, fault.struck], [30, 20]);
  assert.equal(faults.strike({ ...CALL, account: '222222222222' }).length, 0);
});

test('a throttle above less than one call a second lets a call through now and then', () => {
  const { faults, sleep } = faultsOf();
  faults.add({ effect: { kind: 'throttle', abovePerSecond: 0.5 } });
  const outcomes = [0, 1_000, 1_000, 1_000, 1_000].map((ms) => {
    sleep(ms);
    return faults.strike(CALL).length;
  });
  assert.deepEqual(outcomes, [0, 1, 0, 1, 0]);
});

test('a rule is over after its time', () => {
  const { faults, sleep } = faultsOf();
  faults.add({ forMs: 1_000, ...THROTTLE });
  sleep(999);
  assert.equal(faults.strike(CALL).length, 1);
  sleep(1);
  assert.equal(faults.strike(CALL).length, 0);
});

test('all rules that match strike, in the order in which they were added', () => {
  const { faults } = faultsOf();
  faults.add({ effect: { kind: 'latency', ms: 5 } });
  const second = faults.add(THROTTLE);
  assert.deepEqual(
    faults.strike(CALL).map(({ kind }) => kind),
    ['latency', 'throttle'],
  );
  assert.equal(faults.remove(second.id), true);
  assert.deepEqual(
    faults.strike(CALL).map(({ kind }) => kind),
    ['latency'],
  );
  assert.equal(second.struck, 1);
  faults.clear();
  assert.deepEqual(faults.list(), []);
});

const WRONG: readonly unknown[] = [
  {},
  { effect: { kind: 'explode' } },
  { effect: { kind: 'latency' } },
  { effect: { kind: 'error', code: 'X', status: 200 } },
  { ...THROTTLE, probability: 2 },
  { ...THROTTLE, nth: 0 },
  { ...THROTTLE, acount: '111111111111' },
];
for (const rule of WRONG) {
  test(`${JSON.stringify(rule)} is no rule`, () => {
    const { faults } = faultsOf();
    assert.throws(() => faults.add(rule as FaultRule), { name: 'ZodError' });
    assert.deepEqual(faults.list(), []);
  });
}
