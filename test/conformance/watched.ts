import { Worker } from 'node:worker_threads';
import type { ConformanceCase, ConformanceOutcome } from './decode-worker.ts';

/** Decodes files in a thread of its own, one after the other; a thread that hangs or ends is replaced. */
export interface Watched extends AsyncDisposable {
  decode(one: ConformanceCase): Promise<ConformanceOutcome | { readonly kind: 'hung' }>;
}

/** That of a thread of the service. */
const HEAP_MB = 512;

export function createWatched(patienceMs: number): Watched {
  let worker: Worker | undefined;
  return {
    async decode(one) {
      worker ??= new Worker(new URL('decode-worker.ts', import.meta.url), {
        resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
      });
      const current = worker;
      const { promise, resolve } = Promise.withResolvers<ConformanceOutcome | { readonly kind: 'hung' }>();
      const failed = (error: Error) => {
        worker = undefined;
        resolve({ kind: 'crashed', reason: `the thread ended: ${error}` });
      };
      const timer = setTimeout(() => {
        worker = undefined;
        resolve({ kind: 'hung' });
        current.terminate();
      }, patienceMs);
      current.once('message', resolve);
      current.once('error', failed);
      current.postMessage(one);
      try {
        return await promise;
      } finally {
        clearTimeout(timer);
        current.off('message', resolve);
        current.off('error', failed);
      }
    },
    async [Symbol.asyncDispose]() {
      await worker?.terminate();
    },
  };
}
