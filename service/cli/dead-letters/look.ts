import type { Context } from '../session.ts';
import { requireKnownTenant } from '../tenants/known.ts';
import { formatCount } from '../terminal.ts';
import { type DeadLetter, isSelected, type Selection } from './letter.ts';
import { createDeadLetterQueue, type DeadLetterQueue } from './queue.ts';

export interface LookOptions extends Selection {
  readonly limit: number;
}

export function queueOf({ sqs, deadLetterQueueUrl, signal }: Context): DeadLetterQueue {
  return createDeadLetterQueue({ sqs, queueUrl: deadLetterQueueUrl, signal });
}

/** Looks at the queue, lets everything go again, and keeps what is selected. */
export async function look(context: Context, options: LookOptions): Promise<DeadLetter[]> {
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
  if (seen >= options.limit)
    context.printer.note(`looked at ${formatCount(seen)} messages; use --limit to look at more`);
  await refuseUnknownTenant(context, options, found);
  return found.sort((a, b) => a.sentMs - b.sentMs);
}

/** @throws CommandError, a usage error, when a tenant was asked for that has neither letters nor deliveries */
export async function refuseUnknownTenant(
  context: Context,
  { tenant }: Selection,
  found: readonly DeadLetter[],
): Promise<void> {
  // Letters may be of a tenant that is not in the table: that is why they are dead.
  if (tenant !== undefined && found.length === 0) await requireKnownTenant(context, tenant);
}
