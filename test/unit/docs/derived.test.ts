import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { findConstant, parseConstants, sayConstant } from '../../../local/docs/constants.ts';
import { DERIVED_FILES } from '../../../local/docs/pages.ts';
import { fillTable, undescribed } from '../../../local/docs/table.ts';

const docs = new URL('../../../docs/', import.meta.url);
const read = (path: string) => readFile(new URL(path, docs), 'utf8');

for (const { path, render, tables } of DERIVED_FILES) {
  test(`docs/${path} is what the code says`, async () => {
    const committed = await read(path);
    assert.equal(committed, await render(read), 'run npm run docs, and look at what it changes');
    for (const table of tables) assert.deepEqual(undescribed(committed, table), [], 'describe them in their last cell');
  });
}

const PAGE = `# Page

<!-- npm run docs: things -->
| thing | size | meaning |
|---|---|---|
| \`old\` | 1 | a thing \\| another |
| \`gone\` | 1 | nothing |

More.
`;

test('a row keeps its prose when the code changes its value', () => {
  const filled = fillTable(PAGE, 'things', [{ key: '`old`', cells: ['2'] }]);
  assert.equal(filled, PAGE.replace('`old` | 1', '`old` | 2').replace('| `gone` | 1 | nothing |\n', ''));
});

test('a row that is new is undescribed', () => {
  const filled = fillTable(PAGE, 'things', [
    { key: '`old`', cells: ['1'] },
    { key: '`new`', cells: ['3'] },
  ]);
  assert.ok(filled.includes('| `new` | 3 | |\n'), filled);
  assert.deepEqual(undescribed(filled, 'things'), ['`new`']);
});

test('a table that the page does not have is an error', () => {
  assert.throws(() => fillTable(PAGE, 'others', []), /no table "npm run docs: others"/);
});

test('constants are read with the arithmetic that their source has', () => {
  const source = [
    '/** A batch. */',
    'export const BATCH_BYTES_MAX = 1_048_576 - 1_024;',
    'const TWICE_BYTES = 2 * BATCH_BYTES_MAX;',
    'const NAME = /[a-z]/;',
    'const WAIT_MS = 24 * 3_600_000;',
  ].join('\n');
  assert.deepEqual(
    parseConstants(source).map((constant) => [constant.name, constant.value, sayConstant(constant)]),
    [
      ['BATCH_BYTES_MAX', 1_047_552, '1,023 KiB'],
      ['TWICE_BYTES', 2_095_104, '2,046 KiB'],
      ['WAIT_MS', 86_400_000, '24 h'],
    ],
  );
});

test('a constant is found by its name, and by its file where the name is not enough', () => {
  const files = new Map([
    ['object/zip.ts', parseConstants('const FILES_MAX = 10;\nconst PIECE_BYTES = 1;')],
    ['cli/list.ts', parseConstants('const FILES_MAX = 20;')],
  ]);
  assert.equal(findConstant(files, 'PIECE_BYTES').value, 1);
  assert.equal(findConstant(files, 'list.ts: FILES_MAX').value, 20);
  assert.throws(() => findConstant(files, 'FILES_MAX'), /has 2 numbers FILES_MAX/);
  assert.throws(() => findConstant(files, 'PAGES_MAX'), /has 0 numbers PAGES_MAX/);
});
