import type { Value } from './evaluate.ts';
import {
  alarm,
  budget,
  capitalized,
  deliveryStream,
  dropEmpty,
  ecsService,
  json,
  lifecycleRule,
  list,
  type Members,
  members,
  ofBucket,
  pascal,
  plain,
  queue,
  renamed,
  rule,
  scalingPolicy,
  type Translation,
  table,
} from './terraform-translate.ts';

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
