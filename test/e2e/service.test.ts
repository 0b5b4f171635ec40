import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { CreateQueueCommand } from '@aws-sdk/client-sqs';
import { type LogLine, serviceMain } from '../../local/service-process.ts';
import { kernelEnvironment } from '../support/kernel.ts';
import { startServer } from '../support/server.ts';
import { keyOf } from '../support/tenant.ts';
import { until } from '../support/until.ts';
import { startPipeline, tenantOf } from './pipeline.ts';

const NOW_MS = Date.now();

test('wrong settings are reported all at once, with status 2, before anything is received', async () => {
  const environment = { SQS_QUEUE_URL: 'queue', HTTP_PORT: 'eighty', PARK_HOURS: '0', PATH: process.env.PATH ?? '' };
  const failure = await promisify(execFile)(process.execPath, [serviceMain()], { env: environment }).then(
    () => undefined,
    (error: { code: number; stderr: string }) => error,
  );
  assert.equal(failure?.code, 2);
  assert.match(failure?.stderr ?? '', /^SQS_QUEUE_URL: must be an http or https URL \(got "queue"\)$/m);
  assert.match(failure?.stderr ?? '', /^DLQ_URL: is required \(not set\)$/m);
  assert.match(failure?.stderr ?? '', /^HTTP_PORT: must be a whole number from 0 to 65535 \(got "eighty"\)$/m);
  assert.match(failure?.stderr ?? '', /^PARK_HOURS: must be a whole number from 1 to 336 \(got "0"\)$/m);
});

test('the HTTP endpoint tells health, readiness, status and metrics', async () => {
  const acme = tenantOf('acme-corp');
  await using pipeline = await startPipeline({ tenants: [acme] });
  const { url } = pipeline.service;
  assert.equal((await fetch(`${url}/healthz`)).status, 200);
  await until(async () => (await fetch(`${url}/readyz`)).status === 200, 'the service is ready');
  await pipeline.put(keyOf('acme-corp', 'a.log'), JSON.stringify({ message: 'm', timestamp: NOW_MS }));
  await pipeline.untilObjects(1);
  await until(async () => (await pipeline.status()).messages_in_flight === 0, 'nothing is in flight');
  const status = await pipeline.status();
  assert.equal(status.state, 'receiving');
  assert.deepEqual(status.objects, { running: 0, behind_bulkhead: 0, waiting: 0, memory_reserved_bytes: 0 });
  const [tenant] = status.tenants;
  assert.equal(tenant?.tenant, 'acme-corp');
  assert.equal(tenant.objects, 1);
  assert.equal(tenant.events, 1);
  assert.ok((tenant.lag_seconds ?? -1) >= 0);
  assert.equal(tenant.trouble, null);
  const text = await (await fetch(`${url}/metrics`)).text();
  for (const pattern of [
    /^log_distributor_events_total\{tenant="acme-corp",outcome="delivered"\} 1$/m,
    /^log_distributor_delivery_lag_seconds_count 1$/m,
    /^log_distributor_messages_in_flight 0$/m,
    /^log_distributor_objects_in_flight 0$/m,
    /^log_distributor_credentials_cached 1$/m,
    /^process_resident_memory_bytes \d+$/m,
  ]) {
    assert.match(text, pattern);
  }
});

/** Of the kinds of kernel that are not the usual one, those that a service has said it has. */
const kindsSaid = (lines: readonly LogLine[]) =>
  lines.flatMap(({ msg }) => /^(PLAIN_DECODER|KERNEL_POISON) is set/.exec(String(msg))?.[1] ?? []);

test('a service has the kernel that this run of tests asks for', async () => {
  await using pipeline = await startPipeline();
  const asked = Object.entries(kernelEnvironment()).filter(([, value]) => value !== '');
  assert.deepEqual(kindsSaid(pipeline.service.lines).sort(), asked.map(([name]) => name).sort());
});

