import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { serviceMain } from '../../../local/service-process.ts';
import { startServer } from '../../support/server.ts';
import { until } from '../../support/until.ts';

const CREDENTIALS = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test', AWS_REGION: 'us-east-1' };

function start(args: readonly string[], environment: NodeJS.ProcessEnv = {}, output: number | 'pipe' = 'pipe') {
  const child = spawn(process.execPath, [serviceMain(), ...args], {
    stdio: ['ignore', output, 'pipe'],
    env: { ...process.env, ...CREDENTIALS, ...environment },
  });
  return { child, ended: once(child, 'exit'), said: child.stderr ? text(child.stderr) : '' };
}

/** A command that waits for an answer that never comes. */
async function startWaiting(t: TestContext) {
  const { url, received } = await startServer(t, () => {});
  const started = start(['tenants', 'list'], { AWS_ENDPOINT_URL: url });
  await until(() => received.length > 0, 'the command asks AWS');
  return started;
}

for (const [signal, status] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  test(`${signal} interrupts a command, with exit status ${status}`, async (t) => {
    const { child, ended, said } = await startWaiting(t);
    child.kill(signal);
    assert.deepEqual(await ended, [status, null]);
    assert.equal(await said, 'log-distributor: interrupted\n');
  });
}

const skip = existsSync('/dev/full') ? false : 'there is no /dev/full';

for (const args of [['config', '--json'], ['--help']]) {
  test(`${args.join(' ')} whose output is lost does not end with status 0, and says why`, { skip }, async () => {
    const { ended, said } = start(args, {}, openSync('/dev/full', 'w'));
    const [status] = await ended;
    assert.equal(status, 1);
    assert.equal(await said, 'log-distributor: the output could not be written (ENOSPC)\n');
  });
}

test('--version prints the version of the package', async () => {
  const { child, ended } = start(['--version']);
  assert.ok(child.stdout);
  const printed = text(child.stdout);
  const { version } = JSON.parse(await readFile(new URL('../../../package.json', import.meta.url), 'utf8'));
  assert.deepEqual(await ended, [0, null]);
  assert.equal(await printed, `${version}\n`);
});
