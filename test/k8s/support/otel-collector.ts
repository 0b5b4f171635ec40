import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { until } from '../../support/until.ts';
import { freePort } from './free-port.ts';
import { pathOf } from './kustomize.ts';

/** A real OpenTelemetry Collector: the one that OTELCOL_BIN names, or the one that test/k8s/opentelemetry/builder.yaml builds. */
const built = fileURLToPath(new URL('../../../.local/go/otelcol/otelcol', import.meta.url));
const program = process.env.OTELCOL_BIN ?? built;

/** Why no Collector runs here; undefined when one does. For `test(..., { skip })`. */
export const withoutCollector: string | undefined =
  existsSync(program) && spawnSync(program, ['--help']).status === 0
    ? undefined
    : 'there is no OpenTelemetry Collector here';

export interface Collector {
  /** Asks it to end as the kubelet does, and waits until it has. */
  stop(): Promise<void>;
}

export interface CollectorOptions {
  /** A folder of the test's own: positions, queue and log go there, and `pods` in it is `/var/log/pods`. */
  readonly home: string;
  readonly environment: Readonly<Record<string, string>>;
  /** In the place of values in collector.yaml, as a second file of configuration. */
  readonly overrides: Readonly<Record<string, unknown>>;
}

/** Runs k8s/opentelemetry/collector.yaml in a folder instead of a node. @throws Error with its log when it ends by itself */
export async function startCollector({ home, environment, overrides }: CollectorOptions): Promise<Collector> {
  const [health, metrics] = [await freePort(), await freePort()];
  const text = readFileSync(pathOf('opentelemetry/collector.yaml'), 'utf8')
    .replaceAll('/var/log/pods', join(home, 'pods'))
    .replaceAll('/var/lib/otel-log-collection', join(home, 'data'))
    .replace('0.0.0.0:13133', `127.0.0.1:${health}`)
    .replace('host: 0.0.0.0, port: 8888', `host: 127.0.0.1, port: ${metrics}`);
  mkdirSync(join(home, 'pods'), { recursive: true });
  writeFileSync(join(home, 'collector.yaml'), text);
  writeFileSync(join(home, 'overrides.yaml'), stringify(overrides));
  const log = openSync(join(home, 'collector.log'), 'a');
  const files = ['collector.yaml', 'overrides.yaml'].map((name) => `--config=${join(home, name)}`);
  const child = spawn(program, files, { env: { PATH: process.env.PATH, ...environment }, stdio: ['ignore', log, log] });
  await until(async () => {
    if (hasEnded(child)) throw new Error(readFileSync(join(home, 'collector.log'), 'utf8'));
    const answer = await fetch(`http://127.0.0.1:${health}/`).catch(() => undefined);
    return answer?.ok;
  }, 'the Collector is healthy');
  return {
    async stop() {
      if (hasEnded(child)) return;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess) => exitCode !== null || signalCode !== null;
