import { open } from 'node:fs/promises';
import type { Command } from 'commander';
import { rate, timeParser, wholeNumber } from '../arguments.ts';
import { confirm } from '../confirm.ts';
import { CommandError, EXIT_DONE, EXIT_TROUBLE, type ExitCode, usageError } from '../errors.ts';
import { createPace } from '../pace.ts';
import type { Context, Session } from '../session.ts';
import { formatCount, formatTable, formatTime, shorten } from '../terminal.ts';
import { adviceFor } from './advice.ts';
import { type DeadLetter, groupLetters, isSelected, type Selection } from './letter.ts';
import { createDeadLetterQueue, type DeadLetterQueue } from './queue.ts';

/** `dead-letters summary | list | show | redrive | drop`. */

interface Options extends Selection {
  readonly limit: number;
}

interface ChangeOptions extends Options {
  readonly all?: true;
  readonly yes?: true;
  readonly dryRun?: true;
}

const LIMIT = 10_000;
const DETAIL_SHOWN_LENGTH = 160;
const WHY_LEFT = 'SQS did not take them, or what they say was sent already; look at them, then repeat it';

export function addDeadLetters(program: Command, session: Session): void {
  const group = program
    .command('dead-letters')
    .description('Messages that could not be processed: why, whose, and back into the queue.');

  const summary = withSelection(group.command('summary'), session)
    .description(
      'What they have in common, by reason and tenant, and what to do about it; status 1 when there are any.',
    )
    .addHelpText('after', '\nExample:\n  log-distributor dead-letters summary');
  session.run<Options>(summary, summarize);

  const list = withSelection(group.command('list'), session)
    .description('One by one; status 1 when there are any.')
    .addHelpText('after', '\nExample:\n  log-distributor dead-letters list --reason object-corrupt --tenant acme');
  session.run<Options>(list, listLetters);

  const show = group
    .command('show')
    .argument('<id>', 'message id, as `list` shows it')
    .option('--limit <count>', 'look at so many messages', wholeNumber(1, 1e6), LIMIT)
    .description('One of them, with its body.')
    .addHelpText('after', '\nExample:\n  log-distributor dead-letters show 0b7e1a2c-0000-4000-8000-000000000000');
  session.run<Options>(show, showLetter);

  const redrive = withChange(withSelection(group.command('redrive'), session))
    .option('--rate <per second>', 'messages a second at most', rate(1_000), 10)
    .description(
      'Sends those that are selected back into the queue. Sent first and deleted after: the ledger answers a repetition.',
    )
    .addHelpText(
      'after',
      `
Examples:
  log-distributor dead-letters redrive --reason tenant-unknown --tenant acme --dry-run
  log-distributor dead-letters redrive --reason tenant-unknown --tenant acme --yes`,
    );
  session.run<ChangeOptions & { rate: number }>(redrive, redriveLetters);

  const drop = withChange(withSelection(group.command('drop'), session))
    .requiredOption('--save <file>', 'each is written there as a line of JSON before it is deleted')
    .description('Deletes those that are selected. Their logs are then never delivered.')
    .addHelpText(
      'after',
      '\nExample:\n  log-distributor dead-letters drop --reason object-gone --save gone.ndjson --yes',
    );
  session.run<ChangeOptions & { save: string }>(drop, dropLetters);
}

function withSelection(command: Command, { deps }: Session): Command {
  return command
    .option('--reason <code>', 'only of this reason, such as role-refused')
    .option('--tenant <tenant>', 'only of this tenant')
    .option('--object <text>', "only those in whose object's name this stands")
    .option('--id <id>', 'only this message')
    .option(
      '--before <time>',
      'only those that came before: a time, a UTC date, or an age such as 2h',
      timeParser(deps.nowMs),
    )
    .option('--limit <count>', 'look at so many messages', wholeNumber(1, 1e6), LIMIT);
}

function withChange(command: Command): Command {
  return command
    .option('--all', 'all of them, where nothing else selects')
    .option('--dry-run', 'show which, and change nothing')
    .option('--yes', 'do not ask');
}

function queueOf({ sqs, deadLetterQueueUrl, signal }: Context): DeadLetterQueue {
  return createDeadLetterQueue({ sqs, queueUrl: deadLetterQueueUrl, signal });
}

