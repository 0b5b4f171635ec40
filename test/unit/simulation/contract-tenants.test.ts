import { after } from 'node:test';
import { createProvisionDeps } from '../../../local/provision/deps.ts';
import { provisionPipeline } from '../../../local/provision/pipeline.ts';
import { provisionTenant } from '../../../local/provision/tenant.ts';
import type { StsApi } from '../../../service/aws/api.ts';
import { createStsCalls, createTenantS3Calls } from '../../../service/aws/calls.ts';
import { createLogsSessions } from '../../../service/aws/logs-session.ts';
import { createCloud } from '../../simulation/cloud.ts';
import type { PutInput } from '../../simulation/models/tenant-buckets.ts';
import { createWorld } from '../../simulation/world.ts';
import { alike as bothAlike, outcome } from '../../support/alike.ts';
import { openCloud } from '../../support/cloud.ts';
import { buildTenant } from '../../support/tenant.ts';

/** CloudWatch Logs and S3 of the simulation answer a tenant's session as the embedded AWS does over HTTP. */
interface Session {
  readonly nowMs: number;
  logs(operation: string, input: object): Promise<Answer>;
  put(input: PutInput): Promise<{ readonly ETag?: string | undefined }>;
}

interface Answer {
  readonly events?: readonly { readonly timestamp: number; readonly message: string; readonly ingestionTime: number }[];
  readonly nextForwardToken?: string;
}

const bucketOf = (tenantId: string) => ({ bucket: { name: `${tenantId}-logs`, prefix: 'central/' } });
const TENANTS = [
  { ...buildTenant('acme', '111111111111', { exactly_once: true }), ...bucketOf('acme') },
  { ...buildTenant('globex', '222222222222'), ...bucketOf('globex') },
] as const;
const REGION = 'us-east-1';
/** How long what is put stays hidden, from now on. */
let hiddenMs = 0;
const visibleAfterMs = () => hiddenMs;

process.env.AWS_ACCESS_KEY_ID = 'test';
process.env.AWS_SECRET_ACCESS_KEY = 'test';
const { cloud, close } = await openCloud({ logsVisibleAfterMs: visibleAfterMs });
after(close);
const place = { region: REGION, endpointUrl: cloud.url, s3ForcePathStyle: true, requestTimeoutMs: 30_000 };
const sts = createStsCalls(place);
const sessions = createLogsSessions(place);
const buckets = createTenantS3Calls(place);
const deps = createProvisionDeps({ endpointUrl: cloud.url, region: REGION });
after(() => deps.close());
const pipeline = await provisionPipeline(deps);
for (const tenant of TENANTS) await provisionTenant(deps, tenant, pipeline);

type Tenant = (typeof TENANTS)[number];

const roleInput = ({ tenantId, accountId, externalId }: Tenant): Parameters<StsApi['AssumeRole']>[0] => ({
  RoleArn: `arn:aws:iam::${accountId}:role/LogDistribution-${tenantId}`,
  RoleSessionName: 'test',
  ExternalId: externalId,
  Tags: [{ Key: 'tenant_id', Value: tenantId }],
});

async function embedded(tenant: Tenant): Promise<Session> {
  const { Credentials: keys } = await sts('AssumeRole', roleInput(tenant));
  const { AccessKeyId: accessKeyId = '', SecretAccessKey: secretAccessKey = '', SessionToken } = keys ?? {};
  const session = { accessKeyId, secretAccessKey, sessionToken: SessionToken ?? '' };
  const { call } = sessions(REGION, session);
  const s3 = buckets(REGION, session);
  return {
    nowMs: Date.now(),
    logs: (operation, input) => call(operation as never, input as never) as Promise<Answer>,
    put: (input) => s3('PutObject', input),
  };
}

const world = createWorld('contract', Date.now());
const simulated = createCloud(world, { visibleAfterMs });
for (const tenant of TENANTS) simulated.addTenant(tenant);

