import type { Command } from 'commander';
import { ERROR_CODES } from '../../base/errors.ts';
import { oneOf, rate, timeParser, wholeNumber } from '../arguments.ts';
import { CommandError, EXIT_DONE, EXIT_TROUBLE, type ExitCode } from '../errors.ts';
import type { Context, Session } from '../session.ts';
import { formatCount, formatTable, formatTime, shorten } from '../terminal.ts';
import { adviceFor } from './advice.ts';
import { type ChangeOptions, dropLetters, redriveLetters } from './change.ts';
import { BY_THE_QUEUE, groupLetters } from './letter.ts';
import { type LookOptions, look } from './look.ts';

/** `dead-letters summary | list | show | redrive | drop`. */

const LIMIT = 10_000;
const OBJECTS_SHOWN_LENGTH = 160;
/** Advice, and what AWS answered: its request id stands at the end. */
const DETAIL_SHOWN_LENGTH = 3_072;

export function addDeadLetters(program: Command, session: Session): void {
  const group = program
    .command('dead-letters')
    .description('Groups, lists, redrives and drops messages that could not be processed.');

  const summary = withSelection(group.command('summary'), session)
    .description('Groups dead letters by reason and tenant, with advice for each reason. Status 1: there are some.')
    .addHelpText('after', '\nExample:\n  log-distributor dead-letters summary');
  session.run<LookOptions>(summary, summarize);

  const list = withSelection(group.command('list'), session)
    .description('Lists dead letters. Status 1: there are some.')
    .addHelpText('after', '\nExample:\n  log-distributor dead-letters list --reason object-corrupt --tenant acme');
  session.run<LookOptions>(list, listLetters);

  const show = group
    .command('show')
    .argument('<id>', 'message id, from `list`')
    .option('--limit <count>', 'look at up to this many messages', wholeNumber(1, 1e6), LIMIT)
    .description('Shows one dead letter with its body.')
    .addHelpText('after', '\nExample:\n  log-distributor dead-letters show 0b7e1a2c-0000-4000-8000-000000000000');
  session.run<LookOptions>(show, showLetter);

  const redrive = withChange(withSelection(group.command('redrive'), session))
    .option('--rate <per second>', 'maximum messages per second', rate(1_000), 10)
    .description(
      'Sends the selected messages back to the queue, then deletes them. The ledger recognises duplicates and skips them.',
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
    .requiredOption('--save <file>', 'append each message to this file as a line of JSON before it is deleted')
    .description('Deletes the selected messages. Their logs are never delivered.')
    .addHelpText(
      'after',
      '\nExample:\n  log-distributor dead-letters drop --reason object-gone --save gone.ndjson --yes',
    );
  session.run<ChangeOptions & { save: string }>(drop, dropLetters);
}

function withSelection(command: Command, { deps }: Session): Command {
  return command
    .option(
      '--reason <code>',
      'only messages with this reason, such as role-refused',
      oneOf([...ERROR_CODES, BY_THE_QUEUE]),
    )
    .option('--tenant <tenant>', 'only messages of this tenant')
    .option('--object <text>', "only messages whose object's name contains this text")
    .option('--id <id>', 'only this message')
    .option(
      '--before <time>',
      'only messages sent before this time: a time, a UTC date, or an age such as 2h',
      timeParser(deps.nowMs),
    )
    .option('--limit <count>', 'look at up to this many messages', wholeNumber(1, 1e6), LIMIT);
}

function withChange(command: Command): Command {
  return command
    .option('--all', 'select all messages')
    .option('--dry-run', 'show the selected messages and change nothing')
    .option('--yes', 'do not ask for confirmation');
}

async function summarize(context: Context, options: LookOptions): Promise<ExitCode> {
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
        { title: 'objects', text: ({ objects }) => shorten(objects, OBJECTS_SHOWN_LENGTH) },
      ],
      style,
    );
    const details = groups.map(
      ({ reason, tenant, detail, same_detail: same }) =>
        `${style.bold(`${reason} ${tenant}`.trimEnd())}${same ? '' : ' (newest message)'}: ${shorten(detail, DETAIL_SHOWN_LENGTH)}\n`,
    );
    const advice = [...new Map(groups.map((group) => [group.reason, group.advice]))].map(
      ([reason, text]) => `${style.bold(reason)}: ${text}\n`,
    );
    return `${table}\n${details.join('')}\nwhat to do\n${advice.join('')}`;
  });
  return letters.length === 0 ? EXIT_DONE : EXIT_TROUBLE;
}

async function listLetters(context: Context, options: LookOptions): Promise<ExitCode> {
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

async function showLetter(context: Context, options: LookOptions, [id = '']: readonly string[]): Promise<ExitCode> {
  const [letter] = await look(context, { ...options, id });
  if (!letter)
    throw new CommandError(`there is no dead letter ${id}: \`log-distributor dead-letters list\` lists them`);
  const { receipt: _, sentMs, ...rest } = letter;
  const advice = adviceFor(letter.reason);
  context.printer.result({ ...rest, sent: formatTime(sentMs), advice }, (style) =>
    [
      `${style.bold(letter.id)}  sent ${formatTime(sentMs)}`,
      `reason  ${style.bad(letter.reason)}`,
      `tenant  ${letter.tenant || '-'}`,
      `object  ${letter.object || '-'}`,
      `detail  ${shorten(letter.detail, DETAIL_SHOWN_LENGTH)}`,
      `to do   ${advice}`,
      `body    ${shorten(letter.body, 4_000)}`,
      '',
    ].join('\n'),
  );
  return EXIT_DONE;
}
