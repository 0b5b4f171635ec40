import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { until } from '../../support/until.ts';
import { accepted, type Client, connect } from './cluster-client.ts';

/**
 * A Kubernetes cluster without machines: etcd, the API server and those controllers that tests wait for, on the loopback, in a
 * temporary folder. RBAC, PodSecurity and admission policies judge as they do everywhere. Nothing runs in its pods.
 */

/** Built by `.ci/cluster` from test/k8s/cluster. */
const folder = fileURLToPath(new URL('../../../.local/go/cluster/', import.meta.url));
const programs = { etcd: 'etcd', server: 'kube-apiserver', controllers: 'kube-controller-manager' } as const;

/** Why no cluster can be started here; undefined when one can. For `test(..., { skip })`. */
export const withoutCluster: string | undefined = Object.values(programs).every((name) => existsSync(folder + name))
  ? undefined
  : 'there is no API server of Kubernetes here';

/** What tests need; those for nodes would evict pods, as no kubelet reports. */
const CONTROLLERS = [
  'daemonset',
  'deployment',
  'garbage-collector',
  'namespace',
  'replicaset',
  'root-ca-certificate-publisher',
  'serviceaccount',
  'statefulset',
  'validatingadmissionpolicy-status',
];

export interface Cluster {
  /** `https://127.0.0.1:PORT` */
  readonly url: string;
  /** PEM file that the server's certificate is checked against. */
  readonly certificateFile: string;
  /** As a member of system:masters. */
  readonly admin: Client;
  as(token: string): Client;
  /** A token of a service account, valid for an hour. */
  tokenOf(namespace: string, serviceAccount: string): Promise<string>;
  /** A kubeconfig for `admin`. */
  readonly adminConfig: string;
  /** Writes a kubeconfig with this token. @returns its path */
  kubeconfig(token: string): string;
  stop(): Promise<void>;
}

/** A cluster for the tests of this file, with what `prepare` puts into it. @returns what gives it, within a test */
export function useCluster(
  skip: string | undefined,
  prepare: (cluster: Cluster) => Promise<void> = async () => {},
): () => Cluster {
  let cluster: Cluster | undefined;
  if (skip === undefined) {
    before(async () => {
      cluster = await startCluster();
      await prepare(cluster);
    });
    after(() => cluster?.stop());
  }
  return () => cluster ?? assert.fail('no cluster runs outside of a test');
}

