import type { StackPlace, Value } from './evaluate.ts';

/** A resource that one of the two ways would make, in CloudFormation's words. */
export interface Made {
  /** Unique on its side; references name it. */
  readonly address: string;
  readonly type: string;
  readonly properties: Readonly<Record<string, Value>>;
}

/** What a reference asks of a resource, whatever the two ways call it. */
type Attribute = 'id' | 'arn' | 'name' | 'url';

interface Kind {
  /** Property that is the name of the resource; `Tags.Name` for the tag. */
  readonly name?: string;
  /** What `Ref` gives. */
  readonly ref: Attribute;
  /** The ARN or URL of a resource of a name, where it follows from the name. */
  readonly arn?: (name: string, place: StackPlace, properties: Made['properties']) => string;
  readonly url?: (name: string, place: StackPlace) => string;
  /** For resources without a name: properties that tell one from the other. */
  readonly key?: readonly string[];
}

const arnOf =
  (service: string, resource: (name: string) => string) =>
  (name: string, { partition, region, accountId }: StackPlace) =>
    `arn:${partition}:${service}:${region}:${accountId}:${resource(name)}`;

/** What the outputs of a deployment are taken for, so that they are compared like everything else. */
export const OUTPUTS = 'Outputs';

/** Every type of resource that either way makes. */
export const KINDS: Readonly<Record<string, Kind>> = {
  'AWS::ApplicationAutoScaling::ScalableTarget': { ref: 'id', key: ['ResourceId'] },
  'AWS::ApplicationAutoScaling::ScalingPolicy': { name: 'PolicyName', ref: 'arn' },
  'AWS::Budgets::Budget': { ref: 'name', key: ['Budget.BudgetName'] },
  'AWS::CE::AnomalyMonitor': { name: 'MonitorName', ref: 'arn' },
  'AWS::CE::AnomalySubscription': { name: 'SubscriptionName', ref: 'arn' },
  'AWS::CloudWatch::Alarm': { name: 'AlarmName', ref: 'name' },
  'AWS::CloudWatch::Dashboard': { name: 'DashboardName', ref: 'name' },
  'AWS::DynamoDB::Table': { name: 'TableName', ref: 'name', arn: arnOf('dynamodb', (name) => `table/${name}`) },
  'AWS::EC2::EIP': { name: 'Tags.Name', ref: 'id' },
  'AWS::EC2::EgressOnlyInternetGateway': { name: 'Tags.Name', ref: 'id' },
  'AWS::EC2::FlowLog': { ref: 'id', key: ['LogDestination'] },
  'AWS::EC2::NetworkAcl': { name: 'Tags.Name', ref: 'id' },
  'AWS::EC2::NetworkAclEntry': {
    ref: 'id',
    key: ['NetworkAclId', 'Egress', 'CidrBlock', 'Ipv6CidrBlock', 'PortRange.From'],
  },
  'AWS::EC2::SubnetNetworkAclAssociation': { ref: 'id', key: ['SubnetId'] },
  'AWS::EC2::VPCCidrBlock': { ref: 'id', key: ['VpcId'] },
  'AWS::EC2::InternetGateway': { name: 'Tags.Name', ref: 'id' },
  'AWS::EC2::NatGateway': { name: 'Tags.Name', ref: 'id' },
  'AWS::EC2::Route': { ref: 'id', key: ['RouteTableId', 'DestinationCidrBlock', 'DestinationIpv6CidrBlock'] },
  'AWS::EC2::RouteTable': { name: 'Tags.Name', ref: 'id' },
  'AWS::EC2::SecurityGroup': { name: 'GroupDescription', ref: 'id' },
  'AWS::EC2::SecurityGroup default': { ref: 'id', key: ['VpcId'] },
  'AWS::EC2::Subnet': { name: 'Tags.Name', ref: 'id' },
  'AWS::EC2::SubnetRouteTableAssociation': { ref: 'id', key: ['SubnetId'] },
  'AWS::EC2::VPC': { name: 'Tags.Name', ref: 'id' },
  'AWS::EC2::VPCEndpoint': { ref: 'id', key: ['ServiceName'] },
  'AWS::EC2::VPCGatewayAttachment': { ref: 'id', key: ['VpcId'] },
  'AWS::ECR::Repository': {
    name: 'RepositoryName',
    ref: 'name',
    url: (name, { accountId, region }) => `${accountId}.dkr.ecr.${region}.amazonaws.com/${name}`,
  },
  'AWS::ECS::Cluster': { name: 'ClusterName', ref: 'name', arn: arnOf('ecs', (name) => `cluster/${name}`) },
  'AWS::ECS::Service': { name: 'ServiceName', ref: 'arn' },
  'AWS::ECS::TaskDefinition': { name: 'Family', ref: 'arn' },
  'AWS::Glue::Database': { ref: 'name', key: ['DatabaseInput.Name'] },
  'AWS::Glue::Table': { ref: 'name', key: ['TableInput.Name'] },
  'AWS::IAM::Role': {
    name: 'RoleName',
    ref: 'name',
    arn: (name, { partition, accountId }, { Path = '/' }) => `arn:${partition}:iam::${accountId}:role${Path}${name}`,
  },
  'AWS::KMS::Alias': { name: 'AliasName', ref: 'name' },
  'AWS::KMS::Key': { name: 'Description', ref: 'id' },
  'AWS::KinesisFirehose::DeliveryStream': {
    name: 'DeliveryStreamName',
    ref: 'name',
    arn: arnOf('firehose', (name) => `deliverystream/${name}`),
  },
  'AWS::Logs::LogGroup': { name: 'LogGroupName', ref: 'name', arn: arnOf('logs', (name) => `log-group:${name}`) },
  'AWS::Logs::LogStream': { name: 'LogStreamName', ref: 'name' },
  'AWS::S3::Bucket': { name: 'BucketName', ref: 'name', arn: (name, { partition }) => `arn:${partition}:s3:::${name}` },
  'AWS::S3::BucketPolicy': { ref: 'name', key: ['Bucket'] },
  'AWS::SNS::Subscription': { ref: 'arn', key: ['TopicArn', 'Protocol', 'Endpoint'] },
  'AWS::SNS::Topic': { name: 'TopicName', ref: 'arn', arn: arnOf('sns', (name) => name) },
  'AWS::SNS::TopicPolicy': { ref: 'id', key: ['Topics.0'] },
  'AWS::SQS::Queue': {
    name: 'QueueName',
    ref: 'url',
    arn: arnOf('sqs', (name) => name),
    url: (name, { region, accountId }) => `https://sqs.${region}.amazonaws.com/${accountId}/${name}`,
  },
  [OUTPUTS]: { ref: 'id', key: [] },
  'AWS::SQS::QueuePolicy': { ref: 'id', key: ['Queues.0'] },
};

