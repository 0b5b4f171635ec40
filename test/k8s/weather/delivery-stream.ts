import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { z } from 'zod';
import { createRandom } from '../../../local/workload/random.ts';

/**
 * What stands for Amazon Data Firehose, which the embedded AWS has not: PutRecordBatch, which may take some records of a call and
 * refuse others, and a stream that parts records by line, sorts them by tenant and writes objects. It holds Vector to the quotas
 * of a call (Firehose developer guide, "Quotas"), and checks no signature.
 */
export interface DeliveryStream {
  readonly port: number;
  /** Records that were accepted, and calls. */
  counts(): { readonly records: number; readonly refused: number; readonly calls: number };
  /** Refuses the caller, as when its role may not write, for so long from now on. */
  deny(seconds: number): void;
  /** Writes out what is held. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

const RECORDS_MAX = 500;
const CALL_BYTES_MAX = 4 * 1024 * 1024;
const RECORD_BYTES_MAX = 1000 * 1024;

const call = z.object({
  DeliveryStreamName: z.string(),
  Records: z
    .array(z.object({ Data: z.base64() }))
    .min(1)
    .max(RECORDS_MAX),
});
const line = z.looseObject({ customer_tenant: z.string(), cluster_id: z.string(), environment: z.string() });

/**
 * @param refusedShare of records, by chance
 * @param put writes an object into the central bucket
 */
export async function startDeliveryStream(
  refusedShare: number,
  put: (key: string, body: string) => Promise<void>,
): Promise<DeliveryStream> {
  const random = createRandom('delivery-stream');
  const held = new Map<string, string[]>();
  const counts = { records: 0, refused: 0, calls: 0 };
  let [objects, deniesUntilMs, flushing] = [0, 0, Promise.resolve()];

  const take = (data: Buffer) => {
    if (data.length > RECORD_BYTES_MAX) throw new Error(`a record of ${data.length} bytes`);
    for (const text of data.toString().split('\n')) {
      if (text === '') continue;
      const { customer_tenant, cluster_id, environment } = line.parse(JSON.parse(text));
      const prefix = `logs/tenant_id=${customer_tenant}/cluster_id=${cluster_id}/environment=${environment}`;
      const lines = held.get(prefix);
      if (lines) lines.push(text);
      else held.set(prefix, [text]);
    }
  };
  const answer = async (request: IncomingMessage) => {
    const target = request.headers['x-amz-target'];
    if (target !== 'Firehose_20150804.PutRecordBatch') throw new Error(`${target} is not implemented`);
    const { Records } = call.parse(JSON.parse((await buffer(request)).toString()));
    if (performance.now() < deniesUntilMs) throw new Error('AccessDeniedException');
    const records = Records.map(({ Data }) => Buffer.from(Data, 'base64'));
    if (records.reduce((sum, { length }) => sum + length, 0) > CALL_BYTES_MAX)
      throw new Error('a call of more than 4 MiB');
    counts.calls++;
    const RequestResponses = records.map((data) => {
      if (random.chance(refusedShare)) {
        counts.refused++;
        return { ErrorCode: 'ServiceUnavailableException', ErrorMessage: 'Slow down.' };
      }
      counts.records++;
      take(data);
      return { RecordId: String(counts.records) };
    });
    return { FailedPutCount: RequestResponses.filter((one) => 'ErrorCode' in one).length, RequestResponses };
  };
  const flush = async () => {
    const lines = [...held];
    held.clear();
    for (const [prefix, texts] of lines) await put(`${prefix}/${objects++}.ndjson`, texts.join('\n'));
  };
  const flushInTurn = () => {
    flushing = flushing.then(flush);
    return flushing;
  };

  const server = createServer(async (request, response) => {
    response.setHeader('content-type', 'application/x-amz-json-1.1');
    try {
      response.end(JSON.stringify(await answer(request)));
    } catch (error) {
      const [, denied] = /(AccessDeniedException)/.exec(String(error)) ?? [];
      response
        .writeHead(400)
        .end(JSON.stringify({ __type: denied ?? 'InvalidArgumentException', message: String(error) }));
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const timer = setInterval(flushInTurn, 5_000);
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the stream listens on no port');
  return {
    port: address.port,
    counts: () => ({ ...counts }),
    deny(seconds) {
      deniesUntilMs = performance.now() + seconds * 1000;
    },
    flush: flushInTurn,
    async close() {
      clearInterval(timer);
      await flushing;
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
