import { globSync } from 'node:fs';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

/**
 * All tests of the infrastructure. Started in `infra/`, whose packages those in `synth/` need; the others need only the
 * root's. Two files at a time: the slow ones wait for an emulator most of their time.
 */
const folder = new URL('.', import.meta.url).pathname;
const given = process.argv.slice(2);
const files = globSync('**/*.test.ts', { cwd: folder })
  .filter((file) => given.length === 0 || given.some((part) => file.includes(part)))
  .map((file) => `${folder}${file}`);

const stream = run({ files, concurrency: 2 });
stream.on('test:fail', () => {
  process.exitCode = 1;
});
stream.compose(new spec()).pipe(process.stdout);
