import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addBooks, type Books, encodeBooks, HOUR_MS, NO_BOOKS } from '../../../service/core/books.ts';
import { digestOf } from '../../../service/core/digest.ts';
import type { FleetProcess, ProcessEnd } from '../../chaos/fleet.ts';
import { CHUNK_BYTES_MAX, type Evidence, type FoundEvent, judge, type LedgerItem } from '../../chaos/judge.ts';
import type { Nature, TrueRecord } from '../../chaos/objects.ts';
import { outcomeOf } from '../../chaos/summary.ts';
import { EUROPE, HOME, TENANTS, withExactlyOnce } from '../../chaos/tenants.ts';

const ACCOUNT = '111111111111';
const GROUP = '/tenant-logs/acme-corp';
const STREAM = 'eu-1-prod-1970-01-01';
const OBJECT = 's3://b/k#e';
const DELIVERY = 'acme-corp/cloudwatch';

const recordOf = (at: number, nature: Nature = 'good', length = 0): TrueRecord => ({
  timestamp: 1_000 + at,
  message: `${'x'.repeat(length)}line ~0.${at}`,
  application: 'app',
  level: 'info',
  podName: 'pod-1',
  nature,
});

/** Who made a call: a process that was ended like this, or whose answer was lost. */
interface Call {
  readonly by?: string;
  readonly answered?: boolean;
  readonly atMs?: number;
}

/** With each of the records once, in one stream. */
function booksOf(records: readonly TrueRecord[], stream = STREAM): Books {
  return records
    .map(({ message, timestamp }): Books => {
      const bytes = Buffer.from(message);
      const place = { group: GROUP, stream, hour: Math.floor(timestamp / HOUR_MS) };
      return {
        cells: [{ ...place, events: 1, bytes: bytes.length, digest: digestOf(bytes, timestamp) }],
        covered: true,
      };
    })
    .reduce(addBooks, NO_BOOKS);
}

/** A trial in which all went well, of an object with these records. */
function createScene(records: readonly TrueRecord[] = [recordOf(0), recordOf(1)]) {
  const events: FoundEvent[] = [];
  const puts = new Map<string, Evidence['puts'] extends ReadonlyMap<string, infer P> ? P : never>();
  const processes: FleetProcess[] = [];
  let order = 1;

  const process = (name: string, end: ProcessEnd | undefined, halted = false) => {
    processes.push({ name, place: 0, halted, end });
  };
  const put = (which: readonly TrueRecord[], { by = 'p0', answered = true, atMs = 0 }: Call = {}) => {
    const requestId = `call ${puts.size}`;
    puts.set(requestId, { process: by, order: order++, atMs, answered });
    for (const { timestamp, message } of which)
      events.push({ account: ACCOUNT, region: HOME, group: GROUP, stream: STREAM, timestamp, message, requestId });
    return requestId;
  };
  const counts = { read: records.length, delivered: records.length, filtered: 0, rejected: 0, quarantined: 0 };
  const books = encodeBooks(booksOf(records.filter(({ nature }) => nature === 'good')));
  const item: LedgerItem = { object: OBJECT, delivery: DELIVERY, state: 'done', counts, books, receipt: 1 };
  const evidence = (more: Partial<Evidence> = {}): Evidence => ({
    objects: [{ number: 0, tenantId: 'acme-corp', id: OBJECT, records }],
    tenants: TENANTS,
    events,
    puts,
    acquisitions: processes.map(({ name }) => ({
      process: name,
      object: OBJECT,
      delivery: DELIVERY,
      order: ([...puts.values()].find((one) => one.process === name)?.order ?? 1) - 0.5,
    })),
    processes,
    callsOutliveHalts: true,
    receipted: true,
    requestTimeoutMs: 10_000,
    ledger: [item],
    quarantine: [],
    garbage: [],
    deadLetters: [],
    queued: 0,
    ...more,
  });
  return { records, events, process, put, item, evidence };
}

const TERM: ProcessEnd = { blow: 'SIGTERM', status: 0 };
const KILL: ProcessEnd = { blow: 'SIGKILL', status: null };

test('a trial in which every event arrived once is clean', () => {
  const { records, process, put, evidence } = createScene();
  process('p0', TERM);
  put(records);
  assert.deepEqual(judge(evidence()), {
    events: 2,
    lost: 0,
    misrouted: 0,
    duplicated: 0,
    duplicated_once: 0,
    duplicated_late: 0,
    duplicated_after_term: 0,
    unexplained: 0,
    duplicated_max_per_kill: 0,
    duplicated_bytes_max_per_kill_and_object: 0,
    unaccounted: 0,
    findings: [],
    unfinished: [],
  });
});

