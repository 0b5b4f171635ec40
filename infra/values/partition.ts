import { hasRegion } from '../../service/core/partition.ts';

/** What is spelt differently in AWS's partitions: the commercial regions, GovCloud and China. */

/** Domain of service endpoints (botocore, `partitions.json`). */
const DNS_SUFFIXES: Readonly<Record<string, string>> = {
  aws: 'amazonaws.com',
  'aws-us-gov': 'amazonaws.com',
  'aws-cn': 'amazonaws.com.cn',
};

/** Partitions that this can be deployed to. */
export const PARTITIONS = Object.keys(DNS_SUFFIXES);

/** @throws RangeError for a region that is in none of PARTITIONS */
export function partitionOfRegion(region: string): string {
  const partition = PARTITIONS.find((candidate) => hasRegion(candidate, region));
  if (partition === undefined) throw new RangeError(`${region} is in none of ${PARTITIONS.join(', ')}`);
  return partition;
}

interface Place {
  readonly partition: string;
  readonly region: string;
}

/** Host of a service in a region, as `kms:ViaService` has it: `s3.eu-central-1.amazonaws.com`. */
export function regionalHost(service: string, { partition, region }: Place): string {
  return `${service}.${region}.${DNS_SUFFIXES[partition] ?? DNS_SUFFIXES.aws}`;
}

/**
 * The principal of CloudWatch Logs: the one service here whose principal has region and domain. The others are
 * `<service>.amazonaws.com` in every partition (IAM user guide, "AWS service principals"; aws-cdk, `region-info/lib/default.ts`).
 */
export function logsPrincipal(place: Place): string {
  return regionalHost('logs', place);
}

/** Services whose interface endpoints have another prefix in China (aws-cdk, `aws-ec2/lib/vpc-endpoint.ts`). */
const CHINA_ENDPOINTS = new Set(['ecr.api', 'ecr.dkr', 'sqs', 'sts']);

/** Name of a service for a VPC endpoint. */
export function endpointServiceName(service: string, { partition, region }: Place): string {
  const prefix = partition === 'aws-cn' && CHINA_ENDPOINTS.has(service) ? 'cn.com.amazonaws' : 'com.amazonaws';
  return `${prefix}.${region}.${service}`;
}

/** The largest event of CloudWatch Logs, where it is smaller than the service's default: China did not follow to 1 MB in April 2025. */
export function eventBytesMax({ partition }: Pick<Place, 'partition'>): number | undefined {
  return partition === 'aws-cn' ? 262_144 : undefined;
}
