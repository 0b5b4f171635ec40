import { SendMessageCommand } from '@aws-sdk/client-sqs';
import type { Command } from 'commander';
import { createThrottle } from '../../aws/throttle.ts';
import { objectNotification } from '../../core/notification.ts';
import { QUARANTINE_REASONS } from '../../core/refusal.ts';
import type { QuarantinedRecord } from '../../quarantine/file.ts';
import { listFiles, type QuarantineFile, readFile } from '../../quarantine/reader.ts';
import { oneOf, parseS3Url, rate, wholeNumber } from '../arguments.ts';
import { confirm } from '../confirm.ts';
import { CommandError, EXIT_DONE, EXIT_TROUBLE, type ExitCode, usageError } from '../errors.ts';
import type { Context, Session } from '../session.ts';
import { requireKnownTenant } from '../tenants/known.ts';
import { formatBytes, formatCount, formatTable, formatTime, shorten } from '../terminal.ts';
import { findVersion } from './find-version.ts';
import { replaysOf, summarizeFiles, whyUseless } from './replays.ts';

/** `quarantine list | show | redrive`. */

interface Selection {
  readonly bucket: string;
  readonly tenant?: string;
  readonly reason?: string;
}

const MESSAGE_SHOWN_LENGTH = 160;
const NOT_UTF8_NOTE = 'Records that are not UTF-8 are kept byte for byte: --json shows them as original_base64.\n';
/** Files that a command holds in memory: about 100 MB. */
const FILES_MAX = 200_000;

export function addQuarantine(program: Command, session: Session): void {
  const group = program
    .command('quarantine')
    .description(
      'Lists, shows and redrives records that could not be delivered; the central bucket keeps them with the reason.',
    );

  const list = group
    .command('list')
    .requiredOption('--bucket <name>', 'the central bucket')
    .option('--tenant <tenant>', 'only of this tenant')
    .option('--reason <reason>', 'only of this reason, such as too_new', oneOf(QUARANTINE_REASONS))
    .option('--files', 'list each file')
    .description('Counts quarantined records by tenant and reason. Status 1: there are some.')
    .addHelpText('after', '\nExample:\n  log-distributor quarantine list --bucket central-logs --tenant acme --files');
  session.run<Selection & { files?: true }>(list, listQuarantine);

  const show = group
    .command('show')
    .argument('<url>', 's3://bucket/key of a file, from `list --files`')
    .option('--records <count>', 'show this many records', wholeNumber(1, 1e6), 20)
    .description('Shows the records of a file and what was wrong with each. The output has log text.')
    .addHelpText(
      'after',
      '\nExample:\n  log-distributor quarantine show s3://central-logs/quarantine/tenant_id=acme/reason=too_new/0a1b.ndjson.gz',
    );
  session.run<{ records: number }>(show, showFile);

  const redrive = group
    .command('redrive')
    .requiredOption('--bucket <name>', 'the central bucket')
    .requiredOption('--reason <reason>', 'too_new or expired', oneOf(QUARANTINE_REASONS))
    .option('--tenant <tenant>', 'only of this tenant')
    .option('--rate <per second>', 'maximum messages per second', rate(1_000), 5)
    .option('--dry-run', 'show the plan and do nothing')
    .option('--yes', 'do not ask for confirmation')
    .description(
      'Delivers quarantined records again, from their objects. The files stay. A repeated redrive delivers nothing twice.',
    )
    .addHelpText(
      'after',
      '\nExample:\n  log-distributor quarantine redrive --bucket central-logs --tenant acme --reason too_new --dry-run',
    );
  session.run<RedriveOptions>(redrive, redriveRecords);
}

function listOf(context: Context, { bucket, tenant, reason }: Selection): AsyncIterable<QuarantineFile> {
  return listFiles(context, { bucket, prefix: context.settings.quarantinePrefix, tenant, reason });
}

/** @throws CommandError when there are more than one command takes */
async function filesOf(context: Context, selection: Selection): Promise<QuarantineFile[]> {
  const files: QuarantineFile[] = [];
  for await (const file of listOf(context, selection)) {
    files.push(file);
    if (files.length > FILES_MAX) {
      throw new CommandError(`more than ${formatCount(FILES_MAX)} files: narrow it with --tenant or --reason`);
    }
  }
  return files;
}

