/**
 * The naive pipeline: what a good developer writes in an hour from the same list of packages. Objects one after another, each
 * read by the library's public API or line by line with JSON.parse, batches sent by the SDK one after another. It knows its
 * keys beforehand, and has neither queue nor ledger nor sessions: in all that it is better off than the service.
 */
import { Agent } from 'node:https';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { CloudWatchLogsClient, PutLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { answerCalls } from '../child.ts';
import type { NaiveCalls, NaiveObject, NaiveOptions } from './calls.ts';

const BUCKET = 'bench';
const BATCH_EVENTS_MAX = 10_000;
const BATCH_BYTES_MAX = 1_000_000;
const EVENT_OVERHEAD_BYTES = 26;

interface LogEvent {
  readonly timestamp: number;
  readonly message: string;
}

interface Clients {
  readonly s3: S3Client;
  readonly logs: CloudWatchLogsClient;
}

function createClients({ url, ca }: NaiveOptions): Clients {
  const options = {
    endpoint: url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    ...(ca === undefined ? {} : { requestHandler: { httpsAgent: new Agent({ keepAlive: true, ca }) } }),
  };
  return { s3: new S3Client({ ...options, forcePathStyle: true }), logs: new CloudWatchLogsClient(options) };
}

/** Events on their way to one stream. */
function createSender(logs: CloudWatchLogsClient, logGroupName: string) {
  let batch: LogEvent[] = [];
  let batchBytes = 0;
  let messageBytes = 0;
  const flush = async () => {
    const logEvents = batch.sort((a, b) => a.timestamp - b.timestamp);
    batch = [];
    batchBytes = 0;
    if (logEvents.length === 0) return;
    await logs.send(new PutLogEventsCommand({ logGroupName, logStreamName: 'naive', logEvents }));
  };
  return {
    /** @returns what must be waited for before the next, if anything */
    add(event: LogEvent): Promise<void> | undefined {
      const bytes = Buffer.byteLength(event.message);
      const isFull = batch.length >= BATCH_EVENTS_MAX || batchBytes + bytes + EVENT_OVERHEAD_BYTES > BATCH_BYTES_MAX;
      const sending = isFull ? flush() : undefined;
      batch.push(event);
      batchBytes += bytes + EVENT_OVERHEAD_BYTES;
      messageBytes += bytes;
      return sending;
    },
    flush,
    messageBytes: () => messageBytes,
  };
}

async function deliver({ s3, logs }: Clients, { key, kind, logGroupName }: NaiveObject): Promise<number> {
  const sender = createSender(logs, logGroupName);
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: key }));
  if (!(Body instanceof Readable)) throw new Error(`${key} has no body`);
  if (kind === 'parquet') {
    const file = new Uint8Array(await Body.transformToByteArray()).buffer;
    for (const { timestamp, message } of await parquetReadObjects({ file, compressors })) {
      const sending = sender.add({ timestamp: timestamp.getTime(), message });
      if (sending) await sending;
    }
  } else {
    for await (const line of createInterface({ input: Body.pipe(createGunzip()) })) {
      const { timestamp, message } = JSON.parse(line);
      const sending = sender.add({ timestamp: Date.parse(timestamp), message });
      if (sending) await sending;
    }
  }
  await sender.flush();
  return sender.messageBytes();
}

let clients: Clients | undefined;
let objects: readonly NaiveObject[] = [];

answerCalls<NaiveCalls>({
  prepare(options) {
    clients = createClients(options);
    objects = options.objects;
  },
  async run() {
    if (!clients) throw new Error('nothing is prepared');
    const startedMs = performance.now();
    const cpuBefore = process.cpuUsage();
    let messageBytes = 0;
    for (const object of objects) messageBytes += await deliver(clients, object);
    const { user, system } = process.cpuUsage(cpuBefore);
    const seconds = (performance.now() - startedMs) / 1000;
    return { seconds, cpuSeconds: (user + system) / 1e6, messageBytes };
  },
});
