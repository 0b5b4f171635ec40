import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { DeleteLogStreamCommand, PutLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { CreateRoleCommand, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { DeleteObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { serviceMain } from '../../local/service-process.ts';
import type { VerifiedReceipts } from '../../local/verify-as-customer.ts';
import { keyOf } from '../support/tenant.ts';
import { until } from '../support/until.ts';
import { startPipeline, tenantOf } from './pipeline.ts';

/** A service with a key in KMS, and customers who verify with no more than the page on receipts gives them. */
const skip = process.env.AWS_ENDPOINT_URL ? 'the endpoint has no key, and does not evaluate policies' : false;

const REGION = 'us-east-1';
const BUCKET = 'acme-receipts';
const HOUR_MS = 3_600_000;
const PAGE = await readFile(new URL('../../docs/receipts.md', import.meta.url), 'utf8');

/** The statements that the page asks of whoever verifies, for this account and prefix. */
function statementsOfPage(account: string): unknown {
  const [, shown = ''] = /```json\n([\s\S]*?)```/.exec(PAGE) ?? [];
  return JSON.parse(shown.replaceAll('111122223333', account));
}

const lines = (from: number, to: number, text = 'event') =>
  Array.from({ length: to - from }, (_, at) =>
    JSON.stringify({
      message: `${text} ${from + at} "é"\n`,
      level: 'info',
      timestamp: Date.now() - 60_000 + from + at,
    }),
  ).join('\n');

test('receipts by a key of KMS are verified with the read rights of the page alone, whatever the service and the key become', {
  skip,
}, async (t) => {
  const inBucket = tenantOf('acme', { receipts: `s3://${BUCKET}` });
  const inGroup = tenantOf('globex', { receipts: 'log-group:/tenant-logs/globex/receipts' });
  await using pipeline = await startPipeline({ tenants: [inBucket, inGroup] });
  const url = pipeline.cloud?.url ?? '';
  const folder = await mkdtemp(join(tmpdir(), 'receipts-'));
  const kms = new KMSClient({
    endpoint: url,
    region: REGION,
    credentials: { accessKeyId: 'test', secretAccessKey: 't' },
  });
  t.after(async () => {
    kms.destroy();
    await rm(folder, { recursive: true });
  });
  const createKey = async (KeySpec: 'ECC_NIST_EDWARDS25519' | 'ECC_NIST_P256') =>
    (await kms.send(new CreateKeyCommand({ KeySpec, KeyUsage: 'SIGN_VERIFY' }))).KeyMetadata?.Arn ?? '';
  const publicKeyOf = async (RECEIPT_KEY: string) => {
    const environment = {
      AWS_ENDPOINT_URL: url,
      AWS_REGION: REGION,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 't',
      RECEIPT_KEY,
    };
    return (await run(['receipts', 'key'], environment)).stdout;
  };
  const objects = (count: number) =>
    until(
      async () => (await pipeline.ledger()).filter(({ receipt }) => receipt !== undefined).length === count,
      `${count} objects are in receipts`,
    );
  /** With the rights of the page, of a role in the customer's account. */
  const verify = async (tenant: typeof inBucket, place: string, keyFile: string, delivery = 'cloudwatch') => {
    const session = await sessionOf(tenant);
    const day = (ms: number) => new Date(ms).toISOString();
    const range = ['--from', day(Date.now() - 2 * HOUR_MS), '--to', day(Date.now() + HOUR_MS)];
    const options = ['--receipts', place, '--tenant', tenant.tenantId, '--delivery', delivery, '--public-key', keyFile];
    const { stdout, stderr } = await run(['receipts', 'verify', ...options, ...range, '--rate', '100', '--json'], {
      ...session,
      AWS_ENDPOINT_URL: url,
      AWS_REGION: REGION,
      S3_FORCE_PATH_STYLE: 'true',
    });
    assert.notEqual(stdout, '', stderr);
    return JSON.parse(stdout) as VerifiedReceipts & { readonly receipts: number };
  };
  const sessionOf = async ({ accountId: account, logGroupPrefix }: typeof inBucket) => {
    const iam = pipeline.deps.iam(account);
    const trust = { Effect: 'Allow', Principal: { AWS: account }, Action: 'sts:AssumeRole' };
    const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: trust });
    await iam.send(new CreateRoleCommand({ RoleName: 'Auditor', AssumeRolePolicyDocument })).catch(() => {});
    const PolicyDocument = JSON.stringify({
      Version: '2012-10-17',
      Statement: JSON.parse(JSON.stringify(statementsOfPage(account)).replaceAll('/tenant-logs/acme', logGroupPrefix)),
    });
    await iam.send(new PutRolePolicyCommand({ RoleName: 'Auditor', PolicyName: 'Verify', PolicyDocument }));
    const sts = new STSClient({
      endpoint: url,
      region: REGION,
      credentials: { accessKeyId: account, secretAccessKey: 't' },
    });
    const { Credentials } = await sts.send(
      new AssumeRoleCommand({ RoleArn: `arn:aws:iam::${account}:role/Auditor`, RoleSessionName: 'auditor' }),
    );
    sts.destroy();
    return {
      AWS_ACCESS_KEY_ID: Credentials?.AccessKeyId ?? '',
      AWS_SECRET_ACCESS_KEY: Credentials?.SecretAccessKey ?? '',
      AWS_SESSION_TOKEN: Credentials?.SessionToken ?? '',
    };
  };

  await pipeline.service.stop();
  const first = await createKey('ECC_NIST_EDWARDS25519');
  const service = await pipeline.startService({ RECEIPT_KEY: first, RECEIPT_INTERVAL_SECONDS: '5' });
  for (const { tenantId } of [inBucket, inGroup]) {
    await pipeline.put(keyOf(tenantId, 'a.ndjson'), lines(0, 500));
    await pipeline.put(keyOf(tenantId, 'b.ndjson'), lines(500, 700));
  }
  await objects(4);
  const keyFile = join(folder, 'key.pem');
  await writeFile(keyFile, await publicKeyOf(first));
  const places = [
    [inBucket, `s3://${BUCKET}`],
    [inGroup, 'log-group:/tenant-logs/globex/receipts'],
  ] as const;
  for (const [tenant, place] of places) {
    const { verified, events, problems, differences } = await verify(tenant, place, keyFile);
    assert.deepEqual(
      { verified, events, problems, differences },
      { verified: true, events: 700, problems: [], differences: [] },
    );
  }

  // Another key, of another kind; receipts of both are good with both keys.
  await service.stop();
  const second = await createKey('ECC_NIST_P256');
  await pipeline.startService({ RECEIPT_KEY: second, RECEIPT_INTERVAL_SECONDS: '5' });
  await pipeline.put(keyOf('acme', 'c.ndjson'), lines(700, 800));
  await objects(5);
  const both = join(folder, 'both.pem');
  await writeFile(both, (await publicKeyOf(first)) + (await publicKeyOf(second)));
  assert.deepEqual((await verify(inBucket, `s3://${BUCKET}`, both)).verified, true);
  assert.match(
    JSON.stringify((await verify(inBucket, `s3://${BUCKET}`, keyFile)).problems),
    /no public key of the file/,
  );

  // Somebody changes what was delivered, and takes a receipt away.
  const { logGroupPrefix: group, accountId } = inGroup;
  const logs = pipeline.deps.logs(accountId, REGION);
  const [event] = await pipeline.logs(inGroup).then((all) => all.filter(({ message }) => message.startsWith('event')));
  assert.ok(event);
  const forged = [{ timestamp: event.timestamp, message: 'forged' }];
  await logs.send(new PutLogEventsCommand({ logGroupName: group, logStreamName: event.stream, logEvents: forged }));
  // Until the next receipt it may be of an object that is still being delivered.
  const foreign = await until(async () => {
    const found = await verify(inGroup, 'log-group:/tenant-logs/globex/receipts', both);
    return found.differences.every(({ kind }) => kind !== 'unsettled') ? found : undefined;
  }, 'a receipt is issued after the forged event');
  assert.deepEqual(
    [foreign.verified, foreign.differences.map(({ kind, events }) => [kind, events])],
    [false, [['extra', 1]]],
  );
  await logs.send(new DeleteLogStreamCommand({ logGroupName: group, logStreamName: event.stream }));
  const gone = await verify(inGroup, 'log-group:/tenant-logs/globex/receipts', both);
  assert.deepEqual(
    gone.differences.map(({ kind, events }) => [kind, events]),
    [['missing', 700]],
  );
  const s3 = pipeline.deps.s3Of(inBucket.accountId);
  const { Contents } = await s3.send(
    new ListObjectsV2Command({ Bucket: BUCKET, Prefix: 'acme/cloudwatch/000000001-' }),
  );
  assert.equal(Contents?.length, 1);
  await s3.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: Contents[0]?.Key }));
  const shortened = await verify(inBucket, `s3://${BUCKET}`, both);
  assert.deepEqual(
    [shortened.verified, shortened.problems.map(({ problem }) => problem)],
    [false, ['receipt 1 is missing before it']],
  );
});

/** The command line as a process of its own, with this environment and no other. */
async function run(args: readonly string[], environment: Readonly<Record<string, string>>) {
  const env = { PATH: process.env.PATH, ...environment };
  const ran = promisify(execFile)(process.execPath, [serviceMain(), ...args], { env });
  return ran.catch((error: { stdout: string; stderr: string }) => error);
}
