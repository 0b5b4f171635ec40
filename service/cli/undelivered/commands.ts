import type { Command } from 'commander';
import { createThrottle } from '../../aws/throttle.ts';
import { rate } from '../arguments.ts';
import { confirm } from '../confirm.ts';
import { EXIT_DONE, EXIT_TROUBLE, type ExitCode } from '../errors.ts';
import type { Context, Session } from '../session.ts';
import { requireKnownTenant } from '../tenants/known.ts';
import { formatBytes, formatCount, formatTable, formatTime } from '../terminal.ts';
import { recordsOfErrorLine } from './firehose-error.ts';
import { type RedriveTally, redriveObject } from './redrive.ts';
import { listStrays, type Selection } from './source.ts';
import { summarize } from './summary.ts';

/** `firehose-errors list | redrive` and `without-tenant list | redrive`: records that no notification was about. */

/** Where the infrastructure has Firehose put what it could not write (infra/values/object-layout.ts). */
const FIREHOSE_ERRORS = 'firehose-errors/';
/** Where collectors put records of nobody (k8s/vector/overlays). */
const WITHOUT_TENANT = 'without-tenant/';

interface Common {
  readonly bucket: string;
  readonly prefix: string;
}

interface RedriveOptions extends Common {
  readonly tenant?: string;
  readonly namespace?: string;
  readonly rate: number;
  readonly dryRun?: true;
  readonly yes?: true;
}

export function addUndelivered(program: Command, session: Session): void {
  const errors = program
    .command('firehose-errors')
    .description('Lists and redrives records that Firehose could not partition, convert or process.');
  addList(errors, session, FIREHOSE_ERRORS);
  const redriveErrors = addRedrive(errors, FIREHOSE_ERRORS)
    .option('--tenant <tenant>', 'only records of this tenant')
    .description(
      'Writes the records of Firehose’s error objects where the service reads them. The objects stay. A repeated redrive writes nothing twice.',
    )
    .addHelpText(
      'after',
      '\nExample:\n  log-distributor firehose-errors redrive --bucket central-logs --tenant acme --dry-run',
    );
  session.run<RedriveOptions>(redriveErrors, (context, options) =>
    redrive(context, options, { tenant: options.tenant }, recordsOfErrorLine),
  );

  const nobody = program
    .command('without-tenant')
    .description('Lists and redrives records that collectors knew no tenant for.');
  addList(nobody, session, WITHOUT_TENANT);
  const redriveNobody = addRedrive(nobody, WITHOUT_TENANT)
    .requiredOption('--namespace <namespace>', 'only records of this namespace of Kubernetes')
    .requiredOption('--tenant <tenant>', 'whose they are')
    .description(
      'Gives the records of a namespace to a tenant, and writes them where the service reads them. The objects stay. A repeated redrive writes nothing twice.',
    )
    .addHelpText(
      'after',
      '\nExample:\n  log-distributor without-tenant redrive --bucket central-logs --namespace acme-shop --tenant acme --dry-run',
    );
  session.run<RedriveOptions>(redriveNobody, async (context, options) => {
    const { namespace, tenant = '' } = options;
    await requireKnownTenant(context, tenant);
    return redrive(context, options, { namespace, claimFor: tenant }, (line) => [line]);
  });
}

function addList(group: Command, session: Session, prefix: string): void {
  const list = group
    .command('list')
    .requiredOption('--bucket <name>', 'the central bucket')
    .option('--prefix <prefix>', 'only objects whose keys begin so', prefix)
    .description('Counts the objects by the parts of their keys. Status 1: there are some.')
    .addHelpText('after', `\nExample:\n  log-distributor ${group.name()} list --bucket central-logs`);
  session.run<Common>(list, listObjects);
}

function addRedrive(group: Command, prefix: string): Command {
  return group
    .command('redrive')
    .requiredOption('--bucket <name>', 'the central bucket')
    .option('--prefix <prefix>', 'only objects whose keys begin so', prefix)
    .option('--rate <per second>', 'maximum objects written per second', rate(1_000), 5)
    .option('--dry-run', 'show the plan and do nothing')
    .option('--yes', 'do not ask for confirmation');
}

async function listObjects(context: Context, { bucket, prefix }: Common): Promise<ExitCode> {
  const rows = summarize(await listStrays(context, bucket, prefix)).map(({ firstMs, lastMs, ...row }) => ({
    ...row,
    first: formatTime(firstMs),
    last: formatTime(lastMs),
  }));
  context.printer.result(rows, (style) =>
    rows.length === 0
      ? 'nothing there\n'
      : formatTable(
          rows,
          [
            { title: 'objects of', text: (row) => row.of },
            { title: 'objects', text: (row) => formatCount(row.objects), right: true },
            { title: 'size', text: (row) => formatBytes(row.bytes), right: true },
            { title: 'first', text: (row) => row.first },
            { title: 'last', text: (row) => row.last },
          ],
          style,
        ),
  );
  return rows.length === 0 ? EXIT_DONE : EXIT_TROUBLE;
}

async function redrive(
  context: Context,
  options: RedriveOptions,
  selection: Selection,
  recordsOf: (line: string) => readonly string[] | undefined,
): Promise<ExitCode> {
  const objects = await listStrays(context, options.bucket, options.prefix);
  const dryRun = options.dryRun === true;
  if (!dryRun && objects.length > 0) {
    await confirm(context, `Write the records of ${formatCount(objects.length)} objects again?`, options.yes === true);
  }
  const tally: RedriveTally = { records: 0, objects: 0, already: 0, unusable: 0 };
  const throttle = createThrottle(options.rate, () => performance.now(), context.signal);
  const bar = context.printer.progress('objects', objects.length);
  try {
    for (const [at, object] of objects.entries()) {
      if (context.signal.aborted) break;
      await redriveObject(context, object, { selection, recordsOf, dryRun, throttle, tally });
      bar.update(at + 1);
    }
  } finally {
    bar.end();
  }
  const interrupted = context.signal.aborted;
  context.printer.result({ read: objects.length, ...tally, dry_run: dryRun, interrupted }, () =>
    wordsOf(tally, dryRun, interrupted),
  );
  return interrupted || tally.unusable > 0 ? EXIT_TROUBLE : EXIT_DONE;
}

function wordsOf({ records, objects, already, unusable }: RedriveTally, dryRun: boolean, interrupted: boolean): string {
  return [
    `${formatCount(records)} records ${dryRun ? 'would be' : 'are'} written, in ${formatCount(objects)} objects`,
    ...(already > 0 ? [`${formatCount(already)} objects were written by an earlier redrive`] : []),
    ...(unusable > 0
      ? [
          `${formatCount(unusable)} records are no JSON object or lack a tenant, cluster or environment: they stay where they are`,
        ]
      : []),
    ...(interrupted ? ['interrupted: repeat the command; nothing is written twice'] : []),
    '',
  ].join('\n');
}
