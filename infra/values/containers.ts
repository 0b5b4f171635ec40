import type { Config } from '../config/config.ts';
import { collectorConfig } from './collector.ts';
import { exportedMetrics } from './exported-metrics.ts';
import type { Names } from './names.ts';
import { COLLECTOR_MEMORY_MB, HTTP_PORT, STOP_TIMEOUT_SECONDS, serviceEnvironment } from './service-environment.ts';

/** The container of a task that runs the service. */
export const SERVICE_CONTAINER = 'log-distributor';

export interface ContainerProps {
  readonly config: Config;
  readonly names: Names;
  /** Full name of the service's image, with its tag. */
  readonly image: string;
  readonly queueUrl: string;
  readonly deadLetterQueueUrl: string;
  /** ARN of the key that signs receipts; undefined where there are none. */
  readonly receiptKey?: string | undefined;
}

/** Where the instrumentation lies in its image, and where the service finds it (CloudWatch user guide, Application Signals on ECS). */
const INSTRUMENTATION = { volume: 'instrumentation', from: '/autoinstrumentation/.', to: '/instrumentation' };
/** What the image sets (Dockerfile): the variable of a task takes its place. */
const IMAGE_NODE_OPTIONS = '--max-semi-space-size=4 --expose-gc';
/** The collector needs a few seconds; it goes after the service, whose last metrics it still takes. */
const COLLECTOR_STOP_SECONDS = 30;

/** The containers of a task, as ECS takes them, and the volumes that they share. */
export function containers(props: ContainerProps): {
  readonly definitions: readonly object[];
  readonly volumes: readonly string[];
} {
  const { tracing, tracingImage } = props.config.distributor;
  if (!tracing) return { definitions: [service(props), collector(props)], volumes: [] };
  return {
    definitions: [service(props), collector(props), instrumentation(props, tracingImage)],
    volumes: [INSTRUMENTATION.volume],
  };
}

function service({ config, names, image, queueUrl, deadLetterQueueUrl, receiptKey }: ContainerProps): object {
  const traced = config.distributor.tracing;
  const environment = {
    ...serviceEnvironment(config, names, { queue: queueUrl, deadLetterQueue: deadLetterQueueUrl, receiptKey }),
    ...(traced ? tracingEnvironment(names) : {}),
  };
  return {
    name: SERVICE_CONTAINER,
    image,
    essential: true,
    user: 'node',
    readonlyRootFilesystem: true,
    linuxParameters: { initProcessEnabled: true, capabilities: { drop: ['ALL'] } },
    stopTimeout: STOP_TIMEOUT_SECONDS,
    environment: pairs(environment),
    portMappings: [{ containerPort: HTTP_PORT, protocol: 'tcp' }],
    healthCheck: {
      // `node` is what the image has for certain; fetch fails on a refused connection, and the status decides otherwise.
      command: [
        'CMD',
        'node',
        '-e',
        `fetch('http://127.0.0.1:${HTTP_PORT}/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))`,
      ],
      interval: 30,
      timeout: 5,
      retries: 3,
      startPeriod: 60,
    },
    // Started after the collector, and so stopped before it.
    dependsOn: [
      { containerName: 'collector', condition: 'START' },
      ...(traced ? [{ containerName: INSTRUMENTATION.volume, condition: 'SUCCESS' }] : []),
    ],
    ...(traced ? { mountPoints: [mount(true)] } : {}),
    logConfiguration: logConfiguration(config, names, 'service'),
  };
}

/** Not on a read-only root: it is the vendor's image, and what it writes is the vendor's to know. */
function collector({ config, names }: ContainerProps): object {
  return {
    name: 'collector',
    image: config.distributor.collectorImage,
    // Together with the service or not at all: differences of counters are only right if both begin at nought.
    essential: true,
    memory: COLLECTOR_MEMORY_MB,
    stopTimeout: COLLECTOR_STOP_SECONDS,
    environment: pairs({
      AOT_CONFIG_CONTENT: JSON.stringify(
        collectorConfig({
          environment: config.environment,
          region: config.region,
          namespace: names.metricsNamespace,
          logGroup: names.metricsLogGroup,
          metrics: exportedMetrics(config, names),
          tracing: config.distributor.tracing,
          prometheusRemoteWriteUrl: config.distributor.prometheusRemoteWriteUrl,
        }),
      ),
    }),
    healthCheck: { command: ['CMD', '/healthcheck'], interval: 30, timeout: 5, retries: 3, startPeriod: 30 },
    logConfiguration: logConfiguration(config, names, 'collector'),
  };
}

/** Copies the instrumentation to the shared volume and ends. */
function instrumentation({ config, names }: ContainerProps, image: string): object {
  return {
    name: INSTRUMENTATION.volume,
    image,
    essential: false,
    command: ['cp', '-a', INSTRUMENTATION.from, INSTRUMENTATION.to],
    mountPoints: [mount(false)],
    logConfiguration: logConfiguration(config, names, 'instrumentation'),
  };
}

function tracingEnvironment(names: Names): Record<string, string> {
  return {
    // The instrumentation changes Node's http as `require` returns it. The bundle takes it so (local/bundle.ts): an `import` passes it by.
    NODE_OPTIONS: `${IMAGE_NODE_OPTIONS} --require ${INSTRUMENTATION.to}/autoinstrumentation.js`,
    OTEL_RESOURCE_ATTRIBUTES: `service.name=${names.name}`,
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318',
    OTEL_TRACES_EXPORTER: 'otlp',
    OTEL_METRICS_EXPORTER: 'none',
    OTEL_LOGS_EXPORTER: 'none',
    OTEL_PROPAGATORS: 'xray',
    OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
    // One in a hundred: an object makes hundreds of calls.
    OTEL_TRACES_SAMPLER_ARG: '0.01',
  };
}

function mount(readOnly: boolean) {
  return { sourceVolume: INSTRUMENTATION.volume, containerPath: INSTRUMENTATION.to, readOnly };
}

function logConfiguration(config: Config, names: Names, prefix: string): object {
  return {
    logDriver: 'awslogs',
    options: {
      'awslogs-group': names.serviceLogGroup,
      'awslogs-region': config.region,
      'awslogs-stream-prefix': prefix,
      // A slow CloudWatch must not hold the service up: lines that do not fit are dropped, metrics still count them all.
      mode: 'non-blocking',
      'max-buffer-size': '4m',
    },
  };
}

function pairs(environment: Readonly<Record<string, string>>): readonly { name: string; value: string }[] {
  return Object.entries(environment).map(([name, value]) => ({ name, value }));
}
