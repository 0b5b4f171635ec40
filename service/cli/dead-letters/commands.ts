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
    const lines = letters.map(({ receipt: _, ...letter }) => `${JSON.stringify(letter)}\n`);
    await using file = await open(options.save, 'a');
    await file.appendFile(lines.join(''));
    await file.sync();
    return letters;
  });
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
  if (options.dryRun || !options.yes) {
    const letters = await look(context, options);
    if (options.dryRun || letters.length === 0) return report(context, letters, 0, done);
    context.printer.note(selectionText(letters));
    await confirm(context, `These ${formatCount(letters.length)} are to be ${done}?`, false);
  }
  return report(context, ...(await work(context, options, treat)), done);
}

/** One pass over the queue. */
async function work(
  context: Context,
  options: ChangeOptions,
  treat: Treat,
): Promise<[letters: DeadLetter[], count: number]> {
  const queue = queueOf(context);
  const settled = new Set<string>();
  const selected: DeadLetter[] = [];
  const bar = context.printer.progress('dead letters', options.limit);
  try {
    for await (const letters of queue.batches(options.limit, settled)) {
      const some = letters.filter((letter) => isSelected(letter, options));
      selected.push(...some);
      const safe = some.length > 0 ? await treat(some) : [];
      await queue.remove(safe);
      for (const { id } of safe) settled.add(id);
      bar.update(settled.size);
    }
  } finally {
    bar.end();
    if (context.signal.aborted) {
      context.printer.note(
        `interrupted after ${formatCount(settled.size)}: the others are still dead letters; repeat it to go on`,
      );
    }
  }
  return [selected, settled.size];
}

function selectionText(letters: readonly DeadLetter[]): string {
  return groupLetters(letters)
    .map(({ count, reason, tenant }) => `${formatCount(count)}  ${reason}  ${tenant || '-'}`)
    .join('\n');
}

function report(
  context: Context,
  letters: readonly DeadLetter[],
  count: number,
  done: 'redriven' | 'dropped',
): ExitCode {
  context.printer.result({ selected: letters.length, [done]: count, groups: groupLetters(letters) }, () => {
    const groups = letters.length > 0 ? `${selectionText(letters)}\n` : '';
    return `${groups}${formatCount(count)} of ${formatCount(letters.length)} ${done}\n`;
  });
  return context.signal.aborted ? EXIT_TROUBLE : EXIT_DONE;
}
