import assert from 'node:assert/strict';
import { test } from 'node:test';
import { present } from '../../../service/base/present.ts';

test('what is there is given back, zero and the empty text too; what is not breaks an invariant, by its name', () => {
  assert.equal(present(Uint32Array.of(0)[0], 'a start'), 0);
  assert.equal(present([''][0], 'a text'), '');
  assert.throws(() => present(Uint32Array.of(0)[1], 'a start'), {
    code: 'invariant-broken',
    message: 'a start is missing',
  });
});
