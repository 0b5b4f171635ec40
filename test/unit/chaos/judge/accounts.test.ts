import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeBooks } from '../../../../service/core/books.ts';
import { judge } from '../../../chaos/judge/judge.ts';
import { booksOf, createScene, DELIVERY, OBJECT, recordOf, TERM } from './scene.ts';

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
