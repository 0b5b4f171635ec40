import { once } from 'node:events';
import { Agent, request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import dynalite from 'dynalite';
import type { HttpAnswer } from '../http/message.ts';
import type { Place } from '../service.ts';

/** dynalite, one for each account and region that calls, each on a loopback port of its own. */
export interface Tables {
  /** @param action such as `GetItem` */
  call(place: Place, action: string, body: Buffer): Promise<HttpAnswer>;
  close(): Promise<void>;
}

interface Instance {
  readonly server: Server;
  readonly port: number;
}

/** Long enough for a client that does not wait for ACTIVE to notice it. */
const TABLE_CHANGE_MS = 50;

export function createTables(): Tables {
  const agent = new Agent({ keepAlive: true });
  const instances = new Map<string, Promise<Instance>>();

  const instanceOf = ({ account, region }: Place): Promise<Instance> => {
    const key = `${account}/${region}`;
    const instance = instances.get(key) ?? start();
    instances.set(key, instance);
    return instance;
  };

  const send = async (place: Place, action: string, body: Buffer): Promise<HttpAnswer> => {
    const { port } = await instanceOf(place);
    const sent = httpRequest({
      host: '127.0.0.1',
      port,
      agent,
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.0',
        'content-length': body.length,
        'x-amz-target': `DynamoDB_20120810.${action}`,
        // It wants a signature of the right form, and looks no further.
        'x-amz-date': '20200101T000000Z',
        authorization:
          'AWS4-HMAC-SHA256 Credential=x/20200101/x/dynamodb/aws4_request, SignedHeaders=host, Signature=x',
      },
    });
    sent.end(body);
    const [answered]: IncomingMessage[] = await once(sent, 'response');
    if (!answered) throw new Error('dynalite did not answer');
    const pieces: Buffer[] = await answered.toArray();
    const whole = Buffer.concat(pieces);
    return {
      status: answered.statusCode ?? 500,
      headers: { 'content-type': answered.headers['content-type'] ?? 'application/x-amz-json-1.0' },
      body: [/Tables?$/.test(action) ? withArns(whole, place) : whole],
    };
  };

  const underWay = new Set<Promise<HttpAnswer>>();
  return {
    call(place, action, body) {
      const sending = send(place, action, body);
      underWay.add(sending);
      return sending.finally(() => underWay.delete(sending));
    },
    async close() {
      // dynalite throws when a request breaks off.
      await Promise.allSettled(underWay);
      agent.destroy();
      for (const { server } of await Promise.all(instances.values())) {
        server.closeAllConnections();
        await new Promise<void>((resolve) => server.close(() => resolve()));
      }
    },
  };
}

async function start(): Promise<Instance> {
  const times = { createTableMs: TABLE_CHANGE_MS, updateTableMs: TABLE_CHANGE_MS, deleteTableMs: TABLE_CHANGE_MS };
  const server = dynalite(times).listen(0, '127.0.0.1');
  // Idle connections stay: one that the server ends while the next call is sent on it would fail that call.
  server.keepAliveTimeout = 0;
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('dynalite listens on no port');
  return { server, port: address.port };
}

/** It takes account and region of ARNs from the environment. */
function withArns(body: Buffer, { account, region }: Place): Buffer {
  return Buffer.from(
    body.toString().replace(/arn:aws:dynamodb:[^:"]*:\d{12}:/g, `arn:aws:dynamodb:${region}:${account}:`),
  );
}
