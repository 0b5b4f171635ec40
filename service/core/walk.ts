import { withoutRest } from './object-key.ts';

/**
 * How a time range of objects is found by names: folder by folder along the key template, then key by key, past the Hive
 * partitions by time (`year=2026/month=11/day=24/hour=07/`) that hold nothing of the range.
 */
export interface Walk {
  /** Where to begin: the folders that are the same for all. */
  readonly start: string;
  /**
   * What to do with a folder (a prefix that ends with `/`, or '').
   * `folders`: list its folders, and look at each; `all`: list everything below; `none`: leave it.
   */
  judge(folder: string): 'folders' | 'all' | 'none';
  /** What the names of the folders in it begin with, as far as that is known: it narrows the listing. */
  beginning(folder: string): string;
  /**
   * Of a key below a folder of which everything is listed: behind which key the listing may go on. Keys sort by time within
   * partitions, so this key and everything up to there is out of the range. undefined: it may be in the range.
   */
  skip(folder: string, key: string): string | undefined;
}

export interface WalkRange {
  readonly template: string;
  /** Placeholders whose value is known: `tenant_id`, and whatever else was asked for. */
  readonly known: Readonly<Record<string, string>>;
  /** Objects last modified from here, epoch milliseconds. */
  readonly fromMs: number;
  readonly toMs: number;
  /** How long after a partition's time an object may be written into it. Default: 15 days, for partitions by an event's time. */
  readonly lateMs?: number;
  /** How long before. Default: a day. */
  readonly earlyMs?: number;
}

/**
 * Writers that partition by an event's own time put an object into its events' day, however late it is written; they buffer
 * for days when their network is away, and CloudWatch Logs takes what is up to 14 days old.
 */
const LATE_MS = 15 * 86_400_000;
/** Clocks of writers may be ahead. */
const EARLY_MS = 86_400_000;
/** Partitions by time, down to which they go. */
const PARTITION = /^year=(\d{4})\/(?:month=(\d\d)\/(?:day=(\d\d)\/(?:hour=(\d\d)\/)?)?)?/;

interface Segment {
  readonly expression: RegExp;
  readonly names: readonly string[];
  /** The text before the first placeholder whose value is not known. */
  readonly beginning: string;
  readonly literal: boolean;
}

export function createWalk({ template, known, lateMs = LATE_MS, earlyMs = EARLY_MS, ...range }: WalkRange): Walk {
  const fromMs = range.fromMs - lateMs;
  const toMs = range.toMs + earlyMs;
  const segments = withoutRest(template)
    .split('/')
    // What stands behind the last slash is the beginning of a file's name, or nothing.
    .slice(0, -1)
    .map((text) => toSegment(text, known));
  const literals = segments.findIndex(({ literal }) => !literal);
  const start = template.split('/').slice(0, literals === -1 ? segments.length : literals);

  return {
    start: start.map((text) => `${text}/`).join(''),
    judge(folder) {
      const parts = folder.split('/').slice(0, -1);
      const fits = parts.every((part, at) => segments[at] === undefined || matches(part, segments[at], known));
      if (!fits) return 'none';
      return parts.length < segments.length ? 'folders' : 'all';
    },
    beginning: (folder) => segments[folder.split('/').length - 1]?.beginning ?? '',
    skip(folder, key) {
      const time = partitionTime(key.slice(folder.length));
      if (!time) return undefined;
      if (time.endMs <= fromMs) return folder + partitionOf(fromMs, time.depth);
      // Behind every name that begins with `year=`: `>` is the character after `=`.
      return time.beginMs >= toMs ? `${folder}year>` : undefined;
    },
  };
}

function toSegment(text: string, known: WalkRange['known']): Segment {
  const pieces = text.split(/\{(\w+)\}/);
  const names = pieces.filter((_, at) => at % 2 === 1);
  const pattern = pieces.map((piece, at) => (at % 2 === 1 ? '([^/]+)' : RegExp.escape(piece))).join('');
  let beginning = '';
  for (const [at, piece] of pieces.entries()) {
    // Writers may percent-encode a value; only one that cannot be encoded is sure to stand there as it is.
    const value = at % 2 === 1 ? known[piece] : piece;
    if (value === undefined || (at % 2 === 1 && !/^[\w.-]+$/.test(value))) break;
    beginning += value;
  }
  return { expression: new RegExp(`^${pattern}$`, 'u'), names, beginning, literal: names.length === 0 };
}

function matches(part: string, { expression, names }: Segment, known: WalkRange['known']): boolean {
  const match = expression.exec(part);
  return (
    match !== null && names.every((name, at) => !(name in known) || isValue(match[at + 1] ?? '', known[name] ?? ''))
  );
}

function isValue(text: string, value: string): boolean {
  return text === value || text === encodeURIComponent(value);
}

/** The time of the partition that a key is in, as far down as its folders tell it. */
function partitionTime(key: string): { beginMs: number; endMs: number; depth: number } | undefined {
  const match = PARTITION.exec(key);
  if (!match) return undefined;
  const given = match.slice(1).filter((digits) => digits !== undefined);
  const depth = given.length;
  const [year = 0, month = 1, day = 1, hour = 0] = given.map(Number);
  const utc = (further: number) =>
    Date.UTC(
      year + (depth === 1 ? further : 0),
      month - 1 + (depth === 2 ? further : 0),
      day + (depth === 3 ? further : 0),
      hour + (depth === 4 ? further : 0),
    );
  return { beginMs: utc(0), endMs: utc(1), depth };
}

/** The folders of a time's partition, so many of them. */
function partitionOf(ms: number, depth: number): string {
  const [year, month, day, hour] = new Date(ms).toISOString().split(/[-T:]/);
  return [`year=${year}/`, `month=${month}/`, `day=${day}/`, `hour=${hour}/`].slice(0, depth).join('');
}
