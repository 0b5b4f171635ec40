import type { Call, CallOptions, StsApi } from '../api.ts';
import { type RetryDeps, type RetryPolicy, withRetry } from '../retry.ts';
import { elementOf, errorOfXml } from './answer.ts';
import { type CallPlace, NO_SIGNAL, post } from './post.ts';

/** Calls of STS, by its query protocol: a form goes there, XML comes back. */

const API_VERSION = '2011-06-15';

/** What is read of the answer of each operation. */
const OUTPUTS: Readonly<Record<keyof StsApi, (xml: string) => object>> = {
  AssumeRole: (xml) => ({ Credentials: credentialsOf(xml) }),
  GetCallerIdentity: (xml) => ({ Arn: elementOf(xml, 'Arn') }),
};

export function createStsOverHttp(place: CallPlace, policy: RetryPolicy, retryDeps: RetryDeps): Call<StsApi> {
  const attempt = async (operation: keyof StsApi, input: object, signal: AbortSignal): Promise<object> => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const body = formOf({ Action: operation, Version: API_VERSION, ...input });
    const { head, text } = await post(place, input, { headers, body }, signal);
    if (head.status !== 200) throw errorOfXml(head, text);
    return OUTPUTS[operation](text);
  };
  const call = (operation: keyof StsApi, input: object, { abortSignal: signal = NO_SIGNAL }: CallOptions = {}) =>
    withRetry(() => attempt(operation, input, signal), policy, retryDeps, signal);
  // The readers above give each operation's own output.
  return call as unknown as Call<StsApi>;
}

/** Lists are `Tags.member.1.Key`, counted from one (AWS query protocol). */
export function formOf(input: object): string {
  const form = new URLSearchParams();
  const add = (name: string, value: unknown): void => {
    if (value === undefined || value === null) return;
    if (typeof value !== 'object') form.append(name, String(value));
    else if (Array.isArray(value)) for (const [at, one] of value.entries()) add(`${name}.member.${at + 1}`, one);
    else for (const [inner, one] of Object.entries(value)) add(`${name}.${inner}`, one);
  };
  for (const [name, value] of Object.entries(input)) add(name, value);
  return form.toString();
}

function credentialsOf(xml: string) {
  const [AccessKeyId, SecretAccessKey, SessionToken, expiration] = [
    elementOf(xml, 'AccessKeyId'),
    elementOf(xml, 'SecretAccessKey'),
    elementOf(xml, 'SessionToken'),
    elementOf(xml, 'Expiration'),
  ];
  return { AccessKeyId, SecretAccessKey, SessionToken, Expiration: expiration ? new Date(expiration) : undefined };
}
