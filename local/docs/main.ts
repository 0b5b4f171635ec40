import { readFile, writeFile } from 'node:fs/promises';
import { DERIVED_FILES } from './pages.ts';

/** `npm run docs`: writes what the pages derive from code. A test compares the committed files with the same functions. */

const docs = new URL('../../docs/', import.meta.url);
const read = (path: string) => readFile(new URL(path, docs), 'utf8');

for (const { path, render } of DERIVED_FILES) {
  const text = await render(read);
  await writeFile(new URL(path, docs), text);
}
