/**
 * List prices of us-east-1 in US dollars, without free tiers, discounts and taxes. Each says where AWS publishes it; the
 * pages change, so the model is for comparing designs, and the calculator of AWS is for signing.
 */
export interface Price {
  readonly usd: number;
  readonly per: string;
  readonly source: string;
}

const PAGES = {
  cloudwatch: 'https://aws.amazon.com/cloudwatch/pricing/',
  dynamodb: 'https://aws.amazon.com/dynamodb/pricing/on-demand/',
  fargate: 'https://aws.amazon.com/fargate/pricing/',
  firehose: 'https://aws.amazon.com/firehose/pricing/',
  kms: 'https://aws.amazon.com/kms/pricing/',
  lambda: 'https://aws.amazon.com/lambda/pricing/',
  privateLink: 'https://aws.amazon.com/privatelink/pricing/',
  s3: 'https://aws.amazon.com/s3/pricing/',
  sns: 'https://aws.amazon.com/sns/pricing/',
  sqs: 'https://aws.amazon.com/sqs/pricing/',
  vpc: 'https://aws.amazon.com/vpc/pricing/',
} as const;

const price = (page: keyof typeof PAGES, usd: number, per: string): Price => ({ usd, per, source: PAGES[page] });

export const PRICES = {
  firehoseConversion: price('firehose', 0.018, 'GB, in steps of 5 KB for each record'),
  firehosePartitioning: price('firehose', 0.02, 'GB delivered with dynamic partitioning'),
  firehoseObjects: price('firehose', 0.005 / 1000, 'object delivered with dynamic partitioning'),
  firehoseJq: price('firehose', 0.07, 'hour of jq'),
  s3Put: price('s3', 0.005 / 1000, 'PUT'),
  s3Get: price('s3', 0.0004 / 1000, 'GET'),
  s3ToInfrequentAccess: price('s3', 0.01 / 1000, 'transition to Standard-IA'),
  s3ToGlacier: price('s3', 0.03 / 1000, 'transition to Glacier Flexible Retrieval'),
  s3ToDeepArchive: price('s3', 0.05 / 1000, 'transition to Glacier Deep Archive'),
  s3Standard: price('s3', 0.023, 'GB and month in Standard'),
  s3InfrequentAccess: price('s3', 0.0125, 'GB and month in Standard-IA'),
  s3Glacier: price('s3', 0.0036, 'GB and month in Glacier Flexible Retrieval'),
  s3DeepArchive: price('s3', 0.00099, 'GB and month in Glacier Deep Archive'),
  snsPublish: price('sns', 0.5 / 1e6, 'publish of up to 64 KB; delivery to SQS is free'),
  sqsRequest: price('sqs', 0.4 / 1e6, 'request of up to 64 KB'),
  dynamoWrite: price('dynamodb', 0.625 / 1e6, 'write of up to 1 KB'),
  dynamoStorage: price('dynamodb', 0.25, 'GB and month'),
  dynamoRecovery: price('dynamodb', 0.2, 'GB and month of point-in-time recovery'),
  fargateCpu: price('fargate', 0.03238, 'vCPU and hour, Linux on ARM'),
  fargateMemory: price('fargate', 0.00356, 'GB and hour, Linux on ARM'),
  lambdaCompute: price('lambda', 0.0000133334, 'GB and second, ARM'),
  lambdaRequest: price('lambda', 0.2 / 1e6, 'invocation'),
  natHour: price('vpc', 0.045, 'NAT gateway and hour'),
  natData: price('vpc', 0.045, 'GB through NAT'),
  endpointHour: price('privateLink', 0.01, 'interface endpoint, zone and hour'),
  endpointData: price('privateLink', 0.01, 'GB through an interface endpoint'),
  kmsKey: price('kms', 1, 'key and month'),
  logsIngestion: price('cloudwatch', 0.5, 'GB of custom logs taken in, standard class'),
  logsStorage: price('cloudwatch', 0.03, 'GB and month of logs, compressed'),
  metric: price('cloudwatch', 0.3, 'custom metric and month'),
  alarm: price('cloudwatch', 0.1, 'metric looked at by an alarm and month'),
  dashboard: price('cloudwatch', 3, 'dashboard and month'),
} as const satisfies Record<string, Price>;

/** Firehose's direct PUT by volume: GB up to which a price holds (Firehose pricing, "Direct PUT and Kinesis Data Stream as a source"). */
export const FIREHOSE_INGESTION: readonly { readonly upToGb: number; readonly usd: number }[] = [
  { upToGb: 500 * 1024, usd: 0.029 },
  { upToGb: 2000 * 1024, usd: 0.025 },
  { upToGb: Number.POSITIVE_INFINITY, usd: 0.02 },
];

/** What a volume costs where the first GB are dearer than the last. */
export function tiered(gb: number, tiers: readonly { readonly upToGb: number; readonly usd: number }[]): number {
  let from = 0;
  let usd = 0;
  for (const tier of tiers) {
    usd += Math.max(0, Math.min(gb, tier.upToGb) - from) * tier.usd;
    from = tier.upToGb;
  }
  return usd;
}
