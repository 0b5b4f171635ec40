import { randomUUID } from 'node:crypto';
import {
  createDynamoClient,
  createLogsSessionFactory,
  createS3Client,
  createS3ClientFactory,
  createS3Reader,
  createStsClient,
  putConnections,
} from '../aws/clients.ts';
import { createLogWriter } from '../aws/log-writer.ts';
import { createPutEvents } from '../aws/put-events.ts';
import { createPutEventsBySdk } from '../aws/put-events-by-sdk.ts';
import { createQuarantine } from '../aws/quarantine.ts';
import { createRetention } from '../aws/retention.ts';
import { createRoleSessions, type RoleSessions, type RoleSessionsDeps } from '../aws/roles.ts';
import { answerOf } from '../base/aws-answer.ts';
import { awsFields, type Logger } from '../base/logger.ts';
import type { Metrics } from '../base/metrics.ts';
import type { Settings } from '../base/settings.ts';
import type { DecodeLimits } from '../core/chunk.ts';
import { objectId } from '../core/notification.ts';
import type { Target } from '../core/target/target.ts';
import { createCloudWatch } from '../delivery/cloudwatch.ts';
import type { DeliverObjectDeps } from '../delivery/deliver-object.ts';
import type { OpenDestination } from '../delivery/destination.ts';
import { createObjectOpener } from '../delivery/open-object.ts';
import type { Pace } from '../delivery/pace.ts';
import { createS3Destination } from '../delivery/s3.ts';
import { createKernel } from '../kernel/kernel.ts';
import { createLedger } from '../ledger/ledger.ts';
import { createRetentionDebts } from '../ledger/retention-debts.ts';
import { createTableClock } from '../ledger/table-clock.ts';
import { openObject } from '../object/open.ts';
import { createTenantStore } from '../tenant/store.ts';
import { memoryOfOne } from './scheduler.ts';

/** Everything that delivers an object, put together from the settings. */
export interface Composed {
  readonly deliverObject: DeliverObjectDeps;
  readonly sessions: RoleSessions;
}

/**
 * A chunk holds sixteen batches less half a percent, so that a stream's sixteenth batch is full too and no small
 * seventeenth follows. Also what a crash can make us repeat at most, and half of what a thread holds of an object.
 */
const CHUNK_BYTES_MAX = 16 * 1_042_000;
const CHUNK_RECORDS_MAX = 400_000;
/** Twice what is counted: only messages that are little but quotes and line ends take more. */
const CHUNK_STORED_BYTES_MAX = 2 * CHUNK_BYTES_MAX;
/** CloudWatch takes events of 1 MB; longer records are split, but a line that never ends is no log. */
const RECORD_BYTES_MAX = 32 * 1024 * 1024;
/** gzip reaches 1,032 at most, on constant input; real logs stay below 100. */
const DECOMPRESSION_RATIO_MAX = 400;

/**
 * An outage of the ledger is waited for this long by deliveries that have something to save. Nothing else could be
 * delivered meanwhile, and a message may be in hand for almost 12 hours.
 */
const SAVE_PATIENCE_MS = 10 * 60_000;

/** An S3 request that brings nothing for this long is given up, and its range asked for again. */
export const STALL_MS = 20_000;

export const DECODE_LIMITS: DecodeLimits = {
  chunkBytesMax: CHUNK_BYTES_MAX,
  chunkRecordsMax: CHUNK_RECORDS_MAX,
  chunkStoredBytesMax: CHUNK_STORED_BYTES_MAX,
  recordBytesMax: RECORD_BYTES_MAX,
  decompressionRatioMax: DECOMPRESSION_RATIO_MAX,
};

