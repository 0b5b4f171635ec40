/** The only ways in which this page changes: by text and by elements, never by markup. What it shows is others' text. */

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
 * Sets a text, and touches nothing when it is there already: a selection stays, a screen reader is silent.
 * @param {Node} node
 * @param {string} text
 */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * Puts children in this order, and touches nothing when they are.
 * @param {Element} parent
 * @param {readonly Element[]} children
 */
export function setChildren(parent, children) {
  const same =
    parent.children.length === children.length && children.every((child, at) => parent.children[at] === child);
  if (!same) parent.replaceChildren(...children);
}
