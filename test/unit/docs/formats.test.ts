import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { UNREAD_BINARY_WRAPPINGS, UNREAD_WRAPPINGS, WRAPPINGS } from '../../../service/object/container/wrappings.ts';
import { UNREAD_BINARY_FORMATS, UNREAD_FORMATS } from '../../../service/object/open.ts';
import { SHAPES } from '../../../service/object/text/shape.ts';

const page = await readFile(new URL('../../../docs/reference/formats.md', import.meta.url), 'utf8');

/** A section's own text, up to the next heading of its level. */
function section(title: string): string {
  const [, text = ''] = page.split(`\n## ${title}\n`);
  return text.split('\n## ')[0] ?? '';
}

/** What stands in backticks in the first column of a section's first table. */
function rowsOf(title: string): string[] {
  const [table = ''] = /^\|(?:.*\n\|)*.*/m.exec(section(title)) ?? [];
  return table
    .split('\n')
    .flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, name = '']) => name));
}

test('the page has every shape of text, and no other', () => {
  assert.deepEqual(rowsOf('Shapes of text').sort(), [...SHAPES].sort());
});

test('the page has everything that may be around the content, and nothing else', () => {
  assert.deepEqual(rowsOf('Around the content').sort(), [...WRAPPINGS].sort());
});

test('the page names every format that is refused by name', () => {
  const text = section('What is not read').replaceAll('`', '');
  const unread = [...UNREAD_WRAPPINGS, ...UNREAD_BINARY_WRAPPINGS, ...UNREAD_FORMATS, ...UNREAD_BINARY_FORMATS];
  for (const [name] of unread) {
    assert.ok(text.includes(name.replace(' (legacy frames)', '')), name);
  }
  for (const name of ['bzip2', 'tar', 'encrypted Parquet']) assert.ok(text.includes(name), name);
});
