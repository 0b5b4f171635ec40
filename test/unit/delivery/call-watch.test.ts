import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createAnswerTimes } from '../../../service/delivery/answer-times.ts';
import { createCallWatch, type HeldPlace } from '../../../service/delivery/call-watch.ts';
import { LOGS_PLACE, STS_PLACE } from '../../support/places.ts';

const DESTINATION = 'logs/1/eu-west-1';

function setUp(t: TestContext, { probes = [] as string[] } = {}) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const now = { ms: 0 };
  const told: string[] = [];
  const heldPlaces = new Map<string, HeldPlace>();
  const answerTimes = createAnswerTimes();
  const watch = createCallWatch({
    unanswered: ({ type, place, forMs, fault }) =>
      told.push(`${type} ${place.service.id} ${forMs} ${fault ?? ''}`.trim()),
    answered: (type) => told.push(`${type} answered`),
    answerTimes,
    heldPlaces,
    probes: new Set(probes),
    nowMs: () => now.ms,
  });
  const pass = (ms: number) => {
    now.ms += ms;
    t.mock.timers.tick(ms);
  };
  const begin = () => watch.begin('cloudwatch', LOGS_PLACE, DESTINATION);
  return { watch, answerTimes, told, heldPlaces, pass, begin };
}

test('an answer in time is nothing to tell of', (t) => {
  const { told, pass, begin } = setUp(t);
  using call = begin();
  call.asked();
  pass(299);
  call.answered();
  pass(60_000);
  assert.deepEqual(told, []);
});

test('a call without an answer is told of at once, and for people after five seconds', (t) => {
  const { told, pass, begin } = setUp(t);
  using call = begin();
  call.asked();
  pass(300);
  assert.deepEqual(told, ['cloudwatch logs 300']);
  pass(4_699);
  assert.equal(told.length, 1);
  pass(1);
  pass(60_000);
  assert.deepEqual(told, ['cloudwatch logs 300', 'cloudwatch logs 5000']);
  call.answered();
  assert.equal(told.at(-1), 'cloudwatch answered');
});

test('a failure is told of without waiting, once, with its name; its repetitions count from the first', (t) => {
  const { told, pass, begin } = setUp(t);
  using call = begin();
  call.asked();
  pass(10);
  call.failed('ECONNRESET');
  pass(990);
  call.asked();
  call.failed('ServiceUnavailableException');
  pass(4_000);
  assert.deepEqual(told, ['cloudwatch logs 10 ECONNRESET', 'cloudwatch logs 5000 ServiceUnavailableException']);
});

test('the trouble of an object ends when the last of its calls is answered', (t) => {
  const { told, pass, begin } = setUp(t);
  using first = begin();
  using second = begin();
  first.asked();
  second.asked();
  pass(300);
  first.answered();
  assert.equal(told.length, 2);
  second.answered();
  assert.deepEqual(told.slice(2), ['cloudwatch answered']);
});

test('while other calls find out what became of a call, it waits for no answer, and its object stays where it is', (t) => {
  const { told, pass, begin, answerTimes } = setUp(t);
  using call = begin();
  call.asked();
  pass(10);
  call.failed('ECONNRESET');
  call.suspended();
  pass(20_000);
  assert.deepEqual(told, ['cloudwatch logs 10 ECONNRESET']);
  const overdueMs = answerTimes.overdueMs(DESTINATION);
  call.answered();
  assert.deepEqual(told.slice(1), ['cloudwatch answered']);
  assert.equal(answerTimes.overdueMs(DESTINATION), overdueMs, 'nobody knows how long its answer would have taken');
});

test('and the next request begins anew', (t) => {
  const { told, pass, begin } = setUp(t);
  using call = begin();
  call.asked();
  call.failed('ECONNRESET');
  call.suspended();
  pass(20_000);
  call.asked();
  pass(300);
  assert.deepEqual(told, ['cloudwatch logs 0 ECONNRESET', 'cloudwatch logs 300 ECONNRESET']);
});

test('a call that ends without an answer leaves it to the report of its object to say so', (t) => {
  const { told, pass, begin } = setUp(t);
  {
    using call = begin();
    call.asked();
    pass(300);
  }
  pass(60_000);
  assert.deepEqual(told, ['cloudwatch logs 300']);
});

test('a place that does not answer is not called, except by the probe', (t) => {
  const { watch, heldPlaces } = setUp(t, { probes: ['logs/us-east-1'] });
  watch.admit(LOGS_PLACE);
  const held = { message: 'nobody was answered', retryAfterMs: 4_000 };
  for (const key of ['logs/eu-west-1', 'sts/us-east-1', 'logs/us-east-1']) heldPlaces.set(key, held);
  assert.throws(() => watch.admit(LOGS_PLACE), {
    code: 'destination-unavailable',
    message: 'CloudWatch Logs in eu-west-1: nobody was answered',
    retryAfterMs: 4_000,
  });
  assert.throws(() => watch.admit(STS_PLACE), { code: 'role-unavailable' });
  watch.admit({ ...LOGS_PLACE, region: 'us-east-1' });
  heldPlaces.clear();
  watch.admit(LOGS_PLACE);
});
