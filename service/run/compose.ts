import { randomUUID } from 'node:crypto';
import {
  createDynamoClient,
  createLogsClientFactory,
  createS3Client,
  createS3ClientFactory,
  createStsClient,
} from '../aws/clients.ts';
import { createLogWriter } from '../aws/log-writer.ts';
import { createQuarantine } from '../aws/quarantine.ts';
import { createRoleSessions, type RoleSessions } from '../aws/roles.ts';
import { openS3Object } from '../aws/s3-source.ts';
import type { Logger } from '../base/logger.ts';
import type { Metrics } from '../base/metrics.ts';
import type { Settings } from '../base/settings.ts';
import type { DecodeLimits } from '../core/chunk.ts';
import type { Target } from '../core/target/target.ts';
import { createCloudWatch } from '../delivery/cloudwatch.ts';
import type { DeliverObjectDeps } from '../delivery/deliver-object.ts';
import type { OpenDestination } from '../delivery/destination.ts';
import type { Pace } from '../delivery/pace.ts';
import { createS3Destination } from '../delivery/s3.ts';
import { createLedger } from '../ledger/ledger.ts';
import { createTableClock } from '../ledger/table-clock.ts';
import { openObject } from '../object/open.ts';
import { createTenantStore } from '../tenant/store.ts';

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
/** CloudWatch takes events of 1 MB; longer records are split, but a line that never ends is no log. */
const RECORD_BYTES_MAX = 32 * 1024 * 1024;
/** gzip reaches 1,032 at most, on constant input; real logs stay below 100. */
const DECOMPRESSION_RATIO_MAX = 400;

const DECODE_LIMITS: DecodeLimits = {
  chunkBytesMax: CHUNK_BYTES_MAX,
  chunkRecordsMax: CHUNK_RECORDS_MAX,
  recordBytesMax: RECORD_BYTES_MAX,
  decompressionRatioMax: DECOMPRESSION_RATIO_MAX,
};

export function composeDelivery({
  settings,
  metrics,
  logger,
  pace,
}: {
  settings: Settings;
  metrics: Metrics;
  logger: Logger;
  pace: Pace;
}): Composed {
  const { random } = Math;
  const nowMs = () => Date.now();
  const retryDeps = (service: string) => ({
    random,
    onRetry: (fault: string) => {
      metrics.retries.inc({ service, fault });
      if (fault === 'throttle') metrics.throttles.inc({ service });
    },
  });

  const s3 = createS3Client(settings);
  const dynamo = createDynamoClient(settings);
  const sessions = createSessions(settings, metrics, nowMs);
  const tableClock = createTableClock(dynamo, nowMs);
  const s3Deps = { s3, ...retryDeps('s3') };
  const calling = { sessions, pace, metrics, random };
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
      openObject: (ref, signal) => openS3Object(s3Deps, ref, signal),
      openDecoder: (object, limits, signal) => openObject(object.source, limits, signal),
      openDestination: openByKind({
        cloudwatch: createCloudWatch({
          ...calling,
          writer: createLogWriter({
            onCreate: (kind) => {
              metrics.groupsCreated.inc({ kind });
              logger.debug({ kind }, 'created what a put found missing');
            },
          }),
          createClient: createLogsClientFactory(settings),
          metrics,
          nowMs: () => performance.now(),
        }),
        s3: createS3Destination({ ...calling, createClient: createS3ClientFactory(settings) }),
      }),
      quarantine: createQuarantine({
        ...s3Deps,
        prefix: settings.quarantinePrefix,
        onWrite: (reason) => metrics.quarantineFiles.inc({ reason }),
      }),
      metrics,
      decodeLimits: DECODE_LIMITS,
      eventBytesMax: settings.eventBytesMax,
      nowMs,
      monotonicMs: () => performance.now(),
    },
  };
}

/** The destination of a delivery, by its kind. A further kind is a line here, and one in core/delivery.ts. */
function openByKind(kinds: { readonly [T in Target as T['kind']]: OpenDestination<T> }): OpenDestination {
  return ({ delivery, target, task }) => {
    switch (target.kind) {
      case 'cloudwatch':
        return kinds.cloudwatch({ delivery, target, task });
      case 's3':
        return kinds.s3({ delivery, target, task });
    }
  };
}

/** Tenants' roles are assumed with the task's own role, or through a first hop where one is set. */
function createSessions(settings: Settings, metrics: Metrics, nowMs: () => number): RoleSessions {
  const onAssume = (outcome: 'ok' | 'refused' | 'failed') => metrics.assumeRoles.inc({ outcome });
  const { distributorRoleArn } = settings;
  if (distributorRoleArn === undefined) return createRoleSessions({ sts: createStsClient(settings), nowMs, onAssume });
  const firstHop = createRoleSessions({ sts: createStsClient(settings), nowMs, onAssume });
  const credentials = () => firstHop.credentials({ roleArn: distributorRoleArn, externalId: undefined, tags: {} });
  return createRoleSessions({ sts: createStsClient(settings, credentials), nowMs, onAssume });
}
