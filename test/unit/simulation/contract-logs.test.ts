import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createProvisionDeps } from '../../../local/provision/deps.ts';
import { provisionPipeline } from '../../../local/provision/pipeline.ts';
import { provisionTenant } from '../../../local/provision/tenant.ts';
import type { StsApi } from '../../../service/aws/api.ts';
import { createStsCalls } from '../../../service/aws/calls.ts';
import { createLogsSessions } from '../../../service/aws/logs-session.ts';
import { createCloud } from '../../simulation/cloud.ts';
import { createWorld } from '../../simulation/world.ts';
import { openCloud } from '../../support/cloud.ts';
import { buildTenant } from '../../support/tenant.ts';

/** CloudWatch Logs of the simulation answers a tenant's session as the embedded AWS does over HTTP. */
interface Logs {
  readonly nowMs: number;
  call(operation: string, input: object): Promise<Answer>;
}

interface Answer {
  readonly events?: readonly { readonly timestamp: number; readonly message: string; readonly ingestionTime: number }[];
  readonly nextForwardToken?: string;
}

const TENANTS = [
  buildTenant('acme', '111111111111', { exactly_once: true }),
  buildTenant('globex', '222222222222'),
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

async function embedded(tenant: Tenant): Promise<Logs> {
  const { Credentials: keys } = await sts('AssumeRole', roleInput(tenant));
  const { AccessKeyId: accessKeyId = '', SecretAccessKey: secretAccessKey = '', SessionToken } = keys ?? {};
  const { call } = sessions(REGION, { accessKeyId, secretAccessKey, sessionToken: SessionToken ?? '' });
  return { nowMs: Date.now(), call: (operation, input) => call(operation as never, input as never) as Promise<Answer> };
}

const world = createWorld('contract', Date.now());
const simulated = createCloud(world, { visibleAfterMs });
for (const tenant of TENANTS) simulated.addTenant(tenant);

function modelled(tenant: Tenant): Logs {
  const { Credentials } = simulated.roles.AssumeRole(roleInput(tenant));
  return {
    nowMs: world.nowMs,
    call: async (operation, input) =>
      simulated.callLogs(operation, Credentials?.AccessKeyId ?? '', REGION, Buffer.from(JSON.stringify(input))).output,
  };
}

function alike(title: string, tenant: Tenant, run: (logs: Logs) => Promise<unknown>): void {
  test(title, async () => {
    const [model, real] = [await run(modelled(tenant)), await run(await embedded(tenant))];
    assert.deepEqual(model, real);
  });
}

async function outcome(call: Promise<unknown>): Promise<unknown> {
  try {
    return await call;
  } catch (error) {
    const { name, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
    return `${name} ${$metadata?.httpStatusCode}`;
  }
}

const streamOf = ({ logGroupPrefix }: Tenant) => ({ logGroupName: logGroupPrefix, logStreamName: 's' });

async function createStream({ call }: Logs, tenant: Tenant): Promise<void> {
  const { logGroupName, logStreamName } = streamOf(tenant);
  await call('CreateLogGroup', { logGroupName });
  await call('CreateLogStream', { logGroupName, logStreamName });
}

const [ONCE, OTHER] = TENANTS;

alike(
  'what was put is read back in the range that is asked for, page by page, once it is visible',
  ONCE,
  async (logs) => {
    const stream = streamOf(ONCE);
    const put = (...minutes: number[]) =>
      logs.call('PutLogEvents', {
        ...stream,
        logEvents: minutes.map((minute) => ({ timestamp: logs.nowMs - 60_000 * minute, message: `${minute}` })),
      });
    const read = async (more: object = {}) => {
      const { events = [], nextForwardToken } = await logs.call('GetLogEvents', {
        ...stream,
        startFromHead: true,
        ...more,
      });
      const times = new Set(events.map(({ ingestionTime }) => ingestionTime));
      return { messages: events.map(({ message }) => message), calls: times.size, token: nextForwardToken };
    };
    const missing = await outcome(logs.call('GetLogEvents', stream));
    await createStream(logs, ONCE);
    const empty = await read();
    hiddenMs = 0;
    await put(9, 5, 3, 1);
    hiddenMs = 3_600_000;
    await put(4, 2);
    const all = await read();
    const range = await read({ startTime: logs.nowMs - 60_000 * 5, endTime: logs.nowMs - 60_000 });
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

alike('only the role of a tenant with exactly_once may read, and only its own groups', OTHER, async (logs) => {
  await createStream(logs, OTHER);
  return [
    await outcome(logs.call('GetLogEvents', streamOf(OTHER))),
    await outcome(logs.call('GetLogEvents', streamOf(ONCE))),
  ];
});

alike('a role that may read its own groups reads no others', ONCE, (logs) =>
  outcome(logs.call('GetLogEvents', streamOf(OTHER))),
);
