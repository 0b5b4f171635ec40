/**
 * What keeps the service from working, or part of it.
 *
 * @typedef {import('../status.ts').Status} Status
 */
import { byId, element, setLines, timeElement } from './dom.js';
import { runbookLinks } from './runbook.js';
import { ageText } from './state.js';

/** @param {Pick<Status, 'state' | 'problems' | 'checked_at' | 'now' | 'runbook_url'>} status */
export function showProblems({ state, problems, checked_at: checked, now, runbook_url: runbookUrl }) {
  byId('problems').hidden = problems.length === 0;
  setLines(
    byId('problem-list'),
    problems.map(({ about, message, since }) => {
      const line = element('p', {}, [element('code', { text: about })]);
      const links = runbookLinks(problemSection(about, state), runbookUrl);
      line.append(' since ', timeElement(since, now), `: ${message} `, ...links);
      return line;
    }),
  );
  const age = ageText(checked, now);
  byId('checked').textContent = age === '' ? '' : `queues and tables last checked${age}`;
}

/**
 * @param {string} about the setting that it is about
 * @param {Status['state']} state
 * @returns {string} the section of the runbook
 */
export function problemSection(about, state) {
  if (about === 'RECONCILE_INTERVAL_SECONDS') return 'LogReconcileWithheld';
  return about === 'SQS_QUEUE_URL' && state === 'failing' ? 'LogDistributorNotReceiving' : 'LogObjectsRetried';
}
