import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';

const REPORTER = new URL('../reporter.ts', import.meta.url).href;

/** What `npm test` makes of a file of tests. A process of its own, as Node runs no tests from within tests. */
async function reportOf(t: TestContext, source: string): Promise<{ passed: boolean; text: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'reporter-'));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, 'some.test.mjs');
  await writeFile(file, `import { after, suite, test } from 'node:test';\n${source}`);
  const program = `
    import { run } from 'node:test';
    import { report } from ${JSON.stringify(REPORTER)};
    let text = '';
    const passed = await report(run({ files: [${JSON.stringify(file)}] }), 1, (part) => { text += part; });
    console.log(JSON.stringify({ passed, text }));
  `;
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  await writeFile(join(folder, 'program.mjs'), program);
  const { stdout } = await promisify(execFile)(process.execPath, [join(folder, 'program.mjs')], { env });
  return JSON.parse(stdout);
}

for (const [what, source] of [
  ['a suite that throws', "suite('s', () => { throw new Error('broken'); });"],
  ['a suite that rejects', "suite('s', async () => { await Promise.reject(new Error('broken')); });"],
  [
    'a suite whose last hook fails',
    "suite('s', () => { test('a', () => {}); after(() => { throw new Error('broken'); }); });",
  ],
  ['a file that throws', "throw new Error('broken');"],
] as const) {
  test(`${what} is a failure`, async (t) => {
    const { passed, text } = await reportOf(t, source);
    assert.equal(passed, false, text);
    assert.match(text, / 1 failed/);
  });
}

test('a file whose process was ended is a failure that names the signal', async (t) => {
  const { passed, text } = await reportOf(t, "process.kill(process.pid, 'SIGKILL');");
  assert.equal(passed, false, text);
  assert.match(text, /SIGKILL/);
});

test('a suite is no failure beside that of its test', async (t) => {
  const { passed, text } = await reportOf(
    t,
    "suite('s', () => { test('a', () => { throw new Error('broken'); }); test('b', () => {}); });",
  );
  assert.equal(passed, false);
  assert.match(text, /1 passed, 1 failed, 0 left out/);
});

test('what passes and what is left out is told apart', async (t) => {
  const { passed, text } = await reportOf(
    t,
    "suite('s', () => { test('a', () => {}); test('b', { skip: 'why' }, () => {}); }); suite('t', { skip: 'so' }, () => {});",
  );
  assert.equal(passed, true, text);
  assert.match(text, /1 passed, 0 failed, 2 left out\n {2}left out 1: why\n {2}left out 1: so/);
});
