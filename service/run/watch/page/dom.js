/** The only ways in which this page changes: by text and by elements, never by markup. It shows text that others wrote. */
import { formatMoment, formatTime } from './text.js';

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} name
 * @param {{ className?: string, text?: string }} [properties]
 * @param {readonly Node[]} [children]
 * @returns {HTMLElementTagNameMap[T]}
 */
export function element(name, { className, text } = {}, children = []) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  made.append(...children);
  return made;
}

/**
 * A time of day in UTC; the reader's own time shows on hover.
 * @param {string} time RFC 3339
 * @param {string} now
 */
export function timeElement(time, now) {
  const made = element('time', { text: formatTime(time, now) });
  made.dateTime = time;
  made.title = formatMoment(time);
  return made;
}

/**
 * An element of the document by its id.
 * @template {HTMLElement} [T=HTMLElement]
 * @param {string} id
 * @param {new () => T} [type]
 * @returns {T}
 */
export function byId(id, type) {
  const found = document.getElementById(id);
  const wanted = /** @type {new () => T} */ (type ?? HTMLElement);
  if (!(found instanceof wanted)) throw new Error(`the page has no ${wanted.name} #${id}`);
  return found;
}

/**
 * Sets a text, but only if it changed: a selection stays, and a screen reader is silent.
 * @param {Node} node
 * @param {string} text
 */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * Replaces the children, but only if their text changed.
 * @param {Element} parent
 * @param {readonly Element[]} children
 */
export function setLines(parent, children) {
  /** @param {Iterable<Element>} lines */
  const textOf = (lines) => Array.from(lines, ({ textContent }) => textContent).join('\n');
  if (textOf(parent.children) !== textOf(children)) parent.replaceChildren(...children);
}

/**
 * Sets the children in this order, but only if they changed.
 * @param {Element} parent
 * @param {readonly Element[]} children
 */
export function setChildren(parent, children) {
  const same =
    parent.children.length === children.length && children.every((child, at) => parent.children[at] === child);
  if (!same) parent.replaceChildren(...children);
}
