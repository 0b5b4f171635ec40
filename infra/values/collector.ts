import { remoteWriteWorkspace } from './remote-write.ts';
import { HTTP_PORT } from './service-environment.ts';

/**
 * What the collector beside the service does: scrape `/metrics`, turn it into CloudWatch metrics, and, where the settings say so,
 * write it to Prometheus and pass traces to X-Ray. docs/decisions/0021-metrics-by-a-collector.md says why it is this one.
 */

/** Dimension that all metrics have, so that environments share one namespace. */
export const ENVIRONMENT_DIMENSION = 'Environment';

/** A metric of the service that goes to CloudWatch, with the label that stays a dimension. Each combination costs $0.30 a month. */
export interface Exported {
  readonly name: string;
  readonly label?: string;
  /** The values of the label that somebody looks at; absent: all. */
  readonly values?: readonly string[];
  readonly histogram?: true;
}

export const EXPORTED_METRICS: readonly Exported[] = [
  { name: 'log_distributor_events_total', label: 'outcome' },
  { name: 'log_distributor_message_bytes_total' },
  { name: 'log_distributor_objects_total', label: 'outcome' },
  { name: 'log_distributor_put_calls_total', label: 'outcome' },
  { name: 'log_distributor_put_duration_seconds', histogram: true },
  { name: 'log_distributor_delivery_lag_seconds', histogram: true },
  { name: 'log_distributor_throttles_total', label: 'service' },
  { name: 'log_distributor_assume_role_total', label: 'outcome' },
  { name: 'log_distributor_quarantine_files_total', label: 'reason' },
  { name: 'log_distributor_workers_restarted_total' },
  { name: 'log_distributor_messages_in_flight' },
  { name: 'log_distributor_workable_messages' },
  { name: 'log_distributor_workable_oldest_age_seconds' },
  { name: 'log_distributor_saturated' },
  { name: 'log_distributor_circuit_open', label: 'code' },
  { name: 'log_distributor_receives_total', label: 'outcome', values: ['failed'] },
  { name: 'log_distributor_heartbeats_total', label: 'outcome', values: ['lost'] },
  { name: 'log_distributor_event_loop_delay_seconds', label: 'quantile', values: ['0.99'] },
  { name: 'log_distributor_canaries_total', label: 'outcome', values: ['delivered'] },
  { name: 'log_distributor_reconcile_objects_total', label: 'outcome', values: ['missing', 'incomplete'] },
  { name: 'log_distributor_reconcile_overdue_seconds' },
  { name: 'log_distributor_reconcile_withheld_objects' },
  { name: 'log_distributor_reconcile_announced_total', label: 'outcome', values: ['given_up'] },
  // Of tenants in trouble only, and without their names: the worst is what an alarm looks at.
  { name: 'log_distributor_unanswered_seconds' },
  { name: 'log_distributor_places_unanswered' },
  { name: 'log_distributor_parked_first_dead_letter_timestamp_seconds' },
  { name: 'log_distributor_furthest_behind_seconds' },
  { name: 'log_distributor_receipts_behind_seconds' },
];

const SCRAPE_INTERVAL = '60s';

export interface CollectorProps {
  readonly environment: string;
  readonly region: string;
  readonly namespace: string;
  readonly logGroup: string;
  /** What goes to CloudWatch. */
  readonly metrics: readonly Exported[];
  readonly tracing: boolean;
  readonly prometheusRemoteWriteUrl: string | undefined;
}

/** The collector's configuration; JSON is YAML, so it goes to the container as it is. */
export function collectorConfig(props: CollectorProps): object {
  const parts = [
    cloudWatchParts(props),
    ...(props.tracing ? [tracingParts(props.region)] : []),
    ...(props.prometheusRemoteWriteUrl === undefined ? [] : [remoteWriteParts(props, props.prometheusRemoteWriteUrl)]),
  ];
  const extensions = { health_check: {}, ...join(parts, 'extensions') };
  return {
    extensions,
    receivers: join(parts, 'receivers'),
    processors: { batch: { timeout: '10s' }, ...join(parts, 'processors') },
    exporters: join(parts, 'exporters'),
    service: { extensions: Object.keys(extensions), pipelines: join(parts, 'pipelines') },
  };
}

/** What one destination adds to each section. */
interface Parts {
  readonly extensions?: Record<string, object>;
  readonly receivers: Record<string, object>;
  readonly processors?: Record<string, object>;
  readonly exporters: Record<string, object>;
  readonly pipelines: Record<string, object>;
}

function join(parts: readonly Parts[], section: keyof Parts): Record<string, object> {
  return Object.assign({}, ...parts.map((part) => part[section] ?? {}));
}

