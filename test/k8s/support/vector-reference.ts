import { z } from 'zod';

/**
 * The options of the components that are used here, as Vector 0.58.0 documents them (its reference, "Components"): every
 * option's name, and a type for those in use. An option that is not named here does not exist, and Vector would refuse
 * to start with it.
 */

/** A released image is `timberio/vector:<version>-<base>`, with these bases (Vector 0.58.0, scripts/build-docker.sh). */
export const VECTOR_IMAGE = /^timberio\/vector:0\.58\.0-(alpine|debian|distroless-libc|distroless-static)$/;

const unused = z.unknown().optional();
const text = z.string();
const wholeNumber = z.int().nonnegative();

const sourceCommon = { type: text, inputs: z.array(text).length(0) };
const common = { type: text, inputs: z.array(text).min(1) };

/** "Buffering": a disk buffer has at least 256 MiB and 32 bytes. */
const buffer = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('disk'),
    max_size: z.int().min(268_435_488),
    when_full: z.enum(['block', 'drop_newest', 'overflow']),
  }),
  z.strictObject({
    type: z.literal('memory'),
    max_events: z.int().positive(),
    when_full: z.enum(['block', 'drop_newest', 'overflow']),
  }),
]);
const sinkCommon = { ...common, buffer: buffer.optional(), healthcheck: z.boolean().optional(), proxy: unused };

const batch = z.strictObject({
  max_bytes: wholeNumber.optional(),
  max_events: wholeNumber.optional(),
  timeout_secs: z.number().positive().optional(),
});
const request = z.strictObject({
  adaptive_concurrency: unused,
  concurrency: z.int().positive().optional(),
  rate_limit_duration_secs: unused,
  rate_limit_num: unused,
  retry_attempts: z.number().optional(),
  retry_initial_backoff_secs: wholeNumber.optional(),
  retry_jitter_mode: unused,
  retry_max_duration_secs: wholeNumber.optional(),
  timeout_secs: wholeNumber.optional(),
});
const auth = z.union([
  z.strictObject({
    assume_role: text,
    external_id: text.optional(),
    imds: unused,
    load_timeout_secs: unused,
    region: unused,
    session_name: unused,
  }),
  z.strictObject({
    access_key_id: text,
    secret_access_key: text,
    assume_role: unused,
    external_id: unused,
    region: unused,
    session_name: unused,
    session_token: unused,
  }),
]);
const encoding = z.strictObject({
  codec: z.enum(['json', 'text']),
  except_fields: unused,
  json: unused,
  only_fields: unused,
  timestamp_format: unused,
});

const podFields = [
  'container_id',
  'container_image',
  'container_image_id',
  'container_name',
  'pod_annotations',
] as const;
const morePodFields = [
  'pod_ip',
  'pod_ips',
  'pod_labels',
  'pod_name',
  'pod_namespace',
  'pod_node_name',
  'pod_owner',
  'pod_uid',
] as const;
const fields = <K extends string>(names: readonly K[]) =>
  z.strictObject(Object.fromEntries(names.map((name) => [name, text.optional()])));

const fileSource = z.strictObject({
  ...sourceCommon,
  acknowledgements: unused,
  data_dir: unused,
  encoding: unused,
  exclude: unused,
  file_key: unused,
  fingerprint: unused,
  glob_minimum_cooldown_ms: unused,
  host_key: unused,
  ignore_checkpoints: unused,
  ignore_not_found: unused,
  ignore_older_secs: wholeNumber.optional(),
  include: z.array(text).min(1),
  internal_metrics: unused,
  line_delimiter: unused,
  max_line_bytes: wholeNumber.optional(),
  max_read_bytes: unused,
  multiline: unused,
  offset_key: unused,
  oldest_first: unused,
  read_from: unused,
  remove_after_secs: unused,
  rotate_wait_secs: wholeNumber.optional(),
});

