import assert from 'node:assert/strict';
import { createPublicKey, verify } from 'node:crypto';
import { after, before, suite, test } from 'node:test';
import { CreateRoleCommand, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import {
  CreateKeyCommand,
  GetPublicKeyCommand,
  type KeySpec,
  KMSClient,
  SignCommand,
  type SignCommandInput,
} from '@aws-sdk/client-kms';
import { type Identity, openCloud, TEST_REGION, type TestCloud } from '../../../support/cloud.ts';

const ACCOUNT = '111122223333';
const MESSAGE = Buffer.from('log distributor receipt 1 sha256 …');

suite('keys that sign', () => {
  let cloud: TestCloud;
  const clients: KMSClient[] = [];
  before(async () => {
    cloud = await openCloud();
  });
  after(async () => {
    for (const client of clients) client.destroy();
    await cloud.close();
  });

  const kmsAs = (identity: Identity, region = TEST_REGION): KMSClient => {
    const credentials = typeof identity === 'string' ? { accessKeyId: identity, secretAccessKey: 'test' } : identity;
    const client = new KMSClient({ endpoint: cloud.cloud.url, region, credentials, maxAttempts: 1 });
    clients.push(client);
    return client;
  };
  const createKey = async (KeySpec: KeySpec, Policy?: string): Promise<string> => {
    const { KeyMetadata } = await kmsAs(ACCOUNT).send(
      new CreateKeyCommand({ KeySpec, KeyUsage: 'SIGN_VERIFY', Policy }),
    );
    return KeyMetadata?.Arn ?? '';
  };
  const sign = (client: KMSClient, KeyId: string, more: Partial<SignCommandInput> = {}) =>
    client.send(new SignCommand({ KeyId, Message: MESSAGE, SigningAlgorithm: 'ED25519_SHA_512', ...more }));
  const allowing = (...principals: readonly string[]) =>
    JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { AWS: principals }, Action: 'kms:*', Resource: '*' }],
    });
  /** A session of a role with this policy. */
  const roleWith = async (name: string, statement: object | undefined): Promise<Identity> => {
    const { iam } = cloud.as(ACCOUNT);
    const trust = {
      Version: '2012-10-17',
      Statement: { Effect: 'Allow', Principal: { AWS: ACCOUNT }, Action: 'sts:AssumeRole' },
    };
    await iam.send(new CreateRoleCommand({ RoleName: name, AssumeRolePolicyDocument: JSON.stringify(trust) }));
    if (statement) {
      const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: statement });
      await iam.send(new PutRolePolicyCommand({ RoleName: name, PolicyName: 'p', PolicyDocument }));
    }
    return cloud.assume({ RoleArn: `arn:aws:iam::${ACCOUNT}:role/${name}` }, ACCOUNT);
  };

  test('a signature is verified with the public key, of either kind', async () => {
    const client = kmsAs(ACCOUNT);
    for (const [spec, algorithm, digest] of [
      ['ECC_NIST_EDWARDS25519', 'ED25519_SHA_512', null],
      ['ECC_NIST_P256', 'ECDSA_SHA_256', 'sha256'],
    ] as const) {
      const arn = await createKey(spec);
      const { PublicKey, SigningAlgorithms, KeySpec } = await client.send(new GetPublicKeyCommand({ KeyId: arn }));
      assert.deepEqual([SigningAlgorithms?.[0], KeySpec], [algorithm, spec]);
      const { Signature } = await sign(client, arn, { SigningAlgorithm: algorithm, MessageType: 'RAW' });
      const key = createPublicKey({ key: Buffer.from(PublicKey ?? []), type: 'spki', format: 'der' });
      assert.ok(verify(digest, MESSAGE, key, Signature ?? new Uint8Array()));
      assert.equal(verify(digest, Buffer.from('other'), key, Signature ?? new Uint8Array()), false);
    }
  });

  test('what KMS refuses is refused: algorithms, types of messages, lengths, keys that are not there', async () => {
    const client = kmsAs(ACCOUNT);
    const arn = await createKey('ECC_NIST_EDWARDS25519');
    await assert.rejects(sign(client, arn, { SigningAlgorithm: 'ECDSA_SHA_256' }), {
      name: 'InvalidKeyUsageException',
    });
    await assert.rejects(sign(client, arn, { MessageType: 'DIGEST' }), { name: 'ValidationException' });
    await assert.rejects(sign(client, arn, { Message: Buffer.alloc(4_097) }), { name: 'ValidationException' });
    await assert.rejects(sign(client, `${arn}0`), { name: 'NotFoundException' });
    await assert.rejects(sign(kmsAs(ACCOUNT, 'eu-west-1'), arn), { name: 'NotFoundException' });
    await assert.rejects(
      client.send(new CreateKeyCommand({ KeySpec: 'SYMMETRIC_DEFAULT', KeyUsage: 'ENCRYPT_DECRYPT' })),
      { name: 'UnsupportedOperationException' },
    );
  });

  test('a key whose policy names the account is used by those whom the account lets', async () => {
    const arn = await createKey('ECC_NIST_EDWARDS25519');
    const signer = await roleWith('signer', { Effect: 'Allow', Action: 'kms:Sign', Resource: arn });
    await sign(kmsAs(signer), arn);
    await assert.rejects(kmsAs(signer).send(new GetPublicKeyCommand({ KeyId: arn })), {
      name: 'AccessDeniedException',
    });
    await assert.rejects(sign(kmsAs(await roleWith('nobody', undefined)), arn), { name: 'AccessDeniedException' });
  });

  test('a key whose policy names neither account nor role is used by nobody, whatever the role may', async () => {
    const signer = await roleWith('everything', { Effect: 'Allow', Action: 'kms:*', Resource: '*' });
    const others = await createKey('ECC_NIST_EDWARDS25519', allowing('arn:aws:iam::999999999999:root'));
    await assert.rejects(sign(kmsAs(signer), others), { name: 'AccessDeniedException' });
    await assert.rejects(sign(kmsAs(ACCOUNT), others), { name: 'AccessDeniedException' });
    const named = await createKey('ECC_NIST_EDWARDS25519', allowing(`arn:aws:iam::${ACCOUNT}:role/everything`));
    await sign(kmsAs(signer), named);
    // Another account needs both: the policy of the key, and its own.
    await assert.rejects(sign(kmsAs('222222222222'), named), { name: 'AccessDeniedException' });
  });
});
