import { createRandom, type Random } from './random.ts';
import type { LogRecord, Severity } from './record.ts';
import { auditLine, javaLine, jsonLine } from './structured-lines.ts';
import { klogLine, type LineMaker, logfmtLine, nginxLine, plainLine, unicodeLine } from './text-lines.ts';

/** An application of a tenant: what it prints and how it names levels. */
export interface Application {
  readonly name: string;
  readonly namespace: string;
  readonly line: LineMaker;
  /** How its records spell a severity in `log_level`. */
  readonly level: (severity: Severity) => string;
  /** Its share of the tenant's lines, relative to the other applications. */
  readonly weight: number;
}

const lower = (severity: Severity): string => severity;
const upper = (severity: Severity): string => severity.toUpperCase();
const letter = (severity: Severity): string => severity.charAt(0).toUpperCase();

/** The mix of a shop on Kubernetes; some 215 bytes a line on average. */
export const SHOP: readonly Application[] = [
  { name: 'gateway', namespace: 'edge', line: nginxLine, level: lower, weight: 6 },
  { name: 'checkout', namespace: 'shop', line: jsonLine, level: lower, weight: 5 },
  { name: 'payments', namespace: 'billing', line: javaLine, level: upper, weight: 3 },
  { name: 'scheduler', namespace: 'kube-system', line: klogLine, level: letter, weight: 2 },
  { name: 'search', namespace: 'shop', line: logfmtLine, level: lower, weight: 3 },
  { name: 'storefront', namespace: 'shop', line: unicodeLine, level: lower, weight: 2 },
  { name: 'audit', namespace: 'kube-system', line: auditLine, level: upper, weight: 1 },
];

/** One application with lines of one size: the load of benchmarks. */
export function plainApplication(messageBytes = 250): Application {
  return { name: 'bench', namespace: 'bench', line: plainLine(messageBytes), level: lower, weight: 1 };
}

export interface SourceOptions {
  readonly seed: string;
  readonly tenantId: string;
  readonly clusterId: string;
  readonly environment: string;
  readonly applications?: readonly Application[];
}

/** Gives one record after another, for the times that the caller chooses (epoch milliseconds). */
export type RecordSource = (timeMs: number) => LogRecord;

const PODS_PER_APPLICATION = 3;

/** The logs of one tenant's cluster. The same options and times give the same records. */
export function createRecordSource(options: SourceOptions): RecordSource {
  const random = createRandom(`${options.seed}/${options.tenantId}/${options.clusterId}`);
  const containers = (options.applications ?? SHOP).flatMap((application) => {
    const pods = Array.from({ length: PODS_PER_APPLICATION }, () => createContainer(application, random, options));
    // A container as many times as its weight: picking evenly from these is picking by weight.
    return Array.from({ length: application.weight }, () => pods).flat();
  });

  return (timeMs) => {
    const { application, fixed } = random.pick(containers);
    const line = application.line(random, timeMs);
    return { timestamp: timeMs, message: line.message, ...fixed, log_level: application.level(line.severity) };
  };
}

type Fixed = Omit<LogRecord, 'timestamp' | 'message' | 'log_level'>;

/** What all records of one container have in common. */
function createContainer(
  application: Application,
  random: Random,
  options: SourceOptions,
): { application: Application; fixed: Fixed } {
  const { name, namespace } = application;
  const podName = `${name}-${random.hex(9)}-${random.hex(5)}`;
  const fixed = {
    customer_tenant: options.tenantId,
    cluster_id: options.clusterId,
    environment: options.environment,
    application: name,
    kubernetes: {
      namespace,
      pod_name: podName,
      container_name: name,
      node_name: `ip-10-0-${random.below(256)}-${random.below(256)}.ec2.internal`,
    },
    source_type: 'kubernetes_logs',
    file: `/var/log/pods/${namespace}_${podName}_${random.uuid()}/${name}/0.log`,
  };
  return { application, fixed };
}
