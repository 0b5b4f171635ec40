import type { Call, CallOptions } from '../api.ts';
import { type RetryDeps, type RetryPolicy, withRetry } from '../retry.ts';
import { errorOfJson } from './answer.ts';
import { readItems, writeItems } from './binary.ts';
import { checkBodies } from './message-checksums.ts';
import { type CallPlace, NO_SIGNAL, post } from './post.ts';

/** Calls of services that speak AWS JSON: the operation's name in a header, input and output as JSON with the API's own names. */

export interface JsonService {
  /** Before the operation in the header `x-amz-target`. */
  readonly target: string;
  readonly version: '1.0' | '1.1';
  /** Looks at what a call was asked and answered. @throws when the answer is not what was sent */
  readonly check?: (input: object, output: object) => void;
  /** Completes an answer whose JSON does not say all. */
  readonly read?: (text: string) => object;
  /** Writes an input of which JSON does not know all values. */
  readonly write?: (input: object) => string;
}

export const DYNAMODB: JsonService = {
  target: 'DynamoDB_20120810',
  version: '1.0',
  read: readItems,
  write: writeItems,
};
export const SQS: JsonService = { target: 'AmazonSQS', version: '1.0', check: checkBodies };
export const LOGS: JsonService = { target: 'Logs_20140328', version: '1.1' };
export const KMS: JsonService = { target: 'TrentService', version: '1.1' };

export function createJsonCalls<Api>(
  service: JsonService,
  place: CallPlace,
  policy: RetryPolicy,
  retryDeps: RetryDeps,
): Call<Api> {
  const contentType = `application/x-amz-json-${service.version}`;
  const attempt = async (operation: string, input: object, signal: AbortSignal): Promise<object> => {
    const headers = { 'content-type': contentType, 'x-amz-target': `${service.target}.${operation}` };
    const { head, text } = await post(
      place,
      input,
      { headers, body: (service.write ?? JSON.stringify)(input) },
      signal,
    );
    if (head.status !== 200) throw errorOfJson(head, text);
    return (service.read ?? JSON.parse)(text || '{}');
  };
  const call = async (operation: string, input: object, { abortSignal: signal = NO_SIGNAL }: CallOptions = {}) => {
    const output = await withRetry(() => attempt(operation, input, signal), policy, retryDeps, signal);
    // Not repeated: what was sent may be there.
    service.check?.(input, output);
    return output;
  };
  // The shapes are the API's own, which nobody translates.
  return call as unknown as Call<Api>;
}
