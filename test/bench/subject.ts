import { setTimeout as delay } from 'node:timers/promises';
import { fetchSamples, type Sample, sumOf } from '../../local/demo/metrics.ts';
import { endpointEnvironment, serviceEnvironment } from '../../local/provision/environment.ts';
import type { Pipeline } from '../../local/provision/pipeline.ts';
import { type ServiceProcess, startService } from '../../local/service-process.ts';
import { announce, type KeyedObject } from './announce.ts';
import { REGION, type Scene } from './scene.ts';
import type { RoundTotals } from './sink/calls.ts';
import { cpuSecondsOf, peakRssBytesOf, rssBytesOf } from './usage.ts';

/** The service under test: as it ships, in a process and with a queue of its own. */
export interface Subject extends AsyncDisposable {
  readonly pid: number;
  /** Announces objects and waits until the service has deleted all their messages. */
  round(objects: readonly KeyedObject[], keepBodies?: string): Promise<SubjectRound>;
  /** From its start to its first receive, milliseconds. */
  readonly readyMs: number;
  /** Resident when it had been idle for a moment. */
  readonly idleRssBytes: number;
  /** The most that it had since its start. */
  peakRssBytes(): Promise<number>;
}

export interface SubjectRound {
  /** From the first message sent to the last one deleted. */
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** CPU of the embedded AWS, which is this process. */
  readonly cloudCpuSeconds: number;
  readonly sink: RoundTotals;
  /** What the service's own metrics say of the round. */
  readonly events: number;
  readonly messageBytes: number;
  readonly putCalls: number;
  /** As PutLogEvents counts them. */
  readonly putBytes: number;
  readonly assumeRoles: number;
  /** Longest delay of the main thread's event loop. */
  readonly mainThreadDelayMs: number;
}

export interface SubjectOptions {
  readonly workerThreads: number;
  readonly tls: boolean;
  /** Two subjects at a time need a name each. */
  readonly name?: string;
  /** Default: the one of that name. */
  readonly pipeline?: Pipeline;
}

/** The service's default, said aloud, as peak memory is one of the results. */
const MEMORY_BUDGET_MB = 256;
/** Far beyond any round: reached only when the service does not deliver. */
const PATIENCE_MS = 120_000;
/** After this the threads have started, and nothing goes on but long polls. */
const IDLE_MS = 2_000;

export async function startSubject(scene: Scene, options: SubjectOptions): Promise<Subject> {
  const { workerThreads, tls, name = '1' } = options;
  const pipeline = options.pipeline ?? (await scene.pipeline(name));
  const startedMs = performance.now();
  const service = await startService({
    environment: {
      ...endpointEnvironment(scene.sinkUrl(tls), REGION),
      ...serviceEnvironment(pipeline),
      WORKER_THREADS: String(workerThreads),
      MEMORY_BUDGET_MB: String(MEMORY_BUDGET_MB),
      PUT_COMPRESSION: scene.putCompression,
      ...(tls && scene.certificate ? { NODE_EXTRA_CA_CERTS: scene.certificate.certFile } : {}),
    },
    onLine: (line) => {
      // A round with trouble in it is no measurement; whoever reads the figures should know.
      if (line.level !== 'info') console.error(JSON.stringify(line));
    },
  });
  const readyMs = performance.now() - startedMs;
  const samples = () => fetchSamples(service.url);
  await delay(IDLE_MS);
  return {
    pid: service.pid,
    readyMs,
    idleRssBytes: await rssBytesOf(service.pid, samples),
    round: (objects, keepBodies) => runRound({ scene, pipeline, service, samples }, objects, keepBodies),
    peakRssBytes: () => peakRssBytesOf(service.pid, samples),
    async [Symbol.asyncDispose]() {
      const status = await service.stop();
      if (status !== 0) throw new Error(`the service ended with status ${status} instead of draining`);
    },
  };
}

interface Running {
  readonly scene: Scene;
  readonly pipeline: Pipeline;
  readonly service: ServiceProcess;
  readonly samples: () => Promise<Sample[]>;
}

async function runRound(
  { scene, pipeline, service, samples }: Running,
  objects: readonly KeyedObject[],
  keepBodies: string | undefined,
): Promise<SubjectRound> {
  // Also resets the quantiles of the event loop's delay.
  const before = await samples();
  await scene.sink.call('begin', { keepBodies });
  const startedMs = performance.now();
  const cloudCpuBefore = process.cpuUsage();
  const cpuBefore = await cpuSecondsOf(service.pid, samples);
  const deleted = scene.sink.call('untilDeleted', objects.length);
  await unlessStuck(service, Promise.all([announce(scene.deps, pipeline, objects), deleted]));
  const cpuSeconds = (await cpuSecondsOf(service.pid, samples)) - cpuBefore;
  const seconds = (performance.now() - startedMs) / 1000;
  const { user, system } = process.cpuUsage(cloudCpuBefore);
  const sink = await scene.sink.call('end', null);
  const after = await samples();
  const grown = (metric: string, labels = {}) =>
    sumOf(after, `log_distributor_${metric}`, labels) - sumOf(before, `log_distributor_${metric}`, labels);
  return {
    seconds,
    cpuSeconds,
    cloudCpuSeconds: (user + system) / 1e6,
    sink,
    events: grown('events_total', { outcome: 'delivered' }),
    messageBytes: grown('message_bytes_total'),
    putCalls: grown('put_calls_total', { outcome: 'accepted' }),
    putBytes: grown('put_bytes_total'),
    assumeRoles: grown('assume_role_total'),
    mainThreadDelayMs: sumOf(after, 'log_distributor_event_loop_delay_seconds', { quantile: '1' }) * 1000,
  };
}

/** @throws Error with the service's last words when it ends, or does not end its work */
async function unlessStuck(service: ServiceProcess, work: Promise<unknown>): Promise<void> {
  const patience = Promise.withResolvers<never>();
  const give = (why: string) => {
    const words = service.lines.slice(-10).map((line) => JSON.stringify(line));
    patience.reject(new Error(`the service ${why}; its last words:\n${words.join('\n')}`));
  };
  const timer = setTimeout(() => give(`is not done after ${PATIENCE_MS / 1000} s`), PATIENCE_MS);
  service.ended.then((status) => give(`ended with status ${status}`));
  try {
    await Promise.race([work, patience.promise]);
  } finally {
    clearTimeout(timer);
    patience.promise.catch(() => {});
  }
}
