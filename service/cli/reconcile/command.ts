import type { Command } from 'commander';
import { createAnnouncer } from '../../aws/announce.ts';
import { createTableCalls } from '../../aws/calls.ts';
import { listObjects } from '../../aws/list-objects.ts';
import { s3Calls } from '../../aws/sdk/s3.ts';
import { sqsCalls } from '../../aws/sdk/sqs.ts';
import { createThrottle } from '../../aws/throttle.ts';
import { monotonicMs, steadyMs } from '../../base/clock.ts';
import { compileKeyTemplate } from '../../core/object-key.ts';
import { createItemRules } from '../../destination/parse-delivery.ts';
import { readStates } from '../../ledger/entries.ts';
import { type FleetView, readFleet } from '../../ledger/fleet-reports.ts';
import { createMarks } from '../../ledger/marks.ts';
import { createTableClock } from '../../ledger/table-clock.ts';
import { type CheckDeps, type CheckRange, checkBucket, type LostObject } from '../../reconcile/check.ts';
import { JUDGED_DAYS_MAX } from '../../reconcile/pass.ts';
import { nothingRepaired, type Repaired, repair } from '../../reconcile/repair.ts';
import { comparedObjects, createPending, createTally, needsPerson, type Tally } from '../../reconcile/tally.ts';
import { createTenantStore } from '../../tenant/store.ts';
import { rate, type S3Url, s3Url, timeParser, wholeNumber } from '../arguments.ts';
import { confirm } from '../confirm.ts';
import { CommandError, EXIT_DONE, EXIT_TROUBLE, type ExitCode, usageError } from '../errors.ts';
import type { Context, Session } from '../session.ts';
import { requireKnownTenant } from '../tenants/known.ts';
import { formatCount, formatTime } from '../terminal.ts';
import { type Inventory, openInventory } from './inventory.ts';
import { reconcileText, shown } from './text.ts';

/** `reconcile`: compares the bucket with the ledger, and announces what is lost. */

