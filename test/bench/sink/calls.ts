/** What the benchmark asks of its sink. */
export interface SinkCalls {
  open(options: SinkOptions): SinkPorts | Promise<SinkPorts>;
  /** From now on these are S3's objects, and no others. */
  serve(objects: readonly ServedObject[]): void | Promise<void>;
  /** A round begins: all counts are nought. */
  begin(options: RoundOptions): void;
  /** Resolves when so many queue messages have been deleted in this round. */
  untilDeleted(messages: number): void | Promise<void>;
  /** The round is over. */
  end(argument: null): RoundTotals | Promise<RoundTotals>;
}

export interface SinkOptions {
  /** Of the embedded AWS, which answers everything but GetObject and PutLogEvents. */
  readonly cloudPort: number;
  /** PEM. undefined: no HTTPS. */
  readonly tls: { readonly key: string; readonly cert: string } | undefined;
}

export interface SinkPorts {
  readonly http: number;
  readonly https: number | undefined;
}

export interface ServedObject {
  /** Last segment of the keys under which it is found: many keys may have it. */
  readonly name: string;
  readonly file: string;
  /** Without quotes. */
  readonly eTag: string;
}

export interface RoundOptions {
  /** Put bodies are kept, taken apart and compared, and written to this file one after another. undefined: only counted. */
  readonly keepBodies: string | undefined;
}

export interface RoundTotals {
  readonly putCalls: number;
  readonly putBytes: number;
  readonly getBytes: number;
  /** All calls of the service, by operation. */
  readonly calls: Readonly<Record<string, number>>;
  /** CPU seconds of the sink itself. */
  readonly cpuSeconds: number;
  /** Where bodies were kept: the length of each, in the file's order. */
  readonly bodyLengths: readonly number[];
  /** Where bodies were kept: what was in them, by log group. */
  readonly groups: Readonly<Record<string, EventTally>>;
}

/** A multiset of events, in three numbers. */
export interface EventTally {
  readonly events: number;
  /** UTF-8. */
  readonly messageBytes: number;
  /** Sum of the events' fingerprints, modulo 2^53: the same for the same events in whatever order. */
  readonly digest: number;
}
