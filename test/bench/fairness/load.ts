import { gzipSync } from 'node:zlib';
import { createRandom } from '../../../local/workload/random.ts';
import { createTally, type Tally } from '../../../local/workload/tally.ts';

/** Makes the objects of one tenant, and remembers every event of them. */
export interface Writer {
  readonly tenantId: string;
  /** Every event of all objects so far. */
  readonly tally: Tally;
  readonly objects: number;
  next(): { readonly key: string; readonly body: Buffer };
}

const MESSAGE_LENGTH = 250;
/** Words from a list of this length: gzip makes about a tenth of it, as of real logs. */
const WORDS = 256;

/** @param applications that an object's events belong to, in turns */
export function createWriter(tenantId: string, eventsPerObject: number, applications = 1): Writer {
  const tally = createTally();
  const random = createRandom(tenantId);
  const words = Array.from({ length: WORDS }, () => random.hex(random.between(3, 9)));
  let objects = 0;

  const message = (at: number) => {
    let text = `${tenantId} ${objects}/${at}`;
    while (text.length < MESSAGE_LENGTH) text += ` ${random.pick(words)}`;
    return text;
  };

  return {
    tenantId,
    tally,
    get objects() {
      return objects;
    },
    next() {
      const nowMs = Date.now();
      const lines: string[] = [];
      for (let at = 0; at < eventsPerObject; at++) {
        const event = { timestamp: nowMs - eventsPerObject + at, message: message(at) };
        tally.add(event.timestamp, event.message);
        const application = `web-${at % applications}`;
        lines.push(JSON.stringify({ ...event, customer_tenant: tenantId, application, log_level: 'info' }));
      }
      const key = `logs/tenant_id=${tenantId}/cluster_id=c1/environment=prod/${String(objects).padStart(6, '0')}.log.gz`;
      objects++;
      return { key, body: gzipSync(`${lines.join('\n')}\n`, { level: 1 }) };
    },
  };
}
