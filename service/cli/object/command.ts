import type { Command } from 'commander';
import type { S3Object } from '../../aws/s3-source.ts';
import { dynamoCalls } from '../../aws/sdk/dynamo.ts';
import { asDistributorError, type DistributorError } from '../../base/errors.ts';
import { type ObjectRef, objectId } from '../../core/notification.ts';
import { compileKeyTemplate } from '../../core/object-key.ts';
import { deliveriesFor } from '../../delivery/deliver-object.ts';
import { createItemRules } from '../../destination/parse-delivery.ts';
import { type LedgerEntry, readEntries } from '../../ledger/entries.ts';
import { DECODE_LIMITS } from '../../object/decode-limits.ts';
import { readFooter } from '../../object/parquet/footer.ts';
import { createTenantStore, type Tenant } from '../../tenant/store.ts';
import { parseS3Url, wholeNumber } from '../arguments.ts';
import { CommandError, EXIT_DONE, EXIT_TROUBLE, type ExitCode, usageError } from '../errors.ts';
import { replayOf } from '../replay/feed.ts';
import { createReplayStates } from '../replay/state.ts';
import type { Context, Session } from '../session.ts';
import { countRecords, type Forecast, forecast, type Look } from './inspect.ts';
import { createObjectReader, type ObjectReader } from './open.ts';
import { type DeliveryReport, type ObjectReport, reportText } from './report.ts';

const NO_DELIVERIES: Tenant = { deliveries: [], error: undefined };

/** `object`: what the service would do with an object. Changes nothing. */

interface Options {
  readonly versionId?: string;
  readonly replay?: string;
  readonly events: number;
  readonly records: number;
}

export function addObject(program: Command, session: Session): void {
  const command = program
    .command('object')
    .argument('<url>', 's3://bucket/key')
    .option('--version-id <id>', 'the version, in a versioned bucket; default: the newest')
    .option(
      '--replay <id>',
      'show the object as this replay delivers it, and its state there, instead of its first delivery',
    )
    .option('--events <count>', 'show this many events', wholeNumber(0, 1_000), 3)
    .option('--records <count>', 'stop reading after about this many records', wholeNumber(1, 1e9), 5_000_000)
    .description(
      'Shows what the service would do with an object: format, records and their destinations, batches, ledger. Read-only.',
    )
    .addHelpText(
      'after',
      `
Status 1: it would become a dead letter.

Example:
  log-distributor object s3://central-logs/logs/tenant_id=acme/cluster_id=eu-1/environment=prod/a.log.gz`,
    );
  session.run<Options>(command, showObject);
}

async function showObject(context: Context, options: Options, [text = '']: readonly string[]): Promise<ExitCode> {
  const url = parseS3Url(text);
  if (!url) throw usageError(`${text}: must be s3://bucket/key`);
  const reader = createObjectReader(context);
  const found = await reader.find(url, options.versionId);
  if (!found) throw new CommandError(`${text} does not exist: the service would make it a dead letter (object-gone)`);
  const looked = options.replay === undefined ? { ref: found } : await inReplay(context, found, options.replay);
  const bar = context.printer.progress('records', options.records);
  const look = {
    limits: DECODE_LIMITS,
    recordsMax: options.records,
    eventsShown: options.events,
    signal: context.signal,
    onRecords: (count: number) => bar.update(count),
  };
  const report = await examine(context, reader, looked, look).finally(() => bar.end());
  context.printer.result(report, (style) => reportText(report, style));
  return report.dead_letter === null ? EXIT_DONE : EXIT_TROUBLE;
}

/** An object as a notification names it. */
interface Looked {
  readonly ref: ObjectRef;
  /** Only its notification knows what it is for: the ledger has what became of it, and nothing tells what will. */
  readonly isUnforeseeable?: boolean;
}

/** The object as a replay announces it. @throws CommandError, a usage error, for a replay that has left nothing behind */
async function inReplay({ dynamo, settings, nowMs, signal }: Context, found: ObjectRef, id: string): Promise<Looked> {
  const states = createReplayStates({ dynamo, table: settings.ledgerTable, nowMs, signal });
  const state = await states.read(id);
  if (state) {
    const replay = replayOf(state);
    return { ref: replay ? { ...found, replay } : found };
  }
  const ref = { ...found, replay: { id } };
  // Records that are redriven from quarantine are replays without a state.
  const entries = await readEntries(dynamoCalls(dynamo), settings.ledgerTable, objectId(ref));
  if (entries.length > 0) return { ref, isUnforeseeable: true };
  throw usageError(`replay ${id} is unknown, and the ledger has nothing of this object in it`);
}

