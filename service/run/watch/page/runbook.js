/** Links to the sections of the runbook, docs/guide/operations.md. */
import { element } from './dom.js';

/**
 * @param {string} section the heading, as the runbook has it
 * @param {string} base where the runbook is (RUNBOOK_URL)
 * @returns {string} the address of the section
 */
export function sectionUrl(section, base) {
  return `${base.split('#')[0]}#${section.toLowerCase().replaceAll(' ', '-')}`;
}

/**
 * @param {string | undefined} section
 * @param {string | null} base
 * @returns {HTMLAnchorElement[]} one link, or none if there is no section or the service does not know where the runbook is
 */
export function runbookLinks(section, base) {
  if (section === undefined || base === null) return [];
  const link = element('a', { className: 'runbook', text: 'runbook' });
  link.href = sectionUrl(section, base);
  link.title = section;
  return [link];
}
