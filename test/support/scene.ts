import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { createMetrics } from '../../service/base/metrics.ts';
import { type Accounted, addAccounted, NOTHING_ACCOUNTED } from '../../service/core/accounted.ts';
import type { ObjectTask, OpenDestination } from '../../service/delivery/destination.ts';
import { createRejectedEvents } from '../../service/delivery/rejected-events.ts';
import type { DeliveryResult, RunDeliveryDeps } from '../../service/delivery/run-delivery.ts';
import { S3 } from '../../service/destination/s3/kind.ts';
import { createLedger } from '../../service/ledger/ledger.ts';
import { memorySource } from '../../service/object/source.ts';
import type { QuarantineLine } from '../../service/quarantine/file.ts';
import { createQuarantine } from '../../service/quarantine/writer.ts';
import type { RecordSpec } from './chunk.ts';
import { createMemoryDecoder, type MemoryDecoderOptions } from './decoder.ts';
import { buildDelivery, cloudWatchOf } from './delivery.ts';
import { createTestBucket, createTestCloudWatch } from './destinations.ts';
import { LEDGER_TABLE, startDynamo } from './dynamo.ts';
import { startLogs } from './logs-server.ts';
import { startS3 } from './s3-server.ts';
import { createFakeSts } from './sts.ts';

export const NOON_MS = Date.UTC(2026, 0, 31, 12);
export const LEASE_MS = 60_000;
export const OBJECT = 's3://central/logs/a#e1';

export const TASK: ObjectTask = {
  ref: {
    bucket: 'central',
    key: 'logs/a',
    version: 'e1',
    versionId: undefined,
    size: 100,
    createdMs: NOON_MS - 60_000,
  },
  keyFields: { tenant_id: 'acme', cluster_id: 'c1', environment: 'prod' },
};

export const DELIVERY = buildDelivery({ log_stream_name: 's' });
/** A delivery with a stream for each application: over records of `spread`, a chunk has ten batches. */
export const SPREAD = buildDelivery({ log_stream_name: '{application}' });
/** The ledger's key of the object and `DELIVERY`, or `SPREAD`. */
export const KEY = { object: OBJECT, delivery: 'acme/cloudwatch' };

/** What the tests of a delivery change while it runs. */
export interface Scene {
  records: readonly RecordSpec[];
  decoder: MemoryDecoderOptions;
  openObject: () => Promise<void>;
  /** Sees every command to DynamoDB before it is sent; what it throws is what the table answers. */
  onDynamo: (call: { readonly input: object & { readonly UpdateExpression?: string } }) => void;
  nowMs: number;
  eventBytesMax: number;
  /** Default 0: nothing that fails is saved a second time. */
  savePatienceMs: number;
  /** What was told of on the way. */
  accounted: Accounted;
  readonly overflowed: string[];
}