/** A scrape of the service beside the collector. */
function scrape(environment: string, relabelings: readonly object[]): object {
  return {
    config: {
      scrape_configs: [
        {
          job_name: 'log-distributor',
          scrape_interval: SCRAPE_INTERVAL,
          static_configs: [{ targets: [`127.0.0.1:${HTTP_PORT}`], labels: { [ENVIRONMENT_DIMENSION]: environment } }],
          metric_relabel_configs: relabelings,
        },
      ],
    },
  };
}

function cloudWatchParts(props: CollectorProps): Parts {
  const histograms = props.metrics.filter((metric) => metric.histogram).map((metric) => metric.name);
  const exported = `(${props.metrics.map(seriesPattern).join('|')})`;
  return {
    receivers: {
      prometheus: scrape(props.environment, [{ source_labels: ['__name__'], regex: exported, action: 'keep' }]),
    },
    processors: {
      // The exporter turns counters into differences by itself, but passes histograms on as they grew since the start of
      // the process: an average over its life. `keep`: service and collector start together, so a first value is news.
      cumulativetodelta: { include: { metrics: histograms, match_type: 'strict' }, initial_value: 'keep' },
    },
    exporters: {
      awsemf: {
        region: props.region,
        namespace: props.namespace,
        log_group_name: props.logGroup,
        dimension_rollup_option: 'NoDimensionRollup',
        // Or the first dead letter of a process would be the starting point, and no alarm would see it.
        retain_initial_value_of_delta_metric: true,
        metric_declarations: props.metrics.flatMap(declarationsOf),
      },
    },
    pipelines: {
      metrics: { receivers: ['prometheus'], processors: ['cumulativetodelta', 'batch'], exporters: ['awsemf'] },
    },
  };
}

/** Without its label, and by it: where only some values of it are wanted, in a declaration of its own for those. */
function declarationsOf({ name, label, values }: Exported): readonly object[] {
  const metric_name_selectors = [`^${name}$`];
  const all = [ENVIRONMENT_DIMENSION];
  if (label === undefined) return [{ dimensions: [all], metric_name_selectors }];
  const byLabel = [ENVIRONMENT_DIMENSION, label];
  if (values === undefined) return [{ dimensions: [all, byLabel], metric_name_selectors }];
  const label_matchers = [{ label_names: [label], regex: `^(${values.map(RegExp.escape).join('|')})$` }];
  return [
    { dimensions: [all], metric_name_selectors },
    { dimensions: [byLabel], metric_name_selectors, label_matchers },
  ];
}

function seriesPattern({ name, histogram }: Exported): string {
  return histogram ? `${name}_(bucket|sum|count)` : name;
}

function tracingParts(region: string): Parts {
  return {
    receivers: { otlp: { protocols: { http: { endpoint: '127.0.0.1:4318' } } } },
    exporters: { awsxray: { region } },
    pipelines: { traces: { receivers: ['otlp'], processors: ['batch'], exporters: ['awsxray'] } },
  };
}

/** What the ECS detector finds, other than the task (opentelemetry-collector-contrib, `internal/aws/ecs/metadata.yaml`). */
const LEFT_OUT_ATTRIBUTES = [
  'aws.ecs.cluster.arn',
  'aws.ecs.launchtype',
  'aws.ecs.task.family',
  'aws.ecs.task.revision',
  'aws.log.group.arns',
  'aws.log.group.names',
  'aws.log.stream.arns',
  'aws.log.stream.names',
  'cloud.account.id',
  'cloud.platform',
  'cloud.provider',
  'cloud.region',
];

/**
 * All metrics, as they are, to Prometheus. Each task writes its own, so Prometheus needs to discover none. Every collector scrapes
 * 127.0.0.1: the task's ARN, as label `aws_ecs_task_arn`, tells their series apart.
 */
function remoteWriteParts({ environment, region }: CollectorProps, url: string): Parts {
  return {
    extensions: { sigv4auth: { service: 'aps', region: remoteWriteWorkspace(url)?.region ?? region } },
    receivers: { 'prometheus/all': scrape(environment, []) },
    processors: {
      resourcedetection: {
        detectors: ['ecs'],
        ecs: { resource_attributes: Object.fromEntries(LEFT_OUT_ATTRIBUTES.map((name) => [name, { enabled: false }])) },
      },
    },
    exporters: {
      prometheusremotewrite: {
        endpoint: url,
        auth: { authenticator: 'sigv4auth' },
        resource_to_telemetry_conversion: { enabled: true },
      },
    },
    pipelines: {
      'metrics/all': {
        receivers: ['prometheus/all'],
        processors: ['resourcedetection', 'batch'],
        exporters: ['prometheusremotewrite'],
      },
    },
  };
}
