import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { ADMIN_PREFIX, createAdmin } from './admin.ts';
import { type Calls, createCalls } from './calls.ts';
import { createFaults, type Faults } from './faults/faults.ts';
import { createGateway } from './gateway.ts';
import { createAccounts, PLATFORM_ACCOUNT } from './identity/accounts.ts';
import { createAssumeRole } from './identity/assume-role.ts';
import { rootOf } from './identity/caller.ts';
import { createIam } from './identity/iam.ts';
import { createSessions } from './identity/sessions.ts';
import { createSts } from './identity/sts.ts';
import { createKms } from './kms/kms.ts';
import { createLogs } from './logs/logs.ts';
import type { LogsQuotas } from './logs/quotas.ts';
import { createLogsStore, type LogsStore } from './logs/store.ts';
import { startFauxqs } from './messaging/fauxqs.ts';
import { createPublisher } from './messaging/publisher.ts';
import { createResourcePolicies } from './messaging/resource-policies.ts';
import { createSns } from './messaging/sns.ts';
import { createSqs } from './messaging/sqs.ts';
import type { CallObserver } from './observer.ts';
import { createNotifier } from './s3/notify.ts';
import { createS3 } from './s3/s3.ts';
import { createObjectStore } from './s3/store.ts';
import type { Service, ServiceName } from './service.ts';
import { createDynamoDb } from './tables/dynamodb.ts';
import { createTables } from './tables/tables.ts';

export interface CloudOptions {
  /** Default 0: a free one. */
  readonly port?: number;
  /** Default 127.0.0.1: nobody but this machine. */
  readonly host?: string;
  /** Uniform in [0, 1): decides which faults strike by chance. Default `Math.random`. */
  readonly random?: () => number;
  /** The cloud's clock, epoch milliseconds. Default: the machine's. */
  readonly nowMs?: () => number;
  /** Calls a second by action of CloudWatch Logs; `AWS_LOGS_QUOTAS` has AWS's. Default: none. */
  readonly logsQuotas?: LogsQuotas;
  /** Largest event with its 26 bytes of overhead. Default 1 MiB; 262,144 is China's. */
  readonly eventBytesMax?: number;
  /** How long after CloudWatch Logs accepted a batch reads show it, milliseconds; drawn for each. Default: at once. */
  readonly logsVisibleAfterMs?: () => number;
  /** Request bodies that an account's CloudWatch Logs keeps; the oldest events are let go. Default: all. */
  readonly logBytesPerAccountMax?: number;
  /** Objects that S3 keeps; the oldest are let go. Default: all. */
  readonly objectBytesMax?: number;
  /** Whether S3's notification of a key gets lost on its way. Default: none does. */
  readonly losesNotification?: (key: string) => boolean;
  /** Watches every call. Default: nobody. */
  readonly observer?: CallObserver;
  /** Is told what no client is: undeliverable notifications, defects. Default: nobody. */
  readonly onProblem?: (problem: string) => void;
}

export interface Cloud {
  readonly url: string;
  readonly port: number;
  readonly faults: Faults;
  readonly calls: Calls;
  /** Everything that CloudWatch Logs holds. */
  readonly logs: Pick<LogsStore, 'read'>;
  /**
   * Writes an object of the platform's from pieces, and notifies of it. A piece may stand in it many times: an object of
   * gigabytes takes the memory of what is different in it.
   */
  putPieces(bucket: string, key: string, pieces: readonly Buffer[]): void;
  /** When all S3 notifications that are due have been delivered. */
  settled(): Promise<void>;
  /** Ends all connections, also those that a fault rule keeps waiting. */
  close(): Promise<void>;
}

/** Longer than any client's idle connection, so that it is always the client who closes. */
const KEEP_ALIVE_MS = 120_000;

/** Starts an AWS in this process, on one loopback port. */
export async function startCloud(options: CloudOptions = {}): Promise<Cloud> {
  const { host = '127.0.0.1', random = Math.random, nowMs = Date.now, onProblem = () => {} } = options;
  const faults = createFaults({ random, nowMs });
  const calls = createCalls();
  const logs = createLogsStore({ bytesPerAccountMax: options.logBytesPerAccountMax });
  const accounts = createAccounts({ nowMs, newId });
  const sessions = createSessions({ newId, newSecret: (bytes) => randomBytes(bytes).toString('base64') });
  const objects = createObjectStore({ newVersionId, bytesMax: options.objectBytesMax });
  const fauxqs = await startFauxqs();
  const tables = createTables();
  const [queuePolicies, topicPolicies] = [createResourcePolicies(), createResourcePolicies()];
  const publisher = createPublisher({ fauxqs, queuePolicies, topicPolicies });
  const { losesNotification: isLost = () => false } = options;
  const notifier = createNotifier({ publish: publisher.publish, isLost, onProblem });

  const { logsQuotas: quotas, eventBytesMax, logsVisibleAfterMs: visibleAfterMs } = options;
  const services = [
    createLogs({ store: logs, quotas, eventBytesMax, visibleAfterMs }),
    createS3({ store: objects, notifier, newId: randomUUID }),
    createSqs({ fauxqs, policies: queuePolicies }),
    createSns({ fauxqs, policies: topicPolicies, publisher }),
    createDynamoDb({ tables }),
    createSts({ assumeRole: createAssumeRole({ accounts, sessions }) }),
    createIam({ accounts, newId, nowMs }),
    createKms(),
  ];
  const gateway = createGateway({
    accounts,
    sessions,
    services: new Map<ServiceName, Service>(services.map((service) => [service.name, service])),
    faults,
    calls,
    observer: options.observer,
    nowMs,
    random,
    newRequestId: randomUUID,
    onProblem,
  });
  const admin = createAdmin({ faults, calls, logs });

  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: 0 }, (request, response) => {
    const handle = request.url?.startsWith(ADMIN_PREFIX) ? admin : gateway;
    handle(request, response).catch((error: unknown) => {
      onProblem(`${request.method} ${request.url} failed: ${error instanceof Error ? error.stack : error}`);
      response.destroy();
    });
  });
  server.listen(options.port ?? 0, host);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the cloud listens on no port');

  const putPieces = (name: string, key: string, pieces: readonly Buffer[]) => {
    const bucket = objects.bucket(name);
    if (!bucket) throw new Error(`there is no bucket ${name}`);
    const version = objects.put(bucket, {
      key,
      marker: false,
      pieces,
      size: pieces.reduce((sum, { length }) => sum + length, 0),
      // Like one of an upload in parts: not the hash of anything that a client could compute.
      eTag: `"${randomBytes(16).toString('hex')}-${pieces.length}"`,
      lastModifiedMs: nowMs(),
      headers: {},
      checksums: {},
    });
    const origin = { caller: rootOf(PLATFORM_ACCOUNT), requestId: randomUUID(), nowMs: nowMs() };
    notifier.notify(bucket, version, 'ObjectCreated:CompleteMultipartUpload', origin);
  };

  let closing: Promise<void> | undefined;
  const close = async () => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
    await notifier.settled();
    await fauxqs.close();
    await tables.close();
  };
  return {
    url: `http://${host}:${address.port}`,
    port: address.port,
    faults,
    calls,
    logs,
    putPieces,
    settled: () => notifier.settled(),
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

/** Like the ids of IAM: a prefix and 16 letters and digits. */
function newId(prefix: string): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  return prefix + [...randomBytes(16)].map((byte) => letters[byte % letters.length]).join('');
}

function newVersionId(): string {
  return randomBytes(24).toString('base64url');
}
