/**
 * The floor: one process that does the least that delivering the same data can take. It fetches and decompresses the
 * objects, and sends bodies that lie ready, with their SHA-256, four at a time. It decodes nothing and builds nothing.
 */
import { hash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { answerCalls } from '../child.ts';
import type { FloorCalls, FloorOptions } from './calls.ts';
import { planReading, type ReadPlan, read } from './reading.ts';

const IN_FLIGHT = 4;

let plans: readonly ReadPlan[] = [];
let bodies: readonly Buffer[] = [];
let exchange: Exchange = () => Promise.reject(new Error('nothing is prepared'));

interface Request {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body?: Buffer;
  /** Where the answer's body goes. Default: a buffer of its own. */
  readonly into?: Buffer;
}
type Exchange = (request: Request) => Promise<Buffer>;

function createExchange(url: string, ca: string | undefined): Exchange {
  const { hostname, port } = new URL(url);
  const connections = { keepAlive: true, maxSockets: IN_FLIGHT + 2 };
  const agent = ca === undefined ? new HttpAgent(connections) : new HttpsAgent({ ...connections, ca });
  const send = ca === undefined ? httpRequest : httpsRequest;
  return ({ body, into, ...request }) => {
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    const outgoing = send({ ...request, host: hostname, port, agent }, (response) => {
      const length = Number(response.headers['content-length']);
      const bytes = (into ?? Buffer.allocUnsafe(length)).subarray(0, length);
      let at = 0;
      response.on('data', (piece: Buffer) => {
        at += piece.copy(bytes, at);
      });
      response.on('end', () => {
        if (at === length && (response.statusCode === 200 || response.statusCode === 206)) resolve(bytes);
        else reject(new Error(`status ${response.statusCode}, ${at} of ${length} bytes`));
      });
      response.on('error', reject);
    });
    outgoing.on('error', reject);
    outgoing.end(body);
    return promise;
  };
}

function fetchRange(name: string, start: number, end: number, into: Buffer): Promise<Buffer> {
  return exchange({ method: 'GET', path: `/bench/${name}`, headers: { range: `bytes=${start}-${end - 1}` }, into });
}

async function sendAll(): Promise<void> {
  const left = bodies.values();
  const sender = async () => {
    for (const body of left) {
      const headers = {
        'content-type': 'application/x-amz-json-1.1',
        'content-length': body.length,
        'x-amz-target': 'Logs_20140328.PutLogEvents',
        'x-amz-content-sha256': hash('sha256', body, 'hex'),
      };
      await exchange({ method: 'POST', path: '/', headers, body });
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, sender));
}

async function readBodies({ file, lengths }: FloorOptions['bodies']): Promise<Buffer[]> {
  await using handle = await open(file);
  const all: Buffer[] = [];
  for (const length of lengths) {
    const body = Buffer.allocUnsafeSlow(length);
    const { bytesRead } = await handle.read(body, 0, length);
    if (bytesRead !== length) throw new Error(`${file} is shorter than its bodies`);
    all.push(body);
  }
  return all;
}

answerCalls<FloorCalls>({
  async prepare(options) {
    plans = await Promise.all(options.objects.map(planReading));
    bodies = await readBodies(options.bodies);
    exchange = createExchange(options.url, options.ca);
  },
  async run() {
    const startedMs = performance.now();
    const cpuBefore = process.cpuUsage();
    await Promise.all([read(plans, fetchRange), sendAll()]);
    const { user, system } = process.cpuUsage(cpuBefore);
    return { seconds: (performance.now() - startedMs) / 1000, cpuSeconds: (user + system) / 1e6 };
  },
});
