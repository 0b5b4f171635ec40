import type { Config } from '../config/config.ts';
import { remoteWriteWorkspace } from './remote-write.ts';

/** S3 and DynamoDB cost nothing this way, and all of the objects' bytes would pay NAT otherwise. */
export const GATEWAY_SERVICES = ['s3', 'dynamodb'];
/** What a task talks to besides; Firehose for collectors that run in this VPC. */
export const INTERFACE_SERVICES = ['sqs', 'sts', 'logs', 'kms', 'ecr.api', 'ecr.dkr', 'kinesis-firehose'];
/** Amazon Managed Service for Prometheus. */
export const PROMETHEUS_SERVICE = 'aps-workspaces';

/** Whether tasks have public addresses, because there is no NAT to reach AWS by. */
export function hasPublicTasks({ network }: Pick<Config, 'network'>): boolean {
  return network.existing === undefined && network.natGateways === 0;
}

/** The collector's Prometheus, too, where it is in this region. */
export function interfaceServices({ region, distributor }: Config): readonly string[] {
  const workspace = remoteWriteWorkspace(distributor.prometheusRemoteWriteUrl);
  return workspace?.region === region ? [...INTERFACE_SERVICES, PROMETHEUS_SERVICE] : INTERFACE_SERVICES;
}
