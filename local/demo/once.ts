import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { RECEIPT_STREAM } from '../../service/core/receipt-place.ts';
import { verifyAsCustomer } from '../verify-as-customer.ts';
import { compare, type Found } from '../workload/compare.ts';
import { encodeNdjsonGzip } from '../workload/ndjson.ts';
import { objectKey } from '../workload/object.ts';
import { createRandom } from '../workload/random.ts';
import type { LogRecord } from '../workload/record.ts';
import { createTally } from '../workload/tally.ts';
import { type DemoEnvironment, REGION, startDemo } from './environment.ts';
import { createExpected, type Expected } from './expected.ts';
import { createWriters, type WrittenObject } from './load.ts';
import { fetchSamples, sumOf } from './metrics.ts';

/** What became of the fixed load: the last line of `npm run demo -- --once --json`. */
export interface OnceResult {
  /** Records that were written, lines that are no records included. */
  readonly events: number;
  /** Found in the right account. */
  readonly delivered: number;
  /** The next three as the service counts them. */
  readonly filtered: number;
  readonly rejected: number;
  readonly quarantined: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly misrouted: number;
  /** Found, but written by nobody. */
  readonly unexpected: number;
  /** How far the service's own counts are off what was written. */
  readonly unaccounted: number;
  /** Events that customers found as their receipts say, each by a process with nothing but its own credentials and the public key. */
  readonly verified: number;
  /** And those that receipts had to say something of. */
  readonly receipted: number;
  /** Of message text, from the first object written to the last event accepted. */
  readonly megabytes_per_second: number;
  readonly seconds: number;
}

const OBJECTS_PER_WRITER = 6;
const OBJECT_MESSAGE_BYTES = 2_000_000;
const PATIENCE_MS = 120_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Runs the fixed load and compares, event by event, what every account holds with what was written. */
export async function runOnce(seed: string, say: (text: string) => void): Promise<OnceResult> {
  const startedMs = performance.now();
  await using demo = await startDemo({
    cloud: { random: createRandom(`${seed}/faults`).uniform },
    service: { LOG_LEVEL: 'info' },
    onStep: say,
  });
  say(`the embedded AWS and the service are up; look at ${demo.service.url}/`);
  const expected = createExpected(demo.tenants);
  const objects = await makeObjects(demo, seed, expected);
  const odd = makeOddObjects(demo, seed);
  say(`${objects.length + odd.length} objects for ${demo.tenants.length} tenants are made`);

  const firstPutMs = performance.now();
  for (const { key, body } of [...objects, ...odd]) await demo.put(key, body);
  const written = expected.written + odd.length * (TOO_OLD + BROKEN);
  await untilAccounted(demo, written);
  const seconds = (performance.now() - firstPutMs) / 1000;
  say('every record is accounted for');
  // Each tenant has as many objects as any other.
  await untilReceipted(demo, (objects.length + odd.length) / demo.tenants.length);

  const samples = await fetchSamples(demo.service.url);
  const counted = (outcome: string) => sumOf(samples, 'log_distributor_events_total', { outcome });
  const status = await demo.service.stop();
  if (status !== 0) throw new Error(`the service ended with status ${status} instead of draining`);
  const { delivered, lost, duplicated, misrouted, unexpected } = compare(expected.tallies, findAll(demo));
  const verified = await verifyReceipts(demo, say);
  const off = [
    counted('delivered') - delivered,
    counted('filtered') - expected.filtered,
    counted('rejected') - odd.length * TOO_OLD,
    counted('quarantined') - odd.length * BROKEN,
  ];
  return {
    events: written,
    delivered,
    filtered: counted('filtered'),
    rejected: counted('rejected'),
    quarantined: counted('quarantined'),
    lost,
    duplicated,
    misrouted,
    unexpected,
    unaccounted: off.reduce((sum, difference) => sum + Math.abs(difference), 0),
    verified,
    receipted: withReceipts(demo).reduce((sum, { tenantId }) => sum + (expected.tallies.get(tenantId)?.size ?? 0), 0),
    megabytes_per_second: round(sumOf(samples, 'log_distributor_message_bytes_total') / 1e6 / seconds),
    seconds: round((performance.now() - startedMs) / 1000),
  };
}

export function isClean(result: OnceResult): boolean {
  const { lost, duplicated, misrouted, unexpected, unaccounted, verified, receipted } = result;
  return lost + duplicated + misrouted + unexpected + unaccounted === 0 && verified === receipted && receipted > 0;
}

async function makeObjects({ tenants }: DemoEnvironment, seed: string, expected: Expected): Promise<WrittenObject[]> {
  const objects: WrittenObject[] = [];
  // Within what CloudWatch Logs takes, and the same text on every run of the same day's hour.
  const toMs = Math.floor(Date.now() / 3_600_000) * 3_600_000;
  for (const writer of createWriters(
    tenants.map(({ tenantId }) => tenantId),
    seed,
  )) {
    for (let at = OBJECTS_PER_WRITER; at > 0; at--) {
      const object = await writer.next(OBJECT_MESSAGE_BYTES, toMs - at * 60_000, toMs - (at - 1) * 60_000);
      expected.add(writer.tenantId, object.records);
      objects.push(object);
    }
  }
  return objects;
}

