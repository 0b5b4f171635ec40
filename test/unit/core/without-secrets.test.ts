import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DeliveryError } from '../../../service/core/delivery.ts';
import { withoutSecrets } from '../../../service/core/without-secrets.ts';
import { parseDelivery } from '../../../service/destination/parse-delivery.ts';

test('of an ARN only the service and the account remain', () => {
  assert.equal(
    withoutSecrets('AssumeRole of arn:aws:iam::111111111111:role/a/LogDistribution-acme for acme was refused: fix it'),
    'AssumeRole of (iam, account 111111111111) for acme was refused: fix it',
  );
  assert.equal(withoutSecrets('"arn:aws-cn:s3:::bucket/key", denied'), '"(s3)", denied');
});

for (const [what, externalId] of [
  ['a short one', 's'],
  ['one with the signs that messages are made of', 'se"cret); (got "secret"); '],
  ['one that is cut', 'secret ;)"'.repeat(100)],
  ['a number', 5],
] as const) {
  test(`of an external id that breaks the rules nothing is shown: ${what}`, () => {
    const item = { tenant_id: 'acme', type: 'cloudwatch', external_id: externalId, account_id: '12' };
    try {
      parseDelivery(item, { region: 'us-east-1', applicationGroups: {} });
      assert.fail('the item is valid');
    } catch (error) {
      assert.ok(error instanceof DeliveryError);
      assert.match(error.message, /external_id/);
      const shown = withoutSecrets(error.message);
      assert.doesNotMatch(shown, /secret|got "s|got 5/);
      assert.match(shown, /external_id: .* \(got a value that is not shown\)/);
      assert.match(shown, /log_group_name: is required/, 'the other problems remain');
    }
  });
}

test('a message that is too long is cut', () => {
  assert.equal(withoutSecrets('x'.repeat(2_000)), `${'x'.repeat(1_600)}…`);
});
