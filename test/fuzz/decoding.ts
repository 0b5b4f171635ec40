import { Worker } from 'node:worker_threads';
import type { DecodeCase, DecodeOutcome } from './decode-worker.ts';

/** Decodes cases in a thread of its own, one after the other, and notices when it hangs or grows. */
export interface Decoding extends AsyncDisposable {
  decode(one: DecodeCase): Promise<DecodeOutcome>;
}

/** Cases are small, and the first one waits for its thread: what takes longer than this on the busiest machine does not end. */
const PATIENCE_MS = 60_000;
/** Of the heap; what lies beside it shows in the process's size. */
const HEAP_MB = 256;
/** A page is 64 MiB at most, and a few of them may be held at once. */
const GROWTH_BYTES_MAX = 768 * 1024 * 1024;

export function createDecoding(): Decoding {
  const startBytes = process.memoryUsage.rss();
  let worker: Worker | undefined;
  let timer: NodeJS.Timeout | undefined;

  const start = () =>
    new Worker(new URL('decode-worker.ts', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
    });

  return {
    async decode(one) {
      worker ??= start();
      const current = worker;
      const { promise, resolve } = Promise.withResolvers<DecodeOutcome>();
      const broken = (why: string) => {
        worker = undefined;
        resolve({ kind: 'broken', why });
      };
      timer = setTimeout(() => {
        broken(`no answer within ${PATIENCE_MS} ms`);
        current.terminate();
      }, PATIENCE_MS);
      const failed = (error: Error) => broken(`the thread ended: ${error}`);
      current.once('message', resolve);
      current.once('error', failed);
      current.postMessage(one);
      try {
        const outcome = await promise;
        const grown = process.memoryUsage.rss() - startBytes;
        if (grown > GROWTH_BYTES_MAX) return { kind: 'broken', why: `the process has grown by ${grown} bytes` };
        return outcome;
      } finally {
        clearTimeout(timer);
        current.off('message', resolve);
        current.off('error', failed);
      }
    },
    async [Symbol.asyncDispose]() {
      // The box of a test may end amid a case, whose answer nobody waits for then.
      clearTimeout(timer);
      await worker?.terminate();
    },
  };
}
