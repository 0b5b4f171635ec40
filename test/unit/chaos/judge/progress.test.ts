import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PROGRESS_STREAM } from '../../../../service/core/progress-event.ts';
import type { ProcessEnd } from '../../../chaos/fleet.ts';
import type { Evidence } from '../../../chaos/judge/evidence.ts';
import { judge } from '../../../chaos/judge/judge.ts';
import { tenantsWith } from '../../../chaos/tenants-with.ts';
import { ACCOUNT, createScene, DELIVERY, GROUP, KILL, OBJECT, TERM } from './scene.ts';

const START_MS = Date.UTC(2026, 0, 31, 12);
const SECOND = 1_000;

interface Saying {
  readonly by?: string;
  /** Since the start. */
  readonly atSeconds: number;
  readonly upToSeconds: number;
  readonly delivered?: number;
  readonly answered?: boolean;
  readonly change?: Readonly<Record<string, unknown>>;
}

/** A tenant that is told how far it is; its object is put ten seconds after the start. */
function createTold(putSeconds = 10) {
  const scene = createScene();
  const { events, put } = scene;
  const run = (name: string, end: ProcessEnd, startedSeconds: number, struckSeconds: number) => {
    const process = scene.process(name, end);
    const startedMs = START_MS + startedSeconds * SECOND;
    const struckMs = START_MS + struckSeconds * SECOND;
    Object.assign(process, { startedMs, struckMs, endedMs: struckMs + SECOND });
  };
  const say = ({ by = 'p0', atSeconds, upToSeconds, delivered = 0, answered = true, change = {} }: Saying) => {
    const atMs = START_MS + atSeconds * SECOND;
    const requestId = put([], { by, answered, atMs });
    const message = JSON.stringify({
      TenantId: 'acme-corp',
      Delivery: 'cloudwatch',
      DeliveredUpTo: new Date(START_MS + upToSeconds * SECOND).toISOString(),
      EventsDelivered: delivered,
      EventsRejected: 0,
      EventsQuarantined: 0,
      ...change,
    });
    const [event] = [{ account: ACCOUNT, region: 'us-east-1', group: GROUP, stream: PROGRESS_STREAM }];
    events.push({ ...event, timestamp: atMs, message, requestId });
  };
  const tenants = tenantsWith({ exactlyOnce: [], progress: ['acme-corp'], rejected: [], copied: [] });
  const putMs = new Map([[0, START_MS + putSeconds * SECOND]]);
  const acquisitions = [{ process: 'p0', object: OBJECT, delivery: DELIVERY, order: 0 }];
  const evidence = (more: Partial<Evidence> = {}) => scene.evidence({ tenants, putMs, acquisitions, ...more });
  return { ...scene, run, say, evidence, verdict: () => judge(evidence()) };
}

test('progress events are no payload, and what they say is compared with what is delivered', () => {
  const { records, run, say, put, verdict } = createTold();
  run('p0', TERM, 0, 100);
  say({ atSeconds: 12, upToSeconds: 9 });
  put(records);
  say({ atSeconds: 14, upToSeconds: 13 });
  say({ atSeconds: 100, upToSeconds: 99, delivered: 2 });
  const { progress, claims, misrouted, duplicated, findings } = verdict();
  assert.deepEqual([progress, claims, misrouted, duplicated, findings], [3, 2, 0, 0, []]);
});

test('a progress event elsewhere than where it is due is misrouted, and so is any of a tenant that wants none', () => {
  const elsewhere = createTold();
  elsewhere.run('p0', TERM, 0, 100);
  elsewhere.put(elsewhere.records);
  elsewhere.say({ atSeconds: 100, upToSeconds: 99, delivered: 2 });
  const [told] = elsewhere.events.slice(-1);
  assert.ok(told);
  elsewhere.events.push({ ...told, group: `${GROUP}/other` }, { ...told, stream: 'another' });
  assert.equal(elsewhere.verdict().misrouted, 2);

  const unasked = createTold();
  unasked.run('p0', TERM, 0, 100);
  unasked.put(unasked.records);
  unasked.say({ atSeconds: 100, upToSeconds: 99, delivered: 2 });
  assert.equal(
    judge(unasked.evidence({ tenants: tenantsWith({ exactlyOnce: [], progress: [], rejected: [], copied: [] }) }))
      .misrouted,
    1,
  );
});

