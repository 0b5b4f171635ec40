import { getAtt, ifElse, ref } from '../intrinsics.ts';
import type { Stack } from '../stack.ts';
import { bucketResources } from './bucket.ts';
import { PROMETHEUS_REGION } from './inputs.ts';
import { keyArn, keyResources } from './keys.ts';
import { messagingResources, QUEUE_RETENTION } from './messaging.ts';
import { networkResources, privateSubnetIds, SUBNET_BITS } from './network.ts';
import { registryResources } from './registry.ts';
import { tableResources } from './tables.ts';

/** What is there once and seldom changes: keys, bucket, hub and queues, tables, repository, network. */
export function coreStack(): Stack {
  return {
    description: 'Log distributor: keys, bucket, hub and queues, tables, repository, network',
    mappings: { QueueRetention: QUEUE_RETENTION, SubnetBits: SUBNET_BITS },
    inputs: {
      ...PROMETHEUS_REGION,
      VpcPrefixLength: {
        description: 'Length of the prefix of VpcCidr',
        value: { 'Fn::Select': [1, { 'Fn::Split': ['/', ref('VpcCidr')] }] },
      },
    },
    resources: {
      ...keyResources(),
      ...messagingResources(),
      ...bucketResources(),
      ...tableResources(),
      ...registryResources(),
      ...networkResources(),
    },
    outputs: {
      Bucket: { Description: 'Central bucket', Value: ref('Bucket') },
      HubTopicArn: { Description: 'Topic that announces objects', Value: ref('HubTopic') },
      QueueUrl: { Description: 'Queue of the service', Value: ref('DeliveryQueue') },
      DeadLetterQueueUrl: { Description: 'Queue of dead letters', Value: ref('DeadLetterQueue') },
      TenantTable: { Description: 'Table of the tenants', Value: ref('Tenants') },
      LedgerTable: { Description: 'Table of what was delivered', Value: ref('Ledger') },
      RepositoryUrl: { Description: 'Where images are pushed to', Value: getAtt('Repository', 'RepositoryUri') },
      VpcId: {
        Description: 'VPC of the tasks',
        Value: ifElse('WithOwnNetwork', ref('Vpc'), ref('ExistingVpcId')),
      },
      PrivateSubnetIds: { Description: 'Subnets of the tasks', Value: privateSubnetIds() },
      DataKeyArn: { Description: 'Key of data', Condition: 'WithOwnKeys', Value: keyArn('Data') },
      MessagingKeyArn: {
        Description: 'Key of topics and queues',
        Condition: 'WithOwnKeys',
        Value: keyArn('Messaging'),
      },
      LogsKeyArn: { Description: 'Key of log groups', Condition: 'WithOwnKeys', Value: keyArn('Logs') },
    },
  };
}
