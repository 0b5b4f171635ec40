import { containers } from '../../values/containers.ts';
import { getAtt, ifElse, isObject, type Json, sub } from '../intrinsics.ts';
import { pascalKeys } from '../pascal.ts';
import { textOf } from '../placeholders.ts';
import { SERVICE_SETTINGS, settingParameter } from '../service-settings.ts';
import type { Resource } from '../stack.ts';
import { NAMES, NUMBERS, type Switches, symbolicConfig, withWorkspace } from '../symbolic.ts';
import { vary } from '../vary.ts';
import { receiptKeyArn } from './keys.ts';

export function taskDefinition(): Resource {
  const taskOf = (on: Switches) =>
    containers({
      config: symbolicConfig(on),
      names: NAMES,
      image: IMAGE,
      queueUrl: textOf('QueueUrl'),
      deadLetterQueueUrl: textOf('DeadLetterQueueUrl'),
      receiptKey: receiptKeyArn(on),
    });
  const definitions = vary(
    [
      'WithTracing',
      'WithCanary',
      'WithReceipts',
      'HasReceiptKeyArn',
      'WithReconcile',
      'WithPrometheus',
      'WithEssentialAlerts',
    ],
    (on) => pascalKeys(JSON.parse(withWorkspace(JSON.stringify(taskOf(on).definitions))), ['options']),
  );
  const volumes = vary(['WithTracing'], ({ WithTracing }) =>
    taskOf({ WithTracing, WithCanary: false, WithReconcile: false, WithPrometheus: false }).volumes.map((name) => ({
      Name: name,
    })),
  );
  return {
    Type: 'AWS::ECS::TaskDefinition',
    Properties: {
      Family: NAMES.name,
      RequiresCompatibilities: ['FARGATE'],
      NetworkMode: 'awsvpc',
      RuntimePlatform: { CpuArchitecture: 'ARM64', OperatingSystemFamily: 'LINUX' },
      Cpu: String(NUMBERS.of('CpuUnits')),
      Memory: String(NUMBERS.of('MemoryMb')),
      TaskRoleArn: getAtt('TaskRole', 'Arn'),
      ExecutionRoleArn: getAtt('ExecutionRole', 'Arn'),
      ContainerDefinitions: finish(definitions),
      Volumes: volumes,
    },
  };
}

/** Stands for the image until `finish`. */
const IMAGE = 'image-of-the-service';

/** As infra/deploy/image.ts names an image: by its digest, by its tag, or none. */
const IMAGE_NAME = ifElse(
  'IsRunning',
  ifElse(
    'IsDigest',
    sub(`${textOf('RepositoryUrl')}@${textOf('ImageTag')}`),
    sub(`${textOf('RepositoryUrl')}:${textOf('ImageTag')}`),
  ),
  sub(`${textOf('RepositoryUrl')}:none`),
);

/** Settings of the service that are given stand in its environment; those with an empty parameter do not. */
function finish(value: Json): Json {
  if (value === IMAGE) return IMAGE_NAME;
  if (Array.isArray(value)) return value.map(finish);
  if (!isObject(value)) return value;
  const setting = SERVICE_SETTINGS.map(({ name }) => settingParameter(name)).find(
    (parameter) => value.Value === textOf(parameter),
  );
  if (setting !== undefined) return ifElse(`Has${setting}`, value);
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, finish(member)]));
}
