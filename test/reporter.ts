import { relative } from 'node:path';
import type { TestEvent } from 'node:test/reporters';
import { inspect } from 'node:util';

/**
 * What `npm test` shows: a character a test, every failure at once and in full, and at the end what was left out and why.
 * Node's `dot` reporter hides the last.
 */
export async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const leftOut = new Map<string, number>();
  const counts = { passed: 0, failed: 0, leftOut: 0 };
  let column = 0;
  for await (const { type, data } of events) {
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    // A suite is as good as its tests; only what is left out as a whole has none to tell of it.
    if (data.details.type === 'suite' && data.skip === undefined) continue;
    if (data.skip !== undefined) {
      counts.leftOut++;
      const reason = typeof data.skip === 'string' && data.skip !== '' ? data.skip : 'no reason given';
      leftOut.set(reason, (leftOut.get(reason) ?? 0) + 1);
    } else if (type === 'test:fail') {
      counts.failed++;
      const place = data.file === undefined ? '' : ` (${relative(process.cwd(), data.file)}:${data.line})`;
      yield `${column > 0 ? '\n' : ''}FAILED: ${data.name}${place}\n${inspect(data.details.error.cause ?? data.details.error)}\n`;
      column = 0;
      continue;
    } else {
      counts.passed++;
    }
    yield data.skip === undefined ? '.' : '-';
    column = (column + 1) % 100;
    if (column === 0) yield '\n';
  }
  yield `${column > 0 ? '\n' : ''}${counts.passed} passed, ${counts.failed} failed, ${counts.leftOut} left out\n`;
  for (const [reason, count] of leftOut) yield `  left out ${count}: ${reason}\n`;
}

// biome-ignore lint/style/noDefaultExport: Node looks for a reporter there.
export default report;
