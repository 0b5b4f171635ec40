import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import {
  CreateClusterCommand,
  CreateServiceCommand,
  DeleteServiceCommand,
  RegisterTaskDefinitionCommand,
  UpdateServiceCommand,
} from '@aws-sdk/client-ecs';
import { configOf } from '../../../infra/config/config.ts';
import { createClients } from '../../../infra/deploy/account.ts';
import { RefusedError } from '../../../infra/deploy/refused.ts';
import { runningVersion } from '../../../infra/deploy/running-image.ts';
import { namesOf } from '../../../infra/values/names.ts';
import { startMoto } from '../support/moto.ts';

const moto = await startMoto();
const skip = moto ? false : 'left out: there is no moto_server here';
after(() => moto?.stop());

const names = namesOf(configOf('staging'), { partition: 'aws', region: 'us-east-1', accountId: '123456789012' });
const REGISTRY = '123456789012.dkr.ecr.us-east-1.amazonaws.com';

test('the running image is the one of the task definition that the service uses, whatever was registered since', {
  skip,
}, async () => {
  assert.ok(moto);
  Object.assign(process.env, moto.environment);
  const { ecs } = createClients('us-east-1', moto.url);
  const register = async (image: string) => {
    const { taskDefinition } = await ecs.send(
      new RegisterTaskDefinitionCommand({
        family: names.name,
        containerDefinitions: [
          { name: 'collector', image: 'registry.example.com/collector:9', memory: 128 },
          { name: 'log-distributor', image, memory: 512 },
        ],
      }),
    );
    return taskDefinition?.taskDefinitionArn;
  };
  assert.equal(await runningVersion(ecs, names), undefined, 'there is no cluster');
  const place = { cluster: names.cluster, service: names.service };
  await ecs.send(new CreateClusterCommand({ clusterName: names.cluster }));
  assert.equal(await runningVersion(ecs, names), undefined, 'there is no service');

  const taskDefinition = await register(`${REGISTRY}/${names.repository}:0.1.3`);
  await ecs.send(
    new CreateServiceCommand({ cluster: names.cluster, serviceName: names.service, taskDefinition, desiredCount: 1 }),
  );
  await register(`${REGISTRY}/${names.repository}:0.2.0`);
  assert.equal(await runningVersion(ecs, names), '0.1.3');

  const digest = `sha256:${'a'.repeat(64)}`;
  const byDigest = await register(`${REGISTRY}/${names.repository}@${digest}`);
  await ecs.send(new UpdateServiceCommand({ ...place, taskDefinition: byDigest }));
  assert.equal(await runningVersion(ecs, names), digest);

  const foreign = await register('registry.example.com/another:1');
  await ecs.send(new UpdateServiceCommand({ ...place, taskDefinition: foreign }));
  await assert.rejects(
    runningVersion(ecs, names),
    (error: unknown) =>
      error instanceof RefusedError && /registry.example.com\/another:1.*--image-tag/.test(error.message),
  );

  await ecs.send(new DeleteServiceCommand({ ...place, force: true }));
  assert.equal(await runningVersion(ecs, names), undefined, 'a service that was deleted runs nothing');
});
