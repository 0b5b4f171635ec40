import { setTimeout as delay } from 'node:timers/promises';
import type { CloudWatchLogsClient, RejectedLogEventsInfo } from '@aws-sdk/client-cloudwatch-logs';
import { awsErrorName, faultOf } from '../aws/fault.ts';
import type { LogWriter } from '../aws/log-writer.ts';
import type { RoleRequest, RoleSessions, SessionCredentials } from '../aws/roles.ts';
import { DistributorError } from '../base/errors.ts';
import type { Metrics } from '../base/metrics.ts';
import { type BackoffLimits, nextBackoffMs } from '../core/backoff.ts';
import { type BodyBuffer, createBodyBuffer, writeBody } from '../core/body.ts';
import type { Delivery } from '../core/delivery.ts';
import type { Batch } from '../core/plan.ts';
import type { Route } from '../core/route.ts';
import {
  type BatchReceipt,
  type OpenDestination,
  type StopSignals,
  throwIfStopped,
  unlessStopped,
} from './destination.ts';

/** CloudWatch Logs in a tenant's account. */

export interface CloudWatchDeps {
  readonly sessions: RoleSessions;
  readonly writer: LogWriter;
  readonly createClient: (region: string, credentials: Omit<SessionCredentials, 'expiration'>) => CloudWatchLogsClient;
  readonly metrics: Pick<Metrics, 'puts' | 'putSeconds' | 'putBytes' | 'throttles' | 'retries' | 'ambiguousPuts'>;
  readonly random: () => number;
  readonly nowMs: () => number;
}

const BACKOFF: BackoffLimits = { firstMs: 100, capMs: 5_000 };
/** With the cap above, half a minute of trouble is sat out here; what lasts longer is the queue's to wait for. */
const ATTEMPTS_MAX = 12;
/** A put that finds its stream missing right after its creation is eventual consistency; more often than this it is not. */
const CREATIONS_MAX = 3;
/** Fresh credentials are tried this often when a service calls the ones in use expired or unknown. */
const RENEWALS_MAX = 2;
/** Body buffers kept for reuse; each holds a batch. */
const BUFFERS_KEPT = 16;

export function createCloudWatch(deps: CloudWatchDeps): OpenDestination {
  // A client belongs to its credentials: it lives as long as they do and nobody has to renew or to evict it.
  const clients = new WeakMap<SessionCredentials, Map<string, CloudWatchLogsClient>>();
  const buffers: BodyBuffer[] = [];

  const clientOf = (credentials: SessionCredentials, region: string): CloudWatchLogsClient => {
    const byRegion = clients.get(credentials) ?? new Map<string, CloudWatchLogsClient>();
    clients.set(credentials, byRegion);
    const { accessKeyId, secretAccessKey, sessionToken } = credentials;
    // Without the expiration: the SDK would hold calls back near it, while `sessions` renews ahead of it anyway.
    const client = byRegion.get(region) ?? deps.createClient(region, { accessKeyId, secretAccessKey, sessionToken });
    byRegion.set(region, client);
    return client;
  };

  return (delivery, keyFields) => {
    const role = roleRequest(delivery, keyFields);

    const put = async (body: Buffer, batch: Batch, signals: StopSignals): Promise<BatchReceipt> => {
      let waitMs = BACKOFF.firstMs;
      let creations = 0;
      let renewals = 0;
      const pause = () => {
        waitMs = nextBackoffMs(waitMs, BACKOFF, deps.random);
        return delay(waitMs, undefined, { signal: AbortSignal.any([signals.drain, signals.abort]) }).catch(() => {});
      };
      for (let attempt = 1; ; attempt++) {
        throwIfStopped(signals);
        const credentials = await unlessStopped(deps.sessions.credentials(role), signals);
        const client = clientOf(credentials, delivery.region);
        const result = await attemptPut(deps, client, body, batch, signals);
        if ('receipt' in result) return result.receipt;
        signals.abort.throwIfAborted();

        let { error } = result;
        if (faultOf(error) === 'missing' && creations < CREATIONS_MAX) {
          const trouble = await unlessStopped(createRoute(deps, client, batch.route, delivery), signals);
          if (!trouble) {
            // What was just created may take a moment to be seen.
            if (creations++ > 0) await pause();
            continue;
          }
          error = trouble.error;
        }
        const fault = faultOf(error);
        if (fault === 'credentials' && renewals < RENEWALS_MAX) {
          renewals++;
          deps.sessions.invalidate(role, credentials);
        } else if ((fault === 'throttle' || fault === 'transient') && attempt < ATTEMPTS_MAX) {
          deps.metrics.retries.inc({ service: 'logs', fault });
          await pause();
        } else {
          throw toDestinationError(error, batch.route, delivery);
        }
      }
    };

    return {
      async send(plan, batch, signals) {
        const buffer = buffers.pop() ?? createBodyBuffer();
        const receipt = await put(writeBody(plan, batch, buffer), batch, signals);
        // After a failure the buffer is left to the collector: a dying socket may still hold it.
        if (buffers.length < BUFFERS_KEPT) buffers.push(buffer);
        return receipt;
      },
    };
  };
}

