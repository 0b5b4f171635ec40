import assert from 'node:assert/strict';
import { test } from 'node:test';
import { levelRank } from '../../../service/core/levels.ts';

/** From the least severe; names in one row are the same level. */
const ORDER = [
  ['trace', 'verbose'],
  ['debug', 'd'],
  ['info', 'information', 'informational', 'i'],
  ['notice'],
  ['warn', 'warning', 'w'],
  ['error', 'err', 'e'],
  ['fatal', 'critical', 'crit', 'f'],
  ['alert'],
  ['emergency', 'emerg', 'panic'],
];

test('levels rank by severity, and the names of one level rank alike', () => {
  for (const [rank, names] of ORDER.entries()) {
    for (const name of names) assert.equal(levelRank(name), rank, name);
  }
});

test('case and blanks around a name do not matter', () => {
  assert.equal(levelRank(' WARN\n'), levelRank('warn'));
  assert.equal(levelRank('Error'), levelRank('error'));
});

test('a name that nobody knows has no rank', () => {
  for (const name of ['', 'loud', '5', 'warn!', 'info/error']) assert.equal(levelRank(name), null, name);
});

test('what every JavaScript object inherits is no level', () => {
  for (const name of ['constructor', 'toString', 'valueOf', '__proto__', 'hasOwnProperty']) {
    assert.equal(levelRank(name), null, name);
  }
});
