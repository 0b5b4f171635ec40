import type { Value } from './evaluate.ts';

type Members = Readonly<Record<string, Value>>;

/** What a resource of Terraform is in CloudFormation: one of its own, or properties of another. */
export type Translation =
  | { readonly type: string; readonly properties: Members }
  /** `into` is the reference that names the other one. */
  | { readonly into: Value; readonly properties: Members };

/** `kms_master_key_id` → `KmsMasterKeyId`, all the way down, but for members of maps whose keys are data. */
function pascal(value: Value, data: readonly string[] = []): Value {
  if (Array.isArray(value)) return value.map((element) => pascal(element, data));
  if (typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [pascalName(key), data.includes(key) ? member : pascal(member, data)]),
  );
}

function pascalName(name: string): string {
  return name.replace(/(^|_)([a-z])/g, (_, __, letter: string) => letter.toUpperCase());
}

function members(value: Value | undefined): Members {
  if (Array.isArray(value)) {
    if (value.length > 1) throw new Error(`more than one block: ${JSON.stringify(value)}`);
    return members(value[0]);
  }
  return typeof value === 'object' ? (value as Members) : {};
}

function list(value: Value | undefined): readonly Value[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

/** Members under other names; those that are not named keep their pascal-cased one; undefined drops one. */
function renamed(
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

function json(value: Value | undefined): Value {
  return JSON.parse(String(value));
}

function tags(value: Value | undefined): Value {
  return Object.entries(members(value)).map(([Key, Value]) => ({ Key, Value }));
}

function nameAndValue(value: Value | undefined): Value {
  return Object.entries(members(value)).map(([Name, Value]) => ({ Name, Value }));
}

function dropEmpty(value: Readonly<Record<string, Value | undefined>>): Members {
  return Object.fromEntries(Object.entries(value).filter(([, it]) => it !== undefined)) as Members;
}

/** A resource whose properties only have other names. */
function plain(type: string, names: Readonly<Record<string, string | undefined>> = {}, data: readonly string[] = []) {
  return (from: Members): Translation => {
    const { tags: tagged, ...rest } = from;
    return {
      type,
      properties: { ...renamed(rest, names, data), ...(tagged === undefined ? {} : { Tags: tags(tagged) }) },
    };
  };
}

/** A resource of Terraform that is properties of its bucket. */
function ofBucket(properties: (from: Members) => Members) {
  return (from: Members): Translation => ({ into: from.bucket ?? '', properties: properties(from) });
}

function lifecycleRule(rule: Members): Value {
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

function alarm(from: Members): Translation {
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

function table(from: Members): Translation {
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

function deliveryStream(from: Members): Translation {
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

function ecsService(from: Members): Translation {
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
function capitalized(value: Value): Value {
  if (Array.isArray(value)) return value.map(capitalized);
  if (typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      key.charAt(0).toUpperCase() + key.slice(1),
      key === 'options' ? member : capitalized(member),
    ]),
  );
}

function budget(from: Members): Translation {
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

function scalingPolicy(from: Members): Translation {
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

function queue(from: Members): Translation {
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

function rule(from: Members): Members {
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

/** Terraform's types, and what each is in CloudFormation. */
export const TERRAFORM: Readonly<Record<string, (from: Members) => Translation>> = {
  aws_appautoscaling_policy: scalingPolicy,
  aws_appautoscaling_target: plain('AWS::ApplicationAutoScaling::ScalableTarget'),
  aws_budgets_budget: budget,
  aws_ce_anomaly_monitor: plain('AWS::CE::AnomalyMonitor', { name: 'MonitorName' }),
  aws_ce_anomaly_subscription: (from) => {
    const { key, match_options, values } = members(members(from.threshold_expression).dimension);
    return {
      type: 'AWS::CE::AnomalySubscription',
      properties: dropEmpty({
        SubscriptionName: from.name,
        Frequency: from.frequency,
        MonitorArnList: from.monitor_arn_list,
        Subscribers: pascal(from.subscriber ?? []),
        ThresholdExpression: { Dimensions: dropEmpty({ Key: key, MatchOptions: match_options, Values: values }) },
      }),
    };
  },
  aws_cloudwatch_dashboard: plain('AWS::CloudWatch::Dashboard'),
  aws_cloudwatch_log_group: plain('AWS::Logs::LogGroup', { name: 'LogGroupName' }),
  aws_cloudwatch_log_stream: plain('AWS::Logs::LogStream', { name: 'LogStreamName' }),
  aws_cloudwatch_metric_alarm: alarm,
  aws_default_security_group: plain('AWS::EC2::SecurityGroup default'),
  aws_dynamodb_table: table,
  aws_ecr_lifecycle_policy: (from) => ({
    into: from.repository ?? '',
    properties: { LifecyclePolicy: { LifecyclePolicyText: from.policy ?? '' } },
  }),
  // `force_delete` is what Terraform does when it destroys, and no property.
  aws_ecr_repository: ({ encryption_configuration, force_delete: _, ...rest }) => ({
    type: 'AWS::ECR::Repository',
    properties: {
      ...renamed(rest, { name: 'RepositoryName' }),
      EncryptionConfiguration: pascal(members(encryption_configuration)),
    },
  }),
  aws_ecs_cluster: plain('AWS::ECS::Cluster', { name: 'ClusterName', setting: 'ClusterSettings' }),
  aws_ecs_cluster_capacity_providers: (from) => ({
    into: from.cluster_name ?? '',
    properties: { CapacityProviders: from.capacity_providers ?? [] },
  }),
  aws_ecs_service: ecsService,
  aws_ecs_task_definition: (from) => {
    const { container_definitions, volume, ...rest } = from;
    return {
      type: 'AWS::ECS::TaskDefinition',
      properties: {
        ...renamed(rest, {}),
        ContainerDefinitions: capitalized(json(container_definitions)),
        Volumes: pascal(volume ?? []),
      },
    };
  },
  aws_egress_only_internet_gateway: plain('AWS::EC2::EgressOnlyInternetGateway'),
  aws_eip: plain('AWS::EC2::EIP'),
  aws_flow_log: ({ vpc_id = '', iam_role_arn = '', ...rest }) => ({
    type: 'AWS::EC2::FlowLog',
    properties: {
      ...renamed(rest, {}),
      ResourceId: vpc_id,
      ResourceType: 'VPC',
      DeliverLogsPermissionArn: iam_role_arn,
    },
  }),
  aws_glue_catalog_database: (from) => ({
    type: 'AWS::Glue::Database',
    properties: { DatabaseInput: dropEmpty({ Name: from.name }) },
  }),
  aws_glue_catalog_table: (from) => {
    const { database_name = '', ...input } = from;
    const { ser_de_info, ...storage } = members(input.storage_descriptor);
    return {
      type: 'AWS::Glue::Table',
      properties: {
        DatabaseName: database_name,
        TableInput: {
          ...renamed(input, { storage_descriptor: undefined }, ['parameters']),
          StorageDescriptor: {
            ...(pascal(storage) as Members),
            SerdeInfo: pascal(members(ser_de_info), ['parameters']),
          },
        },
      },
    };
  },
  aws_iam_role: plain('AWS::IAM::Role', { name: 'RoleName', assume_role_policy: 'AssumeRolePolicyDocument' }),
  aws_iam_role_policy: (from) => ({
    into: from.role ?? '',
    properties: { Policies: [{ PolicyName: from.name ?? '', PolicyDocument: from.policy ?? '' }] },
  }),
  aws_internet_gateway: plain('AWS::EC2::InternetGateway', { vpc_id: undefined }),
  aws_kinesis_firehose_delivery_stream: deliveryStream,
  aws_kms_alias: plain('AWS::KMS::Alias', { name: 'AliasName' }),
  aws_kms_key: plain('AWS::KMS::Key', {
    customer_master_key_spec: 'KeySpec',
    deletion_window_in_days: 'PendingWindowInDays',
    policy: 'KeyPolicy',
  }),
  aws_network_acl: plain('AWS::EC2::NetworkAcl', { ingress: undefined, egress: undefined, subnet_ids: undefined }),
  aws_nat_gateway: plain('AWS::EC2::NatGateway'),
  aws_route: plain('AWS::EC2::Route', { egress_only_gateway_id: 'EgressOnlyInternetGatewayId' }),
  aws_route_table: plain('AWS::EC2::RouteTable'),
  aws_route_table_association: plain('AWS::EC2::SubnetRouteTableAssociation'),
  aws_s3_bucket: (from) => ({ type: 'AWS::S3::Bucket', properties: dropEmpty({ BucketName: from.bucket }) }),
  aws_s3_bucket_intelligent_tiering_configuration: ofBucket((from) => ({
    IntelligentTieringConfigurations: [
      dropEmpty({
        Id: from.name,
        Status: from.status ?? 'Enabled',
        Prefix: members(from.filter).prefix,
        Tierings: pascal(from.tiering ?? []),
      }),
    ],
  })),
  aws_s3_bucket_lifecycle_configuration: ofBucket((from) => ({
    LifecycleConfiguration: { Rules: list(from.rule).map((it) => lifecycleRule(members(it))) },
  })),
  aws_s3_bucket_logging: ofBucket(({ target_bucket = '', target_prefix = '' }) => ({
    LoggingConfiguration: { DestinationBucketName: target_bucket, LogFilePrefix: target_prefix },
  })),
  aws_s3_bucket_notification: ofBucket((from) => ({
    NotificationConfiguration: {
      TopicConfigurations: list(from.topic).flatMap((it) => {
        const { topic_arn = '', events, filter_prefix = '' } = members(it);
        return list(events).map((Event) => ({
          Topic: topic_arn,
          Event,
          Filter: { S3Key: { Rules: [{ Name: 'prefix', Value: filter_prefix }] } },
        }));
      }),
    },
  })),
  aws_s3_bucket_ownership_controls: ofBucket((from) => ({
    OwnershipControls: { Rules: [pascal(members(from.rule))] },
  })),
  aws_s3_bucket_policy: plain('AWS::S3::BucketPolicy', { policy: 'PolicyDocument' }),
  aws_s3_bucket_public_access_block: ofBucket(({ bucket: _, ...from }) => ({
    PublicAccessBlockConfiguration: pascal(from),
  })),
  aws_s3_bucket_server_side_encryption_configuration: ofBucket((from) => ({
    BucketEncryption: {
      ServerSideEncryptionConfiguration: list(from.rule).map((it) => {
        const { apply_server_side_encryption_by_default, bucket_key_enabled } = members(it);
        const { sse_algorithm, kms_master_key_id } = members(apply_server_side_encryption_by_default);
        return dropEmpty({
          ServerSideEncryptionByDefault: dropEmpty({ SSEAlgorithm: sse_algorithm, KMSMasterKeyID: kms_master_key_id }),
          BucketKeyEnabled: bucket_key_enabled,
        });
      }),
    },
  })),
  aws_s3_bucket_versioning: ofBucket((from) => ({
    VersioningConfiguration: pascal(members(from.versioning_configuration)),
  })),
  aws_security_group: plain('AWS::EC2::SecurityGroup', { description: 'GroupDescription' }),
  aws_sns_topic: plain('AWS::SNS::Topic', { name: 'TopicName' }),
  aws_sns_topic_policy: (from) => ({
    type: 'AWS::SNS::TopicPolicy',
    properties: { Topics: [from.arn ?? ''], PolicyDocument: from.policy ?? '' },
  }),
  aws_sns_topic_subscription: plain('AWS::SNS::Subscription'),
  aws_sqs_queue: queue,
  aws_sqs_queue_redrive_allow_policy: (from) => ({
    into: from.queue_url ?? '',
    properties: { RedriveAllowPolicy: from.redrive_allow_policy ?? '' },
  }),
  aws_subnet: plain('AWS::EC2::Subnet'),
  aws_vpc: plain('AWS::EC2::VPC', { assign_generated_ipv6_cidr_block: undefined }),
  aws_vpc_endpoint: plain('AWS::EC2::VPCEndpoint', { policy: 'PolicyDocument' }),
  aws_vpc_security_group_egress_rule: (from) => ({
    into: from.security_group_id ?? '',
    properties: { SecurityGroupEgress: [rule(from)] },
  }),
  aws_vpc_security_group_ingress_rule: (from) => ({
    into: from.security_group_id ?? '',
    properties: { SecurityGroupIngress: [rule(from)] },
  }),
};

/** Rules of a network ACL. */
function aclEntries(rules: Value | undefined, egress: boolean, acl: string): readonly Made[] {
  return list(rules).map((it) => {
    const { cidr_block, ipv6_cidr_block, from_port = '', to_port = '', ...rest } = members(it);
    return {
      type: 'AWS::EC2::NetworkAclEntry',
      properties: dropEmpty({
        NetworkAclId: acl,
        Egress: egress,
        RuleNumber: rest.rule_no,
        RuleAction: rest.action,
        Protocol: rest.protocol === 'tcp' ? 6 : rest.protocol,
        PortRange: { From: from_port, To: to_port },
        CidrBlock: cidr_block,
        Ipv6CidrBlock: ipv6_cidr_block,
      }),
    };
  });
}

type Made = { readonly type: string; readonly properties: Members };

/** What Terraform has as attributes, and CloudFormation as resources of their own. */
export const EXTRA: Readonly<Record<string, (from: Members, reference: string) => readonly Made[]>> = {
  aws_sqs_queue: ({ policy }, reference) =>
    policy === undefined
      ? []
      : [{ type: 'AWS::SQS::QueuePolicy', properties: { Queues: [reference], PolicyDocument: policy } }],
  aws_internet_gateway: ({ vpc_id = '' }, reference) => [
    { type: 'AWS::EC2::VPCGatewayAttachment', properties: { VpcId: vpc_id, InternetGatewayId: reference } },
  ],
  aws_vpc: ({ assign_generated_ipv6_cidr_block: ipv6 }, reference) =>
    ipv6 === true
      ? [{ type: 'AWS::EC2::VPCCidrBlock', properties: { VpcId: reference, AmazonProvidedIpv6CidrBlock: true } }]
      : [],
  aws_network_acl: ({ ingress, egress, subnet_ids }, reference) => [
    ...aclEntries(ingress, false, reference),
    ...aclEntries(egress, true, reference),
    ...list(subnet_ids).map((SubnetId) => ({
      type: 'AWS::EC2::SubnetNetworkAclAssociation',
      properties: { SubnetId, NetworkAclId: reference },
    })),
  ],
};