test('who tells that more is delivered than is, is found', () => {
  const { records, run, say, put, verdict } = createTold();
  run('p0', TERM, 0, 100);
  say({ atSeconds: 14, upToSeconds: 13 });
  put(records);
  say({ atSeconds: 100, upToSeconds: 99, delivered: 2 });
  const [finding = '', ...others] = verdict().findings;
  assert.match(finding, /^told to be delivered up to .* by p0, and is not: /);
  assert.deepEqual(others, []);
});

test('the least of what all processes say is what is told, and one that says nothing says no more than that', () => {
  for (const [other, wrong] of [
    [[11, 15], 1],
    [[9, 15], 0],
    [[11, 9], 0],
    [[11], 0],
  ] as const) {
    const { records, run, say, put, verdict } = createTold();
    run('p0', TERM, 0, 100);
    run('p1', TERM, 0, 100);
    const [before, after] = other;
    say({ by: 'p1', atSeconds: 12, upToSeconds: before + 1 });
    say({ by: 'p0', atSeconds: 14, upToSeconds: 13 });
    if (after !== undefined) say({ by: 'p1', atSeconds: 16, upToSeconds: after });
    put(records);
    // What is told from here on is so.
    say({ by: 'p0', atSeconds: 100, upToSeconds: 99, delivered: 2 });
    assert.equal(verdict().findings.length, wrong, verdict().findings.join());
  }
});

test('what a process had that ended is left out until its messages are back, and what was put later is not', () => {
  for (const [putSeconds, atSeconds, hiddenSeconds, wrong] of [
    [10, 16, 0, 0],
    [13, 16, 0, 1],
    [10, 18, 0, 1],
    [10, 18, 15, 0],
    [10, 21, 15, 1],
  ] as const) {
    const { records, run, say, put, evidence } = createTold(putSeconds);
    run('p1', KILL, 0, 11);
    run('p0', TERM, 0, 100);
    say({ by: 'p0', atSeconds, upToSeconds: 15 });
    put(records);
    say({ by: 'p0', atSeconds: 100, upToSeconds: 99, delivered: 2 });
    const hiddenUntilMs = new Map([['p1', START_MS + hiddenSeconds * SECOND]]);
    const { findings } = judge(evidence({ hiddenUntilMs }));
    assert.equal(findings.length, wrong, findings.join());
  }
});

for (const [what, change] of [
  ['of another delivery', { Delivery: 'cloudwatch#audit' }],
  ['of another tenant', { TenantId: 'globex' }],
  ['of the future', { DeliveredUpTo: new Date(START_MS + 200 * SECOND).toISOString() }],
  ['without a count', { EventsRejected: undefined }],
] as const) {
  test(`a progress event ${what} is found`, () => {
    const { records, run, say, put, verdict } = createTold();
    run('p0', TERM, 0, 100);
    put(records);
    say({ atSeconds: 50, upToSeconds: 49, change });
    say({ atSeconds: 100, upToSeconds: 99, delivered: 2 });
    const { findings } = verdict();
    assert.equal(findings.length, 1);
    assert.match(findings[0] ?? '', /^a progress event of acme-corp\/cloudwatch /);
  });
}

for (const [what, end, halted, told, wrong] of [
  ['too many', TERM, false, [{ delivered: 2 }, { delivered: 1 }], 1],
  ['too many of a process that was halted', TERM, true, [{ delivered: 2 }, { delivered: 1 }], 0],
  ['twice what nobody heard an answer of', TERM, false, [{ delivered: 2, answered: false }, { delivered: 2 }], 0],
  ['too few', TERM, false, [{ delivered: 1 }, { delivered: 0 }], 1],
  ['too few of a process that was killed', KILL, false, [{ delivered: 1 }, { delivered: 0 }], 0],
  ['too few of a process that could not tell the rest', TERM, false, [{ delivered: 1 }, { answered: false }], 0],
] as const) {
  test(`counts that are ${what} are ${wrong ? 'found' : 'excused'}`, () => {
    const { records, run, say, put, verdict, evidence } = createTold();
    run('p0', end, 0, 99);
    put(records);
    const [first, last] = told;
    say({ atSeconds: 90, upToSeconds: 89, ...first });
    say({ atSeconds: 100, upToSeconds: 99, ...last });
    for (const process of evidence().processes) process.halted = halted;
    assert.equal(verdict().findings.length, wrong);
  });
}
