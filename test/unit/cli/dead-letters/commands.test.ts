import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { GetQueueAttributesCommand, ReceiveMessageCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { type CliCloud, startCliCloud } from '../../../support/cli-cloud.ts';
import { until } from '../../../support/until.ts';

const ATTRIBUTES = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] as const;

async function visibleIn({ deps }: Pick<CliCloud, 'deps'>, QueueUrl: string): Promise<number[]> {
  const { Attributes } = await deps.sqs.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [...ATTRIBUTES] }),
  );
  return ATTRIBUTES.map((name) => Number(Attributes?.[name]));
}

/** Dead letters as the service writes them: three of a class that cannot be read, two of a role that refuses, one garbage. */
async function setUp(t: TestContext) {
  const at = await startCliCloud(t);
  const bury = (body: string, attributes: Readonly<Record<string, string>>) =>
    at.deps.sqs.send(
      new SendMessageCommand({
        QueueUrl: at.pipeline.deadLetterQueueUrl,
        MessageBody: body,
        MessageAttributes: Object.fromEntries(
          Object.entries(attributes).map(([name, StringValue]) => [name, { DataType: 'String', StringValue }]),
        ),
      }),
    );
  for (const n of [1, 2, 3]) {
    await bury(`new-${n}`, {
      reason: 'object-archived',
      tenant_id: 'newco',
      object: `s3://c/logs/n${n}#e`,
      detail: 'archived',
    });
  }
  for (const n of [1, 2]) {
    await bury(`acme-${n}`, {
      reason: 'role-refused',
      tenant_id: 'acme',
      object: `s3://c/logs/a${n}#e`,
      detail: 'refused',
    });
  }
  await bury('garbage', {});
  return {
    ...at,
    bury,
    /** Bodies in the main queue; they are received for good. */
    async queued(): Promise<string[]> {
      const bodies: string[] = [];
      for (;;) {
        const { Messages = [] } = await at.deps.sqs.send(
          new ReceiveMessageCommand({ QueueUrl: at.pipeline.queueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 0 }),
        );
        if (Messages.length === 0) return bodies.filter((body) => !body.includes('s3:TestEvent')).sort();
        bodies.push(...Messages.map(({ Body = '' }) => Body));
      }
    },
    dead: () => visibleIn(at, at.pipeline.deadLetterQueueUrl),
  };
}

test('the summary tells what the letters have in common and what to do, and lets them all go', async (t) => {
  const { run, dead } = await setUp(t);
  const { code, out } = await run(['dead-letters', 'summary']);
  assert.equal(code, 1);
  assert.match(out, /^ +3 {2}object-archived +newco .* s3:\/\/c\/logs\/n$/m);
  assert.match(out, /^ +2 {2}role-refused +acme /m);
  assert.match(out, /^ +1 {2}received-too-often +- /m);
  assert.match(out, /^object-archived: Restore the object to a class/m);
  assert.deepEqual(await dead(), [6, 0]);
});

test('list selects, and show gives one with its body', async (t) => {
  const { run, dead } = await setUp(t);
  const list = await run(['dead-letters', 'list', '--tenant', 'acme', '--json']);
  const rows = list.json() as { id: string; object: string }[];
  assert.deepEqual(rows.map(({ object }) => object).sort(), ['s3://c/logs/a1#e', 's3://c/logs/a2#e']);
  const shown = (await run(['dead-letters', 'show', rows[0]?.id ?? '', '--json'])).json() as Record<string, string>;
  assert.match(shown.body ?? '', /^acme-\d$/);
  assert.equal(shown.reason, 'role-refused');
  const unknown = await run(['dead-letters', 'show', 'nothing']);
  assert.equal(unknown.code, 1);
  assert.match(unknown.err, /there is no dead letter nothing/);
  assert.deepEqual(await dead(), [6, 0]);
});

