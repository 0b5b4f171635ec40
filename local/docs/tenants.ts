import { DeliveryError } from '../../service/core/delivery.ts';
import { DEFAULT_KIND, KINDS } from '../../service/destination/kinds.ts';
import { ATTRIBUTE_NAMES, parseDelivery } from '../../service/destination/parse-delivery.ts';
import type { Row } from './table.ts';

/** Values of which at least one breaks the rule of every attribute that has one. */
const WRONG: readonly unknown[] = [-1, '?', '?'.repeat(2_000)];
/** Answers that are the same for every attribute: it is missing, or not a text. */
const GENERAL = /^(is required|Invalid input)/;

/** Name, kinds and rule of every attribute. The rule is what the service answers to a wrong value. */
export function attributeRows(): Row[] {
  return ATTRIBUTE_NAMES.map((name) => {
    const kinds = KINDS.filter(({ attributes }) => attributes.includes(name)).map(({ kind }) => `\`${kind}\``);
    return { key: `\`${name}\``, cells: [kinds.length === 0 ? 'all' : kinds.join(', '), ruleOf(name)] };
  });
}

function ruleOf(name: string): string {
  const { kind } = KINDS.find(({ attributes }) => attributes.includes(name)) ?? DEFAULT_KIND;
  const rules = WRONG.flatMap((value) => problemsOf({ type: kind, [name]: value }))
    .filter((problem) => problem.startsWith(`${name}: `))
    .map((problem) => problem.slice(name.length + 2).replace(/ \((got|not set)[\s\S]*$/, ''));
  const rule = rules.find((text) => !GENERAL.test(text)) ?? '';
  return rule
    .replace(/^must (be|have) /, '')
    .replace(/^has more than /, 'at most ')
    .replaceAll('|', '\\|');
}

function problemsOf(item: Readonly<Record<string, unknown>>): readonly string[] {
  try {
    parseDelivery(item, { region: 'us-east-1', applicationGroups: {} });
    return [];
  } catch (error) {
    if (error instanceof DeliveryError) return error.problems;
    throw error;
  }
}
