/**
 * What the tenants have used this month, or in the one before while no day of this one is summed up. It is asked for when somebody
 * opens it: the service reads it from a table.
 *
 * @typedef {import('../usage.ts').MonthUsage} MonthUsage
 */
import { byId, element, setText } from './dom.js';
import { formatBytes, formatCount } from './text.js';

/** The command line shows all of them. */
const ROWS_MAX = 100;
const TITLES = ['Tenant', 'Objects', 'Events', 'Messages', 'Calls', 'Stored', 'Platform', 'Its own account'];

/**
 * @param {MonthUsage} usage
 * @returns {string[][]} the cells of each row
 */
export function usageRows({ tenants }) {
  return tenants
    .slice(0, ROWS_MAX)
    .map((one) => [
      one.tenant,
      formatCount(one.objects),
      formatCount(one.events),
      formatBytes(one.message_bytes),
      formatCount(one.calls),
      formatBytes(one.stored_bytes),
      `$${one.platform_usd.toFixed(2)}`,
      `$${one.logs_usd.toFixed(2)}`,
    ]);
}

/**
 * @param {MonthUsage} usage
 * @returns {string} which days the figures are of, and whether tenants are missing
 */
export function usageNote({ month, days, tenants }) {
  if (days.length === 0) return `No day of ${month} is summed up yet.`;
  const [first, last] = [days[0], days.at(-1)];
  const which = days.length === 1 ? `${first}` : `${days.length} days from ${first} to ${last}`;
  const more = tenants.length > ROWS_MAX ? ` The ${ROWS_MAX} largest of ${formatCount(tenants.length)} tenants.` : '';
  return `${which}, at list prices of us-east-1.${more} By day: log-distributor usage --month ${month}`;
}

/** Asks when the section is opened. */
export function watchUsage() {
  const section = byId('usage', HTMLDetailsElement);
  section.addEventListener('toggle', async () => {
    if (!section.open) return;
    setText(byId('usage-note'), 'asking …');
    try {
      const answer = await fetch('usage', { cache: 'no-store' });
      if (!answer.ok) throw new Error((await answer.json()).reason);
      show(await answer.json());
    } catch (error) {
      byId('usage-rows').replaceChildren();
      setText(byId('usage-note'), `The usage cannot be shown: ${error instanceof Error ? error.message : error}`);
    }
  });
}

/** @param {MonthUsage} usage */
function show(usage) {
  byId('usage-rows').replaceChildren(
    ...usageRows(usage).map((cells) => {
      const row = element(
        'tr',
        {},
        cells.map((text, at) => cell(text, at)),
      );
      row.setAttribute('role', 'row');
      return row;
    }),
  );
  setText(byId('usage-note'), usageNote(usage));
}

/** @param {string} text @param {number} at */
function cell(text, at) {
  if (at === 0) {
    const head = element('th', {}, [element('bdi', { text })]);
    head.scope = 'row';
    head.setAttribute('role', 'rowheader');
    return head;
  }
  const made = element('td', { className: 'number', text });
  made.dataset.label = TITLES[at];
  made.setAttribute('role', 'cell');
  return made;
}
