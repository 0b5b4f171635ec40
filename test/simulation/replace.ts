import { registerHooks } from 'node:module';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * What of the service is cut out: each of these modules is replaced by the one beside it before the service is loaded. Everything else
 * runs as it is. README.md says the same; a test compares.
 */
export const CUTS: readonly Cut[] = [
  {
    of: 'service/aws/calls.ts',
    by: 'calls.ts',
    what: 'calls to SQS, DynamoDB, S3, STS and KMS: the SDK, HTTP, signatures',
  },
  { of: 'service/aws/logs-session.ts', by: 'logs-session.ts', what: 'calls to CloudWatch Logs: the same' },
  { of: 'service/aws/put-events.ts', by: 'put-events.ts', what: 'PutLogEvents: the same, and compression' },
  { of: 'service/run/watch/http.ts', by: 'http.ts', what: 'the HTTP endpoint' },
  {
    of: 'service/run/watch/metrics-page.ts',
    by: 'metrics-page.ts',
    what: "the text of the metrics' page, and Node's own metrics",
  },
  {
    of: 'service/kernel/kernel.ts',
    by: 'kernel.ts',
    what: "each thread's own memory: threads that come later use it again",
  },
  { of: 'service/object/decode-limits.ts', by: 'decode-limits.ts', what: 'the size of chunks: smaller' },
  {
    of: 'node:worker_threads',
    by: 'worker-threads.ts',
    what: 'threads: they run in this one, and get copies of messages',
  },
  { of: 'node:zlib', in: 'service/quarantine/writer.ts', by: 'zlib.ts', what: "zlib's own thread" },
  { of: 'node:zlib', in: 'service/destination/s3/sender.ts', by: 'zlib.ts', what: "zlib's own thread" },
];

/** Modules that run as they are; what a process makes with them is looked into (watched/instruments.ts). */
const WATCHED: readonly Watched[] = [
  { of: 'service/run/schedule/scheduler.ts', in: 'service/compose/parts.ts' },
  { of: 'service/run/queue/in-flight.ts', in: 'service/compose/parts.ts' },
  { of: 'service/run/watch/workable.ts', in: 'service/compose/watching.ts' },
];

interface Watched {
  readonly of: string;
  /** Who makes something with it. */
  readonly in: string;
}

export interface Cut {
  /** A file of the service, or a module of Node. */
  readonly of: string;
  /** Where only one file's import of it is replaced. */
  readonly in?: string;
  /** In `cuts/`. */
  readonly by: string;
  readonly what: string;
}

/** A fault that is planted into the service: text of one of its files is replaced. */
export interface Plant {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

const root = new URL('../../', import.meta.url);
const service = new URL('service/', root).href;
const cuts = new URL('cuts/', import.meta.url);
const watched = new URL('watched/', import.meta.url);

/**
 * To be called before anything of the service is loaded, once.
 * @throws Error, when the file is loaded, where a plant's text does not stand in it exactly once
 */
export function replaceModules(plants: readonly Plant[] = []): void {
  registerHooks({
    resolve(specifier, context, nextResolve) {
      const resolved = nextResolve(specifier, context);
      const importer = context.parentURL ?? '';
      // What stands in its place may use the module itself.
      if (!importer.startsWith(service)) return resolved;
      const cut = CUTS.find(({ of, in: only }) => urlOf(of) === resolved.url && (!only || importer === urlOf(only)));
      const isWatched = WATCHED.some((one) => urlOf(one.of) === resolved.url && urlOf(one.in) === importer);
      const instead = cut ? new URL(cut.by, cuts) : isWatched && new URL(basename(resolved.url), watched);
      return instead ? { ...resolved, url: instead.href, format: 'module-typescript', shortCircuit: true } : resolved;
    },
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      const planted = plants.filter(({ file }) => urlOf(file) === url);
      if (planted.length === 0) return loaded;
      let text = String(loaded.source);
      for (const { file, find, replace } of planted) {
        if (text.split(find).length !== 2) throw new Error(`${file} does not have this once: ${find}`);
        text = text.replace(find, () => replace);
      }
      return { ...loaded, source: text };
    },
  });
}

function urlOf(name: string): string {
  return name.startsWith('node:') ? name : new URL(name, root).href;
}

/** For people. */
export function pathOf(url: URL): string {
  return fileURLToPath(url);
}
