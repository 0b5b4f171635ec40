import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { LONG, ONCE } from '../long.ts';

test('each file that is left to npm run test:all is there, and what runs once is among them', () => {
  const missing = [...LONG].filter((file) => !existsSync(new URL(`../../${file}`, import.meta.url)));
  assert.deepEqual(missing, []);
  assert.ok(LONG.size > 0 && ONCE.isSubsetOf(LONG));
});
