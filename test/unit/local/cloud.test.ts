import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../../local/cloud.ts', import.meta.url));

function start(...args: string[]) {
  const child = spawn(process.execPath, [program, '--port', '0', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const exit = once(child, 'exit');
  return { child, exit };
}

/** The variables that are printed, up to and with the last one wanted. */
async function variables(child: ChildProcess, last: string): Promise<Map<string, string>> {
  assert.ok(child.stdout);
  const found = new Map<string, string>();
  for await (const line of createInterface(child.stdout)) {
    const [, name, value] = /^export (\w+)=(\S*)$/.exec(line) ?? [];
    assert.ok(name !== undefined && value !== undefined, `not a line to export: ${line}`);
    found.set(name, value);
    if (name === last) return found;
  }
  throw new Error(`the program ended before it told ${last}`);
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`the cloud starts alone, tells how to reach it, and ends with ${signal}`, async () => {
    const { child, exit } = start();
    const environment = await variables(child, 'S3_FORCE_PATH_STYLE');
    const url = environment.get('AWS_ENDPOINT_URL');
    const answer = await fetch(`${url}/_cloud/health`);
    assert.equal(answer.status, 200);
    assert.equal(environment.get('AWS_ACCESS_KEY_ID'), 'test');
    child.kill(signal);
    assert.deepEqual(await exit, [0, null]);
    await assert.rejects(fetch(`${url}/_cloud/health`));
  });
}

test('with --provision it has a pipeline, and tells what the service needs to know', async () => {
  const { child, exit } = start('--provision');
  const environment = await variables(child, 'LEDGER_TABLE');
  const url = environment.get('AWS_ENDPOINT_URL');
  assert.equal(environment.get('SQS_QUEUE_URL'), `${url}/000000000000/log-distributor`);
  assert.equal(environment.get('DLQ_URL'), `${url}/000000000000/log-distributor-dead-letters`);
  assert.equal(environment.get('TENANT_CONFIG_TABLE'), 'tenant-configurations');
  child.kill('SIGTERM');
  assert.deepEqual(await exit, [0, null]);
});

test('a port that is taken is said so, without a stack', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const address = taken.address();
  assert.ok(address !== null && typeof address === 'object');
  const { child, exit } = start('--port', String(address.port));
  assert.ok(child.stderr);
  const told = await text(child.stderr);
  assert.deepEqual(await exit, [1, null]);
  assert.match(told, /^port \d+ of 127\.0\.0\.1 is taken: .*\n$/);
  taken.close();
});
