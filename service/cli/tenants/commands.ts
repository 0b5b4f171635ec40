import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { stringify } from 'yaml';
import { compileKeyTemplate } from '../../core/object-key.ts';
import { confirm } from '../confirm.ts';
import { CommandError, EXIT_DONE, EXIT_TROUBLE, type ExitCode, usageError } from '../errors.ts';
import type { Context, Session } from '../session.ts';
import { formatTable, type Style } from '../terminal.ts';
import {
  type Change,
  changesOf,
  type Item,
  type Judged,
  judge,
  merge,
  nameOf,
  parseItems,
  shownValue,
} from './item.ts';
import { requireKnownTenant } from './known.ts';
import { createTenantTable, type TenantTable } from './table.ts';
import { warningsOf } from './warnings.ts';

/** `tenants list | get | put | enable | disable | import`. */
export function addTenants(program: Command, session: Session): Command {
  const tenants = program
    .command('tenants')
    .description('Manages the tenant table, which says where the logs of each tenant are delivered.');

  const list = tenants
    .command('list')
    .description('Lists all deliveries of all tenants. Status 1: at least one is invalid.')
    .option('--invalid', 'only deliveries that the service cannot use')
    .addHelpText(
      'after',
      '\nExamples:\n  log-distributor tenants list\n  log-distributor tenants list --invalid --json',
    );
  session.run<{ invalid?: true }>(list, listTenants);

  const get = tenants
    .command('get')
    .argument('<tenant>', 'tenant id')
    .description("Prints a tenant's items as YAML for `put`, including the external id.")
    .addHelpText('after', '\nExample:\n  log-distributor tenants get acme > acme.yaml');
  session.run(get, getTenant);

  const put = tenants
    .command('put')
    .description(
      'Writes tenants from a file. Attributes that the file lacks are removed, except those of other systems.',
    )
    .requiredOption('-f, --file <file>', 'YAML or JSON; - reads standard input')
    .option('--dry-run', 'show what would change, and change nothing')
    .option('--yes', 'do not ask for confirmation')
    .addHelpText(
      'after',
      '\nExamples:\n  log-distributor tenants put -f acme.yaml --dry-run\n  log-distributor tenants put -f acme.yaml',
    );
  session.run<WriteOptions & { file: string }>(put, (context, { file, ...options }) =>
    writeFiles(context, [file], { ...options, overwrite: true }),
  );

  for (const [name, enabled] of [
    ['enable', true],
    ['disable', false],
  ] as const) {
    const command = tenants
      .command(name)
      .argument('<tenant>', 'tenant id')
      .option('--delivery <type>', 'only this delivery, such as cloudwatch#audit')
      .description(
        enabled
          ? "Resumes a tenant's deliveries. Objects that arrived meanwhile were skipped; `replay --missing` delivers them."
          : "Stops a tenant's deliveries. Its objects are acknowledged without delivery and counted as skipped.",
      )
      .addHelpText('after', `\nExample:\n  log-distributor tenants ${name} acme --delivery cloudwatch`);
    session.run<{ delivery?: string }>(command, (context, { delivery }, [tenantId = '']) =>
      setEnabled(context, tenantId, delivery, enabled),
    );
  }

  const importing = tenants
    .command('import')
    .argument('<files...>', "YAML, JSON, NDJSON or DynamoDB's export of a table")
    .option('--overwrite', 'change existing tenants; by default they stay unchanged')
    .option('--dry-run', 'show what would change, and change nothing')
    .option('--yes', 'do not ask for confirmation')
    .description('Writes many tenants at once. If one is invalid, none is written.')
    .addHelpText('after', '\nExample:\n  log-distributor tenants import export/*.json --dry-run');
  session.run<WriteOptions>(importing, (context, options, files) => writeFiles(context, files, options));
  return tenants;
}

function tableOf(context: Context): TenantTable {
  return createTenantTable(context.dynamo, context.settings.tenantTable, context.signal);
}

function judgeIn(context: Context, item: Item): Judged {
  const { region, applicationGroups } = context.settings;
  return judge(item, { region, applicationGroups });
}

