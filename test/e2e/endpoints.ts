import { spawn, spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** The AWS endpoints that the end-to-end tests run against on this machine. */

/** An endpoint that can be had here. */
export interface Endpoint {
  readonly name: string;
  /** What the tests leave out there, and why; empty: nothing. */
  readonly leavesOut: string;
  /** Files of tests that may run at a time there. */
  readonly concurrency: number;
  start(): Promise<RunningEndpoint>;
}

export interface RunningEndpoint {
  /** For the tests: where the endpoint is, and which kind. Without AWS_ENDPOINT_URL each test file starts an embedded AWS. */
  readonly environment: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

export interface MissingEndpoint {
  readonly name: string;
  readonly missing: string;
}

const EMBEDDED: Endpoint = {
  name: 'the embedded AWS',
  leavesOut: '',
  // Each file has an AWS of its own. What runs in each waits more than it works.
  concurrency: 2,
  start: async () => ({ environment: { E2E_KIND: 'embedded' }, stop: async () => {} }),
};

const EMULATORS_LEAVE_OUT =
  'limits of PutLogEvents, events that it rejects, trust policies, as it enforces none of them';

/** @param everywhere on each emulator of this machine, instead of on one endpoint: the given one, or the embedded AWS */
export async function findEndpoints(everywhere: boolean): Promise<(Endpoint | MissingEndpoint)[]> {
  const { AWS_ENDPOINT_URL: given, E2E_KIND: kind } = process.env;
  if (given) {
    const environment = { AWS_ENDPOINT_URL: given, E2E_KIND: kind ?? 'given' };
    return [
      {
        name: given,
        leavesOut: EMULATORS_LEAVE_OUT,
        concurrency: 1,
        start: async () => ({ environment, stop: async () => {} }),
      },
    ];
  }
  if (!everywhere) return [EMBEDDED];
  return [EMBEDDED, findMoto(), await findLocalStack()];
}

function exists(command: string, ...args: string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

function findMoto(): Endpoint | MissingEndpoint {
  if (!exists('moto_server', '--help')) return { name: 'moto', missing: 'there is no moto_server on this machine' };
  return {
    name: 'moto',
    leavesOut: EMULATORS_LEAVE_OUT,
    concurrency: 1,
    async start() {
      const port = await freePort();
      const child = spawn('moto_server', ['-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' });
      const url = `http://127.0.0.1:${port}`;
      await untilAnswers(`${url}/moto-api/`);
      return {
        environment: { AWS_ENDPOINT_URL: url, E2E_KIND: 'moto' },
        async stop() {
          const ended = new Promise((resolve) => child.once('exit', resolve));
          child.kill();
          await ended;
        },
      };
    },
  };
}

/** Later images need an account of LocalStack's. */
const LOCALSTACK_IMAGE = 'localstack/localstack:4.14.0';

async function findLocalStack(): Promise<Endpoint | MissingEndpoint> {
  const name = 'LocalStack';
  if (!exists('docker', 'info')) return { name, missing: 'no Docker engine answers on this machine' };
  if (
    !exists('docker', 'image', 'inspect', LOCALSTACK_IMAGE) &&
    !exists('docker', 'pull', '--quiet', LOCALSTACK_IMAGE)
  ) {
    return { name, missing: `the image ${LOCALSTACK_IMAGE} cannot be pulled here` };
  }
  const { LocalstackContainer } = await import('@testcontainers/localstack');
  return {
    name,
    leavesOut: EMULATORS_LEAVE_OUT,
    concurrency: 1,
    async start() {
      const container = await new LocalstackContainer(LOCALSTACK_IMAGE)
        .withEnvironment({ SERVICES: 's3,sns,sqs,dynamodb,sts,iam,logs', SQS_ENDPOINT_STRATEGY: 'dynamic' })
        .start();
      return {
        environment: { AWS_ENDPOINT_URL: container.getConnectionUri(), E2E_KIND: 'localstack' },
        stop: async () => {
          await container.stop();
        },
      };
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  const { promise, resolve } = Promise.withResolvers<number>();
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
  });
  return promise;
}

const PATIENCE_MS = 60_000;

async function untilAnswers(url: string): Promise<void> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  for (;;) {
    const up = await fetch(url).then(
      () => true,
      () => false,
    );
    if (up) return;
    if (performance.now() > deadlineMs) throw new Error(`${url} does not answer`);
    await delay(100);
  }
}
