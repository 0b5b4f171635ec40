import type { z } from 'zod';
import { nearest } from '../../service/base/nearest.ts';
import { type Group, valueAt } from './layers.ts';
import { SETTING_PATHS } from './schema.ts';

/** Settings that cannot be: every problem at once, each a sentence with the value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

/** What is wrong with a setting: a sentence with the value. */
export interface Problem {
  /** The setting that the sentence begins with, as `storage.retentionDays`, and the others that it depends on. */
  readonly settings: readonly string[];
  readonly sentence: string;
}

export function problem(settings: string | readonly [string, ...string[]], rule: string, got: unknown): Problem {
  const all = typeof settings === 'string' ? [settings] : settings;
  const [setting] = all;
  return {
    settings: all,
    sentence: `${setting}: ${rule} (got ${got === undefined ? 'nothing' : JSON.stringify(got)})`,
  };
}

/** The schema's issues as sentences. */
export function problemsOfIssues(issues: readonly z.core.$ZodIssue[], given: Group): readonly Problem[] {
  return issues.flatMap((issue) => {
    if (issue.code !== 'unrecognized_keys')
      return [problem(nameOf(issue.path), issue.message, valueAt(given, issue.path))];
    return issue.keys.map((key) => {
      const path = [...issue.path, key];
      return problem(nameOf(path), unknownSetting(nameOf(issue.path), key), valueAt(given, path));
    });
  });
}

/** Paths that must go before what is left can be read. */
export function pathsOfIssues(issues: readonly z.core.$ZodIssue[]): readonly (readonly PropertyKey[])[] {
  return issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key]) : [issue.path],
  );
}

function nameOf(path: readonly PropertyKey[]): string {
  return path
    .map((key, at) => (typeof key === 'number' ? `[${key}]` : `${at === 0 ? '' : '.'}${String(key)}`))
    .join('');
}

/** A neighbour that is spelt like it, or else a setting of that name in another group. */
function unknownSetting(groupName: string, key: string): string {
  const lastOf = (path: string) => path.slice(path.lastIndexOf('.') + 1);
  const neighbours = SETTING_PATHS.filter((path) => path === [groupName, lastOf(path)].filter(Boolean).join('.'));
  const groups = groupName === '' ? [...new Set(SETTING_PATHS.flatMap((path) => path.split('.').slice(0, -1)))] : [];
  const near = nearest(key, [...neighbours.map(lastOf), ...groups]);
  if (near !== undefined) return `is no setting; did you mean ${near}?`;
  const elsewhere = nearest(key, SETTING_PATHS.map(lastOf));
  const path = SETTING_PATHS.find((each) => lastOf(each) === elsewhere);
  return path === undefined ? 'is no setting' : `is no setting here; did you mean ${path}?`;
}
