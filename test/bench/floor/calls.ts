/** What the benchmark asks of the floor: the least work that delivering the same data can take. */
export interface FloorCalls {
  /** Everything that need not be part of the work: bodies are read, pages are found. */
  prepare(options: FloorOptions): void | Promise<void>;
  run(argument: null): FloorRound | Promise<FloorRound>;
}

export interface FloorOptions {
  /** The sink's. */
  readonly url: string;
  /** PEM of the sink's certificate. */
  readonly ca: string | undefined;
  readonly objects: readonly FloorObject[];
  /** The bodies that the service sent for these objects, one after another. */
  readonly bodies: { readonly file: string; readonly lengths: readonly number[] };
}

export interface FloorObject {
  readonly name: string;
  readonly file: string;
  readonly kind: 'parquet' | 'gzip';
}

export interface FloorRound {
  readonly seconds: number;
  readonly cpuSeconds: number;
}
