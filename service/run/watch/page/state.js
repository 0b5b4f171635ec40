/**
 * The state of the service in a word, red if something does not work.
 *
 * @typedef {import('../status.ts').Status} Status
 * @typedef {{ readonly text: string, readonly tone: 'bad' | 'warn' | 'good' | 'none' }} Shown
 */
import { formatSeconds, secondsBetween } from './text.js';

/** The page shows the age of figures older than this. The service asks AWS every ten seconds at most. */
const OLD_SECONDS = 20;

/** @type {Readonly<Record<Status['state'], Shown>>} */
const STATES = {
  starting: { text: 'starting', tone: 'none' },
  receiving: { text: 'receiving', tone: 'good' },
  full: { text: 'no room for more messages', tone: 'warn' },
  failing: { text: 'not receiving', tone: 'bad' },
  draining: { text: 'draining', tone: 'warn' },
};

/**
 * @param {Pick<Status, 'state' | 'problems' | 'now'>} status
 * @returns {Shown}
 */
export function stateOf({ state, problems, now }) {
  const shown = STATES[state];
  const [first] = problems;
  if (!first || state === 'draining') return shown;
  const since = `for ${formatSeconds(secondsBetween(now, first.since))}`;
  if (state === 'failing') return { text: `not receiving ${since}`, tone: 'bad' };
  const what = problems.length === 1 ? `a problem with ${first.about}` : `${problems.length} problems`;
  return { text: `${shown.text}, ${what} ${since}`, tone: 'bad' };
}

/**
 * @param {string | null} asked when the figure was taken, RFC 3339
 * @param {string} now
 * @returns {string} the age of an old figure; empty for a recent one
 */
export function ageText(asked, now) {
  const seconds = asked === null ? 0 : secondsBetween(now, asked);
  return seconds > OLD_SECONDS ? ` ${formatSeconds(seconds)} ago` : '';
}
