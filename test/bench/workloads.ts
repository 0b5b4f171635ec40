import type { LineKind } from './data/lines.ts';

/** How an object lies in S3. */
export type Format =
  /** As Firehose writes it: one row group, Snappy, nested struct. */
  | 'parquet'
  /** The same rows in five row groups. */
  | 'parquet-5-groups'
  /** As Vector writes it. */
  | 'ndjson-gzip';

/** How a workload's data is spread over objects. */
export interface Layout {
  readonly name: 'several' | 'one' | 'many' | 'tiny';
  /** Different objects, each of a tenant of its own. */
  readonly objects: number;
  /** Message text of each, bytes. */
  readonly objectMessageBytes: number;
  /** Each object is announced under so many keys. */
  readonly copies: number;
}

export interface Workload {
  readonly name: string;
  readonly format: Format;
  readonly lines: LineKind;
  readonly layout: Layout;
  readonly tls: boolean;
}

const MEGABYTE = 1e6;

const SEVERAL: Layout = { name: 'several', objects: 4, objectMessageBytes: 32 * MEGABYTE, copies: 1 };
const ONE: Layout = { name: 'one', objects: 1, objectMessageBytes: 256 * MEGABYTE, copies: 1 };
const MANY: Layout = { name: 'many', objects: 50, objectMessageBytes: MEGABYTE, copies: 10 };
/** What Vector writes of 1 TB a month: an object's own cost is all that counts. */
const TINY: Layout = { name: 'tiny', objects: 100, objectMessageBytes: 0.15 * MEGABYTE, copies: 5 };
const SEVERAL_QUICK: Layout = { ...SEVERAL, objectMessageBytes: 8 * MEGABYTE };

const LINE_KINDS: readonly LineKind[] = ['plain-250', 'plain-80', 'json', 'unicode'];
const FORMATS: readonly Format[] = ['parquet', 'parquet-5-groups', 'ndjson-gzip'];
/** What Firehose and Vector write: the two that the others are variations of. */
const MAIN_FORMATS: readonly Format[] = ['parquet', 'ndjson-gzip'];

export const WORKLOADS: readonly Workload[] = [
  ...FORMATS.flatMap((format) => LINE_KINDS.map((lines) => workload({ format, lines, layout: SEVERAL }))),
  ...MAIN_FORMATS.flatMap((format) => [
    workload({ format, layout: ONE }),
    workload({ format, layout: MANY }),
    workload({ format, layout: TINY }),
    workload({ format, layout: SEVERAL, tls: true }),
  ]),
];

export const QUICK_WORKLOADS: readonly Workload[] = [
  ...MAIN_FORMATS.map((format) => workload({ format, layout: SEVERAL_QUICK })),
  workload({ format: 'parquet', layout: SEVERAL_QUICK, tls: true }),
];

/** Where one worker thread is compared with two. */
export const THREADS_WORKLOADS: readonly Workload[] = MAIN_FORMATS.map((format) =>
  workload({ format, layout: { ...SEVERAL, copies: 2 } }),
);
export const QUICK_THREADS_WORKLOADS: readonly Workload[] = [
  workload({ format: 'parquet', layout: { ...SEVERAL_QUICK, copies: 2 } }),
];

function workload(part: {
  readonly format: Format;
  readonly lines?: LineKind;
  readonly layout: Layout;
  readonly tls?: boolean;
}): Workload {
  const { format, lines = 'plain-250', layout, tls = false } = part;
  const suffixes = [lines, ...(layout.name === 'several' ? [] : [layout.name]), ...(tls ? ['https'] : [])];
  return { name: `${format}/${suffixes.join('/')}`, format, lines, layout, tls };
}