async function listQuarantine(context: Context, options: Selection & { readonly files?: true }): Promise<ExitCode> {
  const rows = options.files
    ? (await filesOf(context, options)).map(({ bucket, key, tenant, reason, bytes, writtenMs }) => ({
        tenant,
        reason,
        files: 1,
        bytes,
        first: formatTime(writtenMs),
        last: formatTime(writtenMs),
        url: `s3://${bucket}/${key}`,
      }))
    : (await summarizeFiles(listOf(context, options))).map(({ firstMs, lastMs, ...row }) => ({
        ...row,
        first: formatTime(firstMs),
        last: formatTime(lastMs),
        url: '',
      }));
  if (rows.length === 0 && options.tenant !== undefined) await requireKnownTenant(context, options.tenant);
  context.printer.result(rows, (style) =>
    rows.length === 0
      ? 'nothing in quarantine\n'
      : formatTable(
          rows,
          [
            { title: 'tenant', text: (row) => row.tenant },
            { title: 'reason', text: (row) => row.reason },
            { title: 'files', text: (row) => formatCount(row.files), right: true },
            { title: 'size', text: (row) => formatBytes(row.bytes), right: true },
            { title: 'first', text: (row) => row.first },
            { title: 'last', text: (row) => row.last },
            { title: 'file', text: (row) => row.url },
          ],
          style,
        ),
  );
  return rows.length === 0 ? EXIT_DONE : EXIT_TROUBLE;
}

async function showFile(
  context: Context,
  { records }: { records: number },
  [text = '']: readonly string[],
): Promise<ExitCode> {
  const url = parseS3Url(text);
  if (!url) throw usageError(`${text}: must be s3://bucket/key`);
  const shown: QuarantinedRecord[] = [];
  for await (const record of readFile(context, url)) {
    shown.push(record);
    if (shown.length >= records) break;
  }
  context.printer.result(shown, (style) => {
    const [first] = shown;
    if (!first) return 'the file is empty\n';
    const head = `${style.bold(first.object)}\n${first.delivery}  ${style.warn(first.reason)}  ${first.detail}\n`;
    const lines = shown.map(({ record, timestamp, message, kept_at: keptAt, original_base64: original }) => {
      const time = timestamp === undefined ? '-' : timeText(timestamp);
      const said = keptAt === undefined ? shorten(message, MESSAGE_SHOWN_LENGTH) : style.dim(`(in ${keptAt})`);
      const text = `${said}${original === undefined ? '' : style.warn('  (not UTF-8)')}`;
      return `${formatCount(record).padStart(9)}  ${style.dim(time)}  ${text}\n`;
    });
    const note = shown.some((one) => one.original_base64 !== undefined) ? NOT_UTF8_NOTE : '';
    return head + lines.join('') + note;
  });
  return EXIT_DONE;
}

/** A timestamp in quarantine may be one that no date can hold. */
function timeText(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? String(ms) : date.toISOString();
}

interface RedriveOptions extends Selection {
  readonly reason: string;
  readonly rate: number;
  readonly dryRun?: true;
  readonly yes?: true;
}

async function redriveRecords(context: Context, options: RedriveOptions): Promise<ExitCode> {
  const useless = whyUseless(options.reason);
  if (useless) throw usageError(`--reason ${options.reason}: ${useless}`);
  const files = await filesOf(context, options);
  const tally = { files: files.length, records: 0, messages: 0, still_too_new: 0, objects_gone: 0 };
  if (!options.dryRun && files.length > 0) {
    await confirm(context, `Deliver the records of ${formatCount(files.length)} files again?`, options.yes === true);
  }
  const queueUrl = options.dryRun ? '' : context.queueUrl;
  const throttle = createThrottle(options.rate, () => performance.now(), context.signal);
  const bar = context.printer.progress('files', files.length);
  try {
    for (const [at, file] of files.entries()) {
      if (context.signal.aborted) break;
      const kept = await Array.fromAsync(readFile(context, file));
      for (const { replay, records, readyMs, ...object } of replaysOf(file, kept)) {
        if (readyMs > context.nowMs()) {
          tally.still_too_new += records;
          continue;
        }
        const ref = await findVersion(context, object);
        if (!ref) {
          tally.objects_gone++;
          continue;
        }
        if (!options.dryRun) {
          await throttle.take(1);
          if (context.signal.aborted) break;
          const body = objectNotification({ ...ref, replay }, context.nowMs());
          await context.sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: body }));
        }
        tally.messages++;
        tally.records += records;
      }
      bar.update(at + 1);
    }
  } finally {
    bar.end();
  }
  context.printer.result({ ...tally, dry_run: options.dryRun === true, interrupted: context.signal.aborted }, () => {
    const verb = options.dryRun ? 'would be' : 'are';
    return [
      `${formatCount(tally.records)} records of ${formatCount(tally.files)} files ${verb} in the queue, as ${formatCount(tally.messages)} messages`,
      ...(tally.still_too_new > 0
        ? [`${formatCount(tally.still_too_new)} records are still too far ahead: try later`]
        : []),
      ...(tally.objects_gone > 0
        ? [`the objects of ${formatCount(tally.objects_gone)} files are gone: only the quarantine has their text`]
        : []),
      ...(context.signal.aborted ? ['interrupted: repeat the command; nothing is delivered twice'] : []),
      '',
    ].join('\n');
  });
  return context.signal.aborted || tally.objects_gone > 0 ? EXIT_TROUBLE : EXIT_DONE;
}
