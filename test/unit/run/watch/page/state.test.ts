import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Status } from '../../../../../service/run/watch/status.ts';

import { importScript } from './script.ts';

interface StateScript {
  stateOf(status: Pick<Status, 'state' | 'problems' | 'now'>): { readonly text: string; readonly tone: string };
  ageText(asked: string | null, now: string): string;
}
const { stateOf, ageText } = await importScript<StateScript>('state.js');

const NOW = '2026-01-31T12:00:00.000Z';
const problem = (about: string, since: string) => ({ about, message: 'it is away', since });

const STATES: readonly (readonly [state: Status['state'], problems: Status['problems'], text: string, tone: string])[] =
  [
    ['starting', [], 'starting', 'none'],
    ['receiving', [], 'receiving', 'good'],
    ['full', [], 'no room for more messages', 'warn'],
    ['draining', [], 'draining', 'warn'],
    ['failing', [problem('SQS_QUEUE_URL', '2026-01-31T11:58:00.000Z')], 'not receiving for 2 min', 'bad'],
    [
      'receiving',
      [problem('LEDGER_TABLE', '2026-01-31T11:59:55.000Z')],
      'receiving, a problem with LEDGER_TABLE for 5 s',
      'bad',
    ],
    [
      'starting',
      [problem('DLQ_URL', '2026-01-31T11:00:00.000Z'), problem('LEDGER_TABLE', '2026-01-31T11:59:55.000Z')],
      'starting, 2 problems for 60 min',
      'bad',
    ],
    ['draining', [problem('DLQ_URL', NOW)], 'draining', 'warn'],
  ];

for (const [state, problems, text, tone] of STATES) {
  test(`${state} with ${problems.length} problems is shown as "${text}", ${tone}`, () => {
    assert.deepEqual(stateOf({ state, problems, now: NOW }), { text, tone });
  });
}

test('a figure says how old it is when it is old', () => {
  assert.equal(ageText('2026-01-31T11:59:45.000Z', NOW), '');
  assert.equal(ageText('2026-01-31T11:59:15.000Z', NOW), ' 45 s ago');
  assert.equal(ageText(null, NOW), '');
});
