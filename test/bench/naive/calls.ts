/** What the benchmark asks of the naive pipeline. */
export interface NaiveCalls {
  prepare(options: NaiveOptions): void | Promise<void>;
  run(argument: null): NaiveRound | Promise<NaiveRound>;
}

export interface NaiveOptions {
  readonly url: string;
  /** PEM of the sink's certificate. */
  readonly ca: string | undefined;
  readonly objects: readonly NaiveObject[];
}

export interface NaiveObject {
  readonly key: string;
  readonly kind: 'parquet' | 'gzip';
  readonly logGroupName: string;
}

export interface NaiveRound {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly messageBytes: number;
}
