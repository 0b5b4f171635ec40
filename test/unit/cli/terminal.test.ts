import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPrinter } from '../../../service/cli/printer.ts';
import { createStyle, formatBytes, formatDuration, formatTable, shorten } from '../../../service/cli/terminal.ts';

const plain = createStyle({ write: () => {} }, undefined);

test('columns are as wide as their widest cell, numbers at the right, nothing behind the last', () => {
  const rows = [
    { name: 'acme', count: 7 },
    { name: 'globex-international', count: 1234 },
  ];
  const table = formatTable(
    rows,
    [
      { title: 'tenant', text: ({ name }) => name },
      { title: 'objects', text: ({ count }) => String(count), right: true },
    ],
    plain,
  );
  assert.equal(table, 'tenant                objects\nacme                        7\nglobex-international     1234\n');
});

test('text of others cannot move the cursor or break the line', () => {
  const table = formatTable(['a\u001b[2Jb\nc\u009bd'], [{ title: 'text', text: (text) => text }], plain);
  assert.equal(table, 'text\na [2Jb c d\n');
  assert.equal(shorten('one\ntwo three', 8), 'one two…');
});

test('colours are for terminals, and not where NO_COLOR is set', () => {
  const terminal = { write: () => {}, isTTY: true };
  assert.ok(createStyle(terminal, undefined).bad('x').startsWith('\u001b[31mx'));
  assert.equal(createStyle(terminal, '1').bad('x'), 'x');
  assert.equal(plain.bad('x'), 'x');
});

test('a bar is drawn on a terminal only, and taken away again', () => {
  const said: string[] = [];
  const printer = (isTTY: boolean) =>
    createPrinter({
      out: { write: () => {} },
      err: { write: (text) => said.push(text), isTTY, columns: 80 },
      json: false,
      noColor: undefined,
    });
  const silent = printer(false).progress('reading', 4);
  silent.update(2);
  silent.end();
  assert.deepEqual(said, []);
  const bar = printer(true).progress('reading', 4);
  bar.update(2, 'slowly');
  bar.end();
  assert.match(said[0] ?? '', /reading █{12}░{12} 2 of 4 slowly$/);
  assert.equal(said.length, 2);
});

test('the result is JSON or text, and a string set a list in JSON', () => {
  let out = '';
  const print = (json: boolean) =>
    createPrinter({ out: { write: (text) => (out += text) }, err: { write: () => {} }, json, noColor: undefined });
  print(false).result({ a: 1 }, () => 'text\n');
  assert.equal(out, 'text\n');
  out = '';
  print(true).result({ a: new Set(['b']) }, () => 'text\n');
  assert.deepEqual(JSON.parse(out), { a: ['b'] });
});

test('sizes and times are told in units that a person reads', () => {
  assert.deepEqual([0, 999, 1_500, 2.5e9].map(formatBytes), ['0 B', '999 B', '1.5 KB', '2.5 GB']);
  assert.deepEqual([42, 1_020, 12_600, 172_800].map(formatDuration), ['42 s', '17 min', '3.5 h', '2.0 days']);
});