/** Events that are too old for CloudWatch Logs, and lines that are no JSON, in each odd object. */
const TOO_OLD = 5;
const BROKEN = 3;

/** One object a tenant with what cannot be delivered: it must be kept and counted, and nothing else may suffer. */
function makeOddObjects({ tenants }: DemoEnvironment, seed: string): { key: string; body: Buffer }[] {
  const place = { clusterId: 'eu-central-1', environment: 'prod' };
  return tenants.map(({ tenantId }) => {
    const old = Array.from({ length: TOO_OLD }, (_, at): LogRecord => {
      return {
        timestamp: Date.now() - 20 * DAY_MS + at,
        message: `too old ${at}`,
        customer_tenant: tenantId,
        cluster_id: place.clusterId,
        environment: place.environment,
        application: 'checkout',
        log_level: 'error',
        kubernetes: { namespace: 'shop', pod_name: 'checkout-1', container_name: 'checkout', node_name: 'node-1' },
        source_type: 'kubernetes_logs',
        file: '/var/log/pods/checkout.log',
      };
    });
    const broken = Array.from({ length: BROKEN }, (_, at) => `{"message":"cut off ${at}\n`).join('');
    const key = objectKey({
      seed: `${seed}/odd`,
      tenantId,
      ...place,
      format: 'ndjson+gzip',
      timeMs: Date.now(),
    });
    return { key, body: Buffer.concat([encodeNdjsonGzip(old), gzipSync(broken)]) };
  });
}

/** Waits until the service has given every record an outcome. @throws Error when it takes too long */
async function untilAccounted({ service }: DemoEnvironment, records: number): Promise<void> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  for (;;) {
    const samples = await fetchSamples(service.url);
    const accounted = sumOf(samples, 'log_distributor_events_total');
    if (accounted >= records && sumOf(samples, 'log_distributor_messages_in_flight') === 0) return;
    if (performance.now() > deadlineMs) {
      throw new Error(`after ${PATIENCE_MS / 1000} s ${accounted} of ${records} records are accounted for`);
    }
    await delay(100);
  }
}

/** Tenants whose items say where their receipts go. */
function withReceipts({ tenants }: DemoEnvironment) {
  return tenants.filter(({ deliveries }) => deliveries.some(({ receipts }) => receipts !== undefined));
}

/** Waits until receipts hold every object of those tenants. @throws Error when it takes too long */
async function untilReceipted(demo: DemoEnvironment, objectsOfTenant: number): Promise<void> {
  const objects = withReceipts(demo).length * objectsOfTenant;
  const deadlineMs = performance.now() + PATIENCE_MS;
  for (;;) {
    const held = sumOf(await fetchSamples(demo.service.url), 'log_distributor_receipt_objects_total');
    if (held >= objects) return;
    if (performance.now() > deadlineMs) {
      throw new Error(`after ${PATIENCE_MS / 1000} s receipts hold ${held} of ${objects} objects`);
    }
    await delay(200);
  }
}

/** @returns events of all tenants with receipts that are verified */
async function verifyReceipts(demo: DemoEnvironment, say: (text: string) => void): Promise<number> {
  let events = 0;
  for (const tenant of withReceipts(demo)) {
    const results = await verifyAsCustomer(tenant, {
      endpointUrl: demo.cloud.url,
      region: REGION,
      publicKeyFile: demo.publicKeyFile,
      fromMs: Date.now() - 3 * HOUR_MS,
      toMs: Date.now() + HOUR_MS,
    });
    for (const { verified, receipts, events: found, problems, differences } of results) {
      if (verified) events += found;
      const what = verified ? 'verified' : JSON.stringify([...problems, ...differences]);
      say(`${tenant.tenantId} verified its ${receipts} receipts by itself: ${found} events, ${what}`);
    }
  }
  return events;
}

function findAll({ cloud, tenants }: DemoEnvironment): ReadonlyMap<string, Found> {
  const prefixes = new Map(
    tenants.map(({ accountId, tenantId, logGroupPrefix }) => [accountId, { tenantId, logGroupPrefix }]),
  );
  const found = new Map(tenants.map(({ tenantId }) => [tenantId, { inside: createTally(), outside: createTally() }]));
  const strangers = { inside: createTally(), outside: createTally() };
  for (const event of cloud.logs.read()) {
    if (event.stream === RECEIPT_STREAM) continue;
    const tenant = prefixes.get(event.account);
    const tally = (tenant && found.get(tenant.tenantId)) ?? strangers;
    const inside = tenant !== undefined && `${event.group}/`.startsWith(`${tenant.logGroupPrefix}/`);
    tally[inside ? 'inside' : 'outside'].add(event.timestamp, event.message);
  }
  return strangers.outside.size > 0 ? new Map([...found, ['an account of no tenant', strangers]]) : found;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
