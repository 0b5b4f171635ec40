/** What a run of `npm run mutate` has found. */

/** As Stryker writes it (mutation-testing-report-schema); what is read of it. */
export interface MutationReport {
  readonly files: Readonly<Record<string, { readonly source: string; readonly mutants: readonly Mutant[] }>>;
}

interface Mutant {
  readonly mutatorName: string;
  readonly replacement?: string;
  readonly status:
    | 'Killed'
    | 'Timeout'
    | 'Survived'
    | 'NoCoverage'
    | 'RuntimeError'
    | 'CompileError'
    | 'Ignored'
    | 'Pending';
  readonly location: { readonly start: Position; readonly end: Position };
}

interface Position {
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
}

export interface MutationFigures {
  /** Changes that were tried. One that ends in an endless loop, or in code that cannot run, counts as noticed. */
  readonly changes: number;
  readonly noticed: number;
  readonly unnoticed: number;
  /** Of these, changes of code that no test of the folder runs. */
  readonly not_run: number;
  /** Percent, with two digits. */
  readonly score: number;
}

const UNNOTICED: ReadonlySet<Mutant['status']> = new Set(['Survived', 'NoCoverage']);
const TRIED: ReadonlySet<Mutant['status']> = new Set(['Killed', 'Timeout', 'RuntimeError', ...UNNOTICED]);

/** @returns the figures, and for people a line for each file and for each change that no test noticed */
export function summarize({ files }: MutationReport): { figures: MutationFigures; lines: readonly string[] } {
  const all = Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1));
  const figures = figuresOf(all.flatMap(([, { mutants }]) => mutants));
  const lines = all.flatMap(([name, { source, mutants }]) => {
    const { changes, noticed, score } = figuresOf(mutants);
    if (changes === 0) return [];
    const unnoticed = mutants.filter(({ status }) => UNNOTICED.has(status));
    return [`${name}: ${noticed} of ${changes}, ${score} %`, ...unnoticed.map((one) => `  ${describe(one, source)}`)];
  });
  return { figures, lines: [...lines, `all: ${figures.noticed} of ${figures.changes}, ${figures.score} %`] };
}

function figuresOf(mutants: readonly Mutant[]): MutationFigures {
  const count = (statuses: ReadonlySet<Mutant['status']>) =>
    mutants.filter(({ status }) => statuses.has(status)).length;
  const [changes, unnoticed] = [count(TRIED), count(UNNOTICED)];
  const noticed = changes - unnoticed;
  const score = changes === 0 ? 100 : Math.round((noticed / changes) * 10_000) / 100;
  return { changes, noticed, unnoticed, not_run: count(new Set(['NoCoverage'])), score };
}

function describe({ location: { start, end }, replacement = '', status }: Mutant, source: string): string {
  const lines = source.split('\n').slice(start.line - 1, end.line);
  const last = lines.length - 1;
  if (lines[last] !== undefined) lines[last] = lines[last].slice(0, end.column - 1);
  const was = lines.join('\n').slice(start.column - 1);
  const short = (text: string) => text.replace(/\s+/g, ' ').slice(0, 100);
  return `${start.line}: ${short(was)} → ${short(replacement)}${status === 'NoCoverage' ? ' (no test runs it)' : ''}`;
}
