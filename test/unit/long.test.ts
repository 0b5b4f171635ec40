import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { LONG, OF_THE_KERNEL } from '../long.ts';

test('each file that is left to npm run test:all, or runs with each kernel, is there', () => {
  assert.ok(LONG.size > 0 && OF_THE_KERNEL.size > 0);
  const missing = [...LONG, ...OF_THE_KERNEL].filter((file) => !existsSync(new URL(`../../${file}`, import.meta.url)));
  assert.deepEqual(missing, []);
});