/** Everything around a delivery that is real: the ledger on dynalite, the destination and the quarantine over HTTP. */
export async function setUp(t: TestContext, initial: Partial<Scene> = {}) {
  const [dynamo, logs, s3] = await Promise.all([startDynamo(t), startLogs(t), startS3(t)]);
  const metrics = createMetrics();
  const scene: Scene = {
    records: [],
    decoder: { recordsPerChunk: 10 },
    openObject: async () => {},
    onDynamo: () => {},
    nowMs: NOON_MS,
    eventBytesMax: 1_000_000,
    savePatienceMs: 0,
    accounted: NOTHING_ACCOUNTED,
    overflowed: [],
    ...initial,
  };
  const table: typeof dynamo.calls = async (operation, input, options) => {
    scene.onDynamo({ input: input as object });
    return dynamo.calls(operation, input, options);
  };
  const sts = createFakeSts(Date.now);
  const openCloudWatch = createTestCloudWatch({ logs, sts: sts.sts, metrics });
  const openBucket = createTestBucket({ s3: s3.calls, sts: sts.sts, metrics });
  const openDestination: OpenDestination = (options) =>
    S3.is(options.target)
      ? openBucket({ ...options, target: options.target })
      : openCloudWatch({ ...options, target: cloudWatchOf(options.delivery) });
  let owners = 0;
  let objectsOpen = 0;
  // However a delivery ends.
  t.after(() => assert.equal(objectsOpen, 0));
  const deps: RunDeliveryDeps = {
    ledger: createLedger({
      dynamo: table,
      table: LEDGER_TABLE,
      leaseMs: LEASE_MS,
      nowMs: () => scene.nowMs,
      newOwner: () => `owner-${++owners}`,
      onWrite: (operation) => metrics.ledgerWrites.inc({ operation }),
    }),
    leaseMs: LEASE_MS,
    settleMs: 0,
    get savePatienceMs() {
      return scene.savePatienceMs;
    },
    openObject: async () => {
      await scene.openObject();
      objectsOpen++;
      return {
        source: memorySource('logs/a', new Uint8Array(0)),
        lastModifiedMs: NOON_MS,
        [Symbol.dispose]: () => {
          objectsOpen--;
        },
      };
    },
    openDecoder: async () => createMemoryDecoder(scene.records, scene.decoder),
    openDestination,
    rejectedEvents: createRejectedEvents({
      openDestination,
      metrics,
      awsNowMs: () => scene.nowMs,
      monotonicMs: () => scene.nowMs,
    }),
    quarantine: createQuarantine({ s3: s3.calls, random: () => 0, prefix: 'quarantine/', onWrite: () => {} }),
    metrics,
    onAccounted: (_task, accounted) => {
      scene.accounted = addAccounted(scene.accounted, accounted);
    },
    onOverflow: (_task, { tenantId, type }, records) => {
      scene.overflowed.push(`${tenantId}/${type} ${records}`);
    },
    decodeLimits: {
      chunkBytesMax: 1e6,
      chunkRecordsMax: 1e3,
      chunkStoredBytesMax: 2e6,
      recordBytesMax: 1e6,
      decompressionRatioMax: 400,
    },
    memoryBytesMax: 1e9,
    get eventBytesMax() {
      return scene.eventBytesMax;
    },
    random: () => 0,
    awsNowMs: () => scene.nowMs,
    monotonicMs: () => performance.now(),
  };
  return {
    deps,
    scene,
    dynamo,
    logs,
    s3,
    sts,
    metrics,
    item: (type = 'cloudwatch') => dynamo.ledgerItem(OBJECT, `acme/${type}`),
    /** Messages of all streams of the tenant's account, sorted. */
    stored: () =>
      [...logs.account('acme').values()]
        .flatMap(({ streams }) => [...streams.values()].flat())
        .map(({ message }) => message)
        .sort(),
    /** Every line in quarantine, in the order of its record. */
    quarantined: (): QuarantineLine[] =>
      [...s3.objects.values()]
        .flatMap((bytes) => gunzipSync(bytes).toString('utf8').trimEnd().split('\n'))
        .map((line) => JSON.parse(line))
        .sort((a, b) => a.record - b.record),
  };
}

/** Records with a message each, a second apart. */
export function numbered(count: number, from = 0): RecordSpec[] {
  return Array.from({ length: count }, (_, at) => ({
    message: `m${String(from + at).padStart(3, '0')}`,
    timeMs: NOON_MS + at * 1_000,
  }));
}

/** The messages of records that are `numbered`. */
export function messages(count: number) {
  return numbered(count).map(({ message }) => message);
}

/** Records of ten applications in turn: the ten of a chunk go to ten streams. */
export function spread(count: number): RecordSpec[] {
  return numbered(count).map((record, at) => ({ ...record, fields: { application: `a${at % 10}` } }));
}

/** The result of a delivery that must have failed. */
export function failure(result: DeliveryResult): Extract<DeliveryResult, { kind: 'failed' }> {
  assert.ok(result.kind === 'failed', result.kind);
  return result;
}
