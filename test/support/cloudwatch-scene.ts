import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { LogWriter } from '../../service/aws/log-writer.ts';
import { createLogsSessions } from '../../service/aws/logs-session.ts';
import { createMetrics } from '../../service/base/metrics.ts';
import type { Chunk } from '../../service/core/chunk.ts';
import type { Delivery } from '../../service/core/delivery.ts';
import { type ChunkPlan, planChunk } from '../../service/core/plan.ts';
import { UNWATCHED } from '../../service/delivery/call-watch.ts';
import type { Notice, ObjectTask } from '../../service/delivery/destination.ts';
import { buildChunk } from './chunk.ts';
import { buildDelivery, cloudWatchOf } from './delivery.ts';
import { createTestCloudWatch, createTestLogWriter } from './destinations.ts';
import { startLogs } from './logs-server.ts';
import { createFreeRateLimiter } from './rate-limiter.ts';
import { NEVER } from './stop-signals.ts';
import { createFakeSts } from './sts.ts';

export const NOON_MS = Date.UTC(2026, 0, 31, 12);
const KEY_FIELDS = { tenant_id: 'acme', cluster_id: 'c1', environment: 'prod', other: 'x' };
const CONTEXT = { keyFields: KEY_FIELDS, lastModifiedMs: NOON_MS, eventBytesMax: 1_000_000 };
const TASK: ObjectTask = {
  ref: { bucket: 'central', key: 'k', version: 'e', versionId: undefined, size: 1, createdMs: NOON_MS },
  keyFields: KEY_FIELDS,
};
export const GROUP = '/tenant-logs/acme';
/** The receipt of a batch of two of which nothing was refused. */
export const ALL_ACCEPTED = { tooOldBefore: 0, expiredBefore: 0, tooNewFrom: 2 };

interface Options {
  /** Of the tenant's item, beside those that it must have. */
  readonly attributes?: Readonly<Record<string, unknown>>;
  /** Puts something between the destination and the real writer. */
  readonly writer?: (real: LogWriter) => LogWriter;
}

/** The destination over real clients and a CloudWatch Logs of this test. */
export async function setUpCloudWatch(t: TestContext, { attributes = {}, writer = (real) => real }: Options = {}) {
  const logs = await startLogs(t);
  const sts = createFakeSts(Date.now);
  const metrics = createMetrics();
  const createSession = createLogsSessions(logs.place);
  const clients: string[] = [];
  const notices: Notice[] = [];
  const rateLimiter = createFreeRateLimiter();
  const openCloudWatch = createTestCloudWatch(
    { logs, sts: sts.sts, metrics },
    {
      writer: writer(createTestLogWriter(logs.place)),
      createSession: (region, credentials) => {
        clients.push(`${region} ${credentials.accessKeyId}`);
        return createSession(region, credentials);
      },
      rateLimiter,
    },
  );
  const open = (delivery: Delivery) =>
    openCloudWatch({
      delivery,
      target: cloudWatchOf(delivery),
      task: TASK,
      watch: UNWATCHED,
      onNotice: (notice) => notices.push(notice),
    });
  const delivery = buildDelivery({ log_stream_name: 's', external_id: 'acme-1', ...attributes });
  const planOf = (chunk: Chunk): ChunkPlan => planChunk(chunk, { ...CONTEXT, delivery });
  const plan = (...messages: string[]) =>
    planOf(buildChunk(messages.map((message, at) => ({ message, timeMs: NOON_MS + at }))));
  const destination = open(delivery);
  const send = (planned = plan('one', 'two'), signals = NEVER) => {
    const [batch] = planned.batches;
    assert.ok(batch);
    return destination.send(planned, batch, signals);
  };
  /** What a destination says beforehand of the plan's only batch, as one of the given delivery. */
  const foresee = ({ chunk }: ChunkPlan, of = destination, to = delivery) => {
    const planned = planChunk(chunk, { ...CONTEXT, delivery: to });
    const [batch] = planned.batches;
    assert.ok(batch);
    return of.foresee?.(planned, batch);
  };
  const exists = (...names: string[]) => {
    logs.account('acme').set(GROUP, { retentionDays: undefined, streams: new Map(names.map((name) => [name, []])) });
  };
  const puts = () => logs.calls.filter((call) => call.startsWith('PutLogEvents')).length;
  const stored = (account = 'acme', stream = 's') => logs.events(account, GROUP, stream).map(({ message }) => message);
  return { logs, sts, metrics, clients, notices, rateLimiter, open, plan, planOf, send, foresee, exists, puts, stored };
}

/** A counter's values by its labels, in the order of their first increment. */
export const counted = async (counter: { get(): Promise<{ values: { labels: object; value: number }[] }> }) =>
  (await counter.get()).values.map(({ labels, value }) => [...Object.values(labels), value]);
