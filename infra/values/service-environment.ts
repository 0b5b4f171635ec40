import type { Config } from '../config/config.ts';
import type { Names } from './names.ts';
import { eventBytesMax } from './partition.ts';

/** Port of `/metrics` and `/healthz` inside the task. */
export const HTTP_PORT = 8080;
/** Seconds between SIGTERM and SIGKILL: the most that Fargate gives (ECS developer guide, "Task definition parameters"). */
export const STOP_TIMEOUT_SECONDS = 120;
/** The collector beside the service, and the process itself next to the objects in flight (service/base/settings.ts). */
export const COLLECTOR_MEMORY_MB = 256;
const PROCESS_MEMORY_MB = 150;
/** Half of the rest: the budget is an estimate of what objects take, and buffers of a thread that is behind are not in it. */
const MEMORY_SHARE = 0.5;

/** Whether this deployment's settings of the service turn canaries on. */
export function writesCanaries({ distributor }: Config): boolean {
  return Number(distributor.settings.CANARY_INTERVAL_SECONDS ?? 0) > 0;
}

/** Whether this deployment's settings of the service turn the comparison of the bucket with the ledger on. */
export function reconciles({ distributor }: Config): boolean {
  return Number(distributor.settings.RECONCILE_INTERVAL_SECONDS ?? 0) > 0;
}

/** Whether this deployment's settings of the service leave the sums of usage on. */
export function sumsUpUsage({ distributor }: Config): boolean {
  return distributor.settings.USAGE !== 'false';
}

interface Places {
  readonly queue: string;
  readonly deadLetterQueue: string;
  /** ARN of the key that signs receipts; undefined where there are none. */
  readonly receiptKey?: string | undefined;
}

/** Settings of the service that follow from the resources around it, or have a name of their own in the configuration. */
export function deploymentSettings(config: Config, names: Names, urls: Places): Readonly<Record<string, string>> {
  return {
    SQS_QUEUE_URL: urls.queue,
    DLQ_URL: urls.deadLetterQueue,
    TENANT_CONFIG_TABLE: names.tenantTable,
    LEDGER_TABLE: names.ledgerTable,
    AWS_REGION: config.region,
    HTTP_PORT: String(HTTP_PORT),
    OBJECT_KEY_TEMPLATE: config.objectKeyTemplate,
    QUARANTINE_PREFIX: config.quarantinePrefix,
    SHUTDOWN_GRACE_SECONDS: String(STOP_TIMEOUT_SECONDS - 10),
    VISIBILITY_TIMEOUT_SECONDS: String(config.queue.visibilityTimeoutSeconds),
    LOG_LEVEL: config.distributor.logLevel,
    ...(writesCanaries(config) ? { CANARY_BUCKET: names.bucket } : {}),
    ...(config.distributor.receipts && urls.receiptKey ? { RECEIPT_KEY: urls.receiptKey } : {}),
    ...(reconciles(config) ? { RECONCILE_BUCKET: names.bucket } : {}),
  };
}

/** The environment of the service's container: the names of docs/reference/settings.md, the values of this deployment. */
export function serviceEnvironment(config: Config, names: Names, urls: Places): Readonly<Record<string, string>> {
  const { distributor } = config;
  const eventBytes = eventBytesMax(names.place);
  const memoryBudgetMb = Math.floor((distributor.memoryMb - COLLECTOR_MEMORY_MB - PROCESS_MEMORY_MB) * MEMORY_SHARE);
  return {
    WORKER_THREADS: String(Math.max(1, Math.floor(distributor.cpuUnits / 1024))),
    MEMORY_BUDGET_MB: String(memoryBudgetMb),
    ...(eventBytes === undefined ? {} : { EVENT_BYTES_MAX: String(eventBytes) }),
    ...distributor.settings,
    ...deploymentSettings(config, names, urls),
  };
}
