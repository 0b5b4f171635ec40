import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ErrorCode } from '../../../service/base/errors.ts';
import { createGate } from '../../../service/run/gate.ts';
import type { ObjectReport, ReportLine } from '../../../service/run/report.ts';

const NOON_MS = Date.UTC(2026, 0, 31, 12);

const line = (kind: ReportLine['kind'], more: Partial<ReportLine> = {}): ReportLine => ({
  type: 'cloudwatch',
  kind,
  ...more,
});
const done = line('done', { accepted: true });
const failed = (code: ErrorCode, more: Partial<ReportLine> = {}) =>
  line('failed', { code, message: `it is ${code}`, ...more });
const refused = failed('role-refused');
const throttled = (retryAfterMs: number, accepted = false) =>
  failed('destination-throttled', { retryAfterMs, accepted });
const report = (...lines: ReportLine[]): ObjectReport => ({ lines });

function setUp() {
  const now = { ms: NOON_MS };
  const changes: string[] = [];
  const gate = createGate({
    nowMs: () => now.ms,
    probeMs: 120_000,
    onChange: (to, { tenant, type, code }) => changes.push(`${tenant}/${type} ${to}: ${code}`),
  });
  /** One object from its beginning to its end. @returns what was left out of it, and the report */
  const deliver = (...lines: ReportLine[]) => {
    const pass = gate.enter('acme');
    return { held: pass.held, report: pass.leave(report(...lines)) };
  };
  const states = () => gate.list().map(({ type, state }) => `${type} ${state}`);
  return { gate, now, changes, deliver, states };
}

test('a tenant of whom nobody has heard is let in, and is known once an object has come back', () => {
  const { gate, deliver } = setUp();
  assert.deepEqual([gate.held('acme'), gate.known('acme'), gate.enter('acme').held], [null, false, []]);
  deliver(line('failed', { type: '', code: 'tenant-lookup-failed' }));
  assert.equal(gate.known('acme'), false, 'that said nothing of its deliveries');
  deliver(done);
  assert.deepEqual([gate.held('acme'), gate.known('acme')], [null, true]);
});

for (const code of ['role-refused', 'destination-refused'] as const) {
  test(`${code} opens the circuit: nobody tries for two minutes, and the reason is told`, () => {
    const { gate, now, changes, deliver } = setUp();
    const { report: told } = deliver(failed(code));
    assert.equal(told.lines[0]?.retryAfterMs, 120_000);
    assert.deepEqual(changes, [`acme/cloudwatch open: ${code}`]);
    now.ms += 119_999;
    assert.deepEqual(gate.held('acme'), [
      { type: 'cloudwatch', kind: 'held', code, message: `it is ${code}`, retryAfterMs: 1 },
    ]);
    assert.deepEqual(gate.list(), [
      {
        tenant: 'acme',
        type: 'cloudwatch',
        state: 'open',
        code,
        message: `it is ${code}`,
        sinceMs: NOON_MS,
        againAtMs: NOON_MS + 120_000,
      },
    ]);
    now.ms += 1;
    assert.equal(gate.held('acme'), null);
  });
}

test('trouble that passes by itself leaves the circuit closed', () => {
  const { gate, deliver } = setUp();
  for (const code of ['destination-unavailable', 'role-unavailable', 'unexpected', 'stopping'] as const) {
    deliver(failed(code));
  }
  assert.deepEqual([gate.held('acme'), gate.list()], [null, []]);
});

test('one probe at a time: while it is on its way everybody else waits', () => {
  const { gate, now, deliver, states } = setUp();
  deliver(refused);
  now.ms += 120_000;
  const probe = gate.enter('acme');
  assert.deepEqual([probe.held, states()], [[], ['cloudwatch probing']]);
  assert.notEqual(gate.held('acme'), null);
  assert.deepEqual(gate.enter('acme').held, ['cloudwatch']);
  probe.leave(report(done));
  assert.deepEqual([gate.held('acme'), states()], [null, []]);
});

test('a probe that is refused makes the next one wait twice as long, ten minutes at most', () => {
  const { gate, now, changes, deliver } = setUp();
  const waits: number[] = [];
  for (let n = 0; n < 5; n++) {
    const { report: told } = deliver(refused);
    waits.push(told.lines[0]?.retryAfterMs ?? 0);
    now.ms += waits.at(-1) ?? 0;
  }
  assert.deepEqual(waits, [120_000, 240_000, 480_000, 600_000, 600_000]);
  assert.equal(gate.list()[0]?.sinceMs, NOON_MS);
  assert.deepEqual(changes, ['acme/cloudwatch open: role-refused'], 'it opened once');
});

test('a probe that is accepted closes the circuit, and what opens it again begins anew', () => {
  const { now, changes, deliver } = setUp();
  deliver(refused);
  now.ms += 120_000;
  deliver(refused);
  now.ms += 240_000;
  deliver(done);
  assert.deepEqual(changes, ['acme/cloudwatch open: role-refused', 'acme/cloudwatch closed: role-refused']);
  assert.equal(deliver(refused).report.lines[0]?.retryAfterMs, 120_000);
});