test('a reason or a tenant that there is not is a usage error, and names what there is', async (t) => {
  const { run, dead } = await setUp(t);
  for (const [command, ...options] of [['summary'], ['list'], ['redrive', '--yes'], ['redrive', '--dry-run']]) {
    const reason = await run(['dead-letters', command ?? '', '--reason', 'tenant_unknown', ...options]);
    assert.equal(reason.code, 2);
    assert.match(reason.err, /Did you mean tenant-unknown\? There are not-a-notification, .*, received-too-often\./);
    const tenant = await run(['dead-letters', command ?? '', '--tenant', 'nobody', ...options]);
    assert.equal(tenant.code, 2);
    assert.match(tenant.err, /tenant nobody is unknown in .*: it has none; /);
  }
  const none = await run(['dead-letters', 'list', '--reason', 'object-gone']);
  assert.deepEqual([none.code, none.out], [0, 'no dead letters\n']);
  assert.deepEqual(await dead(), [6, 0]);
});

test('without dead letters the status is 0', async (t) => {
  const { run } = await startCliCloud(t);
  for (const command of ['summary', 'list']) {
    const { code, out } = await run(['dead-letters', command]);
    assert.deepEqual([code, out], [0, 'no dead letters\n']);
  }
});

test('redrive sends what is selected back unchanged and without its attributes, and nothing else', async (t) => {
  const { run, dead, queued } = await setUp(t);
  const dry = await run(['dead-letters', 'redrive', '--reason', 'object-archived', '--dry-run', '--json']);
  assert.deepEqual([dry.code, (dry.json() as { selected: number }).selected], [0, 3]);
  assert.deepEqual([await dead(), await queued()], [[6, 0], []]);

  const { code, json } = await run([
    'dead-letters',
    'redrive',
    '--reason',
    'object-archived',
    '--rate',
    '1000',
    '--yes',
    '--json',
  ]);
  assert.equal(code, 0);
  const { selected, redriven } = json() as { selected: number; redriven: number };
  assert.deepEqual([selected, redriven], [3, 3]);
  assert.deepEqual(await queued(), ['new-1', 'new-2', 'new-3']);
  assert.deepEqual(await dead(), [3, 0]);
});

test('what a tenant was missing waits until the service has forgotten that', async (t) => {
  const { run, bury, deps, pipeline } = await setUp(t);
  await bury('unknown-1', { reason: 'tenant-unknown', tenant_id: 'late' });
  assert.equal((await run(['dead-letters', 'redrive', '--tenant', 'late', '--yes'])).code, 0);
  const { Attributes } = await deps.sqs.send(
    new GetQueueAttributesCommand({
      QueueUrl: pipeline.queueUrl,
      AttributeNames: ['ApproximateNumberOfMessagesDelayed'],
    }),
  );
  assert.equal(Attributes?.ApproximateNumberOfMessagesDelayed, '1');
});

test('nothing is redriven without a selection, without an answer, or with the answer no', async (t) => {
  const { run, dead, queued } = await setUp(t);
  const all = await run(['dead-letters', 'redrive', '--yes']);
  assert.equal(all.code, 2);
  assert.match(all.err, /select messages with --reason/);
  const nobody = await run(['dead-letters', 'redrive', '--all']);
  assert.equal(nobody.code, 2);
  assert.match(nobody.err, /there is no terminal to ask/);
  const no = await run(['dead-letters', 'redrive', '--all'], { answer: 'n' });
  assert.equal(no.code, 1);
  assert.match(no.err, /^3 {2}object-archived {2}newco$/m);
  assert.deepEqual([await dead(), await queued()], [[6, 0], []]);
  assert.equal((await run(['dead-letters', 'redrive', '--all'], { answer: 'yes' })).code, 0);
  assert.equal((await queued()).length, 6);
});

test('what has come since the question was asked is left alone', async (t) => {
  const { run, dead, queued, bury } = await setUp(t);
  const { code, json } = await run(['dead-letters', 'redrive', '--tenant', 'acme', '--json'], {
    async answer() {
      await bury('acme-late', { reason: 'role-refused', tenant_id: 'acme' });
      return 'y';
    },
  });
  assert.equal(code, 0);
  assert.deepEqual((json() as { selected: number }).selected, 2);
  assert.deepEqual(
    [await queued(), await dead()],
    [
      ['acme-1', 'acme-2'],
      [5, 0],
    ],
  );
});

