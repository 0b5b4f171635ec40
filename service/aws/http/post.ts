import { createTextSink, type Head } from './exchange.ts';
import type { SendSigned } from './signed.ts';

/** Where the calls of a service go, and in whose name. */
export interface CallPlace {
  /** @param input of the call, which may name another place */
  readonly origin: (input: object) => Promise<URL>;
  readonly userAgent: () => Promise<string>;
  readonly send: SendSigned;
}

export interface Posted {
  readonly head: Head;
  readonly text: string;
}

/** A page of a query or scan has 1 MiB of items (DynamoDB quotas), ten messages 10 MiB at most; JSON escapes both. */
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;

/** Sends a call that is a text and is answered by one, once. @throws as `SendSigned` */
export async function post(
  { origin, userAgent, send }: CallPlace,
  input: object,
  { headers, body }: { readonly headers: Readonly<Record<string, string>>; readonly body: string },
  signal: AbortSignal,
): Promise<Posted> {
  const { sink, text } = createTextSink(ANSWER_BYTES_MAX);
  const to = await origin(input);
  const request = {
    origin: to,
    method: 'POST' as const,
    path: to.pathname,
    headers: { 'user-agent': await userAgent(), ...headers },
    body: Buffer.from(body),
  };
  const head = await send(request, () => sink, signal);
  return { head, text: text() };
}

/** Of calls that nobody gives up. */
export const NO_SIGNAL = new AbortController().signal;
