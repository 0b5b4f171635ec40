import assert from 'node:assert/strict';
import { test } from 'node:test';
import { doneThere, failed, line, report, setUpBreakers, unavailable } from '../../../support/circuit-breakers.ts';
import { LOGS_PLACE, STS_PLACE } from '../../../support/places.ts';

/** Regions and STS that answer nobody: one trouble for many tenants. */

test('a region that answers nobody is one trouble: one probe for all, and all may try when it is answered', () => {
  const { breakers, now, places, fallSilent } = setUpBreakers();
  breakers.enter('well').leave(report(doneThere));
  now.ms += 1_000;
  for (const tenant of ['a', 'b', 'c']) fallSilent(tenant, 500).leave(report(unavailable));
  assert.deepEqual(places, ['logs in eu-west-1 open']);
  assert.match(
    breakers.held('well')?.[0]?.message ?? '',
    /^CloudWatch Logs in eu-west-1 has not answered 3 tenants since/,
  );
  now.ms += 5_000;
  const probe = breakers.enter('well');
  assert.deepEqual([probe.held, probe.probes], [[], ['logs/eu-west-1']]);
  for (const tenant of ['a', 'b', 'c']) assert.equal(breakers.held(tenant)?.[0]?.code, 'destination-unavailable');
  probe.leave(report(doneThere));
  assert.deepEqual(places.slice(1), ['logs in eu-west-1 closed']);
  for (const tenant of ['a', 'b', 'c', 'well']) assert.equal(breakers.held(tenant), null, tenant);
});

test('a late answer or two say nothing of a region; five seconds without any do', () => {
  const { places, fallSilent } = setUpBreakers();
  const passes = ['a', 'b', 'c', 'd'].map((tenant) => fallSilent(tenant, 4_999));
  assert.deepEqual(places, []);
  for (const pass of passes) pass.unanswered({ type: 'cloudwatch', place: LOGS_PLACE, forMs: 5_000 });
  assert.deepEqual(places, ['logs in eu-west-1 open']);
});

test('STS that does not answer holds those who need it, and one object asks for all', () => {
  const { breakers, now, places } = setUpBreakers();
  const unassumed = failed('role-unavailable', { place: STS_PLACE });
  now.ms += 1_000;
  for (const tenant of ['a', 'b', 'c']) breakers.enter(tenant).leave(report(unassumed));
  breakers.enter('well').leave(report(doneThere));
  assert.deepEqual([places, breakers.held('well')], [['sts in us-east-1 open'], null]);
  assert.equal(breakers.held('a')?.[0]?.code, 'role-unavailable');
  now.ms += 7_000;
  const probe = breakers.enter('a');
  assert.deepEqual(probe.probes, ['sts/us-east-1']);
  assert.notEqual(breakers.held('b'), null);
  probe.leave(report(failed('role-refused', { place: STS_PLACE })));
  assert.equal(breakers.held('b'), null, 'who refuses is there');
});

test('STS answers again when the probe has reached its destination with a new session, and all may try', () => {
  for (const end of [doneThere, unavailable, failed('destination-refused', { place: LOGS_PLACE })]) {
    const { breakers, now, places } = setUpBreakers();
    const unassumed = failed('role-unavailable', { place: STS_PLACE });
    now.ms += 1_000;
    for (const tenant of ['a', 'b', 'c']) breakers.enter(tenant).leave(report(unassumed));
    now.ms += 7_000;
    const probe = breakers.enter('a');
    assert.deepEqual(probe.probes, ['sts/us-east-1']);
    probe.leave(report(end));
    assert.deepEqual(places, ['sts in us-east-1 open', 'sts in us-east-1 closed']);
    assert.equal(breakers.held('b'), null, end.kind);
  }
});

test('an object that had its session before says nothing of STS', () => {
  const { breakers, now, places } = setUpBreakers();
  const unassumed = failed('role-unavailable', { place: STS_PLACE });
  const atWork = breakers.enter('a');
  now.ms += 1_000;
  for (const tenant of ['a', 'b', 'c', 'd']) breakers.enter(tenant).leave(report(unassumed));
  atWork.leave(report(doneThere));
  assert.deepEqual(places, ['sts in us-east-1 open']);
  assert.notEqual(breakers.held('d'), null);
});

test('an object that delivers nothing has asked nobody: the next one is the probe', () => {
  const { breakers, now, places } = setUpBreakers();
  const unassumed = failed('role-unavailable', { place: STS_PLACE });
  now.ms += 1_000;
  for (const tenant of ['a', 'b', 'c']) breakers.enter(tenant).leave(report(unassumed));
  now.ms += 7_000;
  breakers.enter('a').leave(report(line('done', { accepted: false, place: LOGS_PLACE })));
  assert.deepEqual(places, ['sts in us-east-1 open']);
  assert.deepEqual(breakers.enter('b').probes, ['sts/us-east-1']);
});

test('an answer of STS that is late is an answer of STS, whatever region the logs are in', () => {
  const { breakers, now, places } = setUpBreakers();
  now.ms += 1_000;
  const passes = ['a', 'b', 'c'].map((tenant) => breakers.enter(tenant));
  for (const pass of passes) pass.unanswered({ type: 'cloudwatch', place: STS_PLACE, forMs: 5_000 });
  assert.deepEqual(places, ['sts in us-east-1 open']);
  now.ms += 1_000;
  passes[0]?.answered('cloudwatch');
  assert.deepEqual(places, ['sts in us-east-1 open', 'sts in us-east-1 closed']);
});
