import { type PolicyDocument, trustService } from '../../policies/document.ts';
import { executionRolePolicy, taskRolePolicy } from '../../policies/task.ts';
import { HTTP_PORT } from '../../values/service-environment.ts';
import { CPU_UNITS, MEMORY_MB, SLOTS, SPOT_PERCENTS } from '../choices.ts';
import { computedSettings } from '../computed.ts';
import { findInMap, getAtt, ifElse, type JsonObject, ref, toJson } from '../intrinsics.ts';
import { LAYOUT } from '../key-template.ts';
import { textOf } from '../placeholders.ts';
import { settingParameter } from '../service-settings.ts';
import { type Resource, type Stack, when } from '../stack.ts';
import { NAMES, NUMBERS } from '../symbolic.ts';
import { vary } from '../vary.ts';
import { coreInputs, keyInput, PROMETHEUS_REGION, PROMETHEUS_WORKSPACE } from './inputs.ts';
import { receiptKeyArn, receiptKeyResources } from './keys.ts';
import { logGroup } from './log-group.ts';
import { role } from './role.ts';
import { scalingResources } from './scaling.ts';
import { taskDefinition } from './task-definition.ts';

const RUNNING = 'IsRunning';

/** The service on Fargate: cluster, roles, log groups, task, service, autoscaling. */
export function distributorStack(): Stack {
  return {
    description: 'Log distributor: cluster, roles, log groups, task, service, autoscaling',
    mappings: { SpotPercents: SPOT_WEIGHTS },
    inputs: {
      ...coreInputs({
        VpcId: 'VPC of the tasks',
        PrivateSubnetIds: 'Subnets of the tasks',
        QueueUrl: 'Queue of the service',
        DeadLetterQueueUrl: 'Queue of dead letters',
        RepositoryUrl: 'Repository of the image',
      }),
      ...PROMETHEUS_REGION,
      ...PROMETHEUS_WORKSPACE,
      ...keyInput('Data'),
      ...keyInput('Messaging'),
      ...keyInput('Logs'),
      WorkerThreads: {
        description: 'WORKER_THREADS: SettingWorkerThreads, or what follows from CpuUnits',
        value: ifElse(
          `Has${settingParameter('WORKER_THREADS')}`,
          ref(settingParameter('WORKER_THREADS')),
          findInMap('TaskCpu', ref('CpuUnits'), 'WorkerThreads'),
        ),
      },
      MemoryBudgetMb: {
        description: 'MEMORY_BUDGET_MB: SettingMemoryBudgetMb, or what follows from MemoryMb',
        value: ifElse(
          `Has${settingParameter('MEMORY_BUDGET_MB')}`,
          ref(settingParameter('MEMORY_BUDGET_MB')),
          findInMap('TaskMemory', ref('MemoryMb'), 'BudgetMb'),
        ),
      },
    },
    resources: {
      Cluster: {
        Type: 'AWS::ECS::Cluster',
        Properties: {
          ClusterName: NAMES.cluster,
          ClusterSettings: [{ Name: 'containerInsights', Value: ifElse('CountsTasks', 'enabled', 'disabled') }],
          CapacityProviders: ['FARGATE', 'FARGATE_SPOT'],
        },
      },
      ServiceLog: logGroup(NAMES.serviceLogGroup),
      MetricsLog: logGroup(NAMES.metricsLogGroup),
      ...receiptKeyResources(),
      TaskRole: taskRole(),
      ExecutionRole: executionRole(),
      TaskDefinition: taskDefinition(),
      TaskGroup: taskGroup(),
      Service: when(RUNNING, service()),
      ...scalingResources({ running: RUNNING, scaled: 'IsScaled' }),
    },
    outputs: {
      DistributorRoleArn: {
        Description: 'What customers give their template as DistributorRoleArn',
        Value: getAtt('TaskRole', 'Arn'),
      },
    },
  };
}

/** What the main template looks up for this one. */
export const DISTRIBUTOR_MAPPINGS: Readonly<Record<string, JsonObject>> = {
  TaskCpu: Object.fromEntries(
    CPU_UNITS.map((cpuUnits) => [
      String(cpuUnits),
      { WorkerThreads: computedSettings({ cpuUnits, memoryMb: 4096 }).WORKER_THREADS ?? '' },
    ]),
  ),
  TaskMemory: Object.fromEntries(
    MEMORY_MB.map((memoryMb) => [
      String(memoryMb),
      { BudgetMb: computedSettings({ cpuUnits: 1024, memoryMb }).MEMORY_BUDGET_MB ?? '' },
    ]),
  ),
};

