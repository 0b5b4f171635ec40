import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { z } from 'zod';
import { type Cloud, startCloud } from '../../local/cloud/cloud.ts';
import { createProvisionDeps } from '../../local/provision/deps.ts';
import { endpointEnvironment, serviceEnvironment } from '../../local/provision/environment.ts';
import { provisionPipeline } from '../../local/provision/pipeline.ts';
import { provisionTenant } from '../../local/provision/tenant.ts';
import { goldenEvent, readGolden } from './support/golden.ts';
import { pathOf } from './support/kustomize.ts';
import { runPipeline } from './support/pipeline.ts';
import { POD, podEvent } from './support/pod-event.ts';
import { writeObjects } from './support/s3-object.ts';
import type { Event } from './support/vrl.ts';

const REGION = 'us-east-1';
/** The tenants of the golden lines, each in an account of its own. */
const TENANTS: Readonly<Record<string, string>> = {
  'acme-corp': '111111111111',
  globex: '222222222222',
  initech: '333333333333',
};
/** Far beyond what the delivery takes; only a test that fails gets there. */
const DEADLINE_MS = 60_000;

const record = z.looseObject({
  customer_tenant: z.string(),
  application: z.string(),
  message: z.string(),
  timestamp: z.string(),
});

/** The golden lines and a hundred of the generator, all taken by the runtime within the last minutes. */
function podEvents(nowMs: number): Event[] {
  const runtime = (at: number) => new Date(nowMs - 300_000 + at * 1000).toISOString().replace('Z', '123456Z');
  const golden = readGolden().flatMap(({ lines }) => lines);
  const program = join(pathOf('log-generator/base'), 'generate.ts');
  const { stdout } = spawnSync(process.execPath, [program], {
    env: { LINES: '100', LINES_PER_SECOND: '1000' },
    encoding: 'utf8',
  });
  const globex = { ...POD, namespaceLabels: { 'log-distributor/tenant': 'globex' } };
  return [
    ...golden.map((line, at) => goldenEvent(line, runtime(at))),
    ...stdout
      .split('\n')
      .slice(0, -1)
      .map((line, at) => podEvent(line, globex, runtime(at))),
  ];
}

/** What a tenant's account has to hold: group, time in milliseconds, message. CloudWatch stores no empty message. */
function expectedEvents(records: readonly Event[]): string[] {
  return z
    .array(record)
    .parse(records)
    .filter(({ message }) => message !== '')
    .map(({ customer_tenant, application, timestamp, message }) =>
      JSON.stringify([
        TENANTS[customer_tenant],
        `/tenant-logs/${customer_tenant}/${application}`,
        Date.parse(timestamp.replace(/(\.\d{3})\d+Z$/, '$1Z')),
        message,
      ]),
    )
    .sort();
}

function storedEvents(cloud: Cloud): string[] {
  return [...cloud.logs.read()]
    .map(({ account, group, timestamp, message }) => JSON.stringify([account, group, timestamp, message]))
    .sort();
}

/** The service as a process of its own; what it says of trouble goes to this test's output. */
function startService(environment: Readonly<Record<string, string>>): ChildProcess {
  const settings = { HTTP_PORT: '0', HTTP_HOST: '127.0.0.1', WORKER_THREADS: '1', LOG_LEVEL: 'warn' };
  const main = fileURLToPath(new URL('../../service/main.ts', import.meta.url));
  return spawn(process.execPath, [main], { env: { ...environment, ...settings }, stdio: 'inherit' });
}

test('a line that a pod writes arrives in its tenant’s account, with its message and its time', async (context) => {
  const problems: string[] = [];
  const cloud = await startCloud({ onProblem: (problem) => problems.push(problem) });
  context.after(() => cloud.close());
  const deps = createProvisionDeps({ endpointUrl: cloud.url, region: REGION });
  context.after(() => deps.close());
  const pipeline = await provisionPipeline(deps);
  for (const [tenantId, accountId] of Object.entries(TENANTS)) {
    const prefix = `/tenant-logs/${tenantId}`;
    const delivery = { type: 'cloudwatch', log_group_name: `${prefix}/{application}` };
    await provisionTenant(
      deps,
      { tenantId, accountId, externalId: `${tenantId}-id`, logGroupPrefix: prefix, deliveries: [delivery] },
      pipeline,
    );
  }

  const nowMs = Date.now();
  const records = runPipeline('s3', 'pods', podEvents(nowMs)).get('s3') ?? [];
  const objects = writeObjects('s3', records, nowMs);
  assert.ok(objects.length >= 6, `${objects.length} objects`);
  for (const { key, body } of objects) {
    await deps.s3.send(
      new PutObjectCommand({ Bucket: pipeline.bucket, Key: key, Body: body, ContentEncoding: 'gzip' }),
    );
  }

  const expected = expectedEvents(records);
  const service = startService({ ...endpointEnvironment(cloud.url, REGION), ...serviceEnvironment(pipeline) });
  context.after(() => service.kill('SIGKILL'));
  for (const giveUpMs = nowMs + DEADLINE_MS; storedEvents(cloud).length < expected.length && Date.now() < giveUpMs; ) {
    await delay(20);
  }
  service.kill('SIGTERM');
  const [status] = await once(service, 'exit');
  assert.deepEqual(storedEvents(cloud), expected);
  assert.deepEqual({ problems, status }, { problems: [], status: 0 });
});