async function listTenants(context: Context, { invalid }: { invalid?: true }): Promise<ExitCode> {
  const items = await Array.fromAsync(tableOf(context).all());
  const judged = items
    .map((item) => judgeIn(context, item))
    .sort((a, b) => nameOf(a.item).localeCompare(nameOf(b.item)));
  const shown = invalid ? judged.filter(({ problems }) => problems.length > 0) : judged;
  const rows = shown.map(({ item, delivery, problems }) => ({
    tenant: String(item.tenant_id),
    type: String(item.type),
    enabled: delivery?.enabled ?? null,
    region: delivery?.region ?? null,
    role: String(item.log_distribution_role_arn ?? ''),
    problems,
  }));
  context.printer.result(rows, (style) => {
    if (rows.length === 0) return `no ${invalid ? 'invalid ' : ''}tenant in ${context.settings.tenantTable}\n`;
    const state = ({ enabled }: (typeof rows)[number]) =>
      enabled === null ? 'invalid' : enabled ? 'enabled' : 'disabled';
    const table = formatTable(
      rows,
      [
        { title: 'tenant', text: ({ tenant }) => tenant },
        { title: 'delivery', text: ({ type }) => type },
        { title: 'state', text: state, style: (text, { enabled }) => stateStyle(style, enabled)(text) },
        { title: 'region', text: ({ region }) => region ?? '' },
        { title: 'role', text: ({ role }) => role },
      ],
      style,
    );
    const lines = rows.flatMap(({ tenant, type, problems }) =>
      problems.map((problem) => `${style.bad('invalid')}  ${tenant}/${type}  ${problem}\n`),
    );
    return `${table}${lines.join('')}`;
  });
  return judged.some(({ problems }) => problems.length > 0) ? EXIT_TROUBLE : EXIT_DONE;
}

function stateStyle(style: Style, enabled: boolean | null): (text: string) => string {
  if (enabled === null) return style.bad;
  return enabled ? style.good : style.warn;
}

async function getTenant(context: Context, _options: object, [tenantId = '']: readonly string[]): Promise<ExitCode> {
  const items = await existing(context, tenantId, undefined);
  context.printer.result(items, () =>
    items
      .map((item) => stringify(item, (_, value) => (value instanceof Set ? [...value].sort() : value)))
      .join('---\n'),
  );
  return EXIT_DONE;
}

/** @throws CommandError, a usage error, when there is none */
export async function existing(context: Context, tenantId: string, type: string | undefined): Promise<Item[]> {
  const items = await tableOf(context).of(tenantId);
  const chosen = items.filter((item) => type === undefined || item.type === type);
  if (chosen.length > 0) return chosen;
  if (items.length === 0) await requireKnownTenant(context, tenantId);
  const types = items.map((item) => item.type).join(', ');
  throw usageError(`tenant ${tenantId} has no delivery ${type}, only ${types} in ${context.settings.tenantTable}`);
}

interface Planned extends Judged {
  readonly before: Item | undefined;
  /** All of the tenant's items as they are in the table. */
  readonly siblings: readonly Judged[];
  readonly after: Item;
  readonly changes: readonly Change[];
  readonly action: 'create' | 'change' | 'unchanged' | 'left alone' | 'not written';
}

interface WriteOptions {
  readonly overwrite?: true;
  readonly dryRun?: true;
  readonly yes?: true;
}

async function writeFiles(context: Context, files: readonly string[], options: WriteOptions): Promise<ExitCode> {
  const wanted = (await Promise.all(files.map((file) => readItems(context, file)))).flat();
  const judged = wanted.map((item) => judgeIn(context, item));
  refuseInvalid(judged);
  const planned: Planned[] = [];
  for (const one of judged) planned.push(await plan(context, one, options.overwrite === true));
  noteOddities(context, planned);
  if (options.dryRun) {
    showPlan(context, planned, true);
    return EXIT_DONE;
  }
  const changing = planned.filter(({ action }) => action === 'create' || action === 'change');
  if (context.ask && !options.yes && changing.length > 0) {
    context.printer.note(
      changing
        .map((one) => planText(one, context.printer.style))
        .join('')
        .trimEnd(),
    );
    await confirm(context, `Write ${changing.length} of ${planned.length}?`, false);
  }
  return carryOut(context, planned);
}

/** What is valid and may not be meant; it is written all the same. */
function noteOddities(context: Context, planned: readonly Planned[]): void {
  const template = compileKeyTemplate(context.settings.objectKeyTemplate);
  for (const { item, unknown, delivery, siblings } of planned) {
    const note = (text: string) => context.printer.note(`${nameOf(item)}: ${text}`);
    if (unknown.length > 0) note(`the service does not know ${unknown.join(', ')}`);
    if (!delivery) continue;
    const written = planned.filter((one) => one.item.tenant_id === item.tenant_id && one.action !== 'left alone');
    const names = new Set(written.map((one) => nameOf(one.item)));
    const others = [...siblings.filter((one) => !names.has(nameOf(one.item))), ...written];
    const deliveries = others.flatMap((one) => one.delivery ?? []);
    for (const warning of warningsOf(delivery, deliveries, template)) note(`warning: ${warning}`);
  }
}