/** Looks at the queue, lets everything go again, and keeps what is selected. */
async function look(context: Context, options: Options): Promise<DeadLetter[]> {
  const found: DeadLetter[] = [];
  const bar = context.printer.progress('dead letters', options.limit);
  let seen = 0;
  try {
    for await (const letters of queueOf(context).batches(options.limit, new Set())) {
      seen += letters.length;
      found.push(...letters.filter((letter) => isSelected(letter, options)));
      bar.update(seen);
    }
  } finally {
    bar.end();
  }
  context.signal.throwIfAborted();
  if (seen >= options.limit) context.printer.note(`looked at ${formatCount(seen)} messages; --limit looks at more`);
  return found.sort((a, b) => a.sentMs - b.sentMs);
}

async function summarize(context: Context, options: Options): Promise<ExitCode> {
  const letters = await look(context, options);
  const groups = groupLetters(letters).map((group) => ({ ...group, advice: adviceFor(group.reason) }));
  context.printer.result({ count: letters.length, groups }, (style) => {
    if (groups.length === 0) return 'no dead letters\n';
    const table = formatTable(
      groups,
      [
        { title: 'count', text: ({ count }) => formatCount(count), right: true },
        { title: 'reason', text: ({ reason }) => reason },
        { title: 'tenant', text: ({ tenant }) => tenant || '-' },
        { title: 'first', text: ({ first }) => first },
        { title: 'last', text: ({ last }) => last },
        { title: 'objects', text: ({ objects }) => shorten(objects, DETAIL_SHOWN_LENGTH) },
      ],
      style,
    );
    const details = groups.map(
      ({ reason, tenant, detail, same_detail: same }) =>
        `${style.bold(`${reason} ${tenant}`.trimEnd())}${same ? '' : ' (the newest says)'}: ${shorten(detail, DETAIL_SHOWN_LENGTH * 2)}\n`,
    );
    const advice = [...new Map(groups.map((group) => [group.reason, group.advice]))].map(
      ([reason, text]) => `${style.bold(reason)}: ${text}\n`,
    );
    return `${table}\n${details.join('')}\nwhat to do\n${advice.join('')}`;
  });
  return letters.length === 0 ? EXIT_DONE : EXIT_TROUBLE;
}

async function listLetters(context: Context, options: Options): Promise<ExitCode> {
  const letters = await look(context, options);
  const rows = letters.map(({ receipt: _, body: _body, sentMs, ...letter }) => ({
    ...letter,
    sent: formatTime(sentMs),
  }));
  context.printer.result(rows, (style) =>
    rows.length === 0
      ? 'no dead letters\n'
      : formatTable(
          rows,
          [
            { title: 'id', text: ({ id }) => id },
            { title: 'sent', text: ({ sent }) => sent },
            { title: 'reason', text: ({ reason }) => reason },
            { title: 'tenant', text: ({ tenant }) => tenant || '-' },
            { title: 'object', text: ({ object }) => object || '-' },
          ],
          style,
        ),
  );
  return letters.length === 0 ? EXIT_DONE : EXIT_TROUBLE;
}

async function showLetter(context: Context, options: Options, [id = '']: readonly string[]): Promise<ExitCode> {
  const [letter] = await look(context, { ...options, id });
  if (!letter)
    throw new CommandError(`there is no dead letter ${id}: \`log-distributor dead-letters list\` shows them`);
  const { receipt: _, sentMs, ...rest } = letter;
  const advice = adviceFor(letter.reason);
  context.printer.result({ ...rest, sent: formatTime(sentMs), advice }, (style) =>
    [
      `${style.bold(letter.id)}  sent ${formatTime(sentMs)}`,
      `reason  ${style.bad(letter.reason)}`,
      `tenant  ${letter.tenant || '-'}`,
      `object  ${letter.object || '-'}`,
      `detail  ${shorten(letter.detail, 2_000)}`,
      `to do   ${advice}`,
      `body    ${shorten(letter.body, 4_000)}`,
      '',
    ].join('\n'),
  );
  return EXIT_DONE;
}

/** What is done with each batch of selected letters; they are deleted once it has resolved. @returns those that may go */
type Treat = (letters: readonly DeadLetter[]) => Promise<readonly DeadLetter[]>;

async function redriveLetters(context: Context, options: ChangeOptions & { readonly rate: number }): Promise<ExitCode> {
  const target = context.queueUrl;
  const pace = createPace(options.rate, () => performance.now(), context.signal);
  const sent = new Set<string>();
  return change(context, options, 'redriven', async (letters) => {
    // What has come back as a dead letter meanwhile would go round and round.
    const fresh = letters.filter(({ body }) => !sent.has(body));
    await pace.take(fresh.length);
    if (context.signal.aborted) return [];
    const safe = await queueOf(context).sendTo(target, fresh);
    for (const { body } of safe) sent.add(body);
    return safe;
  });
}

