import type { Call, S3Api } from '../../service/aws/api.ts';
import { createLogWriter, type LogWriter } from '../../service/aws/log-writer.ts';
import { createLogsSessions } from '../../service/aws/logs-session.ts';
import { createPutEventsBySdk } from '../../service/aws/put-events-by-sdk.ts';
import type { Metrics } from '../../service/base/metrics.ts';
import type { OpenDestination } from '../../service/delivery/destination.ts';
import { type CloudWatchDeps, createCloudWatch } from '../../service/destination/cloudwatch/sender.ts';
import type { CloudWatchTarget } from '../../service/destination/cloudwatch/target.ts';
import { createS3Destination } from '../../service/destination/s3/sender.ts';
import type { S3Target } from '../../service/destination/s3/target.ts';
import { kernelSettings } from './kernel.ts';
import type { LogsServer } from './logs-server.ts';
import { createTestPutEvents } from './put-events.ts';
import { createFreeRateLimiter } from './rate-limiter.ts';
import { createTestRetention } from './retention.ts';
import { createTestSessions } from './role-sessions.ts';
import type { FakeSts } from './sts.ts';

/** The service's writer; it puts as PLAIN_DECODER of the run of tests says. */
export function createTestLogWriter(place: LogsServer['place']): LogWriter {
  const { plainDecoder } = kernelSettings();
  return createLogWriter({
    putEvents: plainDecoder ? createPutEventsBySdk(place) : createTestPutEvents(),
    retention: createTestRetention(),
    onCreate: () => {},
  });
}

/** The service's destination for buckets, whatever the tenant, over one client. */
export function createTestBucket({
  s3,
  sts,
  metrics,
}: Pick<Place, 'sts' | 'metrics'> & { readonly s3: Call<S3Api> }): OpenDestination<S3Target> {
  return createS3Destination({
    sessions: createTestSessions(sts),
    stsRegion: 'us-east-1',
    patienceMs: 60_000,
    createCalls: () => s3,
    rateLimiter: createFreeRateLimiter(),
    metrics,
    random: () => 0,
    nowMs: () => performance.now(),
  });
}

interface Place {
  readonly logs: Pick<LogsServer, 'place'>;
  readonly sts: FakeSts['sts'];
  readonly metrics: Metrics;
}

/**
 * The service's destination over real clients whose calls go to the test's servers, with the shortest wait each time.
 * @param own what the test replaces
 */
export function createTestCloudWatch(
  { logs, sts, metrics }: Place,
  own: Partial<CloudWatchDeps> = {},
): OpenDestination<CloudWatchTarget> {
  return createCloudWatch({
    sessions: createTestSessions(sts),
    stsRegion: 'us-east-1',
    patienceMs: 60_000,
    writer: createTestLogWriter(logs.place),
    createSession: createLogsSessions(logs.place),
    rateLimiter: createFreeRateLimiter(),
    metrics,
    logger: { info() {}, warn() {} },
    settleMs: 0,
    awsNowMs: () => Date.now(),
    random: () => 0,
    nowMs: () => performance.now(),
    ...own,
  });
}
