import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changesOf, judge, merge, parseItems, shownValue } from '../../../../service/cli/tenants/item.ts';
import { ITEM } from '../../../support/delivery.ts';

const DEFAULTS = { region: 'us-east-1', applicationGroups: {} };

test('a file holds one item, several documents, a list, or lines of JSON', () => {
  const two = [
    { tenant_id: 'a', type: 'cloudwatch' },
    { tenant_id: 'b', type: 'cloudwatch' },
  ];
  assert.deepEqual(parseItems('tenant_id: a\ntype: cloudwatch\n', 'f'), two.slice(0, 1));
  assert.deepEqual(parseItems('tenant_id: a\ntype: cloudwatch\n---\ntenant_id: b\ntype: cloudwatch\n', 'f'), two);
  assert.deepEqual(parseItems(JSON.stringify(two), 'f'), two);
  assert.deepEqual(parseItems(two.map((one) => `${JSON.stringify(one)}\n`).join(''), 'f'), two);
});

test("DynamoDB's export of a table is understood, string sets too", () => {
  const line = (id: string) =>
    JSON.stringify({ Item: { tenant_id: { S: id }, retention_days: { N: '30' }, desired_logs: { SS: ['x', 'y'] } } });
  assert.deepEqual(parseItems(`${line('a')}\n${line('b')}\n`, 'f'), [
    { tenant_id: 'a', retention_days: 30, desired_logs: new Set(['x', 'y']) },
    { tenant_id: 'b', retention_days: 30, desired_logs: new Set(['x', 'y']) },
  ]);
});

test('what is no YAML is refused with its lines, and what holds no items too', () => {
  assert.throws(() => parseItems('a: 1\nb: [1\nc: "x', 'acme.yaml'), /^CommandError: acme.yaml:\d: /);
  assert.throws(() => parseItems('{"a":1}\n{"b":}\n', 'f'), /f:2: is not JSON/);
  assert.throws(() => parseItems('', 'f'), /f: contains no tenant/);
  assert.throws(() => parseItems('- text\n', 'f'), /entry 1 is not a map of attributes \(got "text"\)/);
});

test('an item is judged by the rulebook of the service, all problems at once', () => {
  const wrong = judge({ ...ITEM, retention_days: 2, min_log_level: 'loud', min_loglevel: 'warn' }, DEFAULTS);
  assert.equal(wrong.delivery, undefined);
  assert.deepEqual(wrong.problems.map((problem) => problem.split(':')[0]).sort(), ['min_log_level', 'retention_days']);
  assert.deepEqual(wrong.unknown, ['min_loglevel']);
  assert.equal(judge(ITEM, DEFAULTS).delivery?.tenantId, 'acme');
});

test('what the file does not say goes, what is of another system stays, what is the same is not changed', () => {
  const before = { ...ITEM, retention_days: 30, desired_logs: new Set(['b', 'a']), billing_code: 'X-1' };
  const after = merge(before, { ...ITEM, desired_logs: ['a', 'b'], enabled: true });
  assert.deepEqual(after, { ...ITEM, desired_logs: new Set(['b', 'a']), billing_code: 'X-1', enabled: true });
  assert.deepEqual(changesOf(before, after), [
    { attribute: 'retention_days', before: 30, after: undefined },
    { attribute: 'enabled', before: undefined, after: true },
  ]);
  assert.deepEqual(merge(undefined, ITEM), ITEM);
});

test('an external id is shown by its end only', () => {
  assert.equal(shownValue('external_id', 'acme-secret-9vLr'), '(hidden, ends with 9vLr)');
  assert.equal(shownValue('external_id', 'abcd'), '(hidden)');
  assert.equal(shownValue('external_id', 1234567890123), '(hidden)');
  assert.equal(shownValue('groups', new Set(['b', 'a'])), '["a","b"]');
});
