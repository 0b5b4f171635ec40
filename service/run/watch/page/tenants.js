/**
 * The table of tenants.
 *
 * @typedef {import('../../stats/tenant-stats.ts').TenantStatus} TenantStatus
 */
import { createChart } from './chart.js';
import { byId, element, setChildren, setText } from './dom.js';
import { formatBytes, formatCount, formatSeconds, formatTime, secondsBetween } from './text.js';
import { behindSeconds, compareBy, conditionOf, matches, notDelivered, rateOf } from './trouble.js';

/** @param {() => void} onChange the search or the order is another */
export function createTenantTable(onChange) {
  const body = byId('tenants');
  const search = byId('search', HTMLInputElement);
  const order = byId('order', HTMLSelectElement);
  const nobody = byId('nobody');
  /** @type {Map<string, ReturnType<typeof createRow>>} */
  const rows = new Map();
  keepTable(body);
  search.addEventListener('input', onChange);
  order.addEventListener('change', onChange);
  byId('find').addEventListener('submit', (event) => event.preventDefault());

  return {
    /**
     * @param {readonly TenantStatus[]} tenants
     * @param {string} now
     */
    show(tenants, now) {
      const text = search.value.trim().toLowerCase();
      const shown = tenants.filter((tenant) => matches(tenant, text)).sort(compareBy(order.value, now));
      const gone = new Set(rows.keys());
      const elements = shown.flatMap((tenant) => {
        const row = rows.get(tenant.tenant) ?? createRow(tenant.tenant);
        rows.set(tenant.tenant, row);
        return row.show(tenant, now);
      });
      for (const { tenant } of tenants) gone.delete(tenant);
      for (const tenant of gone) rows.delete(tenant);
      setChildren(body, elements);
      const troubled = tenants.filter((tenant) => conditionOf(tenant, now).rank > 1).length;
      setText(byId('count'), countText(tenants.length, shown.length, troubled));
      nobody.hidden = shown.length > 0;
      setText(nobody, tenants.length === 0 ? 'This task has seen no object yet.' : 'No tenant is like that.');
    },
  };
}

/**
 * On a phone the style makes cards of the rows, which would take the table from screen readers; roles that are said do not.
 * @param {HTMLElement} body
 */
function keepTable(body) {
  const table = body.closest('table');
  table?.setAttribute('role', 'table');
  for (const part of table?.querySelectorAll('thead, tbody') ?? []) part.setAttribute('role', 'rowgroup');
  for (const row of table?.querySelectorAll('tr') ?? []) row.setAttribute('role', 'row');
  for (const head of table?.querySelectorAll('thead th') ?? []) head.setAttribute('role', 'columnheader');
}

/**
 * @param {number} all
 * @param {number} shown
 * @param {number} troubled
 */
function countText(all, shown, troubled) {
  const some = shown === all ? formatCount(all) : `${formatCount(shown)} of ${formatCount(all)}`;
  return troubled === 0 ? `${some}, none in trouble` : `${some}, ${formatCount(troubled)} in trouble`;
}