test('a probe that came to no answer leaves the next object to be one', () => {
  const { gate, now, deliver, states } = setUp();
  deliver(refused);
  now.ms += 120_000;
  // Done without a call, done before, or broken off: none of it says whether the role may be assumed.
  for (const nothing of [
    line('done', { accepted: false }),
    line('duplicate'),
    failed('stopping'),
    failed('worker-lost'),
  ]) {
    assert.deepEqual(deliver(nothing).held, []);
    assert.deepEqual([gate.held('acme'), states()], [null, ['cloudwatch open']]);
  }
  const lost = gate.enter('acme');
  lost.leave(report(failed('worker-lost', { type: '' })));
  assert.equal(gate.held('acme'), null);
});

test('objects that were on their way when the circuit opened change nothing of it', () => {
  const { gate, now, deliver } = setUp();
  const [late, later] = [gate.enter('acme'), gate.enter('acme')];
  deliver(refused);
  now.ms += 60_000;
  late.leave(report(refused));
  later.leave(report(done));
  assert.equal(gate.list()[0]?.againAtMs, NOON_MS + 120_000);
});

test('a delivery of several has a circuit of its own: the others go on, and the object is told why it is left out', () => {
  const { gate, now, deliver } = setUp();
  const audit = (kind: ReportLine['kind'], more: Partial<ReportLine> = {}) => line(kind, { type: 's3#audit', ...more });
  deliver(done, audit('failed', { code: 'destination-refused', message: 'no bucket' }));
  assert.equal(gate.held('acme'), null, 'the other delivery may be tried');
  now.ms += 20_000;
  const { held, report: told } = deliver(done, audit('held'));
  assert.deepEqual(held, ['s3#audit']);
  assert.deepEqual(told.lines, [
    done,
    { type: 's3#audit', kind: 'held', code: 'destination-refused', message: 'no bucket', retryAfterMs: 100_000 },
  ]);
  now.ms += 100_000;
  deliver(done, audit('done', { accepted: true }));
  assert.deepEqual(gate.list(), []);
});

test('an object that was left out keeps its reason when the circuit has closed meanwhile, and may come back at once', () => {
  const { gate, now, deliver } = setUp();
  const audit = line('done', { type: 's3#audit', accepted: true });
  deliver(refused, audit);
  const other = gate.enter('acme');
  now.ms += 120_000;
  deliver(done, audit);
  assert.deepEqual(other.leave(report(line('held'), audit)).lines, [
    { type: 'cloudwatch', kind: 'held', code: 'role-refused', message: 'it is role-refused', retryAfterMs: 0 },
    audit,
  ]);
});

test('a delivery that was switched off or removed takes its circuit along', () => {
  const { gate, deliver, now } = setUp();
  deliver(refused, line('done', { type: 'cloudwatch#b', accepted: true }));
  now.ms += 120_000;
  deliver(line('skipped'), line('done', { type: 'cloudwatch#b', accepted: true }));
  assert.deepEqual(gate.list(), []);
  deliver(refused, line('done', { type: 'cloudwatch#b', accepted: true }));
  deliver(line('done', { type: 'cloudwatch#b', accepted: true }));
  assert.deepEqual(gate.list(), []);
});

test("an object that is for one delivery alone leaves the others' circuits as they are, and is nobody else's probe", () => {
  const { gate, now, changes, deliver, states } = setUp();
  const audit = line('done', { type: 's3#audit', accepted: true });
  deliver(refused, audit);
  now.ms += 120_000;
  gate.enter('acme', 's3#audit').leave(report(audit));
  assert.deepEqual([states(), changes], [['cloudwatch open'], ['acme/cloudwatch open: role-refused']]);
  const probe = gate.enter('acme');
  assert.deepEqual([states(), gate.enter('acme', 's3#audit').held], [['cloudwatch probing'], []]);
  probe.leave(report(refused, audit));
  assert.equal(gate.held('acme'), null, 'the audit delivery may be tried');
  assert.deepEqual(
    gate.held('acme', 'cloudwatch')?.map(({ type, retryAfterMs }) => [type, retryAfterMs]),
    [['cloudwatch', 240_000]],
  );
  assert.equal(gate.held('acme', 's3#audit'), null);
});

test('a throttled destination is held until it may be called again', () => {
  const { gate, now, deliver, states } = setUp();
  deliver(throttled(3_000, true));
  assert.deepEqual(states(), ['cloudwatch throttled']);
  assert.equal(gate.held('acme')?.[0]?.retryAfterMs, 3_000);
  now.ms += 3_000;
  assert.deepEqual([gate.held('acme'), states()], [null, []]);
});

test('a destination that throttles every call is asked less and less often, until it accepts something', () => {
  const { now, deliver } = setUp();
  const waits: number[] = [];
  for (let n = 0; n < 12; n++) {
    const wait = deliver(throttled(10_000)).report.lines[0]?.retryAfterMs ?? 0;
    waits.push(wait);
    now.ms += wait;
  }
  assert.deepEqual(waits.slice(0, 6), [10_000, 10_000, 20_000, 40_000, 80_000, 160_000]);
  assert.equal(waits.at(-1), 600_000);
  assert.equal(deliver(throttled(10_000, true)).report.lines[0]?.retryAfterMs, 10_000);
});

test('tenants that were not heard of for longest are forgotten, so that the memory stays bounded', () => {
  const { gate } = setUp();
  for (let n = 0; n < 20_000; n++) gate.enter(`t${n}`).leave(report(done));
  for (const tenant of ['t0', 't20000']) gate.enter(tenant).leave(report(done));
  assert.deepEqual(
    ['t0', 't1', 't2', 't20000'].map((tenant) => gate.known(tenant)),
    [true, false, true, true],
  );
});
