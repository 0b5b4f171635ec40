import type { Command } from 'commander';
import { createAnnouncer } from '../../aws/announce.ts';
import { dynamoCalls } from '../../aws/sdk/dynamo.ts';
import { sqsCalls } from '../../aws/sdk/sqs.ts';
import { createThrottle } from '../../aws/throttle.ts';
import { objectId } from '../../core/notification.ts';
import { REPLAY_ID } from '../../core/replay.ts';
import { sumEntries } from '../../ledger/entries.ts';
import { rate, timeParser, wholeNumber } from '../arguments.ts';
import { confirm } from '../confirm.ts';
import { CommandError, EXIT_DONE, EXIT_TROUBLE, type ExitCode, usageError } from '../errors.ts';
import { createObjectReader } from '../object/open.ts';
import type { Context, Session } from '../session.ts';
import { formatCount, formatTime } from '../terminal.ts';
import { estimate } from './estimate.ts';
import { type FeedDeps, feed, remaining, toRef } from './feed.ts';
import type { Found } from './find.ts';
import { deliveriesOf, findFor, sample, warningsFor } from './preview.ts';
import { createReplayStates, type ReplayState, type ReplayStates } from './state.ts';
import { outcomeText, previewText, shown } from './text.ts';

/** `replay`: delivers a tenant's objects of a time range once more; `replay-status` says how far it is. */

interface Options {
  readonly bucket?: string;
  readonly tenant?: string;
  readonly from?: number;
  readonly to?: number;
  readonly application?: string;
  readonly delivery?: string;
  readonly missing?: true;
  readonly id?: string;
  readonly continue?: string;
  readonly rate: number;
  readonly backlog: number;
  readonly dryRun?: true;
  readonly yes?: true;
}

export function addReplay(program: Command, session: Session): void {
  const time = timeParser(session.deps.nowMs);
  const replay = program
    .command('replay')
    .option('--bucket <name>', 'the central bucket')
    .option('--tenant <tenant>', 'tenant id')
    .option('--from <time>', 'objects written at or after this time: a time, a UTC date, or an age such as 90m', time)
    .option('--to <time>', 'objects written before this time; default: now', time)
    .option('--application <name>', 'only records of this application')
    .option('--delivery <type>', 'only this delivery of the tenant, such as cloudwatch#audit')
    .option(
      '--missing',
      'deliver only objects that the ledger does not have as done; use it after notifications were lost',
    )
    .option('--id <id>', 'a name for the replay (a-z0-9-); default: a generated one')
    .option('--continue <id>', 'continue an interrupted replay')
    .option('--rate <per second>', 'maximum objects per second', rate(1_000), 5)
    .option('--backlog <count>', 'pause while more messages than this wait in the queue', wholeNumber(0, 1e6), 100)
    .option('--dry-run', 'show the plan and do nothing')
    .option('--yes', 'do not ask for confirmation')
    .description("Delivers a tenant's objects of a time range again, each exactly once per replay, after live traffic.")
    .addHelpText(
      'after',
      `
The time is that at which objects were written: they hold what was logged up to the writer's buffer (15 minutes) before.

Examples:
  log-distributor replay --bucket central-logs --tenant acme --from 2026-11-24T10:00:00Z --to 2026-11-24T11:00:00Z --dry-run
  log-distributor replay --bucket central-logs --tenant acme --from 3h --delivery cloudwatch#audit --id acme-audit-1 --yes
  log-distributor replay --bucket central-logs --tenant acme --from 12h --missing --dry-run
  log-distributor replay --continue acme-audit-1`,
    );
  session.run<Options>(replay, runReplay);

  const status = program
    .command('replay-status')
    .argument('<id>', 'id of the replay')
    .description(
      'Shows the progress of a replay: the objects in the queue and the deliveries in the ledger. Status 1: not done yet.',
    )
    .addHelpText('after', '\nExample:\n  log-distributor replay-status acme-audit-1');
  session.run(status, showStatus);
}

function statesOf({ dynamo, settings, nowMs, signal }: Context): ReplayStates {
  return createReplayStates({ dynamo, table: settings.ledgerTable, nowMs, signal });
}

