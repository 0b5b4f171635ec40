import { CommandError, usageError } from './errors.ts';
import type { Context } from './session.ts';

/**
 * Lets somebody at a terminal decide; elsewhere `--yes` must have decided.
 * @throws CommandError when the answer is no, or when nobody can be asked
 */
export async function confirm({ ask, signal }: Context, question: string, yes: boolean): Promise<void> {
  if (yes) return;
  if (!ask)
    throw usageError('there is no terminal to ask for confirmation: preview with --dry-run, then repeat with --yes');
  const answer = await ask(`${question} [y/N] `);
  signal.throwIfAborted();
  if (!/^y(es)?$/i.test(answer.trim())) throw new CommandError('nothing was done');
}
