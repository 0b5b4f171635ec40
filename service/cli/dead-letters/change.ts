import { open } from 'node:fs/promises';
import { createThrottle } from '../../aws/throttle.ts';
import { confirm } from '../confirm.ts';
import { CommandError, EXIT_DONE, EXIT_TROUBLE, type ExitCode, usageError } from '../errors.ts';
import type { Context } from '../session.ts';
import { formatCount } from '../terminal.ts';
import { type DeadLetter, groupLetters, isSelected } from './letter.ts';
import { type LookOptions, look, queueOf, refuseUnknownTenant } from './look.ts';

/** `dead-letters redrive | drop`: what is safe elsewhere is deleted here. */

export interface ChangeOptions extends LookOptions {
  readonly all?: true;
  readonly yes?: true;
  readonly dryRun?: true;
}

const WHY_LEFT = 'SQS did not accept them, or the same message was sent already; look at them, then repeat the command';

/** What is done with each batch of selected letters; they are deleted once it has resolved. @returns those that may go */
type Treat = (letters: readonly DeadLetter[]) => Promise<readonly DeadLetter[]>;

export async function redriveLetters(
  context: Context,
  options: ChangeOptions & { readonly rate: number },
): Promise<ExitCode> {
  const target = context.queueUrl;
  const throttle = createThrottle(options.rate, () => performance.now(), context.signal);
  const sent = new Set<string>();
  return change(context, options, 'redriven', async (letters) => {
    // What has come back as a dead letter meanwhile would go round and round.
    const fresh = letters.filter(({ body }) => !sent.has(body));
    await throttle.take(fresh.length);
    if (context.signal.aborted) return [];
    const safe = await queueOf(context).sendTo(target, fresh);
    for (const { body } of safe) sent.add(body);
    return safe;
  });
}

export async function dropLetters(
  context: Context,
  options: ChangeOptions & { readonly save: string },
): Promise<ExitCode> {
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
    throw new CommandError(`--save: ${path} cannot be written (${why}), so these messages are not dropped`, undefined, {
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
  if (!selects && !options.all)
    throw usageError('select messages with --reason, --tenant, --object, --id or --before, or use --all');
  let shown: ReadonlySet<string> | undefined;
  if (options.dryRun || !options.yes) {
    const letters = await look(context, options);
    if (options.dryRun || letters.length === 0) return report(context, options, letters, 0, done);
    context.printer.note(selectionText(letters));
    await confirm(
      context,
      `${done === 'redriven' ? 'Redrive' : 'Drop'} these ${formatCount(letters.length)} messages?`,
      false,
    );
    shown = new Set(letters.map((letter) => letter.id));
  }
  // What has come since the question was asked was not in it.
  const isMeant = (letter: DeadLetter) => isSelected(letter, options) && (shown === undefined || shown.has(letter.id));
  const [meant, count] = await work(context, options.limit, isMeant, treat);
  if (!context.signal.aborted) await refuseUnknownTenant(context, options, meant);
  return report(context, options, meant, count, done);
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
        `${how} after ${formatCount(settled.size)}: the others are still dead letters; repeat the command to continue`,
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
    const rest = left > 0 && !interrupted ? `${formatCount(left)} are still dead letters: ${WHY_LEFT}\n` : '';
    return `${head}${counts}${rest}`;
  });
  return left > 0 || interrupted ? EXIT_TROUBLE : EXIT_DONE;
}
