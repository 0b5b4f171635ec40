import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startCloud } from 'embedded-aws';
import { parse } from 'yaml';
import type { Endpoint, MissingEndpoint } from './endpoints.ts';
import { exists, freePort, startProgram } from './program.ts';
import { startTablesApart } from './tables-apart.ts';

/**
 * LocalStack with the version and the settings of docker-compose.yml: as its Python package, which `.ci/install` puts
 * into a virtualenv, else as its container.
 */
const NAME = 'LocalStack';
const KIND = 'localstack';
/** A Python with the package `localstack-core`. */
const PYTHON =
  process.env.LOCALSTACK_PYTHON ?? fileURLToPath(new URL('../../.local/localstack/bin/python', import.meta.url));

interface ComposeService {
  readonly image: string;
  readonly environment: Readonly<Record<string, string>>;
}
const compose = readFileSync(new URL('../../docker-compose.yml', import.meta.url), 'utf8');
const { image: IMAGE, environment: SETTINGS }: ComposeService = parse(compose).services.localstack;

/** @param leavesOut what the tests leave out on emulators */
export async function findLocalStack(leavesOut: string): Promise<Endpoint | MissingEndpoint> {
  if (existsSync(PYTHON)) {
    return { name: `${NAME} (its DynamoDB is the embedded AWS's)`, leavesOut, concurrency: 1, start: startPackage };
  }
  const noPackage = 'neither LOCALSTACK_PYTHON nor .local/localstack (from .ci/install) is a Python with LocalStack';
  if (!exists('docker', 'info'))
    return { name: NAME, missing: `${noPackage}, nor is there a Docker engine for its container` };
  if (!exists('docker', 'image', 'inspect', IMAGE) && !exists('docker', 'pull', '--quiet', IMAGE)) {
    return { name: NAME, missing: `${noPackage}, and the image ${IMAGE} cannot be pulled` };
  }
  return { name: NAME, leavesOut, concurrency: 1, start: startContainer };
}

/** LocalStack downloads its DynamoDB when it starts, so that one comes from the embedded AWS: tests need no network. */
async function startPackage() {
  const folder = await mkdtemp(join(tmpdir(), 'log-distributor-localstack-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const program = await startProgram(PYTHON, ['-m', 'localstack.runtime.main'], {
    answersAt: `${url}/_localstack/health`,
    environment: {
      ...SETTINGS,
      GATEWAY_LISTEN: `127.0.0.1:${port}`,
      // What it writes goes into the folder, in a container too; only its S3 uses a fixed folder of temporary files.
      OVERRIDE_IN_DOCKER: 'false',
      FILESYSTEM_ROOT: folder,
      TMPDIR: folder,
      // It calls nobody: neither its maker nor a name server.
      DNS_ADDRESS: '0',
      SKIP_SSL_CERT_DOWNLOAD: '1',
      DISABLE_EVENTS: '1',
    },
  });
  const cloud = await startCloud({ onProblem: (problem) => console.error(problem) });
  const router = await startTablesApart({ tables: cloud.url, others: url });
  return {
    environment: { AWS_ENDPOINT_URL: router.url, E2E_KIND: KIND },
    async stop() {
      await router.close();
      await cloud.close();
      await program.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function startContainer() {
  const { LocalstackContainer } = await import('@testcontainers/localstack');
  const container = await new LocalstackContainer(IMAGE).withEnvironment(SETTINGS).start();
  return {
    environment: { AWS_ENDPOINT_URL: container.getConnectionUri(), E2E_KIND: KIND },
    stop: async () => {
      await container.stop();
    },
  };
}
