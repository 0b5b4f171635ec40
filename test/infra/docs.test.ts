import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { parse } from 'yaml';
import { alarmsOf } from '../../infra/alarms.ts';
import { configOf, readConfig } from '../../infra/config.ts';
import { environmentFile } from '../../infra/config-file.ts';
import { layered } from '../../infra/config-layers.ts';
import { SETTING_PATHS } from '../../infra/config-schema.ts';
import { namesOf } from '../../infra/names.ts';
import { ERROR_CODES } from '../../service/base/errors.ts';
import { CLOUDWATCH } from '../../service/destination/cloudwatch/kind.ts';
import { parseDelivery } from '../../service/destination/parse-delivery.ts';

const read = (path: string) => readFile(new URL(`../../${path}`, import.meta.url), 'utf8');

const onboarding = await read('docs/guide/onboarding.md');
const customer = await read('docs/customer.md');
const cost = await read('docs/guide/cost.md');
const operations = await read('docs/guide/operations.md');
const template = await read('infra/customer/customer-account.yaml');

/** Names of one section of the template, which are its keys at two spaces. */
function namesIn(section: string): readonly string[] {
  const body = new RegExp(`^${section}:\\n((?:(?: .*)?\\n)+)`, 'm').exec(template)?.[1] ?? '';
  return [...body.matchAll(/^ {2}(\w+):/gm)].map(([, name = '']) => name);
}

test('the page for customers gives the template parameters that it has, in the link and in the commands', () => {
  const parameters = new Set(namesIn('Parameters'));
  assert.ok(parameters.size >= 8, [...parameters].join(', '));
  const [link = ''] = /https:\/\/console\.aws\.amazon\.com\/cloudformation\S+/.exec(customer) ?? [];
  const inLink = new URLSearchParams(link.split('quickcreate?')[1]);
  assert.ok(inLink.has('templateURL') && inLink.has('stackName'));
  const given = [...inLink.keys()].filter((key) => key.startsWith('param_')).map((key) => key.slice('param_'.length));
  const inCommands = [...customer.matchAll(/ParameterKey=(\w+)|\b([A-Z]\w+)=[^ \\]/g)].map(
    ([, key, name]) => key ?? name ?? '',
  );
  const used = [...given, ...inCommands].filter((name) => name !== 'ParameterKey' && name !== 'ParameterValue');
  assert.ok(used.length > 8);
  for (const name of used) assert.ok(parameters.has(name), name);
  assert.ok(!given.includes('ExternalId'), 'a secret in a link');
});

test('the roles and prefixes in the examples are those that the settings make', () => {
  const names = namesOf(configOf('production'), { partition: 'aws', region: 'us-west-2', accountId: '111111111111' });
  assert.ok(customer.includes(names.taskRoleArn));
  for (const name of namesIn('Outputs')) assert.ok(customer.includes(name), name);
});

test("the tenant's item in the example is one that the service takes, and fits the customer's template", () => {
  const [, yaml = ''] = /```yaml\n([\s\S]+?)```/.exec(onboarding) ?? [];
  const delivery = parseDelivery(parse(yaml), { region: 'us-east-1', applicationGroups: {} });
  assert.equal(delivery.tenantId, 'acme');
  assert.ok(CLOUDWATCH.is(delivery.target));
  assert.equal(delivery.target.retentionDays, 30);
  assert.ok(onboarding.includes(`role/LogDistribution-${delivery.tenantId}`));
});

test('the files of settings in the guide are right, and the one for upgrades keeps every name of 0.1.0', async () => {
  const deployment = await read('docs/guide/deployment.md');
  const files = [...deployment.matchAll(/```yaml\n([\s\S]+?)```/g)].map(([, yaml = '']) => parse(yaml));
  assert.equal(files.length, 2);
  const [example, upgrade] = files.map((file) => readConfig(layered(environmentFile(file.environment), file)));
  assert.equal(example?.production, true);
  assert.ok(upgrade);
  const names = namesOf(upgrade, { partition: 'aws', region: 'us-west-2', accountId: '1'.repeat(12) });
  assert.deepEqual(
    [names.tenantTable, names.ledgerTable, names.metricsNamespace],
    ['tenant-configurations', 'delivery-ledger', 'LogDistributor'],
  );
  for (const role of ['task', 'execution', 'firehose', 'writer'] as const) {
    assert.equal(names[`${role}Role`], `log-distributor-staging-${role}`);
  }
});

test('the runbook tells what to do about every alarm', () => {
  for (const environment of ['production', 'staging'] as const) {
    const config = configOf(environment);
    const names = namesOf(config, { partition: 'aws', region: 'us-west-2', accountId: '111111111111' });
    for (const { id } of alarmsOf(config, names)) assert.match(operations, new RegExp(`^\\| .*\`${id}\``, 'm'), id);
  }
});

test('every error code that onboarding explains is one of the service', () => {
  const [, table = ''] = /^## When nothing arrives\n([\s\S]+?)\n\n(?!\|)[A-Z]/m.exec(onboarding) ?? [];
  const codes = [...table.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, code = '']) => code);
  assert.ok(codes.length >= 4, table);
  for (const code of codes) assert.ok((ERROR_CODES as readonly string[]).includes(code), code);
});

test('settings that a page names by their path are settings', () => {
  const config = configOf('production');
  const paths = [...`${onboarding}${cost}`.matchAll(/`([a-z]+)\.([a-zA-Z]+)(?:: [^`]+)?`/g)];
  const ours = paths.filter(([, group = '']) => group in config);
  assert.ok(ours.length >= 5, paths.map(([text]) => text).join(' '));
  for (const [text, group = '', name = ''] of ours) assert.ok(SETTING_PATHS.includes(`${group}.${name}`), text);
});