async function dropLetters(context: Context, options: ChangeOptions & { readonly save: string }): Promise<ExitCode> {
  return change(context, options, 'dropped', async (letters) => {
    await keepIn(options.save, letters);
    return letters;
  });
}

/** Resolves once the letters are on the disk. @throws CommandError when they are not */
async function keepIn(path: string, letters: readonly DeadLetter[]): Promise<void> {
  const lines = letters.map(({ receipt: _, ...letter }) => `${JSON.stringify(letter)}\n`);
  try {
    await using file = await open(path, 'a');
    await file.appendFile(lines.join(''));
    await file.sync();
  } catch (cause) {
    const why = cause instanceof Error && 'code' in cause ? cause.code : cause;
    throw new CommandError(`--save: ${path} cannot be written (${why}), so these are not dropped`, undefined, {
      cause,
    });
  }
}

async function change(
  context: Context,
  options: ChangeOptions,
  done: 'redriven' | 'dropped',
  treat: Treat,
): Promise<ExitCode> {
  const { reason, tenant, object, id, before } = options;
  const selects = [reason, tenant, object, id, before].some((value) => value !== undefined);
  if (!selects && !options.all) throw usageError('say which: --reason, --tenant, --object, --id or --before; or --all');
  let shown: ReadonlySet<string> | undefined;
  if (options.dryRun || !options.yes) {
    const letters = await look(context, options);
    if (options.dryRun || letters.length === 0) return report(context, options, letters, 0, done);
    context.printer.note(selectionText(letters));
    await confirm(context, `These ${formatCount(letters.length)} are to be ${done}?`, false);
    shown = new Set(letters.map((letter) => letter.id));
  }
  // What has come since the question was asked was not in it.
  const isMeant = (letter: DeadLetter) => isSelected(letter, options) && (shown === undefined || shown.has(letter.id));
  return report(context, options, ...(await work(context, options.limit, isMeant, treat)), done);
}

/** One pass over the queue. @returns those that are meant, and how many of them were treated and deleted */
async function work(
  context: Context,
  limit: number,
  isMeant: (letter: DeadLetter) => boolean,
  treat: Treat,
): Promise<[letters: DeadLetter[], count: number]> {
  const queue = queueOf(context);
  const settled = new Set<string>();
  const meant: DeadLetter[] = [];
  const bar = context.printer.progress('dead letters', limit);
  let whole = false;
  try {
    for await (const letters of queue.batches(limit, settled)) {
      const some = letters.filter(isMeant);
      meant.push(...some);
      const safe = some.length > 0 ? await treat(some) : [];
      await queue.remove(safe);
      for (const { id } of safe) settled.add(id);
      bar.update(settled.size);
    }
    whole = !context.signal.aborted;
  } finally {
    bar.end();
    if (!whole) {
      const how = context.signal.aborted ? 'interrupted' : 'ended';
      context.printer.note(
        `${how} after ${formatCount(settled.size)}: the others are still dead letters; repeat it to go on`,
      );
    }
  }
  return [meant, settled.size];
}

function selectionText(letters: readonly DeadLetter[]): string {
  return groupLetters(letters)
    .map(({ count, reason, tenant }) => `${formatCount(count)}  ${reason}  ${tenant || '-'}`)
    .join('\n');
}

function report(
  context: Context,
  options: ChangeOptions,
  letters: readonly DeadLetter[],
  count: number,
  done: 'redriven' | 'dropped',
): ExitCode {
  const dryRun = options.dryRun === true;
  const interrupted = context.signal.aborted;
  const groups = groupLetters(letters);
  const left = dryRun ? 0 : letters.length - count;
  context.printer.result({ selected: letters.length, [done]: count, dry_run: dryRun, interrupted, groups }, () => {
    const head = letters.length > 0 ? `${selectionText(letters)}\n` : '';
    const counts = `${formatCount(count)} of ${formatCount(letters.length)} ${done}${dryRun ? ' (dry run)' : ''}\n`;
    const rest = left > 0 && !interrupted ? `${formatCount(left)} stay dead letters: ${WHY_LEFT}\n` : '';
    return `${head}${counts}${rest}`;
  });
  return left > 0 || interrupted ? EXIT_TROUBLE : EXIT_DONE;
}
