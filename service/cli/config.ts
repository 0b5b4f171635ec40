import type { Command } from 'commander';
import { misspeltSettings } from '../base/nearest.ts';
import { readSettings, SETTING_NAMES, SettingsError, settingOrigins } from '../base/settings.ts';
import { EXIT_DONE, EXIT_TROUBLE } from './errors.ts';
import type { CliDeps, Session } from './session.ts';
import { formatTable } from './terminal.ts';

/** A line of `config`. */
export interface ConfigRow {
  readonly name: string;
  readonly value: string | null;
  readonly from: string;
}

/** Where the SDK looks for credentials, in its order; what is behind a name is shown or hidden. */
const CREDENTIALS: readonly { readonly name: string; readonly hidden: boolean }[] = [
  { name: 'AWS_ACCESS_KEY_ID', hidden: false },
  { name: 'AWS_SECRET_ACCESS_KEY', hidden: true },
  { name: 'AWS_SESSION_TOKEN', hidden: true },
  { name: 'AWS_PROFILE', hidden: false },
  { name: 'AWS_WEB_IDENTITY_TOKEN_FILE', hidden: false },
  { name: 'AWS_ROLE_ARN', hidden: false },
  { name: 'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI', hidden: true },
  { name: 'AWS_CONTAINER_CREDENTIALS_FULL_URI', hidden: true },
  { name: 'AWS_CONTAINER_AUTHORIZATION_TOKEN', hidden: true },
];
const HIDDEN = '(hidden)';

export function addConfig(program: Command, session: Session): void {
  const config = program
    .command('config')
    .description('Shows the effective settings, where each comes from, and what is wrong with it. Secrets are hidden.')
    .addHelpText('after', '\nExample:\n  log-distributor config --json');
  session.run(config, ({ environment, regionFrom, printer }) => {
    const rows = configRows(environment, regionFrom);
    const problems = problemsOf(environment);
    const warnings = misspeltSettings(environment, SETTING_NAMES);
    printer.result({ settings: rows, problems, warnings }, (style) => {
      const table = formatTable(
        rows,
        [
          { title: 'setting', text: ({ name }) => name },
          { title: 'from', text: ({ from }) => from },
          { title: 'value', text: ({ value }) => value ?? '', style: (text) => style.bold(text) },
        ],
        style,
      );
      const wrong = problems.map((problem) => `${style.bad('wrong')}  ${problem}\n`);
      const odd = warnings.map((warning) => `${style.warn('warning')}  ${warning}\n`);
      return [table, ...wrong, ...odd].join('');
    });
    return problems.length === 0 ? EXIT_DONE : EXIT_TROUBLE;
  });
}

/** The service's settings, then the credentials that are there. */
export function configRows(environment: CliDeps['environment'], regionFrom?: string): ConfigRow[] {
  const settings = settingOrigins(environment).map(({ name, value, from }) => ({
    name,
    value: value === undefined ? null : withoutPassword(value),
    from: name === 'AWS_REGION' ? (regionFrom ?? from) : from,
  }));
  const credentials = CREDENTIALS.flatMap(({ name, hidden }) => {
    const value = environment[name]?.trim();
    return value ? [{ name, value: hidden ? HIDDEN : value, from: 'environment' }] : [];
  });
  return [...settings, ...credentials];
}

/** A URL may carry a name and a password. */
function withoutPassword(value: string): string {
  const url = URL.parse(value);
  if (!url || (url.username === '' && url.password === '')) return value;
  url.username = '';
  url.password = '';
  return url.href.replace('://', `://${HIDDEN}@`);
}

/** What would keep the service from starting. */
function problemsOf(environment: CliDeps['environment']): readonly string[] {
  try {
    readSettings(environment);
    return [];
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
}
