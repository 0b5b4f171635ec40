import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReportLine } from '../../../../service/delivery/report.ts';
import {
  done,
  doneThere,
  failed,
  line,
  NOON_MS,
  refused,
  report,
  setUpBreakers,
  throttled,
  unavailable,
} from '../../../support/circuit-breakers.ts';
import { LOGS_PLACE } from '../../../support/places.ts';

test('a tenant of whom nobody has heard is let in, and is known once an object has come back', () => {
  const { breakers, deliver } = setUpBreakers();
  assert.deepEqual([breakers.held('acme'), breakers.known('acme'), breakers.enter('acme').held], [null, false, []]);
  deliver(line('failed', { type: '', code: 'tenant-lookup-failed' }));
  assert.equal(breakers.known('acme'), false, 'that said nothing of its deliveries');
  deliver(done);
  assert.deepEqual([breakers.held('acme'), breakers.known('acme')], [null, true]);
});

for (const code of ['role-refused', 'destination-refused'] as const) {
  test(`${code} opens the circuit: nobody tries for two minutes, and the reason is told`, () => {
    const { breakers, now, changes, deliver } = setUpBreakers();
    const { report: told } = deliver(failed(code));
    assert.equal(told.lines[0]?.retryAfterMs, 120_000);
    assert.deepEqual(changes, [`acme/cloudwatch open: ${code}`]);
    now.ms += 119_999;
    assert.deepEqual(breakers.held('acme'), [
      { type: 'cloudwatch', kind: 'held', code, message: `it is ${code}`, retryAfterMs: 1 },
    ]);
    assert.deepEqual(breakers.list(), [
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
    assert.equal(breakers.held('acme'), null);
  });
}

test('trouble of ours leaves the circuit closed', () => {
  const { breakers, deliver } = setUpBreakers();
  for (const code of ['ledger-unavailable', 'copy-interrupted', 'unexpected', 'stopping'] as const) {
    deliver(failed(code));
  }
  assert.deepEqual([breakers.held('acme'), breakers.list()], [null, []]);
});

test('what does not answer is probed after five seconds, then after twice as long each time, up to PROBE_SECONDS', () => {
  const { now, changes, deliver } = setUpBreakers();
  const waits: number[] = [];
  for (let n = 0; n < 7; n++) {
    waits.push(deliver(unavailable).report.lines[0]?.retryAfterMs ?? 0);
    now.ms += waits.at(-1) ?? 0;
  }
  assert.deepEqual(waits, [5_000, 10_000, 20_000, 40_000, 80_000, 120_000, 120_000]);
  deliver(doneThere);
  assert.deepEqual(changes, [
    'acme/cloudwatch open: destination-unavailable',
    'acme/cloudwatch closed: destination-unavailable',
  ]);
});

test('any object that is answered closes a circuit that opened for want of an answer', () => {
  const { breakers, deliver } = setUpBreakers();
  const late = breakers.enter('acme');
  deliver(unavailable);
  late.leave(report(doneThere));
  assert.deepEqual(breakers.list(), []);
});

test('a tenant whose first call has no answer yet is not known for it', () => {
  const { breakers, fallSilent } = setUpBreakers();
  fallSilent('acme');
  assert.equal(breakers.known('acme'), false);
});

test('while a call of an object has no answer, no other object of its delivery begins', () => {
  const { breakers, now, states, fallSilent } = setUpBreakers();
  const pass = fallSilent('acme');
  const [held] = breakers.held('acme') ?? [];
  assert.deepEqual([held?.code, held?.retryAfterMs, states()], ['answer-awaited', 1_000, ['cloudwatch unanswered']]);
  assert.match(held?.message ?? '', /^CloudWatch Logs in eu-west-1 has not answered since 2026-01-31T11:59:59.700Z/);
  now.ms += 7_000;
  assert.equal(breakers.held('acme')?.[0]?.retryAfterMs, 7_300);
  now.ms += 60_000;
  assert.equal(breakers.held('acme')?.[0]?.retryAfterMs, 15_000);
  pass.answered('cloudwatch');
  assert.deepEqual([breakers.held('acme'), states()], [null, []]);
});

test('people hear of a call that has had no answer for seconds once, and of the answer', () => {
  const { changes, fallSilent } = setUpBreakers();
  const pass = fallSilent('acme');
  assert.deepEqual(changes, []);
  for (const forMs of [5_000, 9_000]) pass.unanswered({ type: 'cloudwatch', place: LOGS_PLACE, forMs });
  assert.deepEqual(changes, ['acme/cloudwatch unanswered: answer-awaited']);
  pass.answered('cloudwatch');
  assert.deepEqual(changes.slice(1), ['acme/cloudwatch answered: answer-awaited']);
});

test('an object that ends without its answer opens the circuit, which counts from the first call', () => {
  const { breakers, now, fallSilent } = setUpBreakers();
  const pass = fallSilent('acme', 5_000);
  now.ms += 25_000;
  pass.leave(report(unavailable));
  const [trouble] = breakers.list();
  assert.deepEqual([trouble?.state, trouble?.sinceMs], ['open', NOON_MS - 5_000]);
});

test('while several are silent, a tenant without an answer since is on trial, until it has one', () => {
  const { breakers, now, fallSilent } = setUpBreakers();
  for (const tenant of ['well', 'rare']) breakers.enter(tenant).leave(report(doneThere));
  now.ms += 1_000;
  fallSilent('a');
  fallSilent('b');
  assert.equal(breakers.onTrial('rare'), false, 'two have each their own trouble');
  breakers.enter('well').leave(report(doneThere));
  const last = fallSilent('c');
  assert.deepEqual(
    ['well', 'rare', 'unknown', 'a'].map((tenant) => breakers.onTrial(tenant)),
    [false, true, true, true],
  );
  breakers.answered('rare');
  assert.equal(breakers.onTrial('rare'), false);
  last.answered('cloudwatch');
  assert.equal(breakers.onTrial('c'), false);
});

test('a tenant found silent that had no answer anyway does not put the others on trial again', () => {
  const { breakers, now, fallSilent } = setUpBreakers();
  for (const tenant of ['well', 'late']) breakers.enter(tenant).leave(report(doneThere));
  now.ms += 1_000;
  for (const tenant of ['a', 'b', 'c']) fallSilent(tenant);
  now.ms += 1_000;
  breakers.answered('well');
  now.ms += 1_000;
  fallSilent('late');
  assert.equal(breakers.onTrial('well'), false);
  breakers.answered('a');
  now.ms += 1_000;
  fallSilent('a');
  assert.equal(breakers.onTrial('well'), true, 'this one answered in between: something has happened anew');
});

test('nobody is on trial once nobody is silent', () => {
  const { breakers, fallSilent } = setUpBreakers();
  const silent = ['a', 'b', 'c'].map((tenant) => fallSilent(tenant));
  assert.equal(breakers.onTrial('other'), true);
  for (const pass of silent) pass.answered('cloudwatch');
  assert.equal(breakers.onTrial('other'), false);
});

test('one probe at a time: while it is on its way everybody else waits', () => {
  const { breakers, now, deliver, states } = setUpBreakers();
  deliver(refused);
  now.ms += 120_000;
  const probe = breakers.enter('acme');
  assert.deepEqual([probe.held, states()], [[], ['cloudwatch probing']]);
  assert.notEqual(breakers.held('acme'), null);
  assert.deepEqual(breakers.enter('acme').held, ['cloudwatch']);
  probe.leave(report(done));
  assert.deepEqual([breakers.held('acme'), states()], [null, []]);
});

test('a probe that is refused makes the next one wait twice as long, ten minutes at most', () => {
  const { breakers, now, changes, deliver } = setUpBreakers();
  const waits: number[] = [];
  for (let n = 0; n < 5; n++) {
    const { report: told } = deliver(refused);
    waits.push(told.lines[0]?.retryAfterMs ?? 0);
    now.ms += waits.at(-1) ?? 0;
  }
  assert.deepEqual(waits, [120_000, 240_000, 480_000, 600_000, 600_000]);
  assert.equal(breakers.list()[0]?.sinceMs, NOON_MS);
  assert.deepEqual(changes, ['acme/cloudwatch open: role-refused'], 'it opened once');
});

test('a probe that is accepted closes the circuit, and what opens it again begins anew', () => {
  const { now, changes, deliver } = setUpBreakers();
  deliver(refused);
  now.ms += 120_000;
  deliver(refused);
  now.ms += 240_000;
  deliver(done);
  assert.deepEqual(changes, ['acme/cloudwatch open: role-refused', 'acme/cloudwatch closed: role-refused']);
  assert.equal(deliver(refused).report.lines[0]?.retryAfterMs, 120_000);
});

test('a probe that came to no answer leaves the next object to be one', () => {
  const { breakers, now, deliver, states } = setUpBreakers();
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
    assert.deepEqual([breakers.held('acme'), states()], [null, ['cloudwatch open']]);
  }
  const lost = breakers.enter('acme');
  lost.leave(report(failed('worker-lost', { type: '' })));
  assert.equal(breakers.held('acme'), null);
});

test('objects that were on their way when the circuit opened change nothing of it', () => {
  const { breakers, now, deliver } = setUpBreakers();
  const [late, later] = [breakers.enter('acme'), breakers.enter('acme')];
  deliver(refused);
  now.ms += 60_000;
  late.leave(report(refused));
  later.leave(report(done));
  assert.equal(breakers.list()[0]?.againAtMs, NOON_MS + 120_000);
});

test('a delivery of several has a circuit of its own: the others go on, and the object is told why it is left out', () => {
  const { breakers, now, deliver } = setUpBreakers();
  const audit = (kind: ReportLine['kind'], more: Partial<ReportLine> = {}) => line(kind, { type: 's3#audit', ...more });
  deliver(done, audit('failed', { code: 'destination-refused', message: 'no bucket' }));
  assert.equal(breakers.held('acme'), null, 'the other delivery may be tried');
  now.ms += 20_000;
  const { held, report: told } = deliver(done, audit('held'));
  assert.deepEqual(held, ['s3#audit']);
  assert.deepEqual(told.lines, [
    done,
    { type: 's3#audit', kind: 'held', code: 'destination-refused', message: 'no bucket', retryAfterMs: 100_000 },
  ]);
  now.ms += 100_000;
  deliver(done, audit('done', { accepted: true }));
  assert.deepEqual(breakers.list(), []);
});

test('an object that was left out keeps its reason when the circuit has closed meanwhile, and may come back at once', () => {
  const { breakers, now, deliver } = setUpBreakers();
  const audit = line('done', { type: 's3#audit', accepted: true });
  deliver(refused, audit);
  const other = breakers.enter('acme');
  now.ms += 120_000;
  deliver(done, audit);
  assert.deepEqual(other.leave(report(line('held'), audit)).lines, [
    { type: 'cloudwatch', kind: 'held', code: 'role-refused', message: 'it is role-refused', retryAfterMs: 0 },
    audit,
  ]);
});

test('a delivery that was switched off or removed takes its circuit along', () => {
  const { breakers, deliver, now } = setUpBreakers();
  deliver(refused, line('done', { type: 'cloudwatch#b', accepted: true }));
  now.ms += 120_000;
  deliver(line('skipped'), line('done', { type: 'cloudwatch#b', accepted: true }));
  assert.deepEqual(breakers.list(), []);
  deliver(refused, line('done', { type: 'cloudwatch#b', accepted: true }));
  deliver(line('done', { type: 'cloudwatch#b', accepted: true }));
  assert.deepEqual(breakers.list(), []);
});

test("an object that is for one delivery alone leaves the others' circuits as they are, and is nobody else's probe", () => {
  const { breakers, now, changes, deliver, states } = setUpBreakers();
  const audit = line('done', { type: 's3#audit', accepted: true });
  deliver(refused, audit);
  now.ms += 120_000;
  breakers.enter('acme', 's3#audit').leave(report(audit));
  assert.deepEqual([states(), changes], [['cloudwatch open'], ['acme/cloudwatch open: role-refused']]);
  const probe = breakers.enter('acme');
  assert.deepEqual([states(), breakers.enter('acme', 's3#audit').held], [['cloudwatch probing'], []]);
  probe.leave(report(refused, audit));
  assert.equal(breakers.held('acme'), null, 'the audit delivery may be tried');
  assert.deepEqual(
    breakers.held('acme', 'cloudwatch')?.map(({ type, retryAfterMs }) => [type, retryAfterMs]),
    [['cloudwatch', 240_000]],
  );
  assert.equal(breakers.held('acme', 's3#audit'), null);
});

test('a throttled destination is held until it may be called again', () => {
  const { breakers, now, deliver, states } = setUpBreakers();
  deliver(throttled(3_000, true));
  assert.deepEqual(states(), ['cloudwatch throttled']);
  assert.equal(breakers.held('acme')?.[0]?.retryAfterMs, 3_000);
  now.ms += 3_000;
  assert.deepEqual([breakers.held('acme'), states()], [null, []]);
});

test('a destination that throttles every call is asked less and less often, until it accepts something', () => {
  const { now, deliver } = setUpBreakers();
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
  const { breakers } = setUpBreakers();
  for (let n = 0; n < 20_000; n++) breakers.enter(`t${n}`).leave(report(done));
  for (const tenant of ['t0', 't20000']) breakers.enter(tenant).leave(report(done));
  assert.deepEqual(
    ['t0', 't1', 't2', 't20000'].map((tenant) => breakers.known(tenant)),
    [true, false, true, true],
  );
});
