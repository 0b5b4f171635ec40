import { open } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { createEventTally } from '../data/event-tally.ts';
import type { EventTally, RoundTotals } from './calls.ts';
import type { Answer, Exchange, RequestHead } from './http.ts';

/** PutLogEvents: reads every byte of every body and says yes. Bodies are counted as they arrive, or kept until the round is over. */
export interface Puts {
  begin(keepBodies: string | undefined): void;
  accept(head: RequestHead, reply: (answer: Answer) => void): Exchange;
  end(): Promise<Pick<RoundTotals, 'putCalls' | 'putBytes' | 'bodyLengths' | 'groups'>>;
}

const ACCEPTED: Answer = {
  status: 200,
  headers: { 'content-type': 'application/x-amz-json-1.1' },
  body: Buffer.from('{}'),
};

export function createPuts(): Puts {
  let putCalls = 0;
  let putBytes = 0;
  let file: string | undefined;
  let kept: { readonly body: Buffer; readonly isGzip: boolean }[] = [];

  return {
    begin(keepBodies) {
      putCalls = 0;
      putBytes = 0;
      kept = [];
      file = keepBodies;
    },
    accept(head, reply) {
      const isGzip = head.headers.get('content-encoding') === 'gzip';
      const body = file === undefined ? undefined : Buffer.allocUnsafe(Number(head.headers.get('content-length')));
      let arrived = 0;
      return {
        keepsNothing: true,
        take(piece) {
          body?.set(piece, arrived);
          arrived += piece.length;
        },
        end() {
          putCalls++;
          putBytes += arrived;
          if (body) kept.push({ body, isGzip });
          reply(ACCEPTED);
        },
      };
    },
    async end() {
      const bodies = kept.map(({ body, isGzip }) => (isGzip ? gunzipSync(body) : body));
      kept = [];
      if (file !== undefined) await writeBodies(file, bodies);
      return { putCalls, putBytes, bodyLengths: bodies.map(({ length }) => length), groups: tallyByGroup(bodies) };
    },
  };
}

interface PutInput {
  readonly logGroupName: string;
  readonly logEvents: readonly { readonly timestamp: number; readonly message: string }[];
}

function tallyByGroup(bodies: readonly Buffer[]): Record<string, EventTally> {
  const groups = new Map<string, ReturnType<typeof createEventTally>>();
  for (const body of bodies) {
    const input: PutInput = JSON.parse(body.toString());
    const tally = groups.get(input.logGroupName) ?? createEventTally();
    groups.set(input.logGroupName, tally);
    for (const { timestamp, message } of input.logEvents) tally.add(timestamp, message);
  }
  return Object.fromEntries([...groups].map(([group, tally]) => [group, tally.read()]));
}

async function writeBodies(file: string, bodies: readonly Buffer[]): Promise<void> {
  await using handle = await open(file, 'w');
  for (const body of bodies) await handle.writeFile(body);
}