export function composeDelivery({
  settings,
  metrics,
  logger,
  pace,
  onAccounted,
}: {
  settings: Settings;
  metrics: Metrics;
  logger: Logger;
  pace: Pace;
  onAccounted: DeliverObjectDeps['onAccounted'];
}): Composed {
  const { random } = Math;
  const nowMs = () => Date.now();
  const monotonicMs = () => performance.now();
  const retryDeps = (service: string) => ({
    random,
    onRetry: (fault: string) => {
      metrics.retries.inc({ service, fault });
      if (fault === 'throttle') metrics.throttles.inc({ service });
    },
  });

  const kernel = createKernel(settings);
  const s3 = createS3Client(settings);
  const dynamo = createDynamoClient(settings);
  const sessions = createSessions(settings, metrics, { nowMs: monotonicMs, wallMs: nowMs });
  const tableClock = createTableClock(dynamo, { monotonicMs, wallMs: nowMs });
  const reader = createS3Reader(settings);
  const s3Deps = { stallMs: Math.min(STALL_MS, settings.requestTimeoutMs), ...retryDeps('s3') };
  const calling = {
    sessions,
    stsRegion: settings.region,
    pace,
    metrics,
    patienceMs: settings.requestTimeoutMs,
    random,
    nowMs: monotonicMs,
  };
  return {
    sessions,
    deliverObject: {
      tenants: createTenantStore({
        dynamo,
        table: settings.tenantTable,
        defaults: { region: settings.region, applicationGroups: settings.applicationGroups },
        nowMs,
      }),
      ledger: createLedger({
        dynamo,
        table: settings.ledgerTable,
        leaseMs: settings.leaseMs,
        nowMs: tableClock.nowMs,
        newOwner: randomUUID,
        onWrite: (operation) => metrics.ledgerWrites.inc({ operation }),
      }),
      leaseMs: settings.leaseMs,
      savePatienceMs: SAVE_PATIENCE_MS,
      openObject: createObjectOpener({ ...s3Deps, s3: reader }, kernel),
      openDecoder: (object, limits, signal, inputFormat) =>
        openObject(kernel, object.source, limits, signal, inputFormat),
      openDestination: openByKind({
        cloudwatch: createCloudWatch({
          ...calling,
          writer: createLogWriter({
            putEvents: settings.plainDecoder
              ? createPutEventsBySdk()
              : createPutEvents({ ...putConnections(settings), nowMs }),
            retention: createRetention({
              debts: createRetentionDebts({ dynamo, table: settings.ledgerTable, nowMs }),
              onRefused: ({ tenantId, group }, message, error) =>
                logger.warn({ tenant: tenantId, group, ...awsFields(answerOf(error)) }, message),
              nowMs: monotonicMs,
            }),
            onCreate: (kind) => {
              metrics.groupsCreated.inc({ kind });
              logger.debug({ kind }, 'created what a put found missing');
            },
          }),
          createSession: createLogsSessionFactory(settings),
          metrics,
        }),
        s3: createS3Destination({ ...calling, createClient: createS3ClientFactory(settings) }),
      }),
      quarantine: createQuarantine({
        ...s3Deps,
        s3,
        prefix: settings.quarantinePrefix,
        onWrite: (reason) => metrics.quarantineFiles.inc({ reason }),
      }),
      metrics,
      onAccounted,
      onOverflow: ({ ref }, { tenantId, type, target }, records) =>
        logger.warn(
          {
            object: objectId(ref),
            tenant: tenantId,
            delivery: type,
            records,
            log_group_name: target.group.source,
            log_stream_name: target.stream.source,
          },
          'a chunk has more names of log streams than the service makes; these records share the stream "overflow"',
        ),
      decodeLimits: DECODE_LIMITS,
      memoryBytesMax: memoryOfOne(settings.memoryBudgetBytes),
      eventBytesMax: settings.eventBytesMax,
      random,
      nowMs,
      awsNowMs: tableClock.nowMs,
      monotonicMs,
    },
  };
}

/** The destination of a delivery, by its kind. A further kind is a line here, and one in core/delivery.ts. */
function openByKind(kinds: { readonly [T in Target as T['kind']]: OpenDestination<T> }): OpenDestination {
  return ({ target, ...options }) => {
    switch (target.kind) {
      case 'cloudwatch':
        return kinds.cloudwatch({ ...options, target });
      case 's3':
        return kinds.s3({ ...options, target });
    }
  };
}

/** Tenants' roles are assumed with the task's own role, or through a first hop where one is set. */
function createSessions(
  settings: Settings,
  metrics: Metrics,
  clocks: Pick<RoleSessionsDeps, 'nowMs' | 'wallMs'>,
): RoleSessions {
  const onAssume = (outcome: 'ok' | 'refused' | 'failed') => metrics.assumeRoles.inc({ outcome });
  const { distributorRoleArn } = settings;
  if (distributorRoleArn === undefined)
    return createRoleSessions({ sts: createStsClient(settings), ...clocks, onAssume });
  const firstHop = createRoleSessions({ sts: createStsClient(settings), ...clocks, onAssume });
  const credentials = () => firstHop.credentials({ roleArn: distributorRoleArn, externalId: undefined, tags: {} });
  return createRoleSessions({ sts: createStsClient(settings, credentials), ...clocks, onAssume });
}
