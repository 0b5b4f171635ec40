import { containers } from '../../containers.ts';
import { getAtt, ifElse, isObject, type Json, toJson } from '../intrinsics.ts';
import { pascalKeys } from '../pascal.ts';
import { textOf } from '../placeholders.ts';
import { SERVICE_SETTINGS, settingParameter } from '../service-settings.ts';
import type { Resource } from '../stack.ts';
import { NAMES, NUMBERS, symbolicConfig } from '../symbolic.ts';
import { vary } from '../vary.ts';

export function taskDefinition(): Resource {
  const taskOf = (on: { WithTracing: boolean; WithCanary: boolean; IsRunning: boolean }) =>
    containers({
      config: symbolicConfig(on),
      names: NAMES,
      image: `${textOf('RepositoryUrl')}:${on.IsRunning ? textOf('ImageTag') : 'none'}`,
      queueUrl: textOf('QueueUrl'),
      deadLetterQueueUrl: textOf('DeadLetterQueueUrl'),
    });
  const definitions = vary(['WithTracing', 'WithCanary', 'IsRunning'], (on) =>
    pascalKeys(toJson(taskOf(on).definitions), ['options']),
  );
  const volumes = vary(['WithTracing'], ({ WithTracing }) =>
    taskOf({ WithTracing, WithCanary: false, IsRunning: false }).volumes.map((name) => ({ Name: name })),
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
      ContainerDefinitions: withoutEmpty(definitions),
      Volumes: volumes,
    },
  };
}

/** Settings of the service that are given stand in its environment; those with an empty parameter do not. */
function withoutEmpty(value: Json): Json {
  if (Array.isArray(value)) return value.map(withoutEmpty);
  if (!isObject(value)) return value;
  const setting = SERVICE_SETTINGS.map(({ name }) => settingParameter(name)).find(
    (parameter) => value.Value === textOf(parameter),
  );
  if (setting !== undefined) return ifElse(`Has${setting}`, value);
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, withoutEmpty(member)]));
}
