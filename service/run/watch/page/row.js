/**
 * A tenant's row of the table, and the row below it with the reasons of its trouble.
 *
 * @typedef {import('../../stats/tenant-stats.ts').TenantStatus} TenantStatus
 * @typedef {{ readonly now: string, readonly runbookUrl: string | null }} Context
 */
import { createChart } from './chart.js';
import { element, setLines, setText } from './dom.js';
import { reasonLines } from './reasons.js';
import { runbookLinks } from './runbook.js';
import { formatBytes, formatCount, formatMoment, formatSeconds, secondsBetween } from './text.js';
import { conditionOf, deliveredUpToText, notDelivered, rateOf } from './trouble.js';

/** @param {string} name */
export function createRow(name) {
  const title = createTitle(name);
  const upTo = cell('Delivered up to', 'number');
  const lag = cell('Lag', 'number');
  const throughput = createThroughput();
  const work = cell('In progress, waiting', 'number');
  const parked = cell('Parked', 'number');
  const events = cell('Delivered', 'number');
  const filtered = cell('Filtered', 'number');
  const kept = cell('Not delivered', 'number');
  const row = element('tr', {}, [title.element, upTo, lag, throughput.element, work, parked, events, filtered, kept]);
  row.setAttribute('role', 'row');
  const why = createWhy(row.children.length);

  return {
    /**
     * @param {TenantStatus} tenant
     * @param {Context} context
     * @returns {HTMLElement[]} its rows
     */
    show(tenant, { now, runbookUrl }) {
      const condition = conditionOf(tenant, now);
      title.show(tenant, condition, { now, runbookUrl });
      setText(upTo, deliveredUpToText(tenant, now));
      upTo.title = tenant.delivered_up_to === null ? '' : `certainly up to ${formatMoment(tenant.delivered_up_to)}`;
      setText(lag, tenant.lag_seconds === null ? '–' : formatSeconds(tenant.lag_seconds));
      lag.title =
        tenant.last_delivered_at === null ? '' : `last delivered at ${formatMoment(tenant.last_delivered_at)}`;
      throughput.show(tenant);
      setText(work, `${formatCount(tenant.in_flight)}, ${formatCount(tenant.waiting)}`);
      setText(parked, countOrDash(tenant.parked.messages));
      setText(events, formatCount(tenant.events));
      setText(filtered, countOrDash(tenant.filtered));
      setText(kept, keptText(tenant));
      const hasReasons = why.show(reasonLines(tenant, now), condition.tone);
      row.className = hasReasons ? 'reason-follows' : '';
      return hasReasons ? [row, why.element] : [row];
    },
  };
}

/** @param {string} name */
function createTitle(name) {
  const badge = element('span', { className: 'badge' });
  const runbook = element('span', { className: 'quiet' });
  const canary = element('span', { className: 'quiet' });
  const head = element('th', {}, [
    element('div', { className: 'tenant' }, [element('bdi', { text: name }), badge, runbook, canary]),
  ]);
  head.scope = 'row';
  head.setAttribute('role', 'rowheader');
  let linked = '';
  return {
    element: head,
    /**
     * @param {TenantStatus} tenant
     * @param {import('./trouble.js').Condition} condition
     * @param {Context} context
     */
    show({ last_canary_at: seen }, { word, tone, section }, { now, runbookUrl }) {
      setText(badge, word);
      badge.className = `badge ${tone}`;
      badge.title = section === undefined ? '' : `runbook: ${section}`;
      const link = `${section} ${runbookUrl}`;
      if (link !== linked) runbook.replaceChildren(...runbookLinks(section, runbookUrl));
      linked = link;
      setText(canary, seen === null ? '' : `last canary ${formatSeconds(secondsBetween(now, seen))} ago`);
    },
  };
}

function createThroughput() {
  const chart = createChart(true);
  const rate = element('span', { className: 'number' });
  const made = cell('Throughput');
  const box = element('div', { className: 'chart' });
  box.append(chart.element);
  made.append(element('div', { className: 'throughput' }, [box, rate]));
  return {
    element: made,
    /** @param {TenantStatus} tenant */
    show(tenant) {
      const isIdle = tenant.bytes_per_second.length === 0;
      chart.draw(tenant.bytes_per_second);
      box.hidden = isIdle;
      setText(rate, isIdle ? '–' : `${formatBytes(rateOf(tenant))}/s`);
    },
  };
}

/** @param {number} columns */
function createWhy(columns) {
  const reasons = element('div', { className: 'reasons' });
  const why = element('td', {}, [reasons]);
  why.colSpan = columns;
  why.setAttribute('role', 'cell');
  const row = element('tr', { className: 'why' }, [why]);
  row.setAttribute('role', 'row');
  return {
    element: row,
    /**
     * @param {readonly HTMLElement[]} lines
     * @param {string} tone
     * @returns {boolean} whether there are any
     */
    show(lines, tone) {
      reasons.className = `reasons ${tone}`;
      setLines(reasons, lines);
      return lines.length > 0;
    },
  };
}

/**
 * @param {string} label shown beside the value on a phone
 * @param {string} [className]
 */
function cell(label, className = '') {
  const made = element('td', { className });
  made.dataset.label = label;
  made.setAttribute('role', 'cell');
  return made;
}

/** @param {number} count */
function countOrDash(count) {
  return count === 0 ? '–' : formatCount(count);
}

/** @param {TenantStatus} tenant */
function keptText(tenant) {
  if (notDelivered(tenant) === 0) return '–';
  const parts = [
    [tenant.quarantined, 'quarantined'],
    [tenant.rejected, 'rejected'],
    [tenant.dead_letters, tenant.dead_letters === 1 ? 'dead letter' : 'dead letters'],
  ];
  return parts.flatMap(([count, what]) => (count ? [`${formatCount(Number(count))} ${what}`] : [])).join(', ');
}
