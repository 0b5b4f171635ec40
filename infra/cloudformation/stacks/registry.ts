import { imageLifecycle } from '../../values/image-lifecycle.ts';
import { ifElse, type Json } from '../intrinsics.ts';
import { KEPT, type Resource } from '../stack.ts';
import { NAMES } from '../symbolic.ts';
import { keyArn } from './keys.ts';

/** The repository of the service's images, as constructs/registry.ts makes it. */
export function registryResources(): Readonly<Record<string, Resource>> {
  return {
    Repository: {
      Type: 'AWS::ECR::Repository',
      ...KEPT,
      Properties: {
        RepositoryName: NAMES.repository,
        ImageTagMutability: 'IMMUTABLE',
        ImageScanningConfiguration: { ScanOnPush: true },
        EncryptionConfiguration: encryption(),
        LifecyclePolicy: { LifecyclePolicyText: JSON.stringify(imageLifecycle()) },
      },
    },
  };
}

function encryption(): Json {
  return ifElse('WithOwnKeys', { EncryptionType: 'KMS', KmsKey: keyArn('Data') }, { EncryptionType: 'AES256' });
}
