/**
 * How a time range of a tenant's objects is found by names: folder by folder along the key template, then along the Hive
 * partitions by time that the platform's writers put below it. What cannot hold such an object is never listed.
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
}

export interface WalkRange {
  readonly template: string;
  /** Placeholders whose value is known: `tenant_id`, and whatever else was asked for. */
  readonly known: Readonly<Record<string, string>>;
  /** Objects last modified from here, epoch milliseconds. */
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * Writers that partition by an event's own time put an object into its events' day, however late it is written; they buffer
 * for days when their network is away, and CloudWatch Logs takes what is up to 14 days old.
 */
const LATE_MS = 15 * 86_400_000;
/** Clocks of writers may be ahead. */
const EARLY_MS = 86_400_000;

interface Segment {
  readonly expression: RegExp;
  readonly names: readonly string[];
  /** The text before the first placeholder whose value is not known. */
  readonly beginning: string;
  readonly literal: boolean;
}

export function createWalk({ template, known, fromMs, toMs }: WalkRange): Walk {
  const segments = template
    .replace(/(…|\*|\.\.\.)$/, '')
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
      if (parts.length < segments.length) return 'folders';
      return judgeTime(parts.slice(segments.length), fromMs - LATE_MS, toMs + EARLY_MS);
    },
    beginning: (folder) => segments[folder.split('/').length - 1]?.beginning ?? '',
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

/** `year=2026/month=11/day=24/`, down to the day; anything else is listed whole. */
function judgeTime(parts: readonly string[], fromMs: number, toMs: number): 'folders' | 'all' | 'none' {
  const numbers: number[] = [];
  for (const [at, name] of ['year', 'month', 'day'].entries()) {
    const part = parts[at];
    if (part === undefined) break;
    const [, digits] = new RegExp(`^${name}=(\\d{2,4})$`).exec(part) ?? [];
    if (digits === undefined) return 'all';
    numbers.push(Number(digits));
  }
  const [year, month, day] = numbers;
  if (year === undefined) return 'folders';
  const beginMs = Date.UTC(year, (month ?? 1) - 1, day ?? 1);
  const endMs =
    month === undefined ? Date.UTC(year + 1, 0, 1) : day === undefined ? Date.UTC(year, month, 1) : beginMs + EARLY_MS;
  if (endMs <= fromMs || beginMs >= toMs) return 'none';
  return day === undefined ? 'folders' : 'all';
}
