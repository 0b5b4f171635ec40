/**
 * Why a tenant is in trouble: a line for each cause.
 *
 * @typedef {import('../../stats/tenant-stats.ts').TenantStatus} TenantStatus
 */
import { element, timeElement } from './dom.js';
import { formatCount, formatMoment, formatSeconds, secondsBetween } from './text.js';

/**
 * @param {TenantStatus} tenant
 * @param {string} now
 * @returns {HTMLElement[]}
 */
export function reasonLines({ circuits, trouble, notices, parked }, now) {
  /** @type {(reason: { code: string, message: string, at: string }) => HTMLElement} */
  const line = ({ code, message, at }) => reasonLine(code, [` ${message} (`, timeElement(at, now), ')']);
  const failures = circuits.length === 0 ? (trouble ? [line(trouble)] : []) : circuitLines(circuits, now);
  return [...failures, ...notices.map(line), ...parkedLines(parked, now)];
}

/**
 * @param {TenantStatus['circuits']} circuits
 * @param {string} now
 */
function circuitLines(circuits, now) {
  return circuits.map(({ delivery, state, code, message, since, next_try_at }) => {
    const wait = secondsBetween(next_try_at, now);
    const next = wait > 0 ? `next attempt in ${formatSeconds(wait)}` : 'the next object will try';
    const [what, then] = {
      open: ['paused', next],
      probing: ['paused', 'one object is trying now'],
      unanswered: ['waiting for an answer', 'one object is trying now'],
      throttled: ['throttled', next],
    }[state];
    return reasonLine(code, [
      ` delivery to ${delivery} ${what} since `,
      timeElement(since, now),
      `, ${then}: ${message}`,
    ]);
  });
}

/**
 * @param {TenantStatus['parked']} parked
 * @param {string} now
 */
function parkedLines({ messages, first_dead_letter_at: first }, now) {
  if (messages === 0) return [];
  const parked = messages === 1 ? '1 message is parked' : `${formatCount(messages)} messages are parked`;
  if (first === null) return [element('p', { text: parked })];
  const expiry = `; the first becomes a dead letter in ${formatSeconds(secondsBetween(first, now))}`;
  const made = element('p', { text: `${parked}${expiry}` });
  made.title = formatMoment(first);
  return [made];
}

/**
 * @param {string} code
 * @param {readonly (string | Node)[]} parts
 */
function reasonLine(code, parts) {
  const made = element('p', {}, [element('code', { text: code })]);
  made.append(...parts);
  return made;
}