interface Options {
  readonly bucket?: string;
  readonly inventory?: S3Url;
  readonly tenant?: string;
  readonly from?: number;
  readonly to?: number;
  readonly late?: number;
  readonly repair?: true;
  readonly rate: number;
  readonly backlog: number;
  readonly yes?: true;
  readonly many?: true;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** What is found before anything is announced: it must be shown first, so it is kept. */
const LOST_MAX = 200_000;
/** SQS's counts are right after a minute (API reference, GetQueueAttributes). */
const COUNT_LATE_MS = 60_000;

export function addReconcile(program: Command, session: Session): void {
  const time = timeParser(session.deps.nowMs);
  const reconcile = program
    .command('reconcile')
    .option('--bucket <name>', 'the central bucket; default: RECONCILE_BUCKET')
    .option('--inventory <url>', 'the manifest.json of a report of S3 Inventory, to read in place of a listing', s3Url)
    .option('--from <time>', 'objects written at or after this time: a time, a UTC date, or an age such as 90m', time)
    .option('--to <time>', 'objects written before this time; default: now, or when the inventory was made', time)
    .option('--tenant <tenant>', 'only objects of this tenant')
    .option(
      '--late <hours>',
      "how long after a partition's hour objects are written into it; default: RECONCILE_LATE_HOURS",
      wholeNumber(0, 336),
    )
    .option('--repair', 'announce the objects that are lost')
    .option('--rate <per second>', 'maximum announcements per second', rate(1_000), 20)
    .option('--backlog <count>', 'pause while more messages than this wait in the queue', wholeNumber(0, 1e6), 100)
    .option('--yes', 'do not ask for confirmation')
    .option('--many', 'with --yes: even where so many objects are lost that the ledger may be what was lost')
    .description(
      'Compares the bucket with the ledger: finds objects that were never announced, or whose announcement was lost. Status 1: some are lost.',
    )
    .addHelpText(
      'after',
      `
An object is lost when a delivery of it is not done, its message is no dead letter, and no queue and no task can still have its
message. Objects of the last minutes, and of tenants that are behind, are pending: they are not judged yet. The ledger remembers
14 days, so --from may be at most ${JUDGED_DAYS_MAX} days ago. An inventory must have all versions.

Examples:
  log-distributor reconcile --from 6h
  log-distributor reconcile --from 2026-11-24 --to 2026-11-25 --tenant acme --json
  log-distributor reconcile --from 6h --repair --yes
  log-distributor reconcile --from 3d --inventory s3://inventory/central-logs/daily/2026-11-24T01-00Z/manifest.json`,
    );
  session.run<Options>(reconcile, runReconcile);
}

async function runReconcile(context: Context, options: Options): Promise<ExitCode> {
  const inventory = options.inventory && (await openInventory(context, options.inventory));
  const { bucket, range } = rangeOf(context, options, inventory);
  if (range.tenant !== undefined) await requireKnownTenant(context, range.tenant);
  const tables = tablesOf(context);
  const fleet = await viewOf(context, tables);
  const tally = createTally();
  const pending = createPending();
  const lost: LostObject[] = [];
  const deps = { ...checkDeps(context, tables, bucket, fleet), ...(inventory && { list: inventory.list }) };
  const bar = context.printer.progress('objects', 1);
  try {
    for await (const some of checkBucket(deps, range, tally, pending)) {
      lost.push(...some);
      bar.update(0, `${formatCount(lost.length)} lost`);
      if (options.repair && lost.length > LOST_MAX) {
        throw new CommandError(`more than ${formatCount(LOST_MAX)} lost objects: repair a shorter time range first`);
      }
      // Without --repair they are only counted; a few are shown.
      if (!options.repair) lost.splice(SHOWN_MAX);
    }
  } finally {
    bar.end();
  }
  const { counts } = tally;
  const found = counts.missing + counts.incomplete;
  let repaired: Repaired | undefined;
  if (options.repair && lost.length > 0) {
    const report = { bucket, range, tally, lost: lost.slice(0, SHOWN_MAX), repaired: undefined };
    context.printer.note(reconcileText(report).trimEnd());
    await decide(context, options, lost.length, tally);
    repaired = await announceAll(context, options, { ...tables, lost, fleet });
  }
  const report = { bucket, range, tally, lost: lost.slice(0, SHOWN_MAX), repaired };
  context.printer.result(shown(report), () => reconcileText(report));
  const left = found - (repaired?.announced ?? 0) - (repaired?.waiting ?? 0);
  return left === 0 ? EXIT_DONE : EXIT_TROUBLE;
}

/** Asks whether the objects are to be announced. `--yes` alone does not decide what a task leaves to a person. */
async function decide(context: Context, { yes, many }: Options, count: number, tally: Tally): Promise<void> {
  if (needsPerson(tally)) {
    const compared = comparedObjects(tally);
    const share = `${formatCount(tally.newlyLost)} of the ${formatCount(compared)} objects that were compared are lost.`;
    if (yes && !many) {
      throw usageError(
        `${share} If the ledger was lost or restored from a backup, they are delivered already; if it was not, repeat with --yes --many`,
      );
    }
    context.printer.note(
      `${share} If the ledger was lost or restored from a backup, they are delivered already, and would be delivered once more.`,
    );
  }
  await confirm(context, `Announce these ${formatCount(count)} objects?`, yes === true);
}

/** Lost objects that are named in the result. */
const SHOWN_MAX = 100;

function rangeOf(
  { settings, nowMs }: Context,
  options: Options,
  inventory: Inventory | undefined,
): { bucket: string; range: CheckRange } {
  const bucket = options.bucket ?? inventory?.bucket ?? settings.reconcileBucket;
  const { from, to = inventory?.createdMs ?? nowMs(), tenant, late } = options;
  if (inventory && bucket !== inventory.bucket) throw usageError(`--inventory: is of the bucket ${inventory.bucket}`);
  if (inventory && to > inventory.createdMs) {
    throw usageError(`--to: the inventory is of ${formatTime(inventory.createdMs)}, and lacks what was written later`);
  }
  if (bucket === undefined) throw usageError('give --bucket, or set RECONCILE_BUCKET');
  if (from === undefined) throw usageError('give --from');
  if (to > nowMs()) throw usageError(`--to: is in the future (got ${formatTime(to)})`);
  if (from >= to) throw usageError(`--from: must be before --to (got ${formatTime(from)} and ${formatTime(to)})`);
  if (from < nowMs() - JUDGED_DAYS_MAX * DAY_MS) {
    throw usageError(
      `--from: is more than ${JUDGED_DAYS_MAX} days ago (got ${formatTime(from)}): the ledger may have forgotten what was delivered`,
    );
  }
  const lateMs = late === undefined ? settings.reconcileLateMs : late * HOUR_MS;
  return { bucket, range: { fromMs: from, toMs: to, tenant, graceMs: settings.reconcileGraceMs, lateMs } };
}

/** The tables, by their own clock: a host whose clock is off must not take reports for old ones. */
function tablesOf({ settings }: Context) {
  const clock = createTableClock({ monotonicMs, steadyMs });
  return { dynamo: createTableCalls(settings, clock.observe), nowMs: clock.nowMs };
}

type Tables = ReturnType<typeof tablesOf>;

/** How far the queue is read, as the tasks say; where none runs, an empty queue says it too. */
async function viewOf({ sqs, queueUrl, settings }: Context, { dynamo, nowMs }: Tables): Promise<FleetView> {
  const fleet = await readFleet(dynamo, settings.ledgerTable, nowMs);
  if (fleet.readUpToMs !== undefined) return fleet;
  const names = [
    'ApproximateNumberOfMessages',
    'ApproximateNumberOfMessagesNotVisible',
    'ApproximateNumberOfMessagesDelayed',
  ] as const;
  const { Attributes } = await sqsCalls(sqs)('GetQueueAttributes', { QueueUrl: queueUrl, AttributeNames: [...names] });
  const waiting = names.reduce((sum, name) => sum + Number(Attributes?.[name] ?? 0), 0);
  if (waiting === 0 && fleet.processes === 0) return { ...fleet, readUpToMs: nowMs() - COUNT_LATE_MS };
  throw new CommandError(
    fleet.processes === 0
      ? `the queue holds ${formatCount(waiting)} messages and no task says how far it is read: start the service, wait two minutes, and try again`
      : 'the tasks do not know yet how far the queue is read: try again in two minutes',
  );
}

function checkDeps(
  { s3, settings, signal, random, nowMs }: Context,
  { dynamo }: Tables,
  bucket: string,
  fleet: FleetView,
): CheckDeps {
  const { ledgerTable: table, tenantTable, objectKeyTemplate: template } = settings;
  const listing = { s3: s3Calls(s3), bucket, versions: true, random, signal };
  return {
    list: (walk, onCall) => listObjects({ ...listing, onCall }, walk),
    bucket,
    template,
    keyTemplate: compileKeyTemplate(template),
    tenants: createTenantStore({ dynamo, table: tenantTable, rules: createItemRules(settings), nowMs }),
    readStates: (keys, consistent) => readStates({ dynamo, signal, random }, { table, keys, consistent }),
    fleet,
  };
}

async function announceAll(
  { sqs, queueUrl, settings, signal, printer }: Context,
  { rate: perSecond, backlog }: Options,
  { lost, fleet, dynamo, nowMs }: Tables & { readonly lost: readonly LostObject[]; readonly fleet: FleetView },
): Promise<Repaired> {
  const done = nothingRepaired();
  const bar = printer.progress('announcements', lost.length);
  const update = (note = '') => bar.update(done.announced + done.waiting + done.givenUp, note);
  const announcer = createAnnouncer({
    sqs: sqsCalls(sqs),
    queueUrl,
    throttle: createThrottle(perSecond, monotonicMs, signal),
    backlogMax: backlog,
    onWait: (waiting) => update(`waiting: the queue has ${waiting} messages`),
    signal,
    nowMs,
  });
  const marks = createMarks({ dynamo, table: settings.ledgerTable, nowMs });
  const readUpToMs = fleet.readUpToMs ?? 0;
  try {
    await repair({ announcer, marks, readUpToMs, check: update, onGivenUp: () => {} }, lost, done);
  } finally {
    bar.end();
  }
  return done;
}
