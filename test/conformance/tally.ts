import type { ConformanceOutcome } from './decode-worker.ts';

/** What is printed of a corpus. */
export interface ConformanceResult {
  /** The version; null where there is none. */
  readonly pyarrow: string | null;
  readonly files: number;
  /** By what they are taken for, with their compression. */
  readonly formats: Readonly<Record<string, number>>;
  /** Every value of every row is what pyarrow reads. */
  readonly equal: number;
  /** Decoded, and not compared: no Parquet, or pyarrow refuses it. */
  readonly unchecked: number;
  /** Values that stand as null in whole records because they cannot be shown, or their column not read. */
  readonly unshown: number;
  /** Files by why they are refused, numbers left out. */
  readonly refused: Readonly<Record<string, number>>;
  /** Of these: files that pyarrow reads. */
  readonly refused_and_read_by_pyarrow: readonly string[];
  readonly different: readonly string[];
  readonly crashed: readonly string[];
  readonly hung: readonly string[];
}

export interface Tally {
  /** @param isRead whether pyarrow reads the file */
  add(file: string, outcome: ConformanceOutcome | { readonly kind: 'hung' }, isRead: boolean): void;
  /** Sentences about what must not be. */
  readonly problems: readonly string[];
  result(): ConformanceResult;
}

export function createTally(pyarrow: string | undefined): Tally {
  const problems: string[] = [];
  const formats: Record<string, number> = {};
  const refused: Record<string, number> = {};
  const lists = { refused_and_read_by_pyarrow: [], different: [], crashed: [], hung: [] } as Record<
    'refused_and_read_by_pyarrow' | 'different' | 'crashed' | 'hung',
    string[]
  >;
  const counts = { files: 0, equal: 0, unchecked: 0, unshown: 0 };
  return {
    problems,
    add(file, outcome, isRead) {
      counts.files++;
      switch (outcome.kind) {
        case 'equal':
        case 'unchecked':
          counts[outcome.kind]++;
          counts.unshown += outcome.unshown;
          formats[outcome.format] = (formats[outcome.format] ?? 0) + 1;
          return;
        case 'refused': {
          const reason = `${outcome.code}: ${outcome.reason.replaceAll(/\d+/g, 'N')}`;
          refused[reason] = (refused[reason] ?? 0) + 1;
          if (isRead && pyarrow !== undefined) lists.refused_and_read_by_pyarrow.push(file);
          return;
        }
        case 'hung':
          lists.hung.push(file);
          problems.push(`${file} hung`);
          return;
        default:
          lists[outcome.kind].push(file);
          problems.push(`${file} ${outcome.kind}: ${outcome.reason}`);
      }
    },
    result: () => ({ pyarrow: pyarrow ?? null, ...counts, formats, refused, ...lists }),
  };
}
