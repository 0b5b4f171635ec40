import { Agent, request as httpRequest } from 'node:http';
import type { Answer, Exchange, RequestHead } from './http.ts';

export interface ForwardDeps {
  readonly port: number;
  /** Told of each DeleteMessageBatch that the queue has carried out. */
  readonly onDeleted: (messages: number) => void;
}

/** Passes requests on to the embedded AWS as they are, signature included, and its answers back. */
export function createForward({
  port,
  onDeleted,
}: ForwardDeps): (head: RequestHead, reply: (answer: Answer | undefined) => void) => Exchange {
  const agent = new Agent({ keepAlive: true });
  return (head, reply) => {
    const { method, path, rawHeaders } = head;
    const request = httpRequest({ host: '127.0.0.1', port, agent, method, path, headers: rawHeaders });
    const sent: Buffer[] = [];
    request.on('error', () => reply(undefined));
    request.on('response', async (response) => {
      const received: Buffer[] = [];
      try {
        for await (const piece of response) received.push(piece);
      } catch {
        return reply(undefined);
      }
      const body = Buffer.concat(received);
      const status = response.statusCode ?? 0;
      reply({ status, headers: passedOn(response.headers), body });
      if (status === 200 && head.headers.get('x-amz-target') === 'AmazonSQS.DeleteMessageBatch') {
        onDeleted(deletedBy(Buffer.concat(sent), body));
      }
    });
    return {
      take(piece) {
        sent.push(piece);
        request.write(piece);
      },
      end: () => request.end(),
      leave: () => request.destroy(),
    };
  };
}

/** The length is written anew, and the connection is another. */
const OF_THE_CONNECTION = new Set(['connection', 'keep-alive', 'content-length', 'transfer-encoding']);

function passedOn(headers: NodeJS.Dict<string | string[]>): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !OF_THE_CONNECTION.has(name)) kept[name] = String(value);
  }
  return kept;
}

function deletedBy(sent: Buffer, received: Buffer): number {
  const { Entries }: { readonly Entries: readonly unknown[] } = JSON.parse(sent.toString());
  const { Failed = [] }: { readonly Failed?: readonly unknown[] } = JSON.parse(received.toString());
  return Entries.length - Failed.length;
}
