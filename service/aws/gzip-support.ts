import { awsErrorName, faultOf, statusOf } from './fault.ts';

/**
 * Whether an endpoint takes compressed bodies of PutLogEvents. CloudWatch Logs does, though its API reference does not say so; emulators and
 * proxies may not, each in its own words. A call that is refused as invalid was not executed, so its body is sent again at once as it is. If that
 * succeeds, the endpoint takes no compressed bodies.
 */
export interface GzipSupport {
  readonly isRefused: boolean;
  /**
   * Sends a body compressed, and as it is where the encoding may be why a call failed.
   * @throws what the last call threw
   */
  send<T>(compressed: () => Promise<T>, identity: () => Promise<T>): Promise<T>;
}

/** After a server error nobody knows whether the call was executed, or why it failed: so many are needed. */
const SERVER_ERRORS_MAX = 3;
const ENCODING_REFUSED = new Set(['UnsupportedMediaTypeException', 'SerializationException']);

/** @param onRefused is told once, with what the endpoint said */
export function createGzipSupport(onRefused: (error: unknown) => void): GzipSupport {
  let isAccepted = false;
  let isRefused = false;
  /** Of a compressed body, since which none was sent. */
  let serverError: unknown;
  /** Server errors of compressed bodies, after each of which a body was accepted as it is. */
  let serverErrors = 0;

  const refuse = (error: unknown): void => {
    // Several calls may find it out at the same time.
    if (!isRefused) onRefused(error);
    isRefused = true;
  };

  const sendAfterServerError = async <T>(identity: () => Promise<T>): Promise<T> => {
    const error = serverError;
    const result = await identity();
    if (error === serverError) {
      serverError = undefined;
      serverErrors++;
      if (serverErrors === SERVER_ERRORS_MAX && !isAccepted) refuse(error);
    }
    return result;
  };

  return {
    get isRefused() {
      return isRefused;
    },
    async send(compressed, identity) {
      if (serverError !== undefined && !isAccepted) return sendAfterServerError(identity);
      try {
        const result = await compressed();
        isAccepted = true;
        return result;
      } catch (error) {
        if (!isAccepted && isServerError(error)) serverError = error;
        if (!mayRefuseEncoding(error, isAccepted)) throw error;
        const result = await identity();
        refuse(error);
        return result;
      }
    },
  };
}

/** Once a compressed body was accepted, only an error that names the encoding counts. */
function mayRefuseEncoding(error: unknown, isAccepted: boolean): boolean {
  if (ENCODING_REFUSED.has(awsErrorName(error)) || statusOf(error) === 415) return true;
  return !isAccepted && faultOf(error) === 'invalid';
}

function isServerError(error: unknown): boolean {
  return (statusOf(error) ?? 0) >= 500 && faultOf(error) === 'transient';
}
