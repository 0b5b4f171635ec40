import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import { dynamoCalls } from '../../aws/sdk/dynamo.ts';
import { dayOf, daysOfMonth } from '../../core/usage.ts';
import { createUsageDays } from '../../ledger/usage-days.ts';
import { EXIT_DONE, type ExitCode, usageError } from '../errors.ts';
import type { Session } from '../session.ts';
import { requireKnownTenant } from '../tenants/known.ts';
import { collectUsage, type UsageReport } from './collect.ts';
import { usageCsv, usageText } from './text.ts';

interface Options {
  readonly month?: string;
  readonly tenant?: string;
  readonly csv?: true;
  readonly json?: true;
}

export function addUsage(program: Command, session: Session): void {
  const usage = program
    .command('usage')
    .description(
      'Shows what each tenant has used on each day of a month: objects, events, bytes, calls, and dollars by list prices of us-east-1.',
    )
    .option('--month <month>', 'such as 2026-11, in UTC; default: this month', month)
    .option('--tenant <id>', 'only this tenant')
    .option('--csv', 'print comma-separated values')
    .addHelpText('after', '\nExample:\n  log-distributor usage --month 2026-11 --csv > november.csv');
  session.run<Options>(usage, async (context, options): Promise<ExitCode> => {
    const { printer, settings, signal, nowMs } = context;
    if (options.csv && options.json) throw usageError('--csv and --json exclude each other');
    const chosen = options.month ?? dayOf(nowMs()).slice(0, 7);
    const days = createUsageDays({ dynamo: dynamoCalls(context.dynamo), table: settings.ledgerTable });
    const { tenants: all, ...report } = await collectUsage(days, daysOfMonth(chosen) ?? [], nowMs(), signal);
    const tenants = all.filter(({ tenant }) => options.tenant === undefined || tenant === options.tenant);
    if (options.tenant !== undefined && tenants.length === 0) await requireKnownTenant(context, options.tenant);
    const result: UsageReport = { month: chosen, tenants, ...report };
    printer.result(result, (style) => (options.csv ? usageCsv(tenants) : usageText(result, style)));
    if (report.days_so_far.length > 0) printer.note(`Not final: ${report.days_so_far.join(', ')}`);
    if (report.days_missing.length > 0) {
      printer.note(
        `Nothing is known of these days, on which no service summed up its usage: ${ranges(report.days_missing)}`,
      );
    }
    return EXIT_DONE;
  });
}

function month(text: string): string {
  if (!daysOfMonth(text)) throw new InvalidArgumentError('must be a month such as 2026-11');
  return text;
}

/** A month without a service is 30 days. */
function ranges(days: readonly string[]): string {
  const [first, last] = [days[0], days.at(-1)];
  return days.length <= 5 ? days.join(', ') : `${days.length} from ${first} to ${last}`;
}