/** The share of tasks on demand; alone it only has to be more than nothing. */
const SPOT_WEIGHTS: JsonObject = Object.fromEntries(
  SPOT_PERCENTS.map((percent) => [String(percent), { OnDemandWeight: percent === 0 ? 1 : 100 - percent }]),
);

function taskRole(): Resource {
  const policy = vary(
    [
      'WithTracing',
      'WithCanary',
      'WithReceipts',
      'HasReceiptKeyArn',
      'WithUsage',
      'WithReconcile',
      'WithPrometheus',
      'WithOwnKeys',
    ],
    (on) => {
      const workspace = { region: textOf('PrometheusRegion'), id: textOf('PrometheusWorkspace') };
      const keys = on.WithOwnKeys
        ? { data: textOf('DataKeyArn'), messaging: textOf('MessagingKeyArn') }
        : { data: undefined, messaging: undefined };
      return toJson(
        taskRolePolicy(NAMES, LAYOUT, keys, {
          tracing: on.WithTracing,
          canary: on.WithCanary,
          receiptKey: receiptKeyArn(on),
          usage: on.WithUsage,
          reconcile: on.WithReconcile,
          prometheus: on.WithPrometheus ? workspace : undefined,
        }),
      );
    },
  );
  return role(NAMES.taskRole, trust(), policy);
}

/** Of both roles: only for tasks of this account and region. */
function trust(): PolicyDocument {
  const { partition, region, accountId } = NAMES.place;
  return trustService('ecs-tasks.amazonaws.com', {
    StringEquals: { 'aws:SourceAccount': [accountId] },
    ArnLike: { 'aws:SourceArn': [`arn:${partition}:ecs:${region}:${accountId}:*`] },
  });
}

function executionRole(): Resource {
  return role(NAMES.executionRole, trust(), executionRolePolicy(NAMES));
}

function taskGroup(): Resource {
  const ingress = Array.from({ length: SLOTS.metricsSources }, (_, at) => {
    const source = `MetricsSource${at + 1}`;
    return ifElse(`Has${source}`, {
      Description: 'Scrapes of /metrics',
      IpProtocol: 'tcp',
      FromPort: HTTP_PORT,
      ToPort: HTTP_PORT,
      SourceSecurityGroupId: ifElse(`IsGroup${source}`, ref(source)),
      CidrIp: ifElse(`IsGroup${source}`, { Ref: 'AWS::NoValue' }, ref(source)),
    });
  });
  const https = { Description: 'AWS APIs', IpProtocol: 'tcp', FromPort: 443, ToPort: 443 };
  return {
    Type: 'AWS::EC2::SecurityGroup',
    Properties: {
      VpcId: textOf('VpcId'),
      GroupDescription: 'Log distributor tasks',
      SecurityGroupEgress: [{ ...https, CidrIp: '0.0.0.0/0' }, ifElse('WithIpv6', { ...https, CidrIpv6: '::/0' })],
      SecurityGroupIngress: ingress,
    },
  };
}

/** Without a desired count: autoscaling keeps it, and an update of the stack must not move it back. */
function service(): Resource {
  return {
    Type: 'AWS::ECS::Service',
    Properties: {
      ServiceName: NAMES.service,
      Cluster: getAtt('Cluster', 'Arn'),
      TaskDefinition: ref('TaskDefinition'),
      CapacityProviderStrategy: [
        ifElse(
          'WithSpotOnly',
          { CapacityProvider: 'FARGATE_SPOT', Weight: 1 },
          {
            CapacityProvider: 'FARGATE',
            Base: NUMBERS.of('TasksMin'),
            Weight: findInMap('SpotPercents', ref('SpotPercent'), 'OnDemandWeight'),
          },
        ),
        ifElse('WithSpot', { CapacityProvider: 'FARGATE_SPOT', Weight: NUMBERS.of('SpotPercent') }),
      ],
      NetworkConfiguration: {
        AwsvpcConfiguration: {
          Subnets: textOf('PrivateSubnetIds'),
          SecurityGroups: [getAtt('TaskGroup', 'GroupId')],
          AssignPublicIp: ifElse('HasPublicTasks', 'ENABLED', 'DISABLED'),
        },
      },
      DeploymentConfiguration: {
        DeploymentCircuitBreaker: { Enable: true, Rollback: true },
        MinimumHealthyPercent: 100,
        MaximumPercent: 200,
      },
      AvailabilityZoneRebalancing: 'ENABLED',
      PropagateTags: 'SERVICE',
      EnableECSManagedTags: true,
    },
  };
}
