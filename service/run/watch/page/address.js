/**
 * What the reader looks for is in the page's address: it outlives a reload, and a link to it can be sent.
 *
 * @typedef {{ readonly text: string, readonly order: string, readonly page: number }} View
 * `page` counts from 1.
 */

/** @type {View} */
const FIRST_VIEW = { text: '', order: 'trouble', page: 1 };

/**
 * @param {string} query of the address
 * @returns {View}
 */
export function viewOf(query) {
  const given = new URLSearchParams(query);
  const page = Number(given.get('page') ?? FIRST_VIEW.page);
  return {
    text: given.get('find') ?? FIRST_VIEW.text,
    order: given.get('order') ?? FIRST_VIEW.order,
    page: Number.isSafeInteger(page) && page > 0 ? page : FIRST_VIEW.page,
  };
}

/**
 * @param {View} view
 * @returns {string} the query of the address; empty for the view that the page opens with
 */
export function queryOf({ text, order, page }) {
  const query = new URLSearchParams();
  if (text !== FIRST_VIEW.text) query.set('find', text);
  if (order !== FIRST_VIEW.order) query.set('order', order);
  if (page !== FIRST_VIEW.page) query.set('page', String(page));
  return query.size === 0 ? '' : `?${query}`;
}
