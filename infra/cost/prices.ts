import { USD } from '../../service/core/prices.ts';

/**
 * List prices of us-east-1 in US dollars, without free tiers, discounts and taxes. Each says where AWS publishes it, and when the figure
 * was last seen published; the pages change, so the model is for comparing designs, and the calculator of AWS is for signing.
 */
export interface Price {
  readonly usd: number;
  readonly per: string;
  /** AWS's page. */
  readonly source: string;
  /** The day on which the figure was seen, there or in a page that quotes it; null: from memory. */
  readonly seen: string | null;
}

const PAGES = {
  cloudwatch: 'https://aws.amazon.com/cloudwatch/pricing/',
  dynamodb: 'https://aws.amazon.com/dynamodb/pricing/on-demand/',
  ecr: 'https://aws.amazon.com/ecr/pricing/',
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

const price = (page: keyof typeof PAGES, usd: number, per: string, seen: string | null = null): Price => ({
  usd,
  per,
  source: PAGES[page],
  seen,
});

/** The day of the last round through the prices. */
const SEEN = '2026-11-30';
/** Fargate Spot is 50 to 70 % below the price on demand, and moves; the least discount is counted. */
const SPOT_DISCOUNT = 0.5;

export const PRICES = {
  firehoseConversion: price('firehose', 0.018, 'GB, in steps of 5 KB for each record'),
  firehosePartitioning: price('firehose', 0.02, 'GB delivered with dynamic partitioning'),
  firehoseObjects: price('firehose', 0.005 / 1000, 'object delivered with dynamic partitioning'),
  firehoseJq: price('firehose', 0.07, 'hour of jq'),
  s3Put: price('s3', USD.s3Put, 'PUT'),
  s3Get: price('s3', USD.s3Get, 'GET'),
  s3ToInfrequentAccess: price('s3', 0.01 / 1000, 'transition to Standard-IA'),
  s3ToGlacier: price('s3', 0.03 / 1000, 'transition to Glacier Flexible Retrieval'),
  s3ToDeepArchive: price('s3', 0.05 / 1000, 'transition to Glacier Deep Archive'),
  s3Standard: price('s3', 0.023, 'GB and month in Standard', SEEN),
  s3InfrequentAccess: price('s3', 0.0125, 'GB and month in Standard-IA'),
  s3Glacier: price('s3', 0.0036, 'GB and month in Glacier Flexible Retrieval'),
  s3DeepArchive: price('s3', 0.00099, 'GB and month in Glacier Deep Archive', SEEN),
  snsPublish: price('sns', USD.snsPublish, 'publish of up to 64 KB; delivery to SQS is free'),
  sqsRequest: price('sqs', USD.sqsRequest, 'request of up to 64 KB'),
  dynamoWrite: price('dynamodb', USD.dynamoWrite, 'write of up to 1 KB'),
  dynamoRead: price('dynamodb', 0.125 / 1e6, 'read of up to 4 KB'),
  dynamoStorage: price('dynamodb', 0.25, 'GB and month'),
  dynamoRecovery: price('dynamodb', 0.2, 'GB and month of point-in-time recovery'),
  fargateCpu: price('fargate', 0.03238, 'vCPU and hour, Linux on ARM', SEEN),
  fargateMemory: price('fargate', 0.00356, 'GB and hour, Linux on ARM', SEEN),
  spotCpu: price('fargate', 0.03238 * (1 - SPOT_DISCOUNT), 'vCPU and hour on Spot, half of the price on demand', SEEN),
  spotMemory: price('fargate', 0.00356 * (1 - SPOT_DISCOUNT), 'GB and hour on Spot, half of the price on demand', SEEN),
  lambdaCompute: price('lambda', 0.0000133334, 'GB and second, ARM'),
  lambdaRequest: price('lambda', 0.2 / 1e6, 'invocation'),
  natHour: price('vpc', 0.045, 'NAT gateway and hour', SEEN),
  natData: price('vpc', 0.045, 'GB through NAT', SEEN),
  publicAddressHour: price('vpc', 0.005, 'public IPv4 address and hour', SEEN),
  endpointHour: price('privateLink', 0.01, 'interface endpoint, zone and hour', SEEN),
  endpointData: price('privateLink', 0.01, 'GB through an interface endpoint', SEEN),
  kmsKey: price('kms', 1, 'key and month'),
  kmsRequest: price('kms', 0.03 / 10_000, 'request'),
  kmsSignature: price('kms', 0.15 / 10_000, 'signature by an asymmetric key other than RSA 2048'),
  images: price('ecr', 0.1, 'GB and month of images'),
  logsIngestion: price('cloudwatch', USD.logsIngestion, 'GB of custom logs taken in, class STANDARD', SEEN),
  logsInfrequentAccess: price(
    'cloudwatch',
    USD.logsInfrequentAccess,
    'GB of custom logs taken in, class INFREQUENT_ACCESS',
    SEEN,
  ),
  logsStorage: price('cloudwatch', 0.03, 'GB and month of logs, compressed', SEEN),
  metric: price('cloudwatch', 0.3, 'custom metric and month', SEEN),
  alarm: price('cloudwatch', 0.1, 'metric looked at by an alarm and month', SEEN),
  dashboard: price('cloudwatch', 3, 'dashboard and month', SEEN),
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
