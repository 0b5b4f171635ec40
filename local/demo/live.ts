import { createServer } from 'node:net';
import { constants } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { createRandom } from '../workload/random.ts';
import { type DemoEnvironment, startDemo } from './environment.ts';
import { fetchSamples, sumOf } from './metrics.ts';
import { createScreen, type Screen, type TenantRow } from './screen.ts';
import { writeLoad } from './write.ts';

const MEGABYTE = 1024 * 1024;
/** The demo goes on for as long as it is watched: the oldest logs and objects make room. */
const CLOUD_LIMITS = { logBytesPerAccountMax: 64 * MEGABYTE, objectBytesMax: 128 * MEGABYTE };
const PORTS = { cloud: 4566, http: 8080 };
const SHOW_EVERY_MS = 1_000;

/** What a shell says of a program that a signal has ended. */
export function exitStatusOf(signal: 'SIGINT' | 'SIGTERM'): number {
  return 128 + constants.signals[signal];
}

/**
 * Writes objects and shows what becomes of them, until SIGINT or SIGTERM: then the service drains. A second signal, or one
 * before the demo runs, ends the process and the service at once.
 */
export async function runLive(seed: string): Promise<void> {
  const stop = new AbortController();
  let screen: Screen | undefined;
  const onSignal = (signal: 'SIGINT' | 'SIGTERM') => {
    if (!screen || stop.signal.aborted) {
      screen?.close();
      // By `exit`, so that the service ends with this process.
      process.exit(exitStatusOf(signal));
    }
    screen.say('Draining: the service finishes what it has begun. Ctrl-C again ends it at once.');
    stop.abort();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, onSignal);

  const trouble: string[] = [];
  await using demo = await startOnFreePorts(seed, (text) => trouble.push(text));
  screen = createScreen(process.stdout, introduction(demo), demo.tenants.length);
  const writing = writeLoad(demo, seed, stop.signal);
  let before = await measure(demo);
  for (;;) {
    await delay(SHOW_EVERY_MS, undefined, { signal: stop.signal }).catch(() => {});
    if (stop.signal.aborted) break;
    const now = await measure(demo);
    screen.show(rows(demo, before, now), trouble.splice(0).at(-1));
    before = now;
  }
  await writing;
  screen.close();
}

/** The usual ports, or free ones where those are taken. */
async function startOnFreePorts(seed: string, onTrouble: (text: string) => void): Promise<DemoEnvironment> {
  const start = (cloudPort: number, httpPort: number) =>
    startDemo({
      cloud: { random: createRandom(`${seed}/faults`).uniform, port: cloudPort, ...CLOUD_LIMITS, onProblem: onTrouble },
      service: { HTTP_PORT: String(httpPort) },
      onStep: (text) => process.stdout.write(`${text}\n`),
      onLine: (line) => {
        if (line.level !== 'info' && typeof line.msg === 'string') onTrouble(line.msg);
      },
    });
  return start((await isFree(PORTS.cloud)) ? PORTS.cloud : 0, (await isFree(PORTS.http)) ? PORTS.http : 0);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const { promise, resolve } = Promise.withResolvers<boolean>();
  server.once('error', () => resolve(false));
  server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  return promise;
}

function introduction({ cloud, service, tenants }: DemoEnvironment): string[] {
  const [tenant] = tenants;
  const cheaper = tenants.filter(({ deliveries }) =>
    deliveries.some(({ log_group_class }) => log_group_class === 'INFREQUENT_ACCESS'),
  );
  return [
    '',
    'Log distributor: S3 objects of three tenants become events in three accounts.',
    '',
    `  status page  ${service.url}/`,
    `  metrics      ${service.url}/metrics`,
    '',
    "  A tenant's logs, with curl or the AWS CLI:",
    '',
    `    curl -s '${cloud.url}/_cloud/logs?account=${tenant?.accountId}' | tail -n 3`,
    '',
    `    AWS_ENDPOINT_URL=${cloud.url} AWS_ACCESS_KEY_ID=${tenant?.accountId} \\`,
    '      AWS_SECRET_ACCESS_KEY=test aws logs filter-log-events --max-items 3 \\',
    `      --region us-east-1 --log-group-name ${tenant?.logGroupPrefix}`,
    '',
    ...cheaper.map(
      ({ tenantId }) =>
        `  Log groups of ${tenantId} have the class INFREQUENT_ACCESS: half the price, and read by curl here, by Logs Insights on AWS.`,
    ),
    '',
    '  Ctrl-C ends it: the service drains first.',
  ];
}

interface Measurement {
  readonly atMs: number;
  readonly status: { readonly tenants: readonly TenantStatus[] };
  readonly bytes: ReadonlyMap<string, number>;
}

/** The part of `/status` that the table shows. */
interface TenantStatus {
  readonly tenant: string;
  readonly waiting: number;
  readonly in_flight: number;
  readonly objects: number;
  readonly events: number;
  readonly lag_seconds: number | null;
  readonly trouble: { readonly code: string } | null;
}

async function measure({ service, tenants }: DemoEnvironment): Promise<Measurement> {
  const [status, samples] = await Promise.all([
    fetch(`${service.url}/status`).then((answer) => answer.json() as Promise<Measurement['status']>),
    fetchSamples(service.url),
  ]);
  const bytes = tenants.map(({ tenantId }) => {
    return [tenantId, sumOf(samples, 'log_distributor_message_bytes_total', { tenant: tenantId })] as const;
  });
  return { atMs: performance.now(), status, bytes: new Map(bytes) };
}

function rows({ tenants }: DemoEnvironment, before: Measurement, now: Measurement): TenantRow[] {
  const seconds = (now.atMs - before.atMs) / 1000;
  return tenants.map(({ tenantId, accountId }) => {
    const status = now.status.tenants.find(({ tenant }) => tenant === tenantId);
    const bytes = (now.bytes.get(tenantId) ?? 0) - (before.bytes.get(tenantId) ?? 0);
    return {
      tenantId,
      accountId,
      objects: status?.objects ?? 0,
      events: status?.events ?? 0,
      megabytesPerSecond: bytes / 1e6 / seconds,
      lagSeconds: status?.lag_seconds ?? null,
      inFlight: (status?.waiting ?? 0) + (status?.in_flight ?? 0),
      trouble: status?.trouble?.code ?? '',
    };
  });
}
