import assert from 'node:assert/strict';
import { createGetObject, createStsCalls, createTableCalls, createTenantS3Calls } from '../../service/aws/calls.ts';
import { createLogWriter } from '../../service/aws/log-writer.ts';
import { createLogsSessions } from '../../service/aws/logs-session.ts';
import { openS3Object } from '../../service/aws/s3-source.ts';
import { createMetrics } from '../../service/base/metrics.ts';
import type { Delivery } from '../../service/core/delivery.ts';
import { planChunk } from '../../service/core/plan.ts';
import { UNWATCHED } from '../../service/delivery/call-watch.ts';
import type { ObjectTask } from '../../service/delivery/destination.ts';
import { createCloudWatch } from '../../service/destination/cloudwatch/sender.ts';
import { createItemRules } from '../../service/destination/parse-delivery.ts';
import { S3 } from '../../service/destination/s3/kind.ts';
import { createS3Destination } from '../../service/destination/s3/sender.ts';
import { createLedger } from '../../service/ledger/ledger.ts';
import { memorySource } from '../../service/object/source.ts';
import { createTenantStore } from '../../service/tenant/store.ts';
import { placeOf } from './aws.ts';
import { buildChunk } from './chunk.ts';
import { buildDelivery, cloudWatchOf } from './delivery.ts';
import { createTestPutEvents } from './put-events.ts';
import { createFreeRateLimiter } from './rate-limiter.ts';
import { createTestRetention } from './retention.ts';
import { createTestSessions } from './role-sessions.ts';
import { NO_STALL } from './stall.ts';
import { NEVER } from './stop-signals.ts';
import { createFakeSts } from './sts.ts';

/** What the service asks AWS for, each with its own clients: for tests of what AWS answers. */

const REF = { bucket: 'central', key: 'logs/a', version: 'e1', versionId: undefined, size: 1, createdMs: 0 };
const TASK: ObjectTask = { ref: REF, keyFields: { tenant_id: 'acme', cluster_id: 'c1', environment: 'prod' } };
export const ROLE = 'arn:aws:iam::111122223333:role/LogDistribution-acme';
export const TASK_SESSION = 'arn:aws:sts::999999999999:assumed-role/log-distributor-task/0123';
export const TENANT_SESSION = 'arn:aws:sts::111122223333:assumed-role/LogDistribution-acme/log-distributor-acme';
export const GROUP = 'arn:aws:logs:us-east-1:111122223333:log-group:/tenant-logs/acme';
export const KEY = 'arn:aws:kms:us-east-1:999999999999:key/1234abcd-12ab-34cd-56ef-1234567890ab';

export type Ask = (url: string) => Promise<unknown>;

/** Reads an object of the central bucket. */
export const read: Ask = (url) =>
  openS3Object({ getObject: createGetObject(placeOf(url)), random: () => 0, watchStall: NO_STALL }, REF, NEVER.abort);

const calling = () => ({
  sessions: createTestSessions(createFakeSts(Date.now).sts),
  rateLimiter: createFreeRateLimiter(),
  metrics: createMetrics(),
  random: () => 0,
  stsRegion: 'us-east-1',
  patienceMs: 60_000,
  nowMs: () => 0,
});

/** Copies an object into the tenant's bucket. */
export const copy: Ask = async (url) => {
  const delivery = buildDelivery({
    type: 's3',
    log_group_name: undefined,
    bucket_name: 'acme-logs',
    bucket_prefix: 'in/',
  });
  assert.ok(S3.is(delivery.target));
  const open = createS3Destination({ ...calling(), createCalls: createTenantS3Calls(placeOf(url)) });
  const destination = open({ delivery, target: delivery.target, task: TASK, watch: UNWATCHED, onNotice: () => {} });
  await destination.copy?.(memorySource('k', new Uint8Array(3)), NEVER);
};

/** Puts an event into the tenant's log group. @returns the notice, where one is given */
export const put: Ask = async (url) => {
  const delivery: Delivery = buildDelivery({ log_stream_name: 's', retention_days: 7 });
  let notice: string | undefined;
  const writer = createLogWriter({
    putEvents: createTestPutEvents(),
    retention: createTestRetention(),
    onCreate: () => {},
  });
  const open = createCloudWatch({
    ...calling(),
    writer,
    createSession: createLogsSessions(placeOf(url)),
    logger: { info() {}, warn() {} },
    settleMs: 0,
    awsNowMs: () => Date.now(),
  });
  const destination = open({
    delivery,
    target: cloudWatchOf(delivery),
    task: TASK,
    watch: UNWATCHED,
    onNotice: ({ message }) => {
      notice = message;
    },
  });
  const plan = planChunk(buildChunk([{ message: 'a customer’s secret', timeMs: 0 }]), {
    delivery,
    keyFields: TASK.keyFields,
    lastModifiedMs: 0,
    eventBytesMax: 1_000_000,
  });
  const [batch] = plan.batches;
  assert.ok(batch);
  await destination.send(plan, batch, NEVER);
  return notice;
};

export const assume: Ask = (url) =>
  createTestSessions(createStsCalls(placeOf(url))).credentials({
    roleArn: ROLE,
    externalId: 'acme-secret-9vLr',
    tags: { tenant_id: 'acme' },
  });

export const useLedger: Ask = (url) =>
  createLedger({
    dynamo: createTableCalls(placeOf(url)),
    table: 'delivery-ledger',
    leaseMs: 1_000,
    nowMs: () => 0,
    newOwner: () => 'o',
    onWrite: () => {},
  }).acquire({ object: 's3://central/logs/a#e1', delivery: 'acme/cloudwatch' });

export const lookUp: Ask = (url) =>
  createTenantStore({
    dynamo: createTableCalls(placeOf(url)),
    table: 'tenant-configurations',
    rules: createItemRules({ region: 'us-east-1', applicationGroups: {} }),
    nowMs: () => 0,
  }).lookUp('acme');
