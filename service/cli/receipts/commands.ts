import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { openSigner } from '../../aws/receipt-signer.ts';
import { createS3Client } from '../../aws/sdk/s3.ts';
import { createThrottle } from '../../aws/throttle.ts';
import { HOUR_MS } from '../../core/books.ts';
import { hourName } from '../../core/receipt.ts';
import { type PublicKeys, readPublicKeys } from '../../core/receipt-key.ts';
import {
  formatReceiptPlace,
  parseReceiptPlace,
  RECEIPT_PLACE_RULE,
  type ReceiptPlace,
} from '../../core/receipt-place.ts';
import { rate, timeParser } from '../arguments.ts';
import { EXIT_DONE, EXIT_TROUBLE, type ExitCode, usageError } from '../errors.ts';
import type { Context, Session } from '../session.ts';
import { formatCount } from '../terminal.ts';
import { type Collected, collectReceipts } from './collect.ts';
import { unitsOf } from './read-back.ts';
import { createLogsClient, type ReadDeps, readDocuments } from './source.ts';
import { createState, type Question, readState, type SavedState } from './state.ts';
import { listText, type Report, reportDocument, reportText } from './text.ts';
import { compareWithStreams, coverageProblems, isTrouble } from './verify.ts';

/** `receipts`: what a customer needs to check receipts, with nothing but rights to read in its own account and the public key. */

interface ChainOptions {
  readonly receipts: string;
  readonly tenant: string;
  readonly delivery: string;
  readonly from: number;
  readonly to?: number;
  readonly region?: string;
  readonly rate: number;
}

interface VerifyOptions extends ChainOptions {
  readonly publicKey: string;
  readonly state?: string;
  readonly exactlyOnce?: true;
}

/** Events may lie two hours ahead of their delivery (API reference, PutLogEvents), and clocks differ. */
const AHEAD_MS = 3 * HOUR_MS;
/** GetLogEvents takes 10 calls a second in the smallest regions (CloudWatch Logs quotas); others read too. */
const RATE = 5;

export function addReceipts(program: Command, session: Session): void {
  const receipts = program
    .command('receipts')
    .description(
      "Checks the receipts that say what was delivered. Needs the customer's credentials, and no setting of the service.",
    );
  addVerifyCommand(receipts, session);
  const list = chainOptions(receipts.command('list'), session)
    .description(
      'Lists the receipts of a time with their counts, and what is wrong with their chain. Signatures are not checked.',
    )
    .addHelpText(
      'after',
      '\nExample:\n  log-distributor receipts list --receipts s3://acme-receipts --tenant acme --from 24h',
    );
  session.run<ChainOptions>(list, listReceipts);
  const key = receipts
    .command('key')
    .description('Prints the public key of RECEIPT_KEY, for customers. This one is for operators.')
    .addHelpText('after', '\nExample:\n  log-distributor receipts key > distributor.pem');
  session.run(key, printKey);
}

function addVerifyCommand(receipts: Command, session: Session): void {
  const verify = chainOptions(receipts.command('verify'), session)
    .requiredOption('--public-key <file>', 'public keys of the distributor in PEM; after a rotation, the old ones too')
    .option('--state <file>', 'keep the progress in this file, and continue from it after an interruption')
    .option('--exactly-once', 'repeated events are trouble: the tenant has exactly_once')
    .description('Reads delivered events back and compares them with the receipts. Status 1: something differs.')
    .addHelpText(
      'after',
      `
Hours are UTC hours of the events' timestamps. It needs logs:GetLogEvents on the log groups and, for receipts in a bucket, s3:ListBucket and
s3:GetObject.

Examples:
  log-distributor receipts verify --receipts s3://acme-receipts --tenant acme --from 2026-11-30 --to 2026-12-01 --public-key distributor.pem
  log-distributor receipts verify --receipts log-group:/acme/receipts --tenant acme --from 7d --public-key distributor.pem --state verify.state`,
    );
  session.run<VerifyOptions>(verify, verifyReceipts);
}

function chainOptions(command: Command, session: Session): Command {
  const time = timeParser(session.deps.nowMs);
  return command
    .requiredOption('--receipts <place>', 's3://bucket, s3://bucket/prefix/ or log-group:name')
    .requiredOption('--tenant <tenant>', 'tenant id')
    .option('--delivery <type>', 'type of the delivery', 'cloudwatch')
    .requiredOption('--from <time>', 'a time, a UTC date, or an age such as 24h; rounded down to the hour', time)
    .option('--to <time>', 'the end, rounded down to the hour; default: the hour of the last receipt', time)
    .option('--region <region>', 'the region of the receipts; default: AWS_REGION')
    .option('--rate <per second>', 'maximum calls per second that read events', rate(100), RATE);
}

async function verifyReceipts(context: Context, options: VerifyOptions): Promise<ExitCode> {
  const place = placeOf(options);
  const keys = await keysOf(options.publicKey);
  const chain = JSON.stringify([formatReceiptPlace(place), options.tenant, options.delivery]);
  const saved = options.state === undefined ? undefined : await readState(options.state, chain);
  using readers = createReaders(context, options);
  const fromHour = saved?.question.fromHour ?? hourOfMs(options.from);
  const asked = await collectReceipts(documentsOf(readers, place, options, fromHour), {
    ...options,
    keys,
    fromHour,
    toHour: saved?.question.toHour ?? (options.to === undefined ? Number.POSITIVE_INFINITY : hourOfMs(options.to)),
    ...(saved ? { lastNumber: saved.question.lastReceipt } : {}),
  });
  const last = asked.receipts.at(-1);
  const toHour = saved?.question.toHour ?? hourOfMs(options.to ?? (last ? Date.parse(last.issued) : context.nowMs()));
  if (fromHour >= toHour)
    throw usageError('--from: there is no whole hour between it and the end (--to, or the last receipt)');
  const question = { chain, fromHour, toHour, lastReceipt: last?.number ?? 0 };
  const report = await compare(context, options, readers, before(asked, toHour), { question, saved });
  context.printer.result(reportDocument(report), (style) => reportText(report, style));
  return report.verified ? EXIT_DONE : EXIT_TROUBLE;
}