async function runReplay(context: Context, options: Options): Promise<ExitCode> {
  refuseTogether(options);
  const states = statesOf(context);
  const known = options.continue === undefined ? undefined : await states.read(options.continue);
  if (options.continue !== undefined && !known) throw unknownReplay(options.continue);
  const wanted = known ?? newReplay(context, options);
  if (wanted.state === 'fed') {
    context.printer.result(
      shown(wanted),
      () => `all objects of replay ${wanted.id} are in the queue: \`log-distributor replay-status ${wanted.id}\`\n`,
    );
    return EXIT_DONE;
  }
  const deliveries = await deliveriesOf(context, wanted);
  const found = await findFor(context, wanted);
  // What an earlier run has fed is neither counted nor paid for again.
  const objects = remaining(found.objects, wanted);
  const samples = await sample(context, wanted, objects, deliveries);
  const forecast = estimate({
    objects,
    samples,
    listCalls: found.calls,
    deliveries: deliveries.length,
    objectsPerSecond: options.rate,
  });
  const warnings = warningsFor({ ...found, objects }, deliveries, wanted, context.nowMs());
  const state = known ?? { ...wanted, objects: objects.length };
  if (options.dryRun || (objects.length === 0 && !known)) {
    const dryRun = options.dryRun === true;
    const nothing = dryRun ? '' : 'nothing to do\n';
    context.printer.result(
      { ...shown(state), dry_run: dryRun, estimate: forecast, warnings },
      () => `${previewText(state, forecast, warnings)}${nothing}`,
    );
    return EXIT_DONE;
  }
  context.printer.note(previewText(state, forecast, warnings).trimEnd());
  const { queueUrl } = context;
  if (objects.length > 0) {
    await confirm(context, `Announce these ${formatCount(objects.length)} objects again?`, options.yes === true);
  }
  if (!known && !(await states.begin(state))) {
    throw usageError(
      `replay ${state.id} already exists: continue it with --continue ${state.id}, or choose another --id`,
    );
  }
  const fed = await feedAll(context, options, { states, queueUrl, found, state });
  context.printer.result({ ...shown(fed), dry_run: false, estimate: forecast, warnings }, () => outcomeText(fed));
  return fed.state === 'fed' ? EXIT_DONE : EXIT_TROUBLE;
}

async function feedAll(
  context: Context,
  { rate: perSecond, backlog }: Options,
  { states, queueUrl, found, state }: { states: ReplayStates; queueUrl: string; found: Found; state: ReplayState },
): Promise<ReplayState> {
  const { sqs, signal, nowMs, printer } = context;
  const bar = printer.progress(`replay ${state.id}`, found.objects.length);
  let fed = state.fed;
  const announcer = createAnnouncer({
    sqs: sqsCalls(sqs),
    queueUrl,
    throttle: createThrottle(perSecond, () => performance.now(), signal),
    backlogMax: backlog,
    onWait: (waiting) => bar.update(fed, `waiting: the queue has ${waiting} messages`),
    signal,
    nowMs,
  });
  const onProgress = (now: ReplayState) => {
    fed = now.fed;
    bar.update(fed, '');
  };
  try {
    return await feed({ announcer, states, refOf: refs(context), onProgress }, found.objects, state);
  } finally {
    bar.end();
  }
}

/** In a bucket with versions the first delivery has the version's name, which a listing does not tell. */
function refs(context: Context): FeedDeps['refOf'] {
  const reader = createObjectReader(context);
  return async (object, state) => {
    const ref = toRef(object, state);
    // One that was deleted since is announced all the same: the service says so in a dead letter.
    return state.missing ? ((await reader.find(ref, undefined)) ?? ref) : ref;
  };
}

/** `--continue` accepts no option that would redefine the replay. */
function refuseTogether({ bucket, tenant, from, to, application, delivery, missing, id, ...rest }: Options): void {
  if (rest.continue === undefined) return;
  const said = Object.entries({ bucket, tenant, from, to, application, delivery, missing, id })
    .filter(([, value]) => value !== undefined)
    .map(([name]) => `--${name}`);
  if (said.length > 0)
    throw usageError(`${said.join(', ')}: not allowed with --continue, which uses the values of the original replay`);
}

