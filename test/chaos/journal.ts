import type { CallObserver, ObservedCall } from 'embedded-aws/observer';

/** What the embedded AWS saw of the service processes, call by call. */
export interface Journal extends CallObserver {
  /** Accepted PutLogEvents calls by the id of their request. */
  readonly puts: ReadonlyMap<string, Put>;
  /** Leases that were taken, in the order of the table. */
  readonly acquisitions: readonly LeaseTaken[];
  /** By process, until when messages are hidden that it received or handed back, epoch milliseconds of the harness. */
  readonly hiddenUntilMs: ReadonlyMap<string, number>;
  /** A place in the row of puts and acquisitions. */
  moment(): number;
}

export interface Put {
  /** Which process made it. */
  readonly process: string;
  /** Number of the event in the journal: puts and acquisitions share one row of numbers. */
  readonly order: number;
  /** When it left the process, by the same numbers; absent: nobody saw, and it is not long before. */
  readonly sent?: number;
  /** When it was executed, epoch milliseconds of the harness. */
  readonly atMs: number;
  /** The process was sent all of an answer that says so. */
  answered: boolean;
  /** From when on reads show it, on the same clock; absent: nobody knows. */
  readonly seenMs?: number;
  /** When its caller stopped waiting for an answer, on the same clock; absent: it did not, or nobody knows. */
  givenUpMs?: number;
}

export interface LeaseTaken {
  readonly process: string;
  readonly object: string;
  readonly delivery: string;
  readonly order: number;
  /** When the lease of an owner that left its name ended, on the clock of the puts; absent: there was none, or nobody knows. */
  readonly endedMs?: number;
}

export interface JournalDeps {
  /** Told of every call right after it was executed, before its caller hears of it. */
  readonly onExecuted: (call: ObservedCall, process: string) => void;
}

export function createJournal({ onExecuted }: JournalDeps): Journal {
  const puts = new Map<string, Put>();
  const acquisitions: LeaseTaken[] = [];
  const hiddenUntilMs = new Map<string, number>();
  let order = 0;

  return {
    puts,
    acquisitions,
    hiddenUntilMs,
    moment: () => order++,
    executed(call, status) {
      const process = processOf(call);
      if (process === undefined) return;
      if (status === 200 && call.action === 'PutLogEvents') {
        puts.set(call.requestId, { process, order: order++, atMs: Date.now(), answered: false });
      }
      if (status === 200 && call.action === 'UpdateItem') {
        const taken = leaseOf(call.body);
        if (taken) acquisitions.push({ process, ...taken, order: order++ });
      }
      if (status === 200 && call.service === 'sqs') {
        const untilMs = Date.now() + hiddenSecondsOf(call.body) * 1_000;
        hiddenUntilMs.set(process, Math.max(untilMs, hiddenUntilMs.get(process) ?? 0));
      }
      onExecuted(call, process);
    },
    answered(call, status) {
      const put = puts.get(call.requestId);
      if (put && status === 200) put.answered = true;
    },
  };
}

/** The SDK puts AWS_SDK_UA_APP_ID into its user agent. */
function processOf({ userAgent }: ObservedCall): string | undefined {
  return /\bapp\/([\w-]+)/.exec(userAgent)?.[1];
}

/** Of all writes to the ledger, only the one that takes a lease sets an owner. */
function leaseOf(body: Buffer): { readonly object: string; readonly delivery: string } | undefined {
  const { Key, UpdateExpression } = JSON.parse(body.toString());
  if (!/SET .*#owner = /.test(UpdateExpression)) return undefined;
  return { object: Key.object.S, delivery: Key.delivery.S };
}

/** Of a receive, of messages that are given back or kept, and of those that are sent anew. */
function hiddenSecondsOf(body: Buffer): number {
  const { Entries = [], ...one } = JSON.parse(body.toString());
  const seconds = [one, ...Entries].flatMap(({ VisibilityTimeout = 0, DelaySeconds = 0 }) => [
    VisibilityTimeout,
    DelaySeconds,
  ]);
  return Math.max(0, ...seconds);
}
