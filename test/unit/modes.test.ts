import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dependsOnKernel } from '../modes.ts';

test('tests run in every mode where they use a kernel, directly, by way of others or in a thread that they start', async () => {
  const dependent = [
    'test/unit/kernel/kernel.test.ts',
    'test/golden/text.test.ts',
    'test/unit/destination/cloudwatch/sender.test.ts',
    'test/fuzz/decode.test.ts',
  ];
  const others = ['test/unit/base/errors.test.ts', 'test/unit/core/template.test.ts'];
  assert.deepEqual(await dependsOnKernel([...dependent, ...others]), dependent);
});
