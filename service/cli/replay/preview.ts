import { dynamoCalls } from '../../aws/sdk/dynamo.ts';
import { s3Calls } from '../../aws/sdk/s3.ts';
import { DistributorError } from '../../base/errors.ts';
import type { Delivery } from '../../core/delivery.ts';
import type { ObjectRef } from '../../core/notification.ts';
import { compileKeyTemplate } from '../../core/object-key.ts';
import { chooseDeliveries } from '../../core/replay.ts';
import { CLOUDWATCH } from '../../destination/cloudwatch/kind.ts';
import { createItemRules } from '../../destination/parse-delivery.ts';
import { DECODE_LIMITS } from '../../object/decode-limits.ts';
import { createTenantStore } from '../../tenant/store.ts';
import { CommandError } from '../errors.ts';
import { forecast } from '../object/inspect.ts';
import { createObjectReader, type ObjectReader } from '../object/open.ts';
import type { Context } from '../session.ts';
import { requireKnownTenant } from '../tenants/known.ts';
import { chooseSamples, type Sample } from './estimate.ts';
import { replayOf, toRef } from './feed.ts';
import { type Found, type FoundObject, findObjects } from './find.ts';
import type { ReplayState } from './state.ts';

/** What a replay would do, before it does anything. */

/** Objects up to this size are taken as samples. */
const SAMPLE_BYTES_MAX = 64 * 1024 * 1024;
const DAY_MS = 86_400_000;
/** PutLogEvents rejects events that are older (API reference). */
const EVENT_AGE_DAYS_MAX = 14;

/** The deliveries that a replay is for. @throws CommandError when there is none, DistributorError when the table fails */
export async function deliveriesOf(context: Context, state: ReplayState): Promise<readonly Delivery[]> {
  const { dynamo, settings, nowMs } = context;
  const tenants = createTenantStore({
    dynamo: dynamoCalls(dynamo),
    table: settings.tenantTable,
    rules: createItemRules(settings),
    nowMs,
  });
  const { deliveries, error } = await tenants.lookUp(state.tenant);
  if (error?.code === 'tenant-unknown') await requireKnownTenant(context, state.tenant);
  if (error) throw new CommandError(error.message);
  const chosen = chooseDeliveries(deliveries, replayOf(state));
  if (chosen.length === 0) {
    const types = deliveries.map(({ type }) => type).join(', ');
    throw new CommandError(`tenant ${state.tenant} has no delivery ${state.delivery}, only ${types}`);
  }
  const enabled = chosen.filter((delivery) => delivery.enabled);
  if (enabled.length === 0) {
    throw new CommandError(
      `tenant ${state.tenant} is disabled, so its objects would be acknowledged without delivery: run \`log-distributor tenants enable ${state.tenant}\` first`,
    );
  }
  return enabled;
}

export async function findFor(context: Context, state: ReplayState): Promise<Found> {
  const { settings, s3, signal, random, printer } = context;
  const keyTemplate = compileKeyTemplate(settings.objectKeyTemplate);
  // Where the key names the application, other objects need not even be read.
  const byKey = state.application !== undefined && settings.objectKeyTemplate.includes('{application}');
  const known = { tenant_id: state.tenant, ...(byKey ? { application: state.application ?? '' } : {}) };
  const range = { template: settings.objectKeyTemplate, known, fromMs: state.fromMs, toMs: state.toMs };
  const bar = printer.progress('objects', 1);
  try {
    return await findObjects({
      s3: s3Calls(s3),
      bucket: state.bucket,
      keyTemplate,
      range,
      signal,
      random,
      onFound: (count) => bar.update(0, `${count} found`),
    });
  } finally {
    bar.end();
  }
}

/** Really plans a few objects, for every delivery. What cannot be read is none: it will be a dead letter of its own. */
export async function sample(
  context: Context,
  state: ReplayState,
  objects: readonly FoundObject[],
  deliveries: readonly Delivery[],
): Promise<Sample[]> {
  const reader = createObjectReader(context);
  const samples: Sample[] = [];
  for (const found of chooseSamples(objects, SAMPLE_BYTES_MAX)) {
    try {
      samples.push(await sampleOne(context, reader, toRef(found, state), found.bytes, deliveries));
    } catch (error) {
      if (!(error instanceof DistributorError) || error.disposition !== 'dead-letter') throw error;
      context.printer.note(`would be a dead letter: ${error.message}`);
    }
  }
  return samples;
}

async function sampleOne(
  { settings, signal }: Context,
  reader: ObjectReader,
  ref: ObjectRef,
  objectBytes: number,
  deliveries: readonly Delivery[],
): Promise<Sample> {
  const object = await reader.open(ref);
  const look = {
    limits: DECODE_LIMITS,
    recordsMax: Number.POSITIVE_INFINITY,
    eventsShown: 0,
    signal,
    onRecords: () => {},
  };
  let [events, eventBytes, putCalls] = [0, 0, 0];
  for (const delivery of deliveries) {
    using decoder = await reader.decoder(object);
    const planContext = {
      delivery,
      keyFields: compileKeyTemplate(settings.objectKeyTemplate).parse(ref.key),
      lastModifiedMs: object.lastModifiedMs,
      eventBytesMax: settings.eventBytesMax,
    };
    const plan = await forecast(decoder, planContext, look);
    events += plan.events;
    if (!CLOUDWATCH.is(delivery.target)) continue;
    eventBytes += plan.bytes;
    putCalls += plan.batches;
  }
  return { objectBytes, events, eventBytes, putCalls };
}

/** What the operator should know before saying yes. */
export function warningsFor(
  { objects, archived }: Found,
  deliveries: readonly Delivery[],
  { application, missing }: ReplayState,
  nowMs: number,
): string[] {
  const elsewhere = deliveries.filter(({ target }) => !CLOUDWATCH.is(target));
  const isOld = ({ lastModifiedMs }: FoundObject) => nowMs - lastModifiedMs > EVENT_AGE_DAYS_MAX * DAY_MS;
  // Other destinations take events of any age.
  const old = elsewhere.length === deliveries.length ? 0 : objects.filter(isOld).length;
  const kept = deliveries.flatMap(({ target }) =>
    CLOUDWATCH.is(target) && target.retentionDays !== undefined ? [target.retentionDays] : [],
  );
  const unwanted = deliveries.filter(({ applications }) => applications?.size === 0).map(({ type }) => type);
  return [
    ...(missing ? ['objects that the ledger has as done are not delivered again: the estimate is an upper limit'] : []),
    ...(archived > 0 ? [`${archived} objects are archived and left out: restore them first`] : []),
    ...(old > 0
      ? [
          `${old} objects are older than ${EVENT_AGE_DAYS_MAX} days: CloudWatch Logs will refuse their events, and they go to quarantine`,
        ]
      : []),
    ...(kept.length > 0
      ? [`events older than the retention of their log group (${Math.min(...kept)} days) will be refused`]
      : []),
    ...elsewhere.map(
      ({ type, target }) =>
        `${type} writes to ${target.service.name}: bytes, calls and the tenant's cost do not include it`,
    ),
    ...unwanted.map((type) => `${type} filters out the application ${application}: none of it will be delivered`),
  ];
}