const SOURCES = {
  file: fileSource,
  journald: z.strictObject({
    ...sourceCommon,
    acknowledgements: unused,
    batch_size: unused,
    current_boot_only: z.boolean().optional(),
    data_dir: unused,
    emit_cursor: unused,
    exclude_matches: unused,
    exclude_units: unused,
    extra_args: unused,
    include_matches: unused,
    include_units: unused,
    journal_directory: text.optional(),
    journal_namespace: unused,
    journalctl_path: unused,
    remap_priority: unused,
    since_now: unused,
  }),
  kubernetes_logs: z.strictObject({
    ...sourceCommon,
    auto_partial_merge: z.boolean().optional(),
    data_dir: unused,
    delay_deletion_ms: wholeNumber.optional(),
    exclude_paths_glob_patterns: unused,
    extra_field_selector: unused,
    extra_label_selector: unused,
    extra_namespace_label_selector: text.optional(),
    fingerprint_lines: unused,
    glob_minimum_cooldown_ms: wholeNumber.optional(),
    ignore_older_secs: unused,
    include_paths_glob_patterns: unused,
    ingestion_timestamp_field: text.optional(),
    insert_namespace_fields: unused,
    internal_metrics: unused,
    kube_config_file: unused,
    max_line_bytes: wholeNumber.optional(),
    max_merged_line_action: unused,
    max_merged_line_bytes: wholeNumber.optional(),
    max_read_bytes: wholeNumber.optional(),
    namespace_annotation_fields: unused,
    node_annotation_fields: fields(['node_labels']).optional(),
    oldest_first: z.boolean().optional(),
    pod_annotation_fields: fields([...podFields, ...morePodFields]).optional(),
    read_from: unused,
    rotate_wait_secs: wholeNumber.optional(),
    self_node_name: text.optional(),
    timezone: unused,
    use_apiserver_cache: z.boolean().optional(),
  }),
  vector: z.strictObject({
    ...sourceCommon,
    acknowledgements: unused,
    address: text,
    keepalive: z
      .strictObject({
        max_connection_age_secs: wholeNumber.optional(),
        max_connection_age_grace_secs: wholeNumber.optional(),
      })
      .optional(),
    tls: unused,
    version: unused,
  }),
  internal_metrics: z.strictObject({
    ...sourceCommon,
    namespace: unused,
    scrape_interval_secs: z.number().positive().optional(),
    tags: unused,
  }),
};

const remap = {
  ...common,
  drop_on_abort: unused,
  drop_on_error: unused,
  metric_tag_values: unused,
  reroute_dropped: unused,
  timezone: unused,
};
const TRANSFORMS = {
  // One of the three ways to give a program.
  remap: z.union([
    z.strictObject({ ...remap, source: text }),
    z.strictObject({ ...remap, file: text }),
    z.strictObject({ ...remap, files: z.array(text) }),
  ]),
  route: z.strictObject({
    ...common,
    reroute_unmatched: z.boolean().optional(),
    route: z.record(z.string().regex(/^[a-z]\w*$/), text),
  }),
  reduce: z
    .strictObject({
      ...common,
      end_every_period_ms: wholeNumber.optional(),
      ends_when: text.optional(),
      expire_after_ms: wholeNumber.optional(),
      flush_period_ms: wholeNumber.optional(),
      group_by: z.array(text).default([]),
      max_events: z.int().positive().optional(),
      merge_strategies: z.record(text, z.enum(['concat_newline', 'concat_raw', 'discard'])).default({}),
      starts_when: text.optional(),
    })
    .refine(({ starts_when, ends_when }) => !(starts_when && ends_when), 'only one of `ends_when` and `starts_when`'),
  throttle: z.strictObject({
    ...common,
    exclude: unused,
    internal_metrics: z.strictObject({ emit_events_discarded_per_key: z.boolean().optional() }).optional(),
    key_field: text.optional(),
    // An unsigned number of 32 bits.
    threshold: z.int().positive().max(4_294_967_295),
    window_secs: z.number().positive(),
  }),
  log_to_metric: z.strictObject({
    ...common,
    all_metrics: unused,
    metrics: z.array(
      z.strictObject({
        type: z.literal('counter'),
        field: text,
        name: text.optional(),
        namespace: text.optional(),
        tags: z.record(text, text).optional(),
        increment_by_value: unused,
        kind: unused,
      }),
    ),
  }),
};

