import { DescribeServicesCommand, DescribeTaskDefinitionCommand, type ECSClient } from '@aws-sdk/client-ecs';
import { SERVICE_CONTAINER } from '../values/containers.ts';
import type { Names } from '../values/names.ts';
import { isMissing } from './missing.ts';
import { RefusedError } from './refused.ts';

/**
 * The tag or digest of the image that the environment's tasks run, as their service says and not as Terraform remembers: ECS
 * goes back to an older task definition when a deployment fails.
 * @returns undefined when there is no service
 * @throws RefusedError when the image is none of the environment's repository
 */
export async function runningVersion(ecs: Pick<ECSClient, 'send'>, names: Names): Promise<string | undefined> {
  const taskDefinition = await findTaskDefinition(ecs, names);
  if (taskDefinition === undefined) return undefined;
  const described = await ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition }));
  const containers = described.taskDefinition?.containerDefinitions ?? [];
  const image = containers.find(({ name }) => name === SERVICE_CONTAINER)?.image ?? '';
  const [, repository, version] = /^[^/]+\/([^:@]+)[:@]([\w.:-]+)$/.exec(image) ?? [];
  if (version !== undefined && repository === names.repository) return version;
  throw new RefusedError(
    `the tasks of ${names.cluster} run ${image || 'an image without a name'}, which is no image of the repository ` +
      `${names.repository}: say with --image-tag which image to run`,
  );
}

async function findTaskDefinition(ecs: Pick<ECSClient, 'send'>, names: Names): Promise<string | undefined> {
  try {
    const { services = [] } = await ecs.send(
      new DescribeServicesCommand({ cluster: names.cluster, services: [names.service] }),
    );
    return services.find(({ status }) => status === 'ACTIVE')?.taskDefinition;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