test('while messages are in the queue, what is missing is not ended instead of lost; what is wrong stays wrong', () => {
  const { records, events, process, put, item, evidence } = createScene();
  process('p0', TERM);
  put(records.slice(1));
  const late = evidence({ queued: 1, ledger: [{ ...item, state: 'open' }], garbage: ['not yet a dead letter'] });
  const { lost, unaccounted, findings, unfinished } = judge(late);
  assert.deepEqual([lost, unaccounted, findings], [0, 0, []]);
  assert.equal(unfinished[0], '1 messages are in the queue');
  assert.ok(unfinished.includes(`not done: ${OBJECT} for ${DELIVERY}`), unfinished.join('\n'));
  assert.equal(outcomeOf({ findings, unfinished, short: [] }), 'not ended');

  for (const event of events) Object.assign(event, { account: '999999999999' });
  const misrouted = judge(late);
  assert.equal(misrouted.misrouted, 1);
  assert.equal(outcomeOf({ ...misrouted, short: ['1 of 4 blows fell'] }), 'failed');
});

test('an event that is not there is lost', () => {
  const { records, process, put, evidence } = createScene();
  process('p0', TERM);
  put(records.slice(1));
  const { lost, findings } = judge(evidence());
  assert.equal(lost, 1);
  assert.match(findings[0] ?? '', /^lost: record 0 of s3:\/\/b\/k#e for acme-corp\/cloudwatch$/);
});

for (const [what, change] of [
  ['in another account', { account: '222222222222' }],
  ['in a group beside the delivery’s', { group: `${GROUP}-other` }],
  ['in a group below the delivery’s', { group: `${GROUP}/app` }],
  ['in another stream', { stream: 'eu-1-prod-1970-01-02' }],
  ['in another region', { region: EUROPE }],
  ['with another time', { timestamp: 7 }],
  ['with another text', { message: 'something else ~0.0' }],
  ['without a mark', { message: 'something else' }],
  ['of an object that is none', { message: 'line ~9.0' }],
] as const) {
  test(`an event ${what} is misrouted`, () => {
    const { records, events, process, put, evidence } = createScene();
    process('p0', TERM);
    put(records);
    const [first] = events;
    if (first) events.push({ ...first, ...change });
    const { misrouted, findings } = judge(evidence());
    assert.equal(misrouted, 1);
    assert.match(findings[0] ?? '', /^misrouted: /);
  });
}

test('an event that a filter should have dropped is misrouted', () => {
  const { process, put, evidence } = createScene([recordOf(0, 'foreign'), recordOf(1)]);
  process('p0', TERM);
  put([recordOf(0), recordOf(1)]);
  assert.equal(judge(evidence()).misrouted, 1);
});

const SECOND: ProcessEnd = { blow: 'SECOND', status: 1 };

for (const [what, first, call, expected] of [
  ['after a kill is explained', KILL, {}, {}],
  ['after a second signal is explained', SECOND, {}, {}],
  ['after a second signal that came too late', { ...SECOND, status: 0 }, {}, { duplicated_after_term: 2 }],
  ['after SIGTERM is wrong', TERM, {}, { duplicated_after_term: 2 }],
  ['of a call whose answer was lost is explained, even after SIGTERM', TERM, { answered: false }, {}],
] as const) {
  test(`a copy ${what}`, () => {
    const { records, process, put, evidence } = createScene();
    process('p0', first);
    process('p1', TERM);
    put(records, { by: 'p0', ...call });
    put(records, { by: 'p1' });
    const verdict = judge(evidence());
    const { duplicated, duplicated_after_term, unexplained, findings } = verdict;
    assert.equal(duplicated, 2);
    assert.deepEqual({ duplicated_after_term, unexplained }, { duplicated_after_term: 0, unexplained: 0, ...expected });
    assert.equal(findings.length, Object.keys(expected).length * 2);
    const silent = first !== TERM && first.status !== 0 && call !== undefined;
    assert.equal(verdict.duplicated_max_per_kill, silent ? 2 : 0);
  });
}

test('a copy of what a process that was halted had sent is explained', () => {
  const { records, process, put, evidence } = createScene();
  process('p0', TERM, true);
  process('p1', TERM);
  put(records, { by: 'p0' });
  put(records, { by: 'p1' });
  const { duplicated_max_per_kill: most, findings } = judge(evidence());
  assert.deepEqual([most, findings], [2, []]);
});

test('a copy within one process is explained only when it did not read the answer in time', () => {
  for (const [afterMs, wrong] of [
    [9_999, 2],
    [10_000, 0],
  ] as const) {
    const { records, process, put, evidence } = createScene();
    process('p0', TERM);
    put(records, { atMs: 0 });
    put(records, { atMs: afterMs });
    assert.equal(judge(evidence()).duplicated_after_term, wrong);
  }
});

test('a kill that repeats more than a chunk of an object is not explained', () => {
  const length = CHUNK_BYTES_MAX / 4;
  const records = [0, 1, 2, 3, 4].map((at) => recordOf(at, 'good', length));
  const { process, put, evidence } = createScene(records);
  process('p0', KILL);
  process('p1', TERM);
  put(records, { by: 'p0' });
  put(records, { by: 'p1' });
  const { unexplained, duplicated_bytes_max_per_kill_and_object: bytes, findings } = judge(evidence());
  assert.equal(unexplained, 1);
  assert.ok(bytes > CHUNK_BYTES_MAX);
  assert.match(findings[0] ?? '', /more than a chunk/);
});

test('who delivers what another has taken the lease of is found, copies or not', () => {
  const { records, process, put, evidence } = createScene();
  process('p0', TERM);
  process('p1', TERM);
  put(records.slice(0, 1), { by: 'p0' });
  put(records.slice(1), { by: 'p0' });
  const acquisitions = [
    { process: 'p0', object: OBJECT, delivery: DELIVERY, order: 0 },
    { process: 'p1', object: OBJECT, delivery: DELIVERY, order: 1.5 },
  ];
  const { findings } = judge(evidence({ acquisitions }));
  assert.deepEqual(findings, [`delivered by p0 while p1 had the lease: ${OBJECT} for ${DELIVERY}`]);
});

test('a call without a lease is excused for a process that was halted only where calls outlive halts', () => {
  const { records, process, put, evidence } = createScene();
  process('p0', TERM, true);
  process('p1', TERM);
  put(records, { by: 'p0' });
  const acquisitions = [
    { process: 'p0', object: OBJECT, delivery: DELIVERY, order: 0 },
    { process: 'p1', object: OBJECT, delivery: DELIVERY, order: 0.5 },
  ];
  const without = [`delivered by p0 while p1 had the lease: ${OBJECT} for ${DELIVERY}`];
  assert.deepEqual(judge(evidence({ acquisitions, callsOutliveHalts: true })).findings, []);
  assert.deepEqual(judge(evidence({ acquisitions, callsOutliveHalts: false })).findings, without);
});

test('a copy is a finding where each event is wanted exactly once, however it is explained', () => {
  for (const [tenants, copies] of [
    [TENANTS, 0],
    [withExactlyOnce(['acme-corp']), 2],
  ] as const) {
    const { records, process, put, evidence } = createScene();
    process('p0', KILL);
    process('p1', TERM);
    put(records);
    put(records, { by: 'p1' });
    const { duplicated, duplicated_once, unexplained, findings } = judge(evidence({ tenants }));
    assert.deepEqual([duplicated, duplicated_once, unexplained, findings.length], [2, copies, 0, copies]);
  }
});

test('a call that a halted process had under way explains the copy that it makes when the process wakes', () => {
  const { records, process, put, evidence } = createScene();
  process('p0', TERM);
  process('p1', TERM, true);
  put(records);
  put(records, { by: 'p1' });
  const figures = (acquisitions: Evidence['acquisitions']) => {
    const { duplicated, unexplained, duplicated_after_term, duplicated_max_per_kill } = judge(
      evidence({ acquisitions }),
    );
    return [duplicated, unexplained, duplicated_after_term, duplicated_max_per_kill];
  };
  const [first, then] = [
    { object: OBJECT, delivery: DELIVERY, order: 0 },
    { object: OBJECT, delivery: DELIVERY, order: 0.5 },
  ];
  const tookOverFromIt = [
    { process: 'p1', ...first },
    { process: 'p0', ...then },
  ];
  assert.deepEqual(figures(tookOverFromIt), [2, 0, 0, 2]);
});

test('a halt does not explain what the process repeats of one from which it took over in order', () => {
  const { records, process, put, evidence } = createScene();
  process('p0', TERM);
  process('p1', TERM, true);
  put(records);
  put(records, { by: 'p1' });
  const { duplicated, duplicated_after_term, findings } = judge(evidence());
  assert.deepEqual([duplicated, duplicated_after_term], [2, 2]);
  assert.match(findings[0] ?? '', /^repeated after SIGTERM of p0/);
});

test('the ledger must be done with the right counts, and nothing in the dead-letter queue', () => {
  const { records, process, put, item, evidence } = createScene();
  process('p0', TERM);
  put(records);
  const notify = { body: '{}', reason: 'object-poisonous' };
  for (const [change, unaccounted] of [
    [{ ledger: [] }, 4],
    [{ ledger: [{ ...item, state: 'delivering' }] }, 4],
    [{ ledger: [{ ...item, counts: { ...item.counts, delivered: 1, filtered: 1 } }] }, 2],
    [{ deadLetters: [notify] }, 1],
    [{ garbage: ['x'] }, 1],
    [{ garbage: ['x'], deadLetters: [{ body: 'x', reason: 'unexpected' }] }, 1],
    [{ garbage: ['x'], deadLetters: [{ body: 'x', reason: 'not-a-notification' }] }, 0],
  ] as const) {
    const verdict = judge(evidence(change));
    assert.equal(verdict.unaccounted, unaccounted, JSON.stringify(change));
    assert.equal(verdict.findings.length > 0, unaccounted > 0);
  }
});

test('what cannot be delivered must be in quarantine, with its reason and its text', () => {
  const records = [recordOf(0, 'foreign'), recordOf(1, 'too_old'), recordOf(2)];
  const { process, put, item, evidence } = createScene(records);
  process('p0', TERM);
  put(records.slice(2));
  const ledger = [{ ...item, counts: { read: 3, delivered: 1, filtered: 0, rejected: 1, quarantined: 1 } }];
  const line = (record: number, reason: string) => ({
    object: OBJECT,
    delivery: DELIVERY,
    record,
    reason,
    message: records[record]?.message ?? '',
  });
  const all = [line(0, 'foreign_tenant'), line(1, 'too_old')];
  assert.deepEqual(judge(evidence({ ledger, quarantine: all })).findings, []);
  assert.equal(judge(evidence({ ledger, quarantine: all.slice(1) })).unaccounted, 1);
  assert.equal(judge(evidence({ ledger, quarantine: [line(0, 'too_old'), line(1, 'too_old')] })).unaccounted, 1);
  assert.equal(judge(evidence({ ledger, quarantine: all.map((one) => ({ ...one, message: '' })) })).unaccounted, 2);
});

for (const [what, end] of [
  ['a process that ended by itself', { blow: undefined, status: 1 }],
  ['a process that did not drain', { blow: 'SIGTERM', status: 1 }],
] as readonly (readonly [string, ProcessEnd])[]) {
  test(`${what} is found`, () => {
    const { records, process, put, evidence } = createScene();
    process('p0', end);
    put(records);
    assert.equal(judge(evidence()).findings.length, 1);
  });
}

test('a drain whose grace ended while the process was halted is no finding', () => {
  for (const [haltedInDrain, findings] of [
    [true, []],
    [false, ['p0 ended with status 1 after SIGTERM']],
  ] as const) {
    const { records, process, put, evidence } = createScene();
    process('p0', { blow: 'SIGTERM', status: 1 }, true);
    put(records);
    const [entry] = evidence().processes;
    assert.ok(entry);
    assert.deepEqual(judge(evidence({ processes: [{ ...entry, haltedInDrain }] })).findings, findings);
  }
});

test('books that lack an event, have one twice, have another one, have them in another stream, or are none, are said', () => {
  const [first, second] = [recordOf(0), recordOf(1)];
  const wrong = [
    encodeBooks(booksOf([first])),
    encodeBooks(booksOf([first, second, second])),
    encodeBooks(booksOf([first, { ...second, timestamp: second.timestamp + 1 }])),
    encodeBooks(booksOf([first, second], 'another-stream')),
    encodeBooks({ cells: [], covered: false }),
    new Uint8Array(0),
  ];
  for (const books of wrong) {
    const { records, process, put, item, evidence } = createScene([first, second]);
    process('p0', TERM);
    put(records);
    const { unaccounted, findings } = judge(evidence({ ledger: [{ ...item, books }] }));
    assert.equal(unaccounted, 1);
    assert.deepEqual(findings, [`other books than what was delivered: ${OBJECT} for ${DELIVERY}`]);
  }
});

test('what is done and in no receipt is said, where receipts are issued', () => {
  for (const [receipted, findings] of [
    [true, [`in no receipt: ${OBJECT} for ${DELIVERY}`]],
    [false, []],
  ] as const) {
    const { records, process, put, item, evidence } = createScene();
    process('p0', TERM);
    put(records);
    const verdict = judge(evidence({ receipted, ledger: [{ ...item, receipt: undefined }] }));
    assert.deepEqual([verdict.unaccounted, verdict.findings], [findings.length, findings]);
  }
});
