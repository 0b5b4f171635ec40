import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

/** What `.ci/run` may leave out. */

const root = fileURLToPath(new URL('../../../', import.meta.url));
const reasonsOf = (list: string) =>
  readFileSync(join(root, '.ci/left-out', list), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
const reasons = reasonsOf('always.txt');

function unexplainedIn(output: string) {
  const folder = mkdtempSync(join(tmpdir(), 'left-out-'));
  try {
    const file = join(folder, 'output');
    writeFileSync(file, output);
    const { status, stdout } = spawnSync(join(root, '.ci/unexplained'), [file], { encoding: 'utf8' });
    return { status, stdout };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('a run passes that leaves out only what has a reason in the list', () => {
  const output = `7 passed, 0 failed, 3 left out\n  left out 3: ${reasons[0]}\ne2e on a cloud: left out, ${reasons[1]}\n`;
  assert.deepEqual(unexplainedIn(output), { status: 0, stdout: '' });
  assert.deepEqual(unexplainedIn('7 passed, 0 failed, 0 left out\n'), { status: 0, stdout: '' });
});

for (const line of [
  '  left out 2: there is no Chromium on this machine',
  '  left out 1: no reason given',
  'e2e on moto: left out, there is no moto_server on this machine',
  '/repository/infra: its packages are not installed; left out: tsc --noEmit',
  'left out: no shellcheck',
]) {
  test(`a run fails that prints "${line.trim()}"`, () => {
    const output = `  left out 3: ${reasons[0]}\n${line}\n1 passed, 0 failed, 5 left out\n`;
    assert.deepEqual(unexplainedIn(output), { status: 1, stdout: `${line}\n` });
  });
}

test('where an installation failed, a run may leave out what that would have brought, and nothing else', () => {
  const failed = 'left out: chromium, as apt-get failed\n';
  const missing = '  left out 2: there is no Chromium on this machine\nleft out: no shellcheck\n';
  assert.deepEqual(unexplainedIn(failed + missing), { status: 0, stdout: '' });
  const other = '  left out 1: there is no pyarrow on this machine\n';
  assert.deepEqual(unexplainedIn(failed + missing + other), { status: 1, stdout: other });
});

test('bytes that are no text hide nothing', () => {
  const line = '  left out 1: no reason given\n';
  assert.deepEqual(unexplainedIn(`FAILED: a \0 b\n${line}`), { status: 1, stdout: line });
});

test('a run without output does not pass', () => {
  assert.equal(unexplainedIn('').status, 2);
});

test('each reason of a list is one that a test, a step or the installation gives', () => {
  const names = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' });
  const texts = names
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(join(root, 'test', name), 'utf8'));
  for (const name of ['.ci/cluster', '.ci/install', '.ci/steps']) texts.push(readFileSync(join(root, name), 'utf8'));
  const lists = readdirSync(join(root, '.ci/left-out'));
  assert.deepEqual(lists.sort(), [
    'always.txt',
    'without-debian.txt',
    'without-go.txt',
    'without-localstack.txt',
    'without-tools.txt',
  ]);
  for (const reason of lists.flatMap(reasonsOf)) {
    assert.ok(
      texts.some((text) => text.includes(reason)),
      `nothing says: ${reason}`,
    );
  }
});
