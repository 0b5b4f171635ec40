import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { FORM_JSON, FORM_TEXT } from '../../../service/core/chunk.ts';
import * as layout from '../../../service/kernel/layout.ts';

test("the arguments of calls end before the module's tables begin, and these before what is lent", async () => {
  const config = new URL('../../../service/kernel/assembly/asconfig.json', import.meta.url);
  const { options } = JSON.parse(await readFile(config, 'utf8')) as { options: { memoryBase: number } };
  assert.ok(layout.ARGUMENTS_END <= options.memoryBase);
  assert.ok(options.memoryBase < layout.LENT_FROM);
  const { ARGUMENTS_END, ...offsets } = layout;
  for (const [name, offset] of Object.entries(offsets)) {
    if (/^(SCAN_LINES|TAKE_MESSAGES|WRITE_EVENTS|DIGEST_EVENTS|CLEAR_VALUES|SCAN_BYTE_ARRAYS)_/.test(name)) {
      assert.ok(offset + 4 <= ARGUMENTS_END, name);
    }
  }
});

test('the forms of messages are those of a chunk', () => {
  assert.deepEqual([layout.FORM_TEXT, layout.FORM_JSON], [FORM_TEXT, FORM_JSON]);
});

test('every bit of a line that was met has a name, and every offset of a structure is a whole word', () => {
  assert.ok(layout.NAMES_MAX <= 32);
  for (const [name, offset] of Object.entries(layout)) {
    if (/^(SCANNER|PART)_/.test(name) && name !== 'PART_BAD_COPY') assert.equal(offset % 4, 0, name);
  }
});
