import type { Value } from './evaluate.ts';

export type Members = Readonly<Record<string, Value>>;

/** What a resource of Terraform is in CloudFormation: one of its own, or properties of another. */
export type Translation =
  | { readonly type: string; readonly properties: Members }
  /** `into` is the reference that names the other one. */
  | { readonly into: Value; readonly properties: Members };

/** `kms_master_key_id` → `KmsMasterKeyId`, all the way down, but for members of maps whose keys are data. */
export function pascal(value: Value, data: readonly string[] = []): Value {
  if (Array.isArray(value)) return value.map((element) => pascal(element, data));
  if (typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [pascalName(key), data.includes(key) ? member : pascal(member, data)]),
  );
}

function pascalName(name: string): string {
  return name.replace(/(^|_)([a-z])/g, (_, __, letter: string) => letter.toUpperCase());
}

export function members(value: Value | undefined): Members {
  if (Array.isArray(value)) {
    if (value.length > 1) throw new Error(`more than one block: ${JSON.stringify(value)}`);
    return members(value[0]);
  }
  return typeof value === 'object' ? (value as Members) : {};
}

export function list(value: Value | undefined): readonly Value[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

/** Members under other names; those that are not named keep their pascal-cased one; undefined drops one. */
export function renamed(
  from: Members,
  names: Readonly<Record<string, string | undefined>>,
  data: readonly string[] = [],
): Members {
  return Object.fromEntries(
    Object.entries(from).flatMap(([key, member]) => {
      const name = key in names ? names[key] : pascalName(key);
      return name === undefined ? [] : [[name, data.includes(key) ? member : pascal(member, data)]];
    }),
  );
}

export function json(value: Value | undefined): Value {
  return JSON.parse(String(value));
}

function tags(value: Value | undefined): Value {
  return Object.entries(members(value)).map(([Key, Value]) => ({ Key, Value }));
}

function nameAndValue(value: Value | undefined): Value {
  return Object.entries(members(value)).map(([Name, Value]) => ({ Name, Value }));
}

export function dropEmpty(value: Readonly<Record<string, Value | undefined>>): Members {
  return Object.fromEntries(Object.entries(value).filter(([, it]) => it !== undefined)) as Members;
}

/** A resource whose properties only have other names. */
export function plain(
  type: string,
  names: Readonly<Record<string, string | undefined>> = {},
  data: readonly string[] = [],
) {
  return (from: Members): Translation => {
    const { tags: tagged, ...rest } = from;
    return {
      type,
      properties: { ...renamed(rest, names, data), ...(tagged === undefined ? {} : { Tags: tags(tagged) }) },
    };
  };
}

/** A resource of Terraform that is properties of its bucket. */
export function ofBucket(properties: (from: Members) => Members) {
  return (from: Members): Translation => ({ into: from.bucket ?? '', properties: properties(from) });
}

export function lifecycleRule(rule: Members): Value {
  const filter = members(rule.filter);
  const both = members(filter.and);
  const expiration = members(rule.expiration);
  const noncurrent = members(rule.noncurrent_version_expiration);
  const abort = members(rule.abort_incomplete_multipart_upload);
  return dropEmpty({
    Id: rule.id,
    Status: rule.status,
    Prefix: filter.prefix ?? both.prefix,
    ObjectSizeGreaterThan: both.object_size_greater_than,
    Transitions: list(rule.transition).map((it) => {
      const { days, storage_class } = members(it);
      return { TransitionInDays: days ?? 0, StorageClass: storage_class ?? '' };
    }),
    ExpirationInDays: expiration.days,
    ExpiredObjectDeleteMarker: expiration.expired_object_delete_marker,
    NoncurrentVersionExpiration:
      noncurrent.noncurrent_days === undefined ? undefined : { NoncurrentDays: noncurrent.noncurrent_days },
    AbortIncompleteMultipartUpload:
      abort.days_after_initiation === undefined ? undefined : { DaysAfterInitiation: abort.days_after_initiation },
  });
}

export function alarm(from: Members): Translation {
  const { metric_query, dimensions, ok_actions, ...rest } = from;
  const queries = list(metric_query).map((it) => {
    const { metric, ...query } = members(it);
    if (metric === undefined) return pascal(query);
    const { dimensions: of, period, stat, ...named } = members(metric);
    return {
      ...(pascal(query) as Members),
      MetricStat: {
        Metric: { ...(pascal(named) as Members), Dimensions: nameAndValue(of) },
        ...dropEmpty({ Period: period, Stat: stat }),
      },
    };
  });
  return {
    type: 'AWS::CloudWatch::Alarm',
    properties: {
      ...renamed(rest, {}),
      ...(dimensions === undefined ? {} : { Dimensions: nameAndValue(dimensions) }),
      ...(queries.length > 0 ? { Metrics: queries } : {}),
      ...(ok_actions === undefined ? {} : { OKActions: ok_actions }),
    },
  };
}

export function table(from: Members): Translation {
  const { name, attribute, billing_mode, deletion_protection_enabled, ttl } = from;
  const encryption = members(from.server_side_encryption);
  return {
    type: 'AWS::DynamoDB::Table',
    properties: dropEmpty({
      TableName: name,
      BillingMode: billing_mode,
      KeySchema: keySchema(from),
      GlobalSecondaryIndexes: list(from.global_secondary_index).map((it) => {
        const index = members(it);
        return {
          IndexName: index.name ?? '',
          KeySchema: keySchema(index),
          Projection: { ProjectionType: index.projection_type ?? '' },
        };
      }),
      AttributeDefinitions: list(attribute).map((it) => {
        const { name: attributeName = '', type = '' } = members(it);
        return { AttributeName: attributeName, AttributeType: type };
      }),
      PointInTimeRecoverySpecification: {
        PointInTimeRecoveryEnabled: members(from.point_in_time_recovery).enabled ?? false,
      },
      SSESpecification: dropEmpty({
        SSEEnabled: encryption.enabled,
        KMSMasterKeyId: encryption.kms_key_arn,
        SSEType: encryption.enabled === true ? 'KMS' : undefined,
      }),
      DeletionProtectionEnabled: deletion_protection_enabled,
      TimeToLiveSpecification: ttl === undefined ? undefined : pascal(members(ttl)),
    }),
  };
}

/** Of a table, or of an index. */
function keySchema({ hash_key, range_key }: Members): Value {
  return [
    { AttributeName: hash_key ?? '', KeyType: 'HASH' },
    { AttributeName: range_key ?? '', KeyType: 'RANGE' },
  ];
}

export function deliveryStream(from: Members): Translation {
  const encryption = members(from.server_side_encryption);
  const s3 = members(from.extended_s3_configuration);
  const { buffering_size, buffering_interval, role_arn, bucket_arn, ...rest } = s3;
  const partitioning = members(rest.dynamic_partitioning_configuration);
  const conversion = members(rest.data_format_conversion_configuration);
  const { role_arn: schemaRole, ...schema } = members(conversion.schema_configuration);
  return {
    type: 'AWS::KinesisFirehose::DeliveryStream',
    properties: {
      DeliveryStreamName: from.name ?? '',
      DeliveryStreamType: 'DirectPut',
      DeliveryStreamEncryptionConfigurationInput: dropEmpty({
        KeyType: encryption.key_type,
        KeyARN: encryption.key_arn,
      }),
      ExtendedS3DestinationConfiguration: {
        ...renamed(rest, { cloudwatch_logging_options: 'CloudWatchLoggingOptions' }),
        ...dropEmpty({ RoleARN: role_arn, BucketARN: bucket_arn }),
        BufferingHints: dropEmpty({ SizeInMBs: buffering_size, IntervalInSeconds: buffering_interval }),
        DynamicPartitioningConfiguration: {
          ...dropEmpty({ Enabled: partitioning.enabled }),
          RetryOptions: dropEmpty({ DurationInSeconds: partitioning.retry_duration }),
        },
        DataFormatConversionConfiguration: {
          ...dropEmpty({ Enabled: conversion.enabled }),
          InputFormatConfiguration: { Deserializer: { OpenXJsonSerDe: {} } },
          OutputFormatConfiguration: pascal(members(conversion.output_format_configuration)),
          SchemaConfiguration: { ...(pascal(schema) as Members), ...dropEmpty({ RoleARN: schemaRole }) },
        },
      },
    },
  };
}

export function ecsService(from: Members): Translation {
  const network = members(from.network_configuration);
  return {
    type: 'AWS::ECS::Service',
    properties: dropEmpty({
      ServiceName: from.name,
      Cluster: from.cluster,
      TaskDefinition: from.task_definition,
      DesiredCount: from.desired_count,
      CapacityProviderStrategy: pascal(from.capacity_provider_strategy ?? []),
      NetworkConfiguration: {
        AwsvpcConfiguration: dropEmpty({
          Subnets: network.subnets,
          SecurityGroups: network.security_groups,
          AssignPublicIp: network.assign_public_ip === true ? 'ENABLED' : 'DISABLED',
        }),
      },
      DeploymentConfiguration: dropEmpty({
        DeploymentCircuitBreaker: pascal(members(from.deployment_circuit_breaker)),
        MinimumHealthyPercent: from.deployment_minimum_healthy_percent,
        MaximumPercent: from.deployment_maximum_percent,
      }),
      AvailabilityZoneRebalancing: from.availability_zone_rebalancing,
      PropagateTags: from.propagate_tags,
      EnableECSManagedTags: from.enable_ecs_managed_tags,
    }),
  };
}

/** Names as ECS's API has them, which begin with a small letter. */
export function capitalized(value: Value): Value {
  if (Array.isArray(value)) return value.map(capitalized);
  if (typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      key.charAt(0).toUpperCase() + key.slice(1),
      key === 'options' ? member : capitalized(member),
    ]),
  );
}