async function compare(
  context: Context,
  { tenant, delivery, state: path, exactlyOnce }: VerifyOptions,
  readers: Readers,
  collected: Collected,
  { question, saved }: { readonly question: Question; readonly saved: SavedState | undefined },
): Promise<Report> {
  const { fromHour, toHour } = question;
  const strict = exactlyOnce === true;
  const units = unitsOf(collected.cells.values(), fromHour, toHour);
  const state = await createState(path, question, saved);
  const bar = context.printer.progress('reading', units.length);
  const outcome = await compareWithStreams(
    {
      ...readers.in(regionOf(collected)),
      state,
      onProgress: (done, events) => bar.update(done, `${formatCount(events)} events`),
    },
    collected,
    units,
  ).finally(() => bar.end());
  const problems = [
    ...collected.problems,
    ...coverageProblems(collected, { fromMs: receiptsFromMs(fromHour), toHour, nowMs: context.nowMs() }),
  ];
  const verified = problems.length === 0 && !outcome.differences.some((one) => isTrouble(one, strict));
  const [from, to] = [fromHour, toHour].map((hour) => `${hourName(hour)}:00Z`) as [string, string];
  return { tenant, delivery, from, to, strict, collected, problems, outcome, verified };
}

async function listReceipts(context: Context, options: ChainOptions): Promise<ExitCode> {
  using readers = createReaders(context, options);
  const fromHour = hourOfMs(options.from);
  const toMs = options.to ?? Number.POSITIVE_INFINITY;
  const { receipts, problems } = await collectReceipts(documentsOf(readers, placeOf(options), options, fromHour), {
    ...options,
    keys: null,
    fromHour,
    toHour: fromHour,
  });
  const listed = receipts.filter(({ issued }) => Date.parse(issued) >= options.from && Date.parse(issued) < toMs);
  context.printer.result({ receipts: listed, problems }, (style) => listText(listed, problems, style));
  return problems.length === 0 ? EXIT_DONE : EXIT_TROUBLE;
}

async function printKey(context: Context): Promise<ExitCode> {
  const { settings, printer } = context;
  if (settings.receiptKey === undefined) throw usageError('RECEIPT_KEY: is required for this command (not set)');
  const { keyId, publicKey } = await openSigner(settings, settings.receiptKey);
  printer.note(`the key ${keyId}`);
  printer.result({ key: keyId, public_key: publicKey }, () => publicKey);
  return EXIT_DONE;
}

/** Readers of one account, which are closed at the end. */
interface Readers extends Disposable {
  /** In the region of the receipts; or of the events, where it is another. */
  in(region: string | undefined): ReadDeps;
}

function createReaders(context: Context, { region, rate: perSecond }: ChainOptions): Readers {
  const { settings, signal } = context;
  const own = region ?? settings.region;
  const throttle = createThrottle(perSecond, () => performance.now(), signal);
  const s3 = createS3Client({ ...settings, region: own });
  const logs = new Map<string, ReturnType<typeof createLogsClient>>();
  return {
    in(other = own) {
      const client = logs.get(other) ?? createLogsClient(context, other);
      logs.set(other, client);
      return { s3, logs: client, throttle, signal };
    },
    [Symbol.dispose]() {
      s3.destroy();
      for (const client of logs.values()) client.destroy();
    },
  };
}

function documentsOf(readers: Readers, place: ReceiptPlace, { tenant, delivery }: ChainOptions, fromHour: number) {
  return readDocuments(readers.in(undefined), place, { tenant, delivery, fromMs: receiptsFromMs(fromHour) });
}

/** Receipts that were issued before that hold no event of the hour. */
function receiptsFromMs(fromHour: number): number {
  return fromHour * HOUR_MS - AHEAD_MS;
}

function placeOf({ receipts }: ChainOptions): ReceiptPlace {
  const place = parseReceiptPlace(receipts);
  if (!place) throw usageError(`--receipts: ${RECEIPT_PLACE_RULE} (got ${JSON.stringify(receipts)})`);
  return place;
}

async function keysOf(path: string): Promise<PublicKeys> {
  try {
    return readPublicKeys(await readFile(path, 'utf8'));
  } catch (error) {
    throw usageError(`--public-key: ${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Where the events are, as the receipts say. @throws CommandError where they were in several regions */
function regionOf({ receipts }: Collected): string | undefined {
  const regions = new Set(receipts.map(({ region }) => region));
  if (regions.size > 1)
    throw usageError(`the events were delivered to ${[...regions].join(', then ')}: choose --from and --to within one`);
  return [...regions][0];
}

/** Without the cells of later hours. */
function before(collected: Collected, toHour: number): Collected {
  return { ...collected, cells: new Map([...collected.cells].filter(([, { hour }]) => hour < toHour)) };
}

function hourOfMs(ms: number): number {
  return Math.floor(ms / HOUR_MS);
}
