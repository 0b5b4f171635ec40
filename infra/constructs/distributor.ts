import { CloudwatchLogGroup } from '@cdktn/provider-aws/lib/cloudwatch-log-group/index.js';
import { EcsCluster } from '@cdktn/provider-aws/lib/ecs-cluster/index.js';
import { EcsClusterCapacityProviders } from '@cdktn/provider-aws/lib/ecs-cluster-capacity-providers/index.js';
import { EcsService } from '@cdktn/provider-aws/lib/ecs-service/index.js';
import { EcsTaskDefinition } from '@cdktn/provider-aws/lib/ecs-task-definition/index.js';
import { Construct } from 'constructs';
import type { Config } from '../config/config.ts';
import { trustService } from '../policies/document.ts';
import { executionRolePolicy, taskRolePolicy } from '../policies/task.ts';
import { countsTasks } from '../values/alarms.ts';
import { containers } from '../values/containers.ts';
import type { Names } from '../values/names.ts';
import type { ObjectLayout } from '../values/object-layout.ts';
import { remoteWriteWorkspace } from '../values/remote-write.ts';
import { reconciles, sumsUpUsage, writesCanaries } from '../values/service-environment.ts';
import { hasPublicTasks } from '../values/vpc-endpoints.ts';
import type { Keys } from './keys.ts';
import type { Network } from './network.ts';
import { createRole } from './role.ts';
import type { Spoke } from './spoke.ts';
import { createTaskGroup } from './task-group.ts';

export interface DistributorDeps {
  readonly config: Config;
  readonly names: Names;
  readonly layout: ObjectLayout;
  readonly keys: Keys;
  readonly network: Network;
  readonly spoke: Spoke;
  /** ARN of the key that signs receipts; undefined where there are none. */
  readonly receiptKey: string | undefined;
  /** Full name of the image, with its tag. */
  readonly image: string;
  /** False before there is an image: cluster, roles and task definition are made, but no service to start them. */
  readonly running: boolean;
}

/** The distributor on Fargate: cluster, roles, logs, task, service. */
export function createDistributor(parent: Construct, deps: DistributorDeps): EcsService | undefined {
  const { config, names, keys, network } = deps;
  const scope = new Construct(parent, 'distributor');
  const cluster = new EcsCluster(scope, 'cluster', {
    name: names.cluster,
    setting: [{ name: 'containerInsights', value: countsTasks(config) ? 'enabled' : 'disabled' }],
  });
  const providers = new EcsClusterCapacityProviders(scope, 'capacity', {
    clusterName: cluster.name,
    capacityProviders: ['FARGATE', 'FARGATE_SPOT'],
  });
  for (const [id, name] of [
    ['service-log', names.serviceLogGroup],
    ['metrics-log', names.metricsLogGroup],
  ] as const) {
    new CloudwatchLogGroup(scope, id, {
      name,
      retentionInDays: config.distributor.logRetentionDays,
      ...(keys.logs === undefined ? {} : { kmsKeyId: keys.logs }),
    });
  }
  const task = createTask(scope, deps);
  const group = createTaskGroup(scope, network, config.network);
  if (!deps.running) return undefined;
  return new EcsService(scope, 'service', {
    name: names.service,
    cluster: cluster.arn,
    taskDefinition: task.arn,
    desiredCount: config.distributor.tasksMin,
    capacityProviderStrategy: capacity(config),
    networkConfiguration: {
      subnets: [...network.privateSubnetIds],
      securityGroups: [group.id],
      assignPublicIp: hasPublicTasks(config),
    },
    deploymentCircuitBreaker: { enable: true, rollback: true },
    // A new task is healthy before an old one goes; the queue does not mind both.
    deploymentMinimumHealthyPercent: 100,
    deploymentMaximumPercent: 200,
    availabilityZoneRebalancing: 'ENABLED',
    propagateTags: 'SERVICE',
    enableEcsManagedTags: true,
    // Autoscaling moves it; a deployment must not move it back.
    lifecycle: { ignoreChanges: ['desired_count'] },
    dependsOn: [providers],
  });
}

/** The least number of tasks is on demand, so that no Spot interruption stops delivery; of the others, a share is on Spot. */
function capacity({ distributor }: Config) {
  if (distributor.spotOnly) return [{ capacityProvider: 'FARGATE_SPOT', weight: 1 }];
  const onDemand = { capacityProvider: 'FARGATE', base: distributor.tasksMin, weight: 100 - distributor.spotPercent };
  if (distributor.spotPercent === 0) return [{ ...onDemand, weight: 1 }];
  return [onDemand, { capacityProvider: 'FARGATE_SPOT', weight: distributor.spotPercent }];
}

function createTask(scope: Construct, deps: DistributorDeps): EcsTaskDefinition {
  const { config, names, layout, keys, spoke } = deps;
  // Only for tasks of this account and region (ECS developer guide, "Task IAM role").
  const { partition, region, accountId } = names.place;
  const trust = trustService('ecs-tasks.amazonaws.com', {
    StringEquals: { 'aws:SourceAccount': [accountId] },
    ArnLike: { 'aws:SourceArn': [`arn:${partition}:ecs:${region}:${accountId}:*`] },
  });
  const task = createRole(scope, 'task-role', {
    name: names.taskRole,
    iam: config.iam,
    trust,
    policy: taskRolePolicy(names, layout, keys, {
      tracing: config.distributor.tracing,
      canary: writesCanaries(config),
      receiptKey: deps.receiptKey,
      usage: sumsUpUsage(config),
      reconcile: reconciles(config),
      prometheus: remoteWriteWorkspace(config.distributor.prometheusRemoteWriteUrl),
    }),
  });
  const execution = createRole(scope, 'execution-role', {
    name: names.executionRole,
    iam: config.iam,
    trust,
    policy: executionRolePolicy(names),
  });
  const { definitions, volumes } = containers({
    config,
    names,
    image: deps.image,
    queueUrl: spoke.queue.url,
    deadLetterQueueUrl: spoke.deadLetterQueue.url,
    receiptKey: deps.receiptKey,
  });
  return new EcsTaskDefinition(scope, 'task', {
    family: names.name,
    requiresCompatibilities: ['FARGATE'],
    networkMode: 'awsvpc',
    runtimePlatform: { cpuArchitecture: 'ARM64', operatingSystemFamily: 'LINUX' },
    cpu: String(config.distributor.cpuUnits),
    memory: String(config.distributor.memoryMb),
    taskRoleArn: task.role.arn,
    executionRoleArn: execution.role.arn,
    containerDefinitions: JSON.stringify(definitions),
    volume: volumes.map((name) => ({ name })),
    dependsOn: [task.policy, execution.policy],
  });
}
