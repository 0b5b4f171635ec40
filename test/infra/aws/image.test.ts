import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { CreateRepositoryCommand, ECRClient, PutImageCommand } from '@aws-sdk/client-ecr';
import { configOf } from '../../../infra/config/config.ts';
import { digestOf, imageName } from '../../../infra/deploy/image.ts';
import { RefusedError } from '../../../infra/deploy/refused.ts';
import { namesOf } from '../../../infra/values/names.ts';
import { startMoto } from '../support/moto.ts';

const moto = await startMoto();
const skip = moto ? false : 'left out: there is no moto_server here';
const names = namesOf(configOf('staging'), { partition: 'aws', region: 'us-east-1', accountId: '123456789012' });
const ecr = new ECRClient({
  region: 'us-east-1',
  endpoint: moto?.url ?? 'http://127.0.0.1:1',
  credentials: { accessKeyId: 'testing', secretAccessKey: 'testing' },
});
after(async () => {
  ecr.destroy();
  await moto?.stop();
});

const MANIFEST = JSON.stringify({
  schemaVersion: 2,
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: `sha256:${'0'.repeat(64)}`, size: 2 },
  layers: [],
});

test('a tag is resolved to the digest of what was pushed, a digest stays itself, and what is not there is refused', {
  skip,
}, async () => {
  await assert.rejects(digestOf(ecr, names, '1.0.0'), RefusedError);
  await ecr.send(new CreateRepositoryCommand({ repositoryName: names.repository }));
  await assert.rejects(
    digestOf(ecr, names, '1.0.0'),
    /no image 1\.0\.0 in the repository log-distributor-staging: push/,
  );
  const { image } = await ecr.send(
    new PutImageCommand({ repositoryName: names.repository, imageManifest: MANIFEST, imageTag: '1.0.0' }),
  );
  const digest = image?.imageId?.imageDigest ?? '';
  assert.match(digest, /^sha256:[0-9a-f]{64}$/);
  assert.equal(await digestOf(ecr, names, '1.0.0'), digest);
  assert.equal(await digestOf(ecr, names, digest), digest);
  await assert.rejects(digestOf(ecr, names, '2.0.0'), RefusedError);
  await assert.rejects(digestOf(ecr, names, `sha256:${'f'.repeat(64)}`), RefusedError);
});

test('an image is named by its digest or its tag', () => {
  const digest = `sha256:${'a'.repeat(64)}`;
  assert.equal(imageName('registry/log-distributor', '1.0.0'), 'registry/log-distributor:1.0.0');
  assert.equal(imageName('registry/log-distributor', digest), `registry/log-distributor@${digest}`);
});
