import { relative } from 'node:path';
import type { TestEvent } from 'node:test/reporters';
import { inspect } from 'node:util';

const COLUMNS = 80;

/** What is known of the tests of a suite so far. */
interface Tally {
  passed: number;
  failed: number;
  leftOut: number;
  filesDone: number;
  /** How many tests were left out for each reason. */
  readonly reasons: Map<string, number>;
}

/**
 * Shows the tests of a suite: a character for each, after every line how far the suite is, every failure at once and in
 * full, and at the end the numbers, with what was left out and why.
 * @param filesTotal files of the suite
 * @returns whether no test failed
 */
export async function report(
  events: AsyncIterable<TestEvent>,
  filesTotal: number,
  write: (text: string) => void,
): Promise<boolean> {
  const tally: Tally = { passed: 0, failed: 0, leftOut: 0, filesDone: 0, reasons: new Map() };
  let column = 0;
  for await (const event of events) {
    // The last summary is that of all files.
    if (event.type === 'test:summary' && event.data.file !== undefined) tally.filesDone++;
    const shown = count(tally, event);
    if (shown === '') continue;
    if (shown.length > 1) {
      write(`${column > 0 ? '\n' : ''}${shown}`);
      column = 0;
      continue;
    }
    write(shown);
    if (++column < COLUMNS) continue;
    write(`  ${tally.passed + tally.failed + tally.leftOut} tests, ${tally.filesDone} of ${filesTotal} files\n`);
    column = 0;
  }
  write(`${column > 0 ? '\n' : ''}  ${tally.passed} passed, ${tally.failed} failed, ${tally.leftOut} left out\n`);
  for (const [reason, times] of tally.reasons) write(`  left out ${times}: ${reason}\n`);
  return tally.failed === 0;
}

/** @returns a character, or the text of a failure; empty for what is no test */
function count(tally: Tally, { type, data }: TestEvent): string {
  if (type !== 'test:pass' && type !== 'test:fail') return '';
  // A suite is as good as its tests, which are counted. What is left out as a whole, or fails by itself, has none to tell of it.
  const isSuite = data.details.type === 'suite' && data.skip === undefined;
  if (isSuite && (type === 'test:pass' || isOfTests(data.details.error))) return '';
  if (data.skip !== undefined) {
    tally.leftOut++;
    const reason = typeof data.skip === 'string' && data.skip !== '' ? data.skip : 'no reason given';
    tally.reasons.set(reason, (tally.reasons.get(reason) ?? 0) + 1);
    return '-';
  }
  if (type === 'test:pass') {
    tally.passed++;
    return '.';
  }
  tally.failed++;
  const place = data.file === undefined ? '' : ` (${relative(process.cwd(), data.file)}:${data.line})`;
  const { error } = data.details;
  // Of a file whose process ended, only the error itself has the exit status or the signal.
  return `FAILED: ${data.name}${place}\n${inspect(error.cause instanceof Error ? error.cause : error)}\n`;
}

/** Whether a suite has failed for no other reason than that its tests have. */
function isOfTests(error: Error): boolean {
  return 'failureType' in error && error.failureType === 'subtestsFailed';
}
