/**
 * A worker thread with the manners that no decoder should have: what it is given to deliver says, by its key, how it goes wrong.
 */
import { parentPort } from 'node:worker_threads';
import { DistributorError } from '../../service/base/errors.ts';
import { NOTHING_ACCOUNTED } from '../../service/core/accounted.ts';
import { failureReport } from '../../service/delivery/report.ts';
import type { FromWorker, ToWorker } from '../../service/run/threads/protocol.ts';

const port = parentPort;
if (!port) throw new Error('runs in a worker thread only');
const answer = (message: FromWorker) => port.postMessage(message);
/** Places that the main thread says do not answer. */
const heldPlaces = new Set<string>();
/** Tasks that are never done, by their ids. */
const waiting = new Map<number, string>();

/** `(module (func (export "f") (loop br 0)))` */
const ENDLESS = new Uint8Array([
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...[1, 4, 1, 0x60, 0, 0],
  ...[3, 2, 1, 0],
  ...[7, 5, 1, 1, 0x66, 0, 0],
  ...[10, 9, 1, 7, 0, 3, 0x40, 0x0c, 0, 0x0b, 0x0b],
]);

const MANNERS: Readonly<Record<string, (id: number) => void>> = {
  'hangs in JavaScript': () => {
    for (;;);
  },
  'hangs in WebAssembly': () => {
    const { f } = new WebAssembly.Instance(new WebAssembly.Module(ENDLESS), {}).exports;
    if (typeof f === 'function') f();
  },
  'takes all memory': () => {
    for (const all: number[][] = []; ; ) all.push(new Array<number>(1_000_000).fill(all.length));
  },
  throws: () => {
    throw new Error('nobody catches this');
  },
  waits: (id) => waiting.set(id, 'waits'),
  'gets its answer late': (id) => {
    const place = { service: { id: 'logs', name: 'CloudWatch Logs' }, region: 'eu-west-1' };
    answer({ kind: 'unanswered', id, call: { type: 'cloudwatch', place, forMs: 300 } });
    answer({ kind: 'answered', id, type: 'cloudwatch' });
    done(id);
  },
  'held places': (id) =>
    answer({
      kind: 'report',
      id,
      report: { lines: [{ type: 'cloudwatch', kind: 'held', message: [...heldPlaces].join() }] },
      accounted: NOTHING_ACCOUNTED,
    }),
};

function done(id: number): void {
  answer({
    kind: 'report',
    id,
    report: { lines: [{ type: 'cloudwatch', kind: 'done' }] },
    accounted: { ...NOTHING_ACCOUNTED, delivered: 3, messageBytes: 30 },
  });
}

port.on('message', (message: ToWorker) => {
  switch (message.kind) {
    case 'deliver': {
      const manner = MANNERS[message.task.ref.key];
      if (manner) manner(message.id);
      else done(message.id);
      return;
    }
    case 'abort':
      waiting.delete(message.id);
      answer({
        kind: 'report',
        id: message.id,
        report: failureReport(new DistributorError(message.code, message.message)),
        accounted: NOTHING_ACCOUNTED,
      });
      return;
    case 'drain':
      for (const id of waiting.keys()) {
        answer({
          kind: 'report',
          id,
          report: failureReport(new DistributorError('stopping', 'drained')),
          accounted: NOTHING_ACCOUNTED,
        });
      }
      return;
    case 'place':
      if (message.held) heldPlaces.add(message.key);
      else heldPlaces.delete(message.key);
      return;
    case 'ping':
      answer({
        kind: 'pong',
        // What waits has come five records further at every ping.
        progress: [...waiting.keys()].map((id) => ({ id, accounted: { ...NOTHING_ACCOUNTED, filtered: 5 } })),
      });
      return;
    case 'metrics':
      answer({ kind: 'metrics', id: message.id, metrics: [{ name: 'one' }] });
  }
});