function modelled(tenant: Tenant): Session {
  const { Credentials } = simulated.roles.AssumeRole(roleInput(tenant));
  const { AccessKeyId: key = '' } = Credentials ?? {};
  return {
    nowMs: world.nowMs,
    logs: async (operation, input) =>
      simulated.callLogs(operation, key, REGION, Buffer.from(JSON.stringify(input))).output,
    put: async (input) => simulated.tenantBuckets.PutObject(key, input),
  };
}

function alike(title: string, tenant: Tenant, run: (session: Session) => Promise<unknown>): void {
  bothAlike(title, async () => [modelled(tenant), await embedded(tenant)], run);
}

const streamOf = ({ logGroupPrefix }: Tenant) => ({ logGroupName: logGroupPrefix, logStreamName: 's' });

async function createStream({ logs }: Session, tenant: Tenant): Promise<void> {
  const { logGroupName, logStreamName } = streamOf(tenant);
  await logs('CreateLogGroup', { logGroupName });
  await logs('CreateLogStream', { logGroupName, logStreamName });
}

const [ONCE, OTHER] = TENANTS;

alike(
  'what was put is read back in the range that is asked for, page by page, once it is visible',
  ONCE,
  async (session) => {
    const stream = streamOf(ONCE);
    const put = (...minutes: number[]) =>
      session.logs('PutLogEvents', {
        ...stream,
        logEvents: minutes.map((minute) => ({ timestamp: session.nowMs - 60_000 * minute, message: `${minute}` })),
      });
    const read = async (more: object = {}) => {
      const { events = [], nextForwardToken } = await session.logs('GetLogEvents', {
        ...stream,
        startFromHead: true,
        ...more,
      });
      const times = new Set(events.map(({ ingestionTime }) => ingestionTime));
      return { messages: events.map(({ message }) => message), calls: times.size, token: nextForwardToken };
    };
    const missing = await outcome(session.logs('GetLogEvents', stream));
    await createStream(session, ONCE);
    const empty = await read();
    hiddenMs = 0;
    await put(9, 5, 3, 1);
    hiddenMs = 3_600_000;
    await put(4, 2);
    const all = await read();
    const range = await read({ startTime: session.nowMs - 60_000 * 5, endTime: session.nowMs - 60_000 });
    const page = await read({ limit: 3 });
    const rest = await read({ limit: 3, nextToken: page.token });
    const end = await read({ limit: 3, nextToken: rest.token });
    return {
      missing,
      pages: [empty, all, range, page, rest, end].map(({ messages, calls }) => [messages, calls]),
      same: [empty.token === all.token, rest.token === end.token],
    };
  },
);

alike('only the role of a tenant with exactly_once may read, and only its own groups', OTHER, async (session) => {
  await createStream(session, OTHER);
  return [
    await outcome(session.logs('GetLogEvents', streamOf(OTHER))),
    await outcome(session.logs('GetLogEvents', streamOf(ONCE))),
  ];
});

alike('a role that may read its own groups reads no others', ONCE, (session) =>
  outcome(session.logs('GetLogEvents', streamOf(OTHER))),
);

alike("a tenant's session writes below its prefix, into a bucket of whom it expects", ONCE, async ({ put }) => {
  const { name: Bucket } = ONCE.bucket;
  const into = (more: Partial<PutInput>) =>
    outcome(
      put({
        Bucket,
        Key: 'central/a',
        ExpectedBucketOwner: ONCE.accountId,
        Body: Buffer.from('0123456789'),
        ...more,
      }).then(({ ETag }) => ETag),
    );
  return [
    await into({}),
    await into({ Body: Buffer.from('another') }),
    await into({ Body: Buffer.from('another'), IfNoneMatch: '*' }),
    await into({ Key: 'elsewhere/a' }),
    await into({ ExpectedBucketOwner: OTHER.accountId }),
    await into({ Bucket: OTHER.bucket.name, ExpectedBucketOwner: OTHER.accountId }),
    await into({ Bucket: 'there-is-none-of-this-name' }),
  ];
});
