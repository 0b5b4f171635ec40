/**
 * What a message remembers of its troubles. SQS counts receives, and a receive is no failure: a message of a long backlog
 * is received and handed back many times. So a message that fails is sent anew with its history, and whoever receives it
 * next, in whatever process, knows how often it has failed and since when its tenant refuses it.
 */
export interface History {
  /** Failed attempts in a row that brought the objects no further. */
  readonly failures: number;
  /** When a destination of the message first refused it, epoch milliseconds; undefined while none does. */
  readonly refusedSinceMs: number | undefined;
}

export const NO_HISTORY: History = { failures: 0, refusedSinceMs: undefined };

export function sameHistory(a: History, b: History): boolean {
  return a.failures === b.failures && a.refusedSinceMs === b.refusedSinceMs;
}

/** Names of the message attributes; no producer of notifications uses the like. */
const FAILURES = 'log_distributor_failures';
const REFUSED_SINCE = 'log_distributor_refused_since';
export const HISTORY_ATTRIBUTES: readonly string[] = [FAILURES, REFUSED_SINCE];

/** As whole numbers in text. There is always one, so that a message that was sent anew is known from one that was not. */
export function historyAttributes({ failures, refusedSinceMs }: History): Record<string, string> {
  return {
    [FAILURES]: String(failures),
    ...(refusedSinceMs === undefined ? {} : { [REFUSED_SINCE]: String(refusedSinceMs) }),
  };
}

/** Whether a message with these attributes was sent by a process of ours, and not by whoever announces objects. */
export function isSentAnew(attributes: Readonly<Record<string, string | undefined>>): boolean {
  return HISTORY_ATTRIBUTES.some((name) => attributes[name] !== undefined);
}

/** What is no number counts as absent: anybody may send to the queue. */
export function readHistory(attributes: Readonly<Record<string, string | undefined>>): History {
  return { failures: wholeNumber(attributes[FAILURES]) ?? 0, refusedSinceMs: wholeNumber(attributes[REFUSED_SINCE]) };
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
