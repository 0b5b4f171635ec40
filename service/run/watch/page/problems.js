/**
 * What keeps the service from working, or part of it.
 *
 * @typedef {import('../status.ts').Status} Status
 */
import { byId, element } from './dom.js';
import { ageText } from './state.js';
import { formatTime } from './text.js';

/** @param {Pick<Status, 'problems' | 'checked_at' | 'now'>} status */
export function showProblems({ problems, checked_at: checked, now }) {
  byId('problems').hidden = problems.length === 0;
  byId('problem-list').replaceChildren(
    ...problems.map(({ about, message, since }) =>
      element('p', {}, [
        element('code', { text: about }),
        document.createTextNode(` since ${formatTime(since, now)}: ${message}`),
      ]),
    ),
  );
  const age = ageText(checked, now);
  byId('checked').textContent = age === '' ? '' : `the queues and tables were asked${age}`;
}