async function attemptPut(
  deps: CloudWatchDeps,
  client: CloudWatchLogsClient,
  body: Buffer,
  batch: Batch,
  signals: StopSignals,
): Promise<{ readonly receipt: BatchReceipt } | { readonly error: unknown }> {
  const { metrics } = deps;
  const startedMs = deps.nowMs();
  try {
    const refused = await deps.writer.put(client, body, signals.abort);
    metrics.puts.inc({ outcome: 'accepted' });
    metrics.putBytes.inc(batch.bytes);
    return { receipt: toReceipt(refused, batch.events.length) };
  } catch (error) {
    // Of the time of sequence tokens: the service has these very events already.
    if (awsErrorName(error) === 'DataAlreadyAcceptedException')
      return { receipt: toReceipt(undefined, batch.events.length) };
    const fault = faultOf(error);
    metrics.puts.inc({ outcome: fault });
    if (fault === 'throttle') metrics.throttles.inc({ service: 'logs' });
    // The service may have stored the events before it failed to say so: the one way to a duplicate without a crash.
    if (fault === 'transient') metrics.ambiguousPuts.inc();
    return { error };
  } finally {
    metrics.putSeconds.observe((deps.nowMs() - startedMs) / 1000);
  }
}

/** @returns what went wrong, if anything did */
async function createRoute(
  deps: CloudWatchDeps,
  client: CloudWatchLogsClient,
  route: Route,
  delivery: Delivery,
): Promise<{ readonly error: unknown } | undefined> {
  try {
    await deps.writer.create(client, route, delivery.retentionDays);
    return undefined;
  } catch (error) {
    if (faultOf(error) === 'throttle') deps.metrics.throttles.inc({ service: 'logs' });
    return { error };
  }
}

function toReceipt(refused: RejectedLogEventsInfo | undefined, events: number): BatchReceipt {
  return {
    tooOldBefore: refused?.tooOldLogEventEndIndex ?? 0,
    expiredBefore: refused?.expiredLogEventEndIndex ?? 0,
    tooNewFrom: refused?.tooNewLogEventStartIndex ?? events,
  };
}

/** Session tags: what the customer's policies can ask for. */
function roleRequest(delivery: Delivery, keyFields: Readonly<Record<string, string>>): RoleRequest {
  const tags: Record<string, string> = { tenant_id: delivery.tenantId };
  for (const name of ['cluster_id', 'environment'] as const) {
    const value = keyFields[name];
    if (value) tags[name] = value;
  }
  return { roleArn: delivery.roleArn, externalId: delivery.externalId, tags };
}

function toDestinationError(cause: unknown, route: Route, delivery: Delivery): DistributorError {
  const what = `tenant ${delivery.tenantId}, log group ${route.group} in ${delivery.region}`;
  const name = awsErrorName(cause);
  switch (faultOf(cause)) {
    case 'throttle':
      return new DistributorError(
        'destination-throttled',
        `${what}: CloudWatch Logs still throttles after ${ATTEMPTS_MAX} attempts`,
        { cause },
      );
    case 'refused':
      return new DistributorError(
        'destination-refused',
        `${what}: the tenant's role may not write (${name}): it needs logs:PutLogEvents, logs:CreateLogStream, logs:CreateLogGroup and logs:PutRetentionPolicy there`,
        { cause },
      );
    case 'missing':
      return new DistributorError(
        'destination-refused',
        `${what}: the group or stream is missing again right after its creation`,
        { cause },
      );
    case 'credentials':
      return new DistributorError('destination-unavailable', `${what}: fresh credentials are refused (${name})`, {
        cause,
      });
    case 'invalid':
    case 'condition':
    case 'exists':
      return new DistributorError(
        'destination-rejects-request',
        `${what}: CloudWatch Logs calls the request invalid (${name})`,
        { cause },
      );
    case 'transient':
    case 'aborted':
      return new DistributorError('destination-unavailable', `${what}: CloudWatch Logs does not answer (${name})`, {
        cause,
      });
  }
}