const SINKS = {
  blackhole: z.strictObject({ ...sinkCommon, acknowledgements: unused, print_interval_secs: unused, rate: unused }),
  prometheus_exporter: z.strictObject({
    ...sinkCommon,
    acknowledgements: unused,
    address: text.optional(),
    auth: unused,
    buckets: unused,
    default_namespace: unused,
    distributions_as_summaries: unused,
    flush_period_secs: wholeNumber.optional(),
    quantiles: unused,
    suppress_timestamp: z.boolean().optional(),
    tls: unused,
  }),
  vector: z.strictObject({
    ...sinkCommon,
    acknowledgements: unused,
    address: text,
    batch: batch.optional(),
    compression: z.enum(['gzip', 'none', 'zstd']).optional(),
    keepalive: unused,
    request: request.optional(),
    tls: unused,
    version: unused,
  }),
  aws_kinesis_firehose: z.strictObject({
    ...sinkCommon,
    acknowledgements: unused,
    auth: auth.optional(),
    batch: batch.optional(),
    compression: z.enum(['gzip', 'none', 'snappy', 'zlib', 'zstd']).optional(),
    encoding,
    endpoint: unused,
    partition_key_field: unused,
    region: text,
    request: request.optional(),
    request_retry_partial: z.boolean().optional(),
    stream_name: text,
    tls: unused,
  }),
  aws_s3: z.strictObject({
    ...sinkCommon,
    acknowledgements: unused,
    acl: unused,
    auth: auth.optional(),
    batch: batch.optional(),
    batch_encoding: z
      .strictObject({
        codec: z.literal('parquet'),
        schema_mode: z.enum(['relaxed', 'strict', 'auto_infer']),
        schema_file: text,
        compression: z.strictObject({ algorithm: z.literal('zstd'), level: z.int().min(1).max(21) }),
      })
      .optional(),
    bucket: text,
    compression: z.enum(['gzip', 'none', 'snappy', 'zlib', 'zstd']).optional(),
    content_encoding: unused,
    content_type: text.optional(),
    dangerously_allow_unconfined_template_resolution: unused,
    encoding,
    endpoint: text.optional(),
    filename_append_uuid: z.boolean().optional(),
    filename_extension: text.optional(),
    filename_time_format: text.optional(),
    force_path_style: z.boolean().optional(),
    framing: z.strictObject({ method: z.literal('newline_delimited') }).optional(),
    grant_full_control: unused,
    grant_read: unused,
    grant_read_acp: unused,
    grant_write_acp: unused,
    key_prefix: text.optional(),
    region: text,
    request: request.optional(),
    retry_strategy: z.strictObject({ type: z.enum(['all', 'default', 'none']) }).optional(),
    server_side_encryption: unused,
    ssekms_key_id: unused,
    storage_class: unused,
    tags: unused,
    timezone: unused,
    tls: unused,
  }),
};

function componentOf(known: Readonly<Record<string, z.ZodType>>) {
  return z.record(
    z.string(),
    z.looseObject({ type: z.enum(Object.keys(known)) }).superRefine((component, context) => {
      const { error } = known[component.type]?.safeParse(component) ?? {};
      for (const issue of error?.issues ?? []) context.addIssue({ ...issue, code: 'custom' });
    }),
  );
}

/** "Global options". */
const metricExpiry = z.strictObject({
  name: z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('exact'), value: text }),
    z.strictObject({ type: z.literal('regex'), pattern: text }),
  ]),
  labels: unused,
  expire_secs: z.number().positive(),
});

export const vectorReference = z.strictObject({
  acknowledgements: z.strictObject({ enabled: z.boolean() }).optional(),
  data_dir: text,
  expire_metrics_secs: unused,
  expire_metrics_per_metric_set: z.array(metricExpiry).optional(),
  api: z.strictObject({ enabled: z.boolean(), address: text }),
  healthchecks: z.strictObject({ enabled: z.boolean().optional(), require_healthy: z.boolean().optional() }).optional(),
  sources: componentOf(SOURCES),
  transforms: componentOf(TRANSFORMS),
  sinks: componentOf(SINKS),
});

export const firehoseSink = SINKS.aws_kinesis_firehose;
export const s3Sink = SINKS.aws_s3;
export const vectorSink = SINKS.vector;
export const vectorSource = SOURCES.vector;
export const kubernetesLogs = SOURCES.kubernetes_logs;
export const reduceTransform = TRANSFORMS.reduce;
export const throttleTransform = TRANSFORMS.throttle;
