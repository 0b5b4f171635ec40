import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type MutationReport, summarize } from '../../mutation/summary.ts';

const SOURCE = 'const a = 1;\nconst b = a\n  ? 2\n  : 3;\n';
type Mutants = MutationReport['files'][string]['mutants'];
const mutant = (status: Mutants[number]['status'], at = [1, 11, 1, 12], replacement = '2'): Mutants[number] => {
  const [line = 0, column = 0, endLine = 0, endColumn = 0] = at;
  return {
    mutatorName: 'Any',
    replacement,
    status,
    location: { start: { line, column }, end: { line: endLine, column: endColumn } },
  };
};
const report = (...mutants: Mutants): MutationReport => ({ files: { 'b.ts': { source: SOURCE, mutants } } });

test('a change is noticed when a test fails, hangs or cannot run with it; what was not tried counts neither way', () => {
  const { figures } = summarize(
    report(
      mutant('Killed'),
      mutant('Timeout'),
      mutant('RuntimeError'),
      mutant('Survived'),
      mutant('NoCoverage'),
      mutant('Ignored'),
      mutant('CompileError'),
    ),
  );
  assert.deepEqual(figures, { changes: 5, noticed: 3, unnoticed: 2, not_run: 1, score: 60 });
});

test('what nobody noticed is shown with its line, what stood there and what took its place', () => {
  const { lines } = summarize({
    files: {
      'z.ts': { source: '', mutants: [] },
      ...report(mutant('Survived'), mutant('NoCoverage', [2, 11, 4, 6], '')).files,
      'a.ts': { source: SOURCE, mutants: [mutant('Killed')] },
    },
  });
  assert.deepEqual(lines, [
    'a.ts: 1 of 1, 100 %',
    'b.ts: 0 of 2, 0 %',
    '  1: 1 → 2',
    '  2: a ? 2 : 3 →  (no test runs it)',
    'all: 1 of 3, 33.33 %',
  ]);
});

test('where there is nothing to change, nothing is missing', () => {
  assert.deepEqual(summarize({ files: {} }).figures, { changes: 0, noticed: 0, unnoticed: 0, not_run: 0, score: 100 });
});
