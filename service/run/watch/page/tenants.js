/**
 * The table of tenants: search, order and pages.
 *
 * @typedef {import('../../stats/tenant-stats.ts').TenantStatus} TenantStatus
 */
import { queryOf, viewOf } from './address.js';
import { byId, setChildren, setText } from './dom.js';
import { createRow } from './row.js';
import { formatCount } from './text.js';
import { compareBy, isInTrouble, matches } from './trouble.js';

/** So many are drawn at once; a task may know thousands. */
const PAGE_SIZE = 25;

/** @param {() => void} onChange the search, the order or the page changed */
export function createTenantTable(onChange) {
  const body = byId('tenants');
  /** @type {Map<string, ReturnType<typeof createRow>>} */
  const rows = new Map();
  keepTable(body);
  const view = createView(onChange);

  return {
    /**
     * @param {readonly TenantStatus[]} tenants
     * @param {import('./row.js').Context} context
     */
    show(tenants, context) {
      const { now } = context;
      const text = view.text.trim().toLowerCase();
      const found = tenants.filter((tenant) => matches(tenant, text)).sort(compareBy(view.order, now));
      const shown = view.pageOf(found);
      const elements = shown.flatMap((tenant) => {
        const row = rows.get(tenant.tenant) ?? createRow(tenant.tenant);
        rows.set(tenant.tenant, row);
        return row.show(tenant, context);
      });
      const names = new Set(shown.map(({ tenant }) => tenant));
      for (const name of rows.keys()) if (!names.has(name)) rows.delete(name);
      setChildren(body, elements);
      const troubled = tenants.filter((tenant) => isInTrouble(tenant, now)).length;
      setText(byId('count'), countText(tenants.length, found.length, troubled));
      const nobody = byId('nobody');
      nobody.hidden = found.length > 0;
      setText(nobody, tenants.length === 0 ? 'This task has not seen any objects yet.' : 'No tenant matches.');
    },
  };
}

/**
 * The controls. What they show is in the address, too.
 * @param {() => void} onChange
 */
function createView(onChange) {
  const search = byId('search', HTMLInputElement);
  const order = byId('order', HTMLSelectElement);
  const start = viewOf(location.search);
  search.value = start.text;
  order.value = start.order;
  if (order.selectedIndex < 0) order.selectedIndex = 0;
  let page = start.page;
  /** @param {number} to */
  const go = (to) => {
    page = to;
    const query = queryOf({ text: search.value, order: order.value, page });
    history.replaceState(null, '', `${location.pathname}${query}`);
    onChange();
  };
  search.addEventListener('input', () => go(1));
  order.addEventListener('change', () => go(1));
  byId('find').addEventListener('submit', (event) => event.preventDefault());
  byId('previous').addEventListener('click', () => go(page - 1));
  byId('next').addEventListener('click', () => go(page + 1));

  return {
    get text() {
      return search.value;
    },
    get order() {
      return order.value;
    },
    /**
     * @param {readonly TenantStatus[]} found
     * @returns {readonly TenantStatus[]} those of the current page, or of the last one if there are fewer
     */
    pageOf(found) {
      page = Math.min(page, Math.max(1, Math.ceil(found.length / PAGE_SIZE)));
      const from = (page - 1) * PAGE_SIZE;
      const to = Math.min(found.length, from + PAGE_SIZE);
      byId('pages').hidden = found.length <= PAGE_SIZE;
      setText(byId('page'), `${formatCount(from + 1)}–${formatCount(to)} of ${formatCount(found.length)}`);
      byId('previous', HTMLButtonElement).disabled = page === 1;
      byId('next', HTMLButtonElement).disabled = to === found.length;
      return found.slice(from, to);
    },
  };
}

/**
 * On a phone the style makes cards of the rows, which would take the table from screen readers; explicit roles keep it.
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
 * @param {number} found
 * @param {number} troubled
 */
function countText(all, found, troubled) {
  const some = found === all ? formatCount(all) : `${formatCount(found)} of ${formatCount(all)}`;
  return troubled === 0 ? `${some}, none in trouble` : `${some}, ${formatCount(troubled)} in trouble`;
}