test('what cannot be told from a letter that came back is left, and said, with status 1', async (t) => {
  const { run, dead, queued, bury } = await setUp(t);
  for (let n = 0; n < 12; n++) await bury('the same', { reason: 'unexpected' });
  const { code, out, json } = await run(['dead-letters', 'redrive', '--reason', 'unexpected', '--yes', '--json']);
  const { selected, redriven } = json() as { selected: number; redriven: number };
  assert.equal(code, 1, out);
  assert.equal(selected, 12);
  assert.equal((await queued()).length, redriven);
  assert.deepEqual(await dead(), [6 + 12 - redriven, 0]);
  const again = await run(['dead-letters', 'redrive', '--reason', 'unexpected', '--dry-run']);
  assert.equal(again.code, 0, 'a dry run leaves nothing that it should have done');
});

test('a redrive whose deletion fails keeps the letters: they are twice in the system, never lost', async (t) => {
  const { run, cloud, dead, queued } = await setUp(t);
  cloud.faults.add({
    service: 'sqs',
    action: 'DeleteMessageBatch',
    effect: { kind: 'error', code: 'InternalError', status: 500 },
  });
  const { code, err } = await run(['dead-letters', 'redrive', '--tenant', 'acme', '--yes']);
  assert.equal(code, 1);
  assert.match(err, /has trouble: .*AWS: InternalError: .*\(request id /);
  assert.match(err, /^ended after 0: the others are still dead letters; repeat the command to continue$/m);
  assert.deepEqual(await queued(), ['acme-1', 'acme-2']);
  assert.deepEqual(await dead(), [6, 0]);
});

test('a redrive whose sending fails has deleted nothing', async (t) => {
  const { run, cloud, dead } = await setUp(t);
  cloud.faults.add({
    service: 'sqs',
    action: 'SendMessageBatch',
    effect: { kind: 'error', code: 'InternalError', status: 500 },
  });
  assert.equal((await run(['dead-letters', 'redrive', '--all', '--yes'])).code, 1);
  assert.deepEqual(await dead(), [6, 0]);
});

test('a redrive that is interrupted says how far it came, and lets the others go', async (t) => {
  const { run, dead, deps, pipeline, bury } = await setUp(t);
  for (let n = 0; n < 14; n++) await bury(`more-${n}`, { reason: 'unexpected' });
  const interrupt = new AbortController();
  // After the first batch it would wait for a day.
  const running = run(['dead-letters', 'redrive', '--all', '--rate', '0.0001', '--yes'], { signal: interrupt.signal });
  await until(async () => (await visibleIn({ deps }, pipeline.queueUrl))[0] !== 0, 'the first batch is sent');
  await until(async () => (await dead())[0] === 0 || (await dead())[1] !== 0, 'the second is in flight');
  interrupt.abort();
  const { code, err, out } = await running;
  assert.equal(code, 1);
  const count = Number(
    /interrupted after (\d+): the others are still dead letters; repeat the command to continue/.exec(err)?.[1],
  );
  assert.ok(count >= 1 && count <= 10, err);
  assert.match(out, new RegExp(`^${count} of \\d+ redriven$`, 'm'));
  assert.deepEqual(await dead(), [20 - count, 0]);
});

test('drop writes what it deletes into a file first', async (t) => {
  const { run, dead } = await setUp(t);
  const folder = await mkdtemp(join(tmpdir(), 'letters-'));
  t.after(() => rm(folder, { recursive: true }));
  const save = join(folder, 'dropped.ndjson');
  assert.equal((await run(['dead-letters', 'drop', '--tenant', 'newco', '--yes'])).code, 2);
  const failed = await run(['dead-letters', 'drop', '--tenant', 'newco', '--save', join(folder, 'no/where'), '--yes']);
  assert.equal(failed.code, 1);
  assert.match(
    failed.err,
    /^log-distributor: --save: .*no\/where cannot be written \(ENOENT\), so these messages are not dropped$/m,
  );
  assert.deepEqual(await dead(), [6, 0]);

  assert.equal((await run(['dead-letters', 'drop', '--tenant', 'newco', '--save', save, '--yes'])).code, 0);
  assert.deepEqual(await dead(), [3, 0]);
  const lines = (await readFile(save, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(lines.map(({ body }) => body).sort(), ['new-1', 'new-2', 'new-3']);
});

test('a missing queue setting is told, status 2', async (t) => {
  const { run, environment } = await startCliCloud(t);
  const { code, err } = await run(['dead-letters', 'summary'], { environment: { ...environment, DLQ_URL: undefined } });
  assert.equal(code, 2);
  assert.match(err, /DLQ_URL: is required for this command \(not set\)/);
});