async function plan(context: Context, judged: Judged, overwrite: boolean): Promise<Planned> {
  const { tenant_id: tenantId, type } = judged.item;
  // An interrupt does not end it: what is planned is told as not written.
  const items = await createTenantTable(context.dynamo, context.settings.tenantTable).of(String(tenantId));
  const before = items.find((item) => item.type === type);
  const siblings = items.map((item) => judgeIn(context, item));
  const after = merge(before, judged.item);
  const changes = changesOf(before, after);
  const change = changes.length === 0 ? 'unchanged' : overwrite ? 'change' : 'left alone';
  return { ...judged, before, siblings, after, changes, action: before ? change : 'create' };
}

/** Writes one item after another; an interruption comes between two of them. */
async function carryOut(context: Context, planned: readonly Planned[]): Promise<ExitCode> {
  const table = tableOf(context);
  const done: Planned[] = [];
  for (const one of planned) {
    const writes = one.action === 'create' || one.action === 'change';
    const written = writes && !context.signal.aborted && (await table.write(one.before, one.after));
    done.push(writes && !written ? { ...one, action: 'not written' } : one);
  }
  showPlan(context, done, false);
  const missed = done.filter(({ action }) => action === 'not written').map(({ after }) => nameOf(after));
  if (missed.length === 0) return EXIT_DONE;
  throw new CommandError(
    context.signal.aborted
      ? `interrupted: ${missed.join(', ')} not written; repeat the command, which leaves the others unchanged`
      : `${missed.join(', ')} changed meanwhile and was not written: check it and repeat the command`,
  );
}

async function readItems({ readInput }: Context, file: string): Promise<Item[]> {
  try {
    const text = file === '-' ? await readInput() : await readFile(file, 'utf8');
    return parseItems(text, file === '-' ? 'standard input' : file);
  } catch (error) {
    if (error instanceof Error && 'code' in error) throw usageError(`${file}: cannot be read (${error.code})`);
    throw error;
  }
}

/** All problems of all items at once; also an item that stands in the files twice. */
function refuseInvalid(judged: readonly Judged[]): void {
  const seen = new Set<string>();
  const problems = judged.flatMap(({ item, problems: own }) => {
    const name = nameOf(item);
    const twice = seen.has(name) ? [`${name}: appears twice`] : [];
    seen.add(name);
    return [...own.map((problem) => `${name}: ${problem}`), ...twice];
  });
  if (problems.length > 0) throw usageError(`nothing was written, ${problems.length} problems\n${problems.join('\n')}`);
}

function showPlan({ printer }: Context, planned: readonly Planned[], dryRun: boolean): void {
  const data = planned.map(({ item, action, changes }) => ({
    tenant: item.tenant_id,
    type: item.type,
    action,
    changes: changes.map(({ attribute, before, after }) => ({
      attribute,
      before: before === undefined ? null : shownValue(attribute, before),
      after: after === undefined ? null : shownValue(attribute, after),
    })),
  }));
  printer.result({ dry_run: dryRun, tenants: data }, (style) =>
    planned.map((one) => planText(one, style, dryRun)).join(''),
  );
}

function planText({ item, action, changes }: Planned, style: Style, dryRun = false): string {
  const head = `${style.bold(nameOf(item))}  ${action}${dryRun && changes.length > 0 ? ' (dry run)' : ''}\n`;
  return head + changes.map((change) => changeLine(change, style)).join('');
}

function changeLine({ attribute, before, after }: Change, style: Style): string {
  if (before === undefined) return `  ${style.good(`+ ${attribute}: ${shownValue(attribute, after)}`)}\n`;
  if (after === undefined) return `  ${style.bad(`- ${attribute}: ${shownValue(attribute, before)}`)}\n`;
  return `  ${style.warn(`~ ${attribute}: ${shownValue(attribute, before)} → ${shownValue(attribute, after)}`)}\n`;
}

async function setEnabled(
  context: Context,
  tenantId: string,
  type: string | undefined,
  enabled: boolean,
): Promise<ExitCode> {
  const items = await existing(context, tenantId, type);
  const planned = items.map((item): Planned => {
    const after = { ...item, enabled };
    const changes = changesOf(item, after);
    return {
      ...judgeIn(context, after),
      before: item,
      siblings: [],
      after,
      changes,
      action: changes.length > 0 ? 'change' : 'unchanged',
    };
  });
  if (enabled) refuseInvalid(planned);
  context.printer.note('The service picks up the change within a minute.');
  return carryOut(context, planned);
}
