import { once } from '../../base/once.ts';
import type { Call, CallOptions } from '../api.ts';

interface SdkClient {
  // biome-ignore lint/suspicious/noExplicitAny: each client has a type of command of its own.
  send(command: any, options?: CallOptions): Promise<any>;
}

/**
 * The calls of an API, by way of a client of the SDK. PLAIN_DECODER puts them in place of those of `http/`, the command line and tests use
 * them, and tests compare the two.
 * @param commands the client's package, which has a class for each operation
 */
export function sdkCalls<Api>(commands: object, client: SdkClient): Call<Api> {
  const call = (operation: string, input: object, options?: CallOptions) => {
    const Command = Reflect.get(commands, `${operation}Command`);
    return client.send(new Command(input), options);
  };
  return call as Call<Api>;
}

/** The same with a client that is loaded when it is first called. */
export function lazily<Api>(load: () => Promise<Call<Api>>): Call<Api> {
  const loaded = once(load);
  const call: Call<Api> = async (...args) => (await loaded())(...args);
  return call;
}
