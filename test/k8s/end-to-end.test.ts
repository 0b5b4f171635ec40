import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { z } from 'zod';
import { startPipeline, tenantOf } from '../e2e/pipeline.ts';
import { goldenEvent, readGolden } from './support/golden.ts';
import { pathOf } from './support/kustomize.ts';
import { runPipeline } from './support/pipeline.ts';
import { POD, podEvent } from './support/pod-event.ts';
import { writeObjects } from './support/s3-object.ts';
import type { Event } from './support/vrl.ts';

/** The tenants of the golden lines. */
const TENANTS = [
  tenantOf('acme-corp', { log_group_name: '/tenant-logs/acme-corp/{application}' }),
  tenantOf('globex', { log_group_name: '/tenant-logs/globex/{application}' }),
  tenantOf('initech', { log_group_name: '/tenant-logs/initech/{application}' }),
];

const record = z.looseObject({
  customer_tenant: z.string(),
  application: z.string(),
  message: z.string(),
  timestamp: z.string(),
});

/** The golden lines and a hundred of the generator, all taken by the container runtime within the last minutes. */
function podEvents(nowMs: number): Event[] {
  const runtime = (at: number) => new Date(nowMs - 300_000 + at * 1000).toISOString().replace('Z', '123456Z');
  const program = join(pathOf('log-generator/base'), 'generate.ts');
  const environment = { LINES: '100', LINES_PER_SECOND: '1000' };
  const { stdout } = spawnSync(process.execPath, [program], { env: environment, encoding: 'utf8' });
  const generated = stdout.split('\n').slice(0, -1);
  const globex = { ...POD, namespaceLabels: { 'log-distributor/tenant': 'globex' } };
  return [
    ...readGolden()
      .flatMap(({ lines }) => lines)
      .map((line, at) => goldenEvent(line, at, runtime(at))),
    ...generated.map((line, at) => podEvent(line, { ...globex, run: at }, runtime(at))),
  ];
}

/** Group, time in whole milliseconds and message of what a tenant's account has to hold, sorted, as text. */
function expectedEvents(records: readonly Event[], tenantId: string): string[] {
  return (
    z
      .array(record)
      .parse(records)
      // CloudWatch Logs stores no empty message.
      .filter(({ customer_tenant, message }) => customer_tenant === tenantId && message !== '')
      .map(({ application, timestamp, message }) => {
        const group = `/tenant-logs/${tenantId}/${application}`;
        return JSON.stringify([group, Date.parse(timestamp.replace(/(\.\d{3})\d+Z$/, '$1Z')), message]);
      })
      .sort()
  );
}

test('lines that pods write arrive in their tenants’ accounts, with their messages and times', async () => {
  const nowMs = Date.now();
  const records = runPipeline('s3', 'pods', podEvents(nowMs)).get('s3') ?? [];
  const objects = writeObjects('s3', records, nowMs);
  assert.ok(records.length > 200 && objects.length >= 6, `${records.length} records in ${objects.length} objects`);

  await using pipeline = await startPipeline({ tenants: TENANTS });
  for (const { key, body } of objects) await pipeline.put(key, body);
  await pipeline.untilObjects(objects.length);
  for (const tenant of TENANTS) {
    const stored = await pipeline.logs(tenant);
    assert.deepEqual(
      stored.map(({ group, timestamp, message }) => JSON.stringify([group, timestamp, message])).sort(),
      expectedEvents(records, tenant.tenantId),
    );
  }
  assert.equal(await pipeline.metric('timestamps_substituted_total'), 0);
});
