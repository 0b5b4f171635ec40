import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  HISTORY_ATTRIBUTES,
  historyAttributes,
  isSentAnew,
  NO_HISTORY,
  readHistory,
} from '../../../service/core/history.ts';

test('a history is read back as it was written, and needs no attribute that is not asked for', () => {
  for (const history of [
    NO_HISTORY,
    { failures: 7, refusedSinceMs: undefined },
    { failures: 0, refusedSinceMs: 1_769_860_800_123 },
    { failures: 45, refusedSinceMs: 0 },
  ]) {
    const attributes = historyAttributes(history);
    assert.deepEqual(readHistory(attributes), history);
    for (const name of Object.keys(attributes)) assert.ok(HISTORY_ATTRIBUTES.includes(name), name);
  }
});

test('a message that was sent anew is known from one that was not, also where it has no troubles', () => {
  assert.equal(isSentAnew(historyAttributes(NO_HISTORY)), true);
  assert.equal(isSentAnew(historyAttributes({ failures: 0, refusedSinceMs: 5 })), true);
  assert.equal(isSentAnew({}), false);
});

test('what is no number counts as absent: anybody may send to the queue', () => {
  for (const value of ['', '-1', '1.5', '1e9', 'NaN', '9'.repeat(16), ' 5']) {
    const attributes = { log_distributor_failures: value, log_distributor_refused_since: value };
    assert.deepEqual(readHistory(attributes), NO_HISTORY, value);
  }
});
