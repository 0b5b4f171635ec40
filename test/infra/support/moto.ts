import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** An emulator of AWS on loopback. It knows accounts, but no policies: whether they allow is for the policy tests. */
export interface Moto {
  readonly url: string;
  /** What programs need in their environment to take it for AWS. */
  readonly environment: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** What it takes on the busiest machine. */
const START_MS = 120_000;

/** What moto's CloudFormation lacks, in a module that Python imports by itself. */
const EXTENSION = fileURLToPath(new URL('moto-extension', import.meta.url));

/** Starts moto on a free port; undefined where it is not installed. */
export async function startMoto(): Promise<Moto | undefined> {
  const port = await freePort();
  const child = spawn('moto_server', ['-H', '127.0.0.1', '-p', String(port)], {
    stdio: 'ignore',
    env: { ...process.env, PYTHONPATH: EXTENSION, PYTHONDONTWRITEBYTECODE: '1' },
  });
  const failed = once(child, 'error').then(() => 'failed' as const);
  const url = `http://127.0.0.1:${port}`;
  const outcome = await Promise.race([answers(url, child), failed]);
  if (outcome === 'failed') return undefined;
  if (outcome === 'silent') throw new Error(`moto does not answer on ${url}`);
  return {
    url,
    environment: {
      AWS_ENDPOINT_URL: url,
      AWS_ACCESS_KEY_ID: 'testing',
      AWS_SECRET_ACCESS_KEY: 'testing',
      AWS_REGION: 'us-east-1',
      // What the first major version of the AWS CLI looks at.
      AWS_DEFAULT_REGION: 'us-east-1',
      AWS_EC2_METADATA_DISABLED: 'true',
      // Terraform's provider repeats calls 25 times otherwise, and what moto does not know will not be known later.
      AWS_MAX_ATTEMPTS: '2',
    },
    async stop() {
      if (child.exitCode !== null) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

async function answers(url: string, child: ChildProcess): Promise<'up' | 'silent'> {
  const until = Date.now() + START_MS;
  while (Date.now() < until && child.exitCode === null) {
    const up = await fetch(`${url}/moto-api/data.json`).then(
      (answer) => answer.ok,
      () => false,
    );
    if (up) return 'up';
    await delay(100);
  }
  child.kill('SIGKILL');
  return 'silent';
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return address.port;
}