/** @param {string} name */
function createRow(name) {
  const badge = element('span', { className: 'badge' });
  const canary = element('span', { className: 'quiet' });
  const head = element('th', {}, [
    element('div', { className: 'tenant' }, [element('bdi', { text: name }), badge, canary]),
  ]);
  head.scope = 'row';
  head.setAttribute('role', 'rowheader');
  const upTo = cell('Delivered up to', 'number');
  const lag = cell('Lag', 'number');
  const chart = createChart(true);
  const rate = element('span', { className: 'number' });
  const throughput = cell('Throughput');
  const box = element('div', { className: 'chart' });
  box.append(chart.element);
  throughput.append(element('div', { className: 'throughput' }, [box, rate]));
  const work = cell('At work, waiting', 'number');
  const events = cell('Events', 'number');
  const kept = cell('Not delivered', 'number');
  const row = element('tr', {}, [head, upTo, lag, throughput, work, events, kept]);
  row.setAttribute('role', 'row');
  const reasons = element('div', { className: 'reasons' });
  const why = element('td', {}, [reasons]);
  why.colSpan = row.children.length;
  why.setAttribute('role', 'cell');
  const whyRow = element('tr', { className: 'why' }, [why]);
  whyRow.setAttribute('role', 'row');

  return {
    /**
     * @param {TenantStatus} tenant
     * @param {string} now
     * @returns {HTMLElement[]} its rows
     */
    show(tenant, now) {
      const { word, tone } = conditionOf(tenant, now);
      setText(badge, word);
      badge.className = `badge ${tone}`;
      const { last_canary_at: seen } = tenant;
      setText(canary, seen === null ? '' : `canary of ${formatSeconds(secondsBetween(now, seen))} ago`);
      setText(upTo, tenant.delivered_up_to === null ? 'not known' : `${formatSeconds(behindSeconds(tenant, now))} ago`);
      upTo.title = tenant.delivered_up_to ?? '';
      setText(lag, tenant.lag_seconds === null ? '–' : formatSeconds(tenant.lag_seconds));
      lag.title = tenant.last_delivered_at === null ? '' : `last delivered at ${tenant.last_delivered_at}`;
      chart.draw(tenant.bytes_per_second);
      box.hidden = tenant.bytes_per_second.length === 0;
      setText(rate, tenant.bytes_per_second.length === 0 ? '–' : `${formatBytes(rateOf(tenant))}/s`);
      setText(work, `${formatCount(tenant.in_flight)}, ${formatCount(tenant.waiting)}`);
      setText(events, formatCount(tenant.events));
      setText(kept, keptText(tenant));
      const lines = reasonLines(tenant, now);
      row.className = lines.length > 0 ? 'reason-follows' : '';
      reasons.className = `reasons ${tone}`;
      if (
        lines.map(({ textContent }) => textContent).join() !==
        [...reasons.children].map(({ textContent }) => textContent).join()
      ) {
        reasons.replaceChildren(...lines);
      }
      return lines.length > 0 ? [row, whyRow] : [row];
    },
  };
}

/**
 * @param {string} label what a phone shows beside it
 * @param {string} [className]
 */
function cell(label, className = '') {
  const made = element('td', { className });
  made.dataset.label = label;
  made.setAttribute('role', 'cell');
  return made;
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

/**
 * @param {TenantStatus} tenant
 * @param {string} now
 */
function reasonLines({ circuits, trouble, notices, parked }, now) {
  /** @type {(reason: { code: string, message: string, at: string }) => HTMLElement} */
  const line = ({ code, message, at }) => reasonLine(code, ` ${message} (${formatTime(at, now)})`);
  const failures = circuits.length === 0 ? (trouble ? [line(trouble)] : []) : circuitLines(circuits, now);
  return [...failures, ...notices.map(line), ...parkedLines(parked, now)];
}

/**
 * @param {TenantStatus['parked']} parked
 * @param {string} now
 */
function parkedLines({ messages, first_dead_letter_at: first }, now) {
  if (messages === 0) return [];
  const dead =
    first === null ? '' : `; the first becomes a dead letter in ${formatSeconds(secondsBetween(first, now))}`;
  const waiting = messages === 1 ? '1 message waits' : `${formatCount(messages)} messages wait`;
  return [element('p', { text: `${waiting} in the queue${dead}` })];
}

/**
 * @param {string} code
 * @param {string} text
 */
function reasonLine(code, text) {
  return element('p', {}, [element('code', { text: code }), document.createTextNode(text)]);
}

/**
 * @param {TenantStatus['circuits']} circuits
 * @param {string} now
 */
function circuitLines(circuits, now) {
  return circuits.map(({ delivery, state, code, message, since, next_try_at }) => {
    const wait = secondsBetween(next_try_at, now);
    const next =
      state === 'probing' || state === 'unanswered'
        ? 'one object is trying now'
        : wait > 0
          ? `tried again in ${formatSeconds(wait)}`
          : 'the next object tries';
    const text = ` to ${delivery}, ${state} since ${formatTime(since, now)}, ${next}: ${message}`;
    return reasonLine(code, text);
  });
}