async function examine(
  context: Context,
  reader: ObjectReader,
  { ref, isUnforeseeable }: Looked,
  look: Look,
): Promise<ObjectReport> {
  const { settings, dynamo } = context;
  const id = objectId(ref);
  let trouble: DistributorError | undefined;
  /** @param counts the service would meet what is wrong too */
  const attempt = async <T>(look: () => Promise<T> | T, counts: boolean): Promise<T | undefined> => {
    try {
      return await look();
    } catch (error) {
      context.signal.throwIfAborted();
      const known = asDistributorError(error);
      // What is no fault of the object's is the command's.
      if (known.disposition !== 'dead-letter') throw error;
      if (counts) trouble ??= known;
      return undefined;
    }
  };
  const keyFields = await attempt(() => compileKeyTemplate(settings.objectKeyTemplate).parse(ref.key), true);
  const tenants = createTenantStore({
    dynamo: dynamoCalls(dynamo),
    table: settings.tenantTable,
    rules: createItemRules(settings),
    nowMs: context.nowMs,
  });
  const tenant = keyFields ? await tenants.lookUp(keyFields.tenant_id) : undefined;
  const { deliveries: chosen, error } =
    tenant && keyFields && !isUnforeseeable ? deliveriesFor(tenant, { ref, keyFields }) : NO_DELIVERIES;
  // For a delivery that is switched off, and for a tenant that has none, the service does not even open the object.
  const isOpened = chosen.some(({ enabled }) => enabled);
  const ledger = await readEntries(dynamoCalls(dynamo), settings.ledgerTable, id);
  const object = await attempt(() => reader.open(ref), isOpened);

  let shape: Shaped | undefined;
  const deliveries: DeliveryReport[] = [];
  if (object && keyFields) {
    for (const delivery of chosen) {
      const planContext = {
        delivery,
        keyFields,
        lastModifiedMs: object.lastModifiedMs,
        eventBytesMax: settings.eventBytesMax,
        judgedMs: context.nowMs(),
      };
      const found = await attempt(async (): Promise<Forecast> => {
        shape ??= await shapeOf(context, reader, object, delivery.inputFormat);
        using decoder = await reader.decoder(object, delivery.inputFormat);
        return await forecast(decoder, planContext, look);
      }, delivery.enabled);
      if (found) deliveries.push({ type: delivery.type, enabled: delivery.enabled, ...found });
    }
  }
  if (object && chosen.length === 0) {
    shape = await attempt(() => shapeOf(context, reader, object, undefined), false);
  }
  const counted =
    object && shape && deliveries.length === 0
      ? await attempt(async () => {
          using decoder = await reader.decoder(object);
          return await countRecords(decoder, look);
        }, false)
      : undefined;
  trouble ??= error;
  return {
    object: id,
    bytes: ref.size ?? 0,
    last_modified: ref.createdMs === undefined ? null : new Date(ref.createdMs).toISOString(),
    tenant: keyFields?.tenant_id ?? null,
    key_fields: keyFields ?? {},
    ...(shape ?? { format: null, parquet: null }),
    records: deliveries[0]?.records ?? counted?.records ?? null,
    dead_letter: trouble ? { reason: trouble.code, detail: trouble.message } : null,
    ledger: ledger.map((entry) => withTime(entry)),
    deliveries,
  };
}

type Shaped = Pick<ObjectReport, 'format' | 'parquet'>;

/** Format, and of Parquet the row groups, as they bound what a decode holds. */
async function shapeOf(
  { signal }: Context,
  reader: ObjectReader,
  object: S3Object,
  inputFormat: string | undefined,
): Promise<Shaped> {
  using decoder = await reader.decoder(object, inputFormat);
  const { format } = decoder;
  if (format !== 'parquet') return { format, parquet: null };
  const footer = await readFooter(object.source, signal);
  return {
    format,
    parquet: {
      written_by: footer.createdBy ?? null,
      row_groups: footer.rowGroups.map(({ rows, bytes }) => ({ rows, bytes })),
    },
  };
}

function withTime({ leaseExpiresMs, ...entry }: LedgerEntry): ObjectReport['ledger'][number] {
  return { ...entry, lease_expires_at: leaseExpiresMs === null ? null : new Date(leaseExpiresMs).toISOString() };
}
