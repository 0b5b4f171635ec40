import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { withRegion } from '../../../service/aws/region.ts';

/** An environment whose AWS configuration file has these lines. */
async function configured(t: TestContext, lines: string) {
  const folder = await mkdtemp(join(tmpdir(), 'region-'));
  t.after(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'config'), lines);
  return { AWS_CONFIG_FILE: join(folder, 'config'), AWS_SHARED_CREDENTIALS_FILE: join(folder, 'credentials') };
}

const regionOf = async (environment: Readonly<Record<string, string>>) => {
  const found = await withRegion(environment);
  return [found.environment.AWS_REGION, found.regionFrom];
};

test('the region is that of AWS_REGION, then of AWS_DEFAULT_REGION, then of the profile', async (t) => {
  const files = await configured(t, '[default]\nregion = eu-west-3\n[profile prod]\nregion = ap-south-1\n');
  assert.deepEqual(await regionOf(files), ['eu-west-3', 'profile default']);
  const prod = { ...files, AWS_PROFILE: 'prod' };
  assert.deepEqual(await regionOf(prod), ['ap-south-1', 'profile prod']);
  const byDefault = { ...prod, AWS_DEFAULT_REGION: 'us-west-2', AWS_REGION: ' ' };
  assert.deepEqual(await regionOf(byDefault), ['us-west-2', 'AWS_DEFAULT_REGION']);
  assert.deepEqual(await regionOf({ ...byDefault, AWS_REGION: 'us-east-2' }), ['us-east-2', undefined]);
});

test('where nothing names a region, the environment stays as it is', async (t) => {
  const files = await configured(t, '[profile other]\nregion = ap-south-1\n');
  assert.deepEqual(await withRegion(files), { environment: files, regionFrom: undefined });
  const nowhere = { ...files, AWS_CONFIG_FILE: `${files.AWS_CONFIG_FILE}-none`, AWS_PROFILE: 'other' };
  assert.deepEqual(await withRegion(nowhere), { environment: nowhere, regionFrom: undefined });
});
