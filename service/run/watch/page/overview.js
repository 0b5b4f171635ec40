/**
 * The tiles: the task as a whole.
 *
 * @typedef {import('../status.ts').Status} Status
 */
import { createChart } from './chart.js';
import { byId, setText } from './dom.js';
import { ageText } from './state.js';
import { formatBytes, formatCount, formatMoment, formatSeconds, secondsBetween } from './text.js';
import { totalsOf } from './totals.js';
import { isKeepingUp } from './trouble.js';

export function createOverview() {
  const chart = createChart(true);
  byId('rate-chart').append(chart.element);
  return {
    /** @param {Status} status */
    show(status) {
      const rates = status.bytes_per_second;
      chart.draw(rates);
      write('rate', `${formatBytes(rates.at(-1) ?? 0)}/s`);
      write('rate-more', `peak ${formatBytes(Math.max(0, ...rates))}/s`);
      showQueue(status);
      showWork(status);
      showTotals(status);
    },
  };
}

/** @param {Status} status */
function showQueue({ queue, queue_read_up_to: readUpTo, now }) {
  write('queue', queue === null ? 'not known' : `${formatCount(queue.visible)} waiting`);
  write('queue-age', queue === null ? '' : ageText(queue.counted_at, now));
  const invisible = queue === null ? '' : `, ${formatCount(queue.invisible + queue.delayed)} in flight or handed back`;
  write('queue-more', `${readText(readUpTo, now)}${invisible}`);
  byId('queue-more').title = readUpTo === null ? '' : `read up to ${formatMoment(readUpTo)}`;
}

/** @param {string | null} readUpTo @param {string} now */
function readText(readUpTo, now) {
  if (readUpTo === null) return 'not read yet';
  if (isKeepingUp(readUpTo, now)) return 'keeping up';
  return `read up to ${formatSeconds(secondsBetween(now, readUpTo))} ago`;
}

/** @param {Status} status */
function showWork({ process, objects, messages_in_flight: messages, messages_away: away }) {
  write('in-flight', `${formatCount(messages)} messages`);
  const handedBack = away === 0 ? '' : `; ${formatCount(away)} messages handed back`;
  const behind = objects.behind_bulkhead === 0 ? '' : ` (${objects.behind_bulkhead} waiting for an answer)`;
  write('in-flight-more', `objects: ${objects.running} in progress${behind}, ${objects.waiting} waiting${handedBack}`);
  write('memory', formatBytes(process.memory_bytes));
  const reserved = `${formatBytes(objects.memory_reserved_bytes)} of ${formatBytes(process.memory_budget_bytes)}`;
  write('memory-more', `${reserved} reserved by objects`);
}

/** @param {Status} status */
function showTotals({ tenants, now }) {
  const totals = totalsOf(tenants);
  write('records', `${formatCount(totals.events)} delivered`);
  const { filtered, quarantined, rejected, dead_letters: dead } = totals;
  const letters = `${formatCount(dead)} ${dead === 1 ? 'dead letter' : 'dead letters'}`;
  write(
    'records-more',
    `${formatCount(filtered)} filtered, ${formatCount(quarantined)} quarantined, ${formatCount(rejected)} rejected; ${letters}`,
  );
  write('parked', `${formatCount(totals.parked)} ${totals.parked === 1 ? 'message' : 'messages'}`);
  write('parked-more', parkedText(totals, now));
  byId('parked-more').title = totals.firstDeadLetterAt === null ? '' : formatMoment(totals.firstDeadLetterAt);
}

/** @param {ReturnType<typeof totalsOf>} totals @param {string} now */
function parkedText({ parkedTenants, firstDeadLetterAt: first }, now) {
  if (parkedTenants === 0) return 'no destination refuses or is silent';
  const tenants = parkedTenants === 1 ? 'of 1 tenant' : `of ${formatCount(parkedTenants)} tenants`;
  return first === null ? tenants : `${tenants}; first dead letter in ${formatSeconds(secondsBetween(first, now))}`;
}

/** @param {string} id @param {string} text */
function write(id, text) {
  setText(byId(id), text);
}
