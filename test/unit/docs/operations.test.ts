import assert from 'node:assert/strict';
import { glob, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { configOf } from '../../../infra/config/config.ts';
import { alertsOf } from '../../../infra/values/alarms.ts';
import { namesOf } from '../../../infra/values/names.ts';
import { createSilentProgram } from '../../../local/docs/commands.ts';
import { ERROR_CODES } from '../../../service/base/errors.ts';
import { parseItems } from '../../../service/cli/tenants/item.ts';
import { parseDelivery } from '../../../service/destination/parse-delivery.ts';
import { commandsIn } from '../../support/runbook.ts';

const root = new URL('../../../', import.meta.url);
const read = (path: string) => readFile(new URL(path, root), 'utf8');
const page = await read('docs/guide/operations.md');
const config = configOf('production');
const pages = ['README.md', ...(await Array.fromAsync(glob('docs/**/*.md', { cwd: root })))];

/** What is wrong with a command line, without running it. */
function problemOf(args: readonly string[]): string | undefined {
  let command = createSilentProgram();
  let rest = [...args];
  for (;;) {
    const next = command.commands.find((one) => one.name() === rest[0]);
    if (!next) break;
    command = next;
    rest = rest.slice(1);
  }
  if (rest[0] === '--help') return undefined;
  if (command.commands.length > 0) return `${rest[0] ?? '(nothing)'} is no command`;
  try {
    const { operands, unknown } = command.parseOptions(rest);
    if (unknown.length > 0) return `it has no option ${unknown[0]}`;
    const needed = command.registeredArguments.filter(({ required }) => required).length;
    if (operands.length < needed) return 'an argument is missing';
    if (operands.length > needed && !command.registeredArguments.some(({ variadic }) => variadic))
      return 'an argument too many';
    const missing = command.options.find(
      (option) => option.mandatory && command.getOptionValue(option.attributeName()) === undefined,
    );
    return missing ? `${missing.long} is missing` : undefined;
  } catch (error) {
    return String(error);
  }
}

const alerts = alertsOf(config, namesOf(config, { partition: 'aws', region: config.region, accountId: '' }));

test('every alert has a section that says what it means, where to look and how to fix it', () => {
  const sections = new Map(
    page
      .split(/^### /m)
      .slice(1)
      .map((text) => [text.split('\n')[0], text] as const),
  );
  for (const { name, severity } of alerts) {
    const section = sections.get(name);
    assert.ok(section, `${name} has no section`);
    assert.match(section, new RegExp(`^\\*${severity === 'page' ? 'Page' : 'Ticket'}\\.\\*`, 'm'), name);
    assert.match(section, /\*\*Look\.\*\*/, name);
    assert.match(section, /\*\*Fix/, name);
  }
});

test('there is no section for an alert that does not exist', () => {
  const names = new Set(alerts.map(({ name }) => name));
  for (const [, name = ''] of page.matchAll(/^### (Log\w+)$/gm)) assert.ok(names.has(name), name);
});

test('every command in the pages exists, with its options and arguments', async () => {
  const commands = (await Promise.all(pages.map(commandsIn))).flat();
  assert.ok(commands.filter(({ inBlock }) => inBlock).length > 30);
  for (const { page: where, line, args, inBlock } of commands) {
    const problem = problemOf(args);
    // Within a sentence a command may be named without all of its arguments.
    if (inBlock || !problem?.endsWith(' is missing')) {
      assert.equal(problem, undefined, `${where}:${line}: log-distributor ${args.join(' ')}`);
    }
  }
});

test('what the test calls wrong is wrong', () => {
  assert.equal(problemOf(['tenants', 'verify', 'acme']), undefined);
  assert.equal(problemOf(['tenants', 'repair', 'acme']), 'repair is no command');
  assert.equal(problemOf(['tenants', 'verify', 'acme', '--deep']), 'it has no option --deep');
  assert.equal(problemOf(['tenants', 'verify']), 'an argument is missing');
  assert.equal(problemOf(['tenants', 'verify', 'a', 'b']), 'an argument too many');
  assert.equal(problemOf(['tenants', 'put', '--dry-run']), '--file is missing');
  assert.match(problemOf(['replay', '--from', 'yesterday']) ?? '', /must be a time/);
});

test('every error code that a command of the page selects is one of the service', async () => {
  const reasons = (await commandsIn('docs/guide/operations.md')).flatMap(({ args }) =>
    args[0] === 'dead-letters' && args.includes('--reason') ? [args[args.indexOf('--reason') + 1]] : [],
  );
  assert.ok(reasons.length > 3);
  for (const reason of reasons)
    assert.ok((ERROR_CODES as readonly (string | undefined)[]).includes(reason), String(reason));
});

test('the tenant of the page is one that the service takes', () => {
  const [, yaml = ''] = /```yaml\n([\s\S]+?)```/.exec(page) ?? [];
  const [item] = parseItems(yaml, 'the page');
  const delivery = parseDelivery(item ?? {}, { region: 'us-east-1', applicationGroups: {} });
  assert.equal(delivery.tenantId, 'acme');
});
