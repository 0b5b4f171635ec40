import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { commandsIn } from '../support/runbook.ts';
import { until } from '../support/until.ts';

/** The README's commands that do not end by themselves, as a newcomer types them. */
const root = fileURLToPath(new URL('../../', import.meta.url));
const skip = process.env.AWS_ENDPOINT_URL ? 'they bring their own AWS' : false;

function npm(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const child = spawn('npm', args, {
    cwd: root,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  createInterface(child.stdout).on('line', (line) => lines.push(line));
  const ended = once(child, 'exit');
  return {
    lines,
    /** Ends the program itself, as npm and its shell do not pass signals on. @returns npm's exit status */
    async stop(): Promise<number | null> {
      process.kill(programOf(child.pid ?? 0), 'SIGTERM');
      const [status] = await ended;
      return status;
    },
  };
}

/** The process that the launcher below this one has started. */
function programOf(ancestor: number): number {
  const processes = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line))
    .map((match) => ({ pid: Number(match?.[1]), parent: Number(match?.[2]), command: match?.[3] ?? '' }));
  let parent = ancestor;
  for (let launched = false; ; ) {
    const child = processes.find((one) => one.parent === parent);
    if (!child) throw new Error(`process ${ancestor} runs no program`);
    if (launched) return child.pid;
    launched = child.command.includes('launch.mjs') && !child.command.startsWith('sh ');
    parent = child.pid;
  }
}

test('npm run demo shows what is delivered, and ends in order', { skip }, async () => {
  const demo = npm(['run', '--silent', 'demo']);
  await until(() => demo.lines.some((line) => line.startsWith('initech')), 'a table is shown');
  assert.ok(demo.lines.some((line) => line.includes('/metrics')));
  assert.equal(await demo.stop(), 0);
});

test('a second signal ends the demo at once, and its service with it', { skip }, async () => {
  const demo = spawn(process.execPath, ['local/demo/main.ts'], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(demo, 'exit');
  const lines: string[] = [];
  createInterface(demo.stdout).on('line', (line) => lines.push(line));
  await until(() => lines.some((line) => line.startsWith('initech')), 'a table is shown');
  const [, page = ''] = lines.map((line) => /status page {2}(\S+)/.exec(line)).find((match) => match !== null) ?? [];
  assert.ok((await fetch(page)).ok);
  demo.kill('SIGTERM');
  demo.kill('SIGINT');
  const [status] = await ended;
  assert.ok(status === 130 || status === 143, `status ${status}`);
  assert.ok(lines.some((line) => line.startsWith('Draining')));
  await until(
    () =>
      fetch(page).then(
        () => false,
        () => true,
      ),
    'nobody listens there',
  );
});

test('npm run cloud prints what npm start and npm run cli need, and both end in order', { skip }, async () => {
  const cloud = npm(['run', '--silent', 'cloud', '--', '--port', '0', '--provision']);
  await until(() => cloud.lines.some((line) => line.includes('LEDGER_TABLE')), 'the environment is printed');
  const environment = Object.fromEntries(
    cloud.lines.map((line) => /^export (\w+)='?(.*?)'?$/.exec(line) ?? []).map(([, name, value]) => [name, value]),
  );
  const service = npm(['start', '--silent'], { ...environment, HTTP_PORT: '0', HTTP_HOST: '127.0.0.1' });
  const started = await until(() => service.lines.find((line) => line.includes('"receiving"')), 'the service receives');
  const { port } = JSON.parse(started);
  await until(async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).ok, 'the service is ready');
  for (const { args } of (await commandsIn('README.md')).filter(({ inBlock }) => inBlock)) {
    const output = execFileSync('npm', ['run', '--silent', 'cli', '--', ...args], {
      cwd: root,
      env: { ...process.env, ...environment },
      encoding: 'utf8',
    });
    assert.notEqual(output, '', args.join(' '));
  }
  assert.equal(await service.stop(), 0);
  assert.equal(await cloud.stop(), 0);
});