/** What an attribute is called on either side, beside `Ref`. */
const ATTRIBUTES: Readonly<Record<string, Attribute>> = {
  Arn: 'arn',
  AllocationId: 'id',
  GroupId: 'id',
  RepositoryUri: 'url',
  id: 'id',
  arn: 'arn',
  url: 'url',
  name: 'name',
  key_id: 'id',
  repository_url: 'url',
};

const REFERENCE = /<([\w-]+\.[\w-]+)#(\w+)>/g;

/** Resources of one side with every reference resolved, by type and what tells it from others of the type. */
export function resolveMade(
  made: readonly Made[],
  place: StackPlace,
): ReadonlyMap<string, Readonly<Record<string, Value>>> {
  const byAddress = new Map(made.map((it) => [it.address, it]));
  const kindOf = (type: string) => {
    const kind = KINDS[type];
    if (!kind) throw new Error(`${type} is not in the table of this test`);
    return kind;
  };
  const resolveReference = (address: string, name: string): string => {
    const target = byAddress.get(address);
    if (!target) throw new Error(`a reference to ${address}, which is not made`);
    const kind = kindOf(target.type);
    const attribute = name === 'Ref' ? kind.ref : ATTRIBUTES[name];
    if (attribute === undefined) throw new Error(`an unknown attribute ${name} of ${target.type}`);
    const targetName = String(resolve(nameOf(target, kind) ?? ''));
    // Terraform's id is whatever the provider takes for it: of what has a Ref here, the same.
    const asked = attribute === 'id' ? kind.ref : attribute;
    if (asked === 'name' && targetName !== '') return targetName;
    const known = asked === 'arn' ? kind.arn : asked === 'url' ? kind.url : undefined;
    return known?.(targetName, place, target.properties) ?? `<${target.type} ${targetName} ${asked}>`;
  };
  const resolve = (value: Value): Value => {
    if (typeof value === 'string') {
      return value.replace(REFERENCE, (_, address: string, name: string) => resolveReference(address, name));
    }
    if (Array.isArray(value)) return value.map(resolve);
    if (typeof value !== 'object') return value;
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, resolve(member)]));
  };
  const resolved = made.map(({ type, properties, address }) => {
    const kind = kindOf(type);
    const all = resolve(properties) as Made['properties'];
    const key = kind.key
      ? kind.key.map((path) => String(at(all, path))).join(' ')
      : nameOf({ address, type, properties: all }, kind);
    return [`${type} ${key}`, all] as const;
  });
  const keys = new Map(resolved);
  if (keys.size !== made.length) {
    const seen = new Set<string>();
    const twice = resolved.map(([key]) => key).filter((key) => seen.size === seen.add(key).size);
    throw new Error(`two resources cannot be told apart: ${twice.join(', ')}`);
  }
  return keys;
}

function nameOf({ properties }: Made, { name, key }: Kind): string | undefined {
  const path = name ?? (key?.length === 1 ? key[0] : undefined);
  if (path === undefined) return undefined;
  if (path !== 'Tags.Name') return String(at(properties, path));
  const tags = (properties.Tags ?? []) as readonly { readonly Key: string; readonly Value: string }[];
  return tags.find(({ Key }) => Key === 'Name')?.Value;
}

function at(value: Value, path: string): Value | undefined {
  let current: Value | undefined = value;
  for (const step of path.split('.')) {
    if (typeof current !== 'object') return undefined;
    current = (current as Readonly<Record<string, Value>>)[step];
  }
  return current;
}