function newReplay({ nowMs, random }: Context, options: Options): ReplayState {
  const { bucket, tenant, from, to = nowMs(), id = newId(nowMs(), random) } = options;
  const missing = Object.entries({ bucket, tenant, from }).filter(([, value]) => value === undefined);
  if (bucket === undefined || tenant === undefined || from === undefined) {
    throw usageError(`give ${missing.map(([name]) => `--${name}`).join(', ')}, or --continue with the id of a replay`);
  }
  if (options.missing && (options.delivery ?? options.application) !== undefined) {
    throw usageError('--missing: cannot be combined with --delivery or --application');
  }
  if (!REPLAY_ID.test(id)) throw usageError(`--id: must be 1 to 64 of a-z0-9- (got ${JSON.stringify(id)})`);
  // What is yet to be written could lie in a range that ends later, and would be missed or fed twice.
  if (to > nowMs()) throw usageError(`--to: is in the future (got ${formatTime(to)})`);
  if (from >= to) throw usageError(`--from: must be before --to (got ${formatTime(from)} and ${formatTime(to)})`);
  return {
    id,
    state: 'feeding',
    tenant,
    bucket,
    fromMs: from,
    toMs: to,
    delivery: options.delivery,
    application: options.application,
    missing: options.missing === true,
    objects: 0,
    fed: 0,
    lastMs: 0,
    lastKey: '',
  };
}

/** `20261124-121710-4k7x`: sorts by time, and two at once differ. */
function newId(nowMs: number, random: () => number): string {
  const time = new Date(nowMs).toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-');
  const suffix = Math.floor(random() * 36 ** 4)
    .toString(36)
    .padStart(4, '0');
  return `${time}-${suffix}`;
}

function unknownReplay(id: string): CommandError {
  return new CommandError(`the ledger has no replay ${id}; it keeps a replay for 14 days after its last step`);
}

async function showStatus(context: Context, _options: object, [id = '']: readonly string[]): Promise<ExitCode> {
  const state = await statesOf(context).read(id);
  if (!state) throw unknownReplay(id);
  const deliveries = await deliveriesOf(context, state);
  const { objects } = await findFor(context, state);
  // A listing does not tell the names of those that were deleted, overwritten or archived since.
  const gone = Math.max(0, state.objects - objects.length);
  const refOf = refs(context);
  const ids: string[] = [];
  for (const object of objects) ids.push(objectId(await refOf(object, state)));
  const keys = ids.flatMap((object) => deliveries.map(({ type }) => ({ object, delivery: `${state.tenant}/${type}` })));
  const { states, counts } = await sumEntries(
    { ...context, dynamo: dynamoCalls(context.dynamo) },
    context.settings.ledgerTable,
    keys,
  );
  const { done = 0, dead = 0 } = states;
  const complete = state.state === 'fed' && gone === 0 && done === keys.length;
  const result = { ...shown(state), gone, deliveries: keys.length, ledger: states, counts, complete };
  context.printer.result(result, (style) => {
    const inLedger = Object.entries(states).map(([name, count]) => `${formatCount(count)} ${name}`);
    const sums = Object.entries(counts).map(([name, count]) => `${name} ${formatCount(count)}`);
    return [
      style.bold(`replay ${id} of ${state.tenant}`),
      `${state.state}: ${formatCount(state.fed)} of ${formatCount(state.objects)} objects are announced`,
      `deliveries: ${inLedger.join(', ') || 'none yet'}, of ${formatCount(keys.length)}`,
      ...(sums.length > 0 ? [`records: ${sums.join(', ')}`] : []),
      ...(gone > 0
        ? [
            `${formatCount(gone)} objects were deleted or archived since; those that were not delivered before are dead letters`,
          ]
        : []),
      ...(dead + gone > 0
        ? [`\`log-distributor dead-letters list --tenant ${state.tenant}\` lists what could not be delivered`]
        : []),
      complete ? style.good('done') : style.warn('not done yet'),
      '',
    ].join('\n');
  });
  return complete ? EXIT_DONE : EXIT_TROUBLE;
}
