/** A value that breaks a rule, up to the last place that a value could end at: it may have quotation marks of its own. */
const QUOTED_VALUE = /\bValue '.*' at '/s;

/** A request that breaks a rule is quoted in the answer, and what it holds is customers' log text: no error may have any. */
export function withoutQuotations(message: string): string {
  if (QUOTED_VALUE.test(message)) return message.replace(QUOTED_VALUE, "Value (hidden) at '");
  const mark = message.search(/['"`\u2018\u201c[{(<]/);
  return mark < 0 ? message : `${message.slice(0, mark)}(truncated)`;
}
