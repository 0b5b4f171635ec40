import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, suite, test } from 'node:test';
import { createOwnIdentity } from '../../../../service/aws/http/identity.ts';
import { startServer } from '../../../support/server.ts';

suite('the sources are those of the SDK', () => {
  const kept = { ...process.env };
  afterEach(() => {
    for (const name of Object.keys(process.env)) if (!(name in kept)) delete process.env[name];
    Object.assign(process.env, kept);
  });
  const without = () => {
    for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name];
  };

  test('the environment', async () => {
    without();
    Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'AK', AWS_SECRET_ACCESS_KEY: 'S', AWS_SESSION_TOKEN: 'T' });
    const { accessKeyId, secretAccessKey, sessionToken } = await createOwnIdentity('eu-west-1')();
    assert.deepEqual([accessKeyId, secretAccessKey, sessionToken], ['AK', 'S', 'T']);
  });

  test('a container, as on ECS and with EKS Pod Identity', async (t) => {
    without();
    const { url, received } = await startServer(t, (_request, response) => {
      const keys = { AccessKeyId: 'CK', SecretAccessKey: 'S', Token: 'T', Expiration: '2099-01-01T00:00:00Z' };
      response.end(JSON.stringify(keys));
    });
    process.env.AWS_CONTAINER_CREDENTIALS_FULL_URI = `${url}/keys`;
    process.env.AWS_CONTAINER_AUTHORIZATION_TOKEN = 'token';
    const identity = createOwnIdentity('eu-west-1');
    assert.equal((await identity()).accessKeyId, 'CK');
    assert.equal((await identity()).sessionToken, 'T');
    assert.deepEqual(
      received.map(({ path, headers }) => [path, headers.authorization]),
      [['/keys', 'token']],
    );
  });

  test('a profile', async (t) => {
    without();
    const folder = await mkdtemp(join(tmpdir(), 'identity-'));
    t.after(() => rm(folder, { recursive: true }));
    const file = join(folder, 'credentials');
    await writeFile(file, '[p]\naws_access_key_id = PK\naws_secret_access_key = S\n');
    Object.assign(process.env, { AWS_PROFILE: 'p', AWS_SHARED_CREDENTIALS_FILE: file, AWS_CONFIG_FILE: file });
    assert.equal((await createOwnIdentity('eu-west-1')()).accessKeyId, 'PK');
  });
});
