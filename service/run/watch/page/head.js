/**
 * The page's title and icon: they show trouble while another tab is open.
 *
 * @typedef {import('../status.ts').Status} Status
 * @typedef {'good' | 'warn' | 'bad'} Alarm
 */
import { byId } from './dom.js';
import { conditionOf, isInTrouble } from './trouble.js';

const NAME = 'Log distributor';
/** @type {Readonly<Record<Alarm, string>>} */
const ICONS = { good: 'page/icon.svg', warn: 'page/icon-warn.svg', bad: 'page/icon-bad.svg' };

/**
 * @param {Pick<Status, 'problems' | 'tenants' | 'now'>} status
 * @returns {{ readonly title: string, readonly alarm: Alarm }}
 */
export function headOf({ problems, tenants, now }) {
  const troubled = tenants.filter((tenant) => isInTrouble(tenant, now));
  const parts = [countText(problems.length, 'problem', ''), countText(troubled.length, 'tenant', ' in trouble')];
  const text = parts.filter((part) => part !== '').join(', ');
  const isBad = problems.length > 0 || troubled.some((tenant) => conditionOf(tenant, now).tone === 'bad');
  const title = text === '' ? NAME : `${text} – ${NAME}`;
  return { title, alarm: isBad ? 'bad' : troubled.length > 0 ? 'warn' : 'good' };
}

/** @param {Pick<Status, 'problems' | 'tenants' | 'now'>} status */
export function showHead(status) {
  const { title, alarm } = headOf(status);
  setHead(title, alarm);
}

export function showNoAnswer() {
  setHead(`no answer – ${NAME}`, 'bad');
}

/** @param {string} title @param {Alarm} alarm */
function setHead(title, alarm) {
  if (document.title !== title) document.title = title;
  const icon = byId('icon', HTMLLinkElement);
  if (icon.getAttribute('href') !== ICONS[alarm]) icon.setAttribute('href', ICONS[alarm]);
}

/** @param {number} count @param {string} noun @param {string} more */
function countText(count, noun, more) {
  if (count === 0) return '';
  return `${count} ${noun}${count === 1 ? '' : 's'}${more}`;
}
