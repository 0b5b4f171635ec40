import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { z } from 'zod';
import { find, pathOf, render, withoutKubectl } from './support/kustomize.ts';
import { runPipeline } from './support/pipeline.ts';
import { POD, podEvent } from './support/pod-event.ts';
import { workloads } from './support/workload.ts';

function generate(environment: Readonly<Record<string, string>>): {
  lines: string[];
  error: string;
  status: number | null;
} {
  const program = join(pathOf('log-generator/base'), 'generate.ts');
  const { stdout, stderr, status } = spawnSync(process.execPath, [program], { env: environment, encoding: 'utf8' });
  return { lines: stdout.split('\n').slice(0, -1), error: stderr, status };
}

test('the generated lines become records, each with the time that the line gives itself', () => {
  const { lines, status } = generate({ LINES: '40', LINES_PER_SECOND: '1000' });
  assert.equal(status, 0);
  assert.equal(lines.length, 40);
  // Nanoseconds that no line has: whatever keeps the runtime's time shows it.
  const runtime = new Date().toISOString().replace('Z', '000001Z');
  const records = runPipeline(
    's3',
    'pods',
    lines.map((line, run) => podEvent(line, { ...POD, run }, runtime)),
  ).get('s3');
  const timeless = records?.filter(({ timestamp }) => timestamp === runtime).map(({ message }) => String(message));
  assert.deepEqual(
    records?.map(({ message }) => message),
    lines,
  );
  // Access logs without a time are the eighth of all.
  assert.equal(timeless?.length, 5);
  assert.ok(timeless.every((message) => message.includes('HTTP/1.1')));
});

test('the generator says which setting is wrong', () => {
  const { error, status } = generate({ SHAPES: 'json,yaml' });
  assert.equal(status, 1);
  assert.match(error, /SHAPES: must be among rfc3339, json, .* \(got "yaml"\)/);
  assert.match(generate({ LINES: '-1' }).error, /LINES: must be a number above 0 \(got "-1"\)/);
});

test('its workloads are of three tenants and one that nobody claims', { skip: withoutKubectl }, () => {
  const objects = render(pathOf('log-generator'));
  const labels = z.record(z.string(), z.string()).default({});
  const events = workloads(objects).map(({ metadata, spec }, run) => {
    const namespaceLabels = labels.parse(find(objects, 'Namespace', metadata.namespace).metadata.labels);
    const { labels: podLabels } = spec.template.metadata;
    return podEvent('hello', { ...POD, namespace: metadata.namespace, podLabels, namespaceLabels, run });
  });
  const arrived = runPipeline('s3', 'pods', events);
  const who = arrived
    .get('s3')
    ?.map((record) => `${record.customer_tenant} ${record.environment} ${record.application}`);
  assert.deepEqual(who?.sort(), [
    'acme-corp production checkout',
    'globex staging checkout',
    'initech production reports',
  ]);
  assert.equal(arrived.get('without_tenant')?.length, 1);
});