export function budget(from: Members): Translation {
  return {
    type: 'AWS::Budgets::Budget',
    properties: {
      Budget: dropEmpty({
        BudgetName: from.name,
        BudgetType: from.budget_type,
        TimeUnit: from.time_unit,
        BudgetLimit: dropEmpty({ Amount: from.limit_amount, Unit: from.limit_unit }),
        CostFilters: Object.fromEntries(
          list(from.cost_filter).map((it) => {
            const { name, values } = members(it);
            return [String(name), values ?? []];
          }),
        ),
      }),
      NotificationsWithSubscribers: list(from.notification).map((it) => {
        const { subscriber_sns_topic_arns, subscriber_email_addresses, ...notification } = members(it);
        return {
          Notification: pascal(notification),
          Subscribers: [
            ...list(subscriber_sns_topic_arns).map((Address) => ({ SubscriptionType: 'SNS', Address })),
            ...list(subscriber_email_addresses).map((Address) => ({ SubscriptionType: 'EMAIL', Address })),
          ],
        };
      }),
    },
  };
}

export function scalingPolicy(from: Members): Translation {
  const tracking = members(from.target_tracking_scaling_policy_configuration);
  const stepping = members(from.step_scaling_policy_configuration);
  const { step_adjustment, ...steps } = stepping;
  const specification = members(tracking.customized_metric_specification);
  const metrics = list(specification.metrics).map((it) => {
    const { metric_stat, ...query } = members(it);
    if (metric_stat === undefined) return pascal(query);
    const { metric, stat } = members(metric_stat);
    return {
      ...(pascal(query) as Members),
      MetricStat: { Metric: pascal(members(metric)), ...dropEmpty({ Stat: stat }) },
    };
  });
  return {
    type: 'AWS::ApplicationAutoScaling::ScalingPolicy',
    properties: dropEmpty({
      PolicyName: from.name,
      PolicyType: from.policy_type,
      ServiceNamespace: from.service_namespace,
      ScalableDimension: from.scalable_dimension,
      ResourceId: from.resource_id,
      TargetTrackingScalingPolicyConfiguration:
        tracking.target_value === undefined
          ? undefined
          : dropEmpty({
              TargetValue: tracking.target_value,
              ScaleInCooldown: tracking.scale_in_cooldown,
              ScaleOutCooldown: tracking.scale_out_cooldown,
              CustomizedMetricSpecification: { Metrics: metrics },
            }),
      StepScalingPolicyConfiguration:
        step_adjustment === undefined
          ? undefined
          : { ...(pascal(steps) as Members), StepAdjustments: pascal(step_adjustment) },
    }),
  };
}

export function queue(from: Members): Translation {
  return plain('AWS::SQS::Queue', {
    name: 'QueueName',
    // A resource of its own there: see EXTRA.
    policy: undefined,
    message_retention_seconds: 'MessageRetentionPeriod',
    visibility_timeout_seconds: 'VisibilityTimeout',
    receive_wait_time_seconds: 'ReceiveMessageWaitTimeSeconds',
    sqs_managed_sse_enabled: 'SqsManagedSseEnabled',
  })(from);
}

export function rule(from: Members): Members {
  return dropEmpty({
    Description: from.description,
    IpProtocol: from.ip_protocol,
    FromPort: from.from_port,
    ToPort: from.to_port,
    CidrIp: from.cidr_ipv4,
    CidrIpv6: from.cidr_ipv6,
    SourceSecurityGroupId: from.referenced_security_group_id,
  });
}
