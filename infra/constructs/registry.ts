import { EcrLifecyclePolicy } from '@cdktn/provider-aws/lib/ecr-lifecycle-policy/index.js';
import { EcrRepository } from '@cdktn/provider-aws/lib/ecr-repository/index.js';
import { Construct } from 'constructs';
import type { Config } from '../config/config.ts';
import { imageLifecycle } from '../values/image-lifecycle.ts';
import type { Names } from '../values/names.ts';

/** The repository of the service's images. A tag stays what it is, so that a rollback gets what ran before. */
export function createRegistry(
  parent: Construct,
  config: Config,
  names: Names,
  keyArn: string | undefined,
): EcrRepository {
  const scope = new Construct(parent, 'registry');
  const repository = new EcrRepository(scope, 'repository', {
    name: names.repository,
    imageTagMutability: 'IMMUTABLE',
    forceDelete: !config.production,
    imageScanningConfiguration: { scanOnPush: true },
    encryptionConfiguration: [
      keyArn === undefined ? { encryptionType: 'AES256' } : { encryptionType: 'KMS', kmsKey: keyArn },
    ],
  });
  new EcrLifecyclePolicy(scope, 'lifecycle', {
    repository: repository.name,
    policy: JSON.stringify(imageLifecycle()),
  });
  return repository;
}