/** @throws Error with the end of its log when a program ends by itself, or when the server is not ready in time */
export async function startCluster(): Promise<Cluster> {
  const home = mkdtempSync(join(tmpdir(), 'cluster-'));
  const running: Program[] = [];
  const stop = async () => {
    await Promise.all(running.map((program) => program.stop()));
    rmSync(home, { recursive: true });
  };
  const start = (name: keyof typeof programs, flags: Readonly<Record<string, string | number | boolean>>) => {
    const program = startProgram(programs[name], flags, join(home, `${programs[name]}.log`));
    running.push(program);
    return program;
  };
  try {
    const store = `http://127.0.0.1:${await freePort()}`;
    // The API server gives up when its store is not there within 20 s.
    await start('etcd', etcdFlags(home, store, `http://127.0.0.1:${await freePort()}`)).ready(() => isHealthy(store));
    const port = await freePort();
    const token = randomBytes(16).toString('hex');
    const server = start('server', serverFlags(home, store, port, token));
    const certificateFile = join(home, 'certificates', 'apiserver.crt');
    const url = `https://127.0.0.1:${port}`;
    await server.ready(() => existsSync(certificateFile) && readFileSync(certificateFile, 'utf8').endsWith('-----\n'));
    const certificates = readFileSync(certificateFile, 'utf8');
    const as = (bearer: string) => connect({ url, certificates, token: bearer });
    const admin = as(token);
    await server.ready(() => isReady(admin));
    const kubeconfig = (bearer: string) => writeKubeconfig(home, { url, certificateFile, token: bearer });
    const adminConfig = kubeconfig(token);
    const flags = { kubeconfig: adminConfig, 'root-ca-file': certificateFile };
    const controllers = start('controllers', { ...controllerFlags, ...flags });
    await controllers.ready(() => hasAccounts(admin));
    const tokenOf = (namespace: string, account: string) => tokenFor(admin, namespace, account);
    return { url, certificateFile, admin, as, tokenOf, adminConfig, kubeconfig, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function etcdFlags(home: string, client: string, peer: string) {
  return {
    'data-dir': join(home, 'etcd'),
    'listen-client-urls': client,
    'advertise-client-urls': client,
    'listen-peer-urls': peer,
    'initial-advertise-peer-urls': peer,
    'initial-cluster': `default=${peer}`,
    // Nothing of it outlives the test.
    'unsafe-no-fsync': true,
  };
}

function serverFlags(home: string, store: string, port: number, token: string) {
  const file = (name: string, text: string) => {
    writeFileSync(join(home, name), text, { mode: 0o600 });
    return join(home, name);
  };
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = file('service-accounts.pem', privateKey.export({ type: 'sec1', format: 'pem' }).toString());
  return {
    'etcd-servers': store,
    'bind-address': '127.0.0.1',
    'advertise-address': '127.0.0.1',
    // The loopback may not be an endpoint of the Service `kubernetes`, which nobody uses here.
    'endpoint-reconciler-type': 'none',
    'secure-port': port,
    // It makes its own certificate there.
    'cert-dir': join(home, 'certificates'),
    'token-auth-file': file('tokens.csv', `${token},admin,admin,system:masters\n`),
    'anonymous-auth': false,
    'authorization-mode': 'Node,RBAC',
    'allow-privileged': true,
    'service-cluster-ip-range': '10.0.0.0/24',
    'service-account-issuer': 'https://kubernetes.default.svc',
    'service-account-key-file': key,
    'service-account-signing-key-file': key,
  };
}

const controllerFlags = {
  controllers: CONTROLLERS.map((name) => `${name}-controller`).join(','),
  'leader-elect': false,
  // Its own port would serve its metrics only.
  'secure-port': 0,
};

async function isHealthy(store: string): Promise<boolean> {
  const answer = await fetch(`${store}/health`).catch(() => undefined);
  return answer?.ok === true;
}

async function isReady(client: Client): Promise<boolean> {
  // Refused connections: it does not listen yet.
  const answer = await client.call('GET', '/readyz').catch(() => undefined);
  return answer?.status === 200;
}

/** Pods of a namespace are refused before it has its account. */
async function hasAccounts(client: Client): Promise<boolean> {
  const { status } = await client.call('GET', '/api/v1/namespaces/default/serviceaccounts/default');
  return status === 200;
}

async function tokenFor(client: Client, namespace: string, account: string): Promise<string> {
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 3600 } };
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`;
  const answer = z.object({ status: z.object({ token: z.string() }) });
  return answer.parse(accepted(await client.call('POST', path, body))).status.token;
}

function writeKubeconfig(
  home: string,
  { url, certificateFile, token }: { readonly url: string; readonly certificateFile: string; readonly token: string },
): string {
  const configs = join(home, 'kubeconfigs');
  mkdirSync(configs, { recursive: true });
  const path = join(configs, `${randomBytes(4).toString('hex')}.json`);
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server: url, 'certificate-authority': certificateFile } }],
    users: [{ name: 'test', user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    'current-context': 'test',
  };
  writeFileSync(path, JSON.stringify(config), { mode: 0o600 });
  return path;
}

interface Program {
  /** Resolves once the condition holds. @throws Error with the end of the log when the program ends before */
  ready(condition: () => boolean | Promise<boolean>): Promise<void>;
  stop(): Promise<void>;
}

function startProgram(
  name: string,
  flags: Readonly<Record<string, string | number | boolean>>,
  logFile: string,
): Program {
  const log = openSync(logFile, 'w');
  const args = Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`);
  const child = spawn(join(folder, name), args, { stdio: ['ignore', log, log] });
  const kill = () => child.kill('SIGKILL');
  // A test that fails in its own way leaves nothing running.
  process.on('exit', kill);
  const ended = once(child, 'exit');
  return {
    async ready(condition) {
      await until(async () => hasEnded(child) || (await condition()), `${name} is ready`).catch((error) => {
        throw new Error(`${error.message}\n${endOf(logFile)}`);
      });
      if (hasEnded(child)) throw new Error(`${name} ended by itself:\n${endOf(logFile)}`);
    },
    async stop() {
      // Nothing is worth an orderly end.
      kill();
      await ended;
      process.off('exit', kill);
    },
  };
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

function endOf(logFile: string): string {
  return readFileSync(logFile, 'utf8').slice(-4000);
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('the loopback has no ports');
  return address.port;
}