test('a service with the plain decoder says so at its start, and delivers', async () => {
  const acme = tenantOf('acme-corp');
  await using pipeline = await startPipeline({
    tenants: [acme],
    service: { PLAIN_DECODER: 'true', KERNEL_POISON: '' },
  });
  assert.deepEqual(kindsSaid(pipeline.service.lines), ['PLAIN_DECODER']);
  const messages = ['a', 'a "quoted" ö', '🚚'];
  const lines = messages.map((message) => JSON.stringify({ message, timestamp: NOW_MS }));
  await pipeline.put(keyOf('acme-corp', 'a.log'), lines.join('\n'));
  await pipeline.untilObjects(1);
  assert.deepEqual((await pipeline.logs(acme)).map(({ message }) => message).sort(), messages.sort());
});

test('a service that cannot reach its tables is alive but not ready', async () => {
  await using pipeline = await startPipeline();
  const blind = await pipeline.startService({ LEDGER_TABLE: 'no-such-table' });
  assert.equal((await fetch(`${blind.url}/healthz`)).status, 200);
  const answer = await fetch(`${blind.url}/readyz`);
  assert.equal(answer.status, 503);
  assert.match(
    await answer.text(),
    /the table no-such-table cannot be used\. There is no such table in the region of the service\. Look at LEDGER_TABLE/,
  );
  assert.equal(await blind.stop(), 0);
});

test('queues and tables with which it can never work end the service at its start, with status 2 and the reasons', {
  skip: process.env.AWS_ENDPOINT_URL ? 'it depends on how the endpoint names queues' : false,
}, async () => {
  await using pipeline = await startPipeline();
  const { names, deps } = pipeline;
  const { QueueUrl: fifo = '' } = await deps.sqs.send(
    new CreateQueueCommand({ QueueName: `${names.queue}.fifo`, Attributes: { FifoQueue: 'true' } }),
  );
  const { tenantTable, ledgerTable, queueUrl } = names;
  const itself = queueUrl.replace('127.0.0.1', 'localhost');
  const ends = (environment: Readonly<Record<string, string>>, words: RegExp) =>
    assert.rejects(pipeline.startService(environment), words);
  await ends(
    { TENANT_CONFIG_TABLE: ledgerTable, LEDGER_TABLE: tenantTable, SQS_QUEUE_URL: fifo },
    /status 2:\nlog-distributor: wrong settings\nSQS_QUEUE_URL: must be a standard queue, as FIFO queues are not supported \(it is arn:aws:sqs:\S+\.fifo\)\nTENANT_CONFIG_TABLE: must be the table of tenants, and LEDGER_TABLE the ledger: swap them/,
  );
  await ends(
    { LEDGER_TABLE: tenantTable },
    /status 2:\nlog-distributor: wrong settings\nLEDGER_TABLE: must have the partition key object and the sort key delivery/,
  );
  await ends(
    { DLQ_URL: itself },
    /status 2:\nlog-distributor: wrong settings\nDLQ_URL: must be another queue than SQS_QUEUE_URL \(both are arn:aws:sqs:/,
  );
});

test('a dead-letter queue that is missing keeps the service from being ready, not from starting', async () => {
  await using pipeline = await startPipeline();
  const service = await pipeline.startService({ DLQ_URL: `${pipeline.names.queueUrl}-missing` });
  const { status, reason } = await readiness(service.url);
  assert.equal(status, 503);
  assert.match(
    reason,
    /the dead-letter queue cannot be used\. There is no such queue\. Look at DLQ_URL and AWS_REGION\. AWS: /,
  );
  assert.equal((await fetch(`${service.url}/healthz`)).status, 200);
  const { QueueUrl } = await pipeline.deps.sqs.send(
    new CreateQueueCommand({ QueueName: `${pipeline.names.queue}-missing` }),
  );
  assert.ok(QueueUrl);
  await until(async () => (await readiness(service.url)).status === 200, 'it is ready once the queue is there');
});

async function readiness(url: string): Promise<{ status: number; reason: string }> {
  const answer = await fetch(`${url}/readyz`);
  const { reason = '' } = (await answer.json()) as { reason?: string };
  return { status: answer.status, reason };
}

test('SIGTERM drains: what is at work is finished or given back, and the exit status is 0', async () => {
  const acme = tenantOf('acme-corp');
  await using pipeline = await startPipeline({ tenants: [acme] });
  const messages = Array.from({ length: 20 }, (_, at) => `object ${at}`);
  for (const [at, message] of messages.entries()) {
    await pipeline.put(keyOf('acme-corp', `${at}.log`), JSON.stringify({ message, timestamp: NOW_MS }));
  }
  await until(async () => (await pipeline.metric('messages_received_total')) > 0, 'the service is at it');
  assert.equal(await pipeline.service.stop(), 0);
  assert.ok(pipeline.service.lines.some(({ how }) => how === 'drained'));

  const successor = await pipeline.startService();
  await until(async () => (await pipeline.queued()) === 0, 'the queue is empty');
  assert.equal(await successor.stop(), 0);
  assert.deepEqual((await pipeline.logs(acme)).map(({ message }) => message).sort(), messages.sort());
});

test('a task with an object in flight asks its ECS agent to spare it when the service scales in', {
  skip: process.env.AWS_ENDPOINT_URL ? 'it needs a fault that only the embedded AWS has' : false,
}, async (t) => {
  const agent = await startServer(t, (_request, response) => {
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ protection: { ProtectionEnabled: true } }));
  });
  const acme = tenantOf('acme-corp');
  await using pipeline = await startPipeline({
    tenants: [acme],
    service: { ECS_AGENT_URI: `${agent.url}/api/task-id` },
  });
  pipeline.cloud?.faults.add({ service: 'logs', action: 'PutLogEvents', effect: { kind: 'throttle' } });
  await pipeline.put(keyOf('acme-corp', 'slow.log'), JSON.stringify({ message: 'm', timestamp: NOW_MS }));
  const request = await until(() => agent.received[0], 'the agent is asked');
  pipeline.cloud?.faults.clear();
  assert.deepEqual([request.method, request.path], ['PUT', '/api/task-id/task-protection/v1/state']);
  assert.deepEqual(JSON.parse(request.body.toString()), { ProtectionEnabled: true, ExpiresInMinutes: 30 });
  await pipeline.untilObjects(1);
});

