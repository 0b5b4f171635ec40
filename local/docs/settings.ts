import { readSettings, SETTING_NAMES, SettingsError, settingOrigins } from '../../service/base/settings.ts';
import type { Row } from './table.ts';

/** A value that breaks the rule of every setting that has one. */
const WRONG = '?';
/** Defaults that depend on the machine. */
const DESCRIBED: Readonly<Record<string, string>> = { WORKER_THREADS: 'number of CPUs' };

/** Name, default and rule of every setting. The rule is what the service answers to a wrong value. */
export function settingRows(): Row[] {
  const origins = new Map(settingOrigins({}).map(({ name, value }) => [name, value]));
  const required = new Set(problemsOf({}).map((problem) => problem.split(':', 1)[0]));
  return SETTING_NAMES.map((name) => {
    const value = origins.get(name);
    const given = value === undefined ? 'none' : `\`${value}\``;
    return { key: `\`${name}\``, cells: [DESCRIBED[name] ?? (required.has(name) ? 'required' : given), ruleOf(name)] };
  });
}

function ruleOf(name: string): string {
  const problem = problemsOf({ [name]: WRONG }).find((text) => text.startsWith(`${name}: `));
  const [, rule = ''] = /: must (.*) \(got /.exec(problem ?? '') ?? [];
  return rule.replace(/^be /, '').replace(/^contain /, 'contains ');
}

function problemsOf(environment: Readonly<Record<string, string>>): readonly string[] {
  try {
    readSettings(environment);
    return [];
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
}
