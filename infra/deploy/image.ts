import { DescribeImagesCommand, type ECRClient } from '@aws-sdk/client-ecr';
import type { Names } from '../values/names.ts';
import { isMissing } from './missing.ts';
import { RefusedError } from './refused.ts';

const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** Full name of an image in a registry, by its digest or its tag. */
export function imageName(repositoryUrl: string, version: string): string {
  return `${repositoryUrl}${DIGEST.test(version) ? '@' : ':'}${version}`;
}

/**
 * The digest of the environment's image: what runs is then what was pushed, and a rollback gets the same bytes.
 * @param version a tag, or the digest itself
 * @throws RefusedError when there is no such image
 */
export async function digestOf(ecr: Pick<ECRClient, 'send'>, names: Names, version: string): Promise<string> {
  const imageId = DIGEST.test(version) ? { imageDigest: version } : { imageTag: version };
  try {
    const command = new DescribeImagesCommand({ repositoryName: names.repository, imageIds: [imageId] });
    const [image] = (await ecr.send(command)).imageDetails ?? [];
    if (image?.imageDigest !== undefined) return image.imageDigest;
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  throw new RefusedError(
    `there is no image ${version} in the repository ${names.repository}: push it first, or pass --no-tasks`,
  );
}
