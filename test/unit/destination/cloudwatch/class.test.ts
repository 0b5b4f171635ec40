import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LogGroupClass } from '@aws-sdk/client-cloudwatch-logs';
import { compareClass } from '../../../../service/destination/cloudwatch/class.ts';
import { LOG_GROUP_CLASSES } from '../../../../service/destination/cloudwatch/target.ts';

test('an item may ask for every class of the API but the one that keeps events for a day', () => {
  const all = Object.values(LogGroupClass);
  assert.deepEqual([...LOG_GROUP_CLASSES].sort(), all.filter((name) => name !== 'DELIVERY').sort());
});

test('a group of another class is told with what the other one would save, or lacks', () => {
  assert.equal(compareClass(undefined, 'STANDARD'), undefined);
  assert.equal(compareClass('INFREQUENT_ACCESS', 'INFREQUENT_ACCESS'), undefined);
  const saves = compareClass('INFREQUENT_ACCESS', 'STANDARD');
  assert.match(saves?.detail ?? '', /A GB costs \$0\.50 here and \$0\.25 there: \$0\.25 a GB would be saved/);
  assert.match(
    saves?.advice ?? '',
    /^AWS fixes the class when it creates a group\. .* set log_group_class to STANDARD$/,
  );
  assert.match(
    compareClass('STANDARD', 'INFREQUENT_ACCESS')?.detail ?? '',
    /A GB costs \$0\.25 less here.* lacks some features/,
  );
  assert.match(compareClass('ESSENTIALS', 'STANDARD')?.detail ?? '', /Compare what the two cost/);
});