test('a second signal ends the service at once', async () => {
  const acme = tenantOf('acme-corp');
  await using pipeline = await startPipeline({ tenants: [acme] });
  // A receive that is under way takes long enough for the second signal to come first.
  process.kill(pipeline.service.pid, 'SIGTERM');
  process.kill(pipeline.service.pid, 'SIGINT');
  const status = await pipeline.service.ended;
  assert.ok(status === 1 || status === 0, `status ${status}`);
});

const skip = process.env.E2E_KIND === 'moto' ? "moto's notifications name no versions" : false;

test('messages of raw delivery and objects with versions are understood', { skip }, async () => {
  const acme = tenantOf('acme-corp');
  await using pipeline = await startPipeline({ tenants: [acme], rawDelivery: true, versioning: true });
  const key = keyOf('acme-corp', 'versions.log');
  for (const message of ['first version', 'second version']) {
    await pipeline.put(key, JSON.stringify({ message, timestamp: NOW_MS }));
  }
  await pipeline.untilObjects(2);
  assert.deepEqual((await pipeline.logs(acme)).map(({ message }) => message).sort(), [
    'first version',
    'second version',
  ]);
});

test('an EventBridge notification is understood', async () => {
  const acme = tenantOf('acme-corp');
  await using pipeline = await startPipeline({ tenants: [acme] });
  const key = keyOf('acme-corp', 'event bridge.log');
  await pipeline.put(key, JSON.stringify({ message: 'by EventBridge', timestamp: NOW_MS }));
  await pipeline.untilObjects(1);
  await pipeline.send(
    JSON.stringify({
      'detail-type': 'Object Created',
      source: 'aws.s3',
      time: new Date(NOW_MS).toISOString(),
      detail: { bucket: { name: pipeline.names.bucket }, object: { key, etag: 'another-etag-of-it', size: 50 } },
    }),
  );
  // The object's ETag is another by now: as if it had been overwritten since.
  assert.equal((await pipeline.deadLetter('event bridge.log')).reason, 'object-gone');
});
