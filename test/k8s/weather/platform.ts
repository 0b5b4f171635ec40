import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import type { Cloud } from 'embedded-aws';
import { configOf } from '../../../infra/config/config.ts';
import { writerRolePolicy, writerTrust } from '../../../infra/policies/writer.ts';
import { namesOf } from '../../../infra/values/names.ts';
import { layoutOf } from '../../../infra/values/object-layout.ts';
import type { Found } from '../../../local/workload/compare.ts';
import { createTally } from '../../../local/workload/tally.ts';
import { startPipeline, type TestPipeline, tenantOf } from '../../e2e/pipeline.ts';
import { makeCertificate } from '../../support/certificate.ts';
import { startAwsHosts } from './aws-hosts.ts';
import { type DeliveryStream, startDeliveryStream } from './delivery-stream.ts';
import { TENANTS } from './tenants.ts';

/** The platform's AWS as the infrastructure makes it for the collectors, the service at work on it, and three tenants' accounts. */
export interface Platform extends AsyncDisposable {
  readonly cloud: Cloud;
  readonly pipeline: TestPipeline;
  readonly stream: DeliveryStream;
  /** What an operator writes into settings.env. */
  readonly settings: Readonly<Record<string, string>>;
  /** How Vector finds AWS, and who it is there. */
  readonly environment: Readonly<Record<string, string>>;
  /** PEM of the authority behind `*.amazonaws.com`. */
  readonly certificate: string;
  /** Keys of all objects below a prefix, each with its size. */
  objects(prefix: string): Promise<ReadonlyMap<string, number>>;
  read(key: string): Promise<Buffer>;
  /** How many objects, or calls of Firehose, the collectors have written. */
  written(): Promise<number>;
  /** AssumeRole calls of the collectors. */
  assumeRoles(): number;
  /** Resolves when the service has delivered all objects. @throws Error when it does not get on for a minute */
  untilDelivered(): Promise<void>;
  /** What each tenant's account holds. */
  found(): ReadonlyMap<string, Found>;
}

const REGION = 'us-east-1';
const PLATFORM_ACCOUNT = '000000000000';
/** The cluster's account, where the collectors have their own role. */
const CLUSTER_ACCOUNT = '111111111111';
const EXTERNAL_ID = 'eks-eu-1';
const WRITER = 'central-log-writer';
const STREAM = 'central-logs';
const PATIENCE_MS = 60_000;

/** @param refusedShare of records that Firehose refuses by chance */
export async function startPlatform(refusedShare = 0): Promise<Platform> {
  const folder = mkdtempSync(join(tmpdir(), 'weather-platform-'));
  const tenants = TENANTS.map((tenant) => tenantOf(tenant));
  const pipeline = await startPipeline({ tenants, service: { LOG_LEVEL: 'info' } });
  const { cloud, names, deps } = pipeline;
  if (!cloud) throw new Error('AWS_ENDPOINT_URL is set, but this takes the embedded AWS');
  const certificate = makeCertificate(folder, ['DNS:*.amazonaws.com', `DNS:*.${REGION}.amazonaws.com`]);
  if (!certificate) throw new Error('there is no openssl to make a certificate with');
  const stream = await startDeliveryStream(refusedShare, pipeline.put);
  const hosts = await startAwsHosts(certificate, (service) => (service === 'firehose' ? stream.port : cloud.port));
  await createWriter(cloud.url, names.bucket);

  const objects = async (prefix: string) => {
    const found = new Map<string, number>();
    let ContinuationToken: string | undefined;
    do {
      const page = await deps.s3.send(
        new ListObjectsV2Command({ Bucket: names.bucket, Prefix: prefix, ContinuationToken }),
      );
      for (const { Key = '', Size = 0 } of page.Contents ?? []) found.set(Key, Size);
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);
    return found;
  };
  const read = async (key: string) => {
    const { Body } = await deps.s3.send(new GetObjectCommand({ Bucket: names.bucket, Key: key }));
    const bytes = Buffer.from((await Body?.transformToByteArray()) ?? []);
    return key.endsWith('.gz') ? gunzipSync(bytes) : bytes;
  };
  return {
    cloud,
    pipeline,
    stream,
    settings: {
      AWS_REGION: REGION,
      LOG_BUCKET: names.bucket,
      FIREHOSE_STREAM: STREAM,
      WRITER_ROLE_ARN: `arn:aws:iam::${PLATFORM_ACCOUNT}:role/${WRITER}`,
      WRITER_EXTERNAL_ID: EXTERNAL_ID,
    },
    environment: {
      HTTPS_PROXY: hosts.proxyUrl,
      SSL_CERT_FILE: '/etc/ssl/certs/ca-certificates.crt',
      AWS_ACCESS_KEY_ID: CLUSTER_ACCOUNT,
      AWS_SECRET_ACCESS_KEY: 'test',
    },
    certificate: readFileSync(certificate.certFile, 'utf8'),
    objects,
    read,
    written: async () =>
      (await objects('logs/')).size + (await objects('without-tenant/')).size + stream.counts().calls,
    assumeRoles: () => cloud.calls.count({ service: 'sts', action: 'AssumeRole', account: CLUSTER_ACCOUNT }),
    async untilDelivered() {
      await stream.flush();
      for (let [best, sinceMs] = [-1, performance.now()]; ; ) {
        const [there, done] = [
          (await objects('logs/')).size,
          await pipeline.metric('objects_total', { outcome: 'done' }),
        ];
        if (done >= there) return;
        if (done > best) [best, sinceMs] = [done, performance.now()];
        if (performance.now() - sinceMs > PATIENCE_MS) throw new Error(`${done} of ${there} objects are delivered`);
        await delay(200);
      }
    },
    found() {
      return new Map(
        tenants.map(({ tenantId, accountId, logGroupPrefix }) => {
          const [inside, outside] = [createTally(), createTally()];
          for (const { group, timestamp, message } of cloud.logs.read({ account: accountId })) {
            (group === logGroupPrefix ? inside : outside).add(timestamp, message);
          }
          return [tenantId, { inside, outside }];
        }),
      );
    },
    async [Symbol.asyncDispose]() {
      await hosts.close();
      await stream.close();
      await pipeline[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true });
    },
  };
}

/** The role that the infrastructure makes, with the policies that it gives it. */
async function createWriter(endpoint: string, bucket: string): Promise<void> {
  const config = configOf('test');
  const place = { partition: 'aws', region: REGION, accountId: PLATFORM_ACCOUNT };
  const names = { ...namesOf(config, place), bucketArn: `arn:aws:s3:::${bucket}` };
  const principals = [`arn:aws:iam::${CLUSTER_ACCOUNT}:root`];
  const trust = writerTrust(names, { ...config.writers, principals, externalId: EXTERNAL_ID });
  const policy = writerRolePolicy(names, layoutOf(config), false, undefined);
  const iam = new IAMClient({
    endpoint,
    region: REGION,
    credentials: { accessKeyId: PLATFORM_ACCOUNT, secretAccessKey: 'test' },
  });
  const RoleName = WRITER;
  await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: JSON.stringify(trust) }));
  await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'Write', PolicyDocument: JSON.stringify(policy) }));
  iam.destroy();
}
