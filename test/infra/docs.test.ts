import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { parse } from 'yaml';
import { configOf, readConfig } from '../../infra/config/config.ts';
import { environmentFile } from '../../infra/config/file.ts';
import { layered } from '../../infra/config/layers.ts';
import { SETTING_PATHS } from '../../infra/config/schema.ts';
import { alarmsOf } from '../../infra/values/alarms.ts';
import { namesOf } from '../../infra/values/names.ts';
import { ERROR_CODES } from '../../service/base/errors.ts';
import { templateParameters } from '../../service/cli/verify/policies.ts';
import { CLOUDWATCH } from '../../service/destination/cloudwatch/kind.ts';
import { kindOf } from '../../service/destination/kinds.ts';
import { parseDelivery } from '../../service/destination/parse-delivery.ts';
import { S3 } from '../../service/destination/s3/kind.ts';
import { readTemplate, type Template } from '../support/template.ts';

const read = (path: string) => readFile(new URL(`../../${path}`, import.meta.url), 'utf8');

const onboarding = await read('docs/guide/onboarding.md');
const customer = await read('docs/customer.md');
const cost = await read('docs/guide/cost.md');
const operations = await read('docs/guide/operations.md');
const TEMPLATES = {
  account: await readTemplate('customer-account.yaml'),
  bucket: await readTemplate('customer-bucket.yaml'),
};
const parametersOf = (template: Template) => Object.keys(template.parameters);

/** The text of one section of a page, up to the next heading of its level. */
function section(page: string, heading: string): string {
  const level = heading.split(' ')[0];
  const [, text = ''] = page.split(`\n${heading}\n`);
  return text.split(`\n${level} `)[0] ?? '';
}

test('the page for customers gives the template parameters that it has, in the link and in the commands', () => {
  const bucket = section(customer, '### A bucket');
  assert.ok(bucket !== '');
  const account = customer.replace(bucket, '');
  const [link = ''] = /https:\/\/console\.aws\.amazon\.com\/cloudformation\S+/.exec(account) ?? [];
  const inLink = new URLSearchParams(link.split('quickcreate?')[1]);
  assert.ok(inLink.has('templateURL') && inLink.has('stackName'));
  const given = [...inLink.keys()].filter((key) => key.startsWith('param_')).map((key) => key.slice('param_'.length));
  assert.ok(!given.includes('ExternalId'), 'a secret in a link');
  for (const [text, template] of [
    [account, TEMPLATES.account],
    [bucket, TEMPLATES.bucket],
  ] as const) {
    const inCommands = [...text.matchAll(/ParameterKey=(\w+)|\b([A-Z]\w+)=[^ \\]/g)].map(
      ([, key, name]) => key ?? name ?? '',
    );
    const used = inCommands.filter((name) => name !== 'ParameterKey' && name !== 'ParameterValue');
    assert.ok(used.length >= 6, used.join(' '));
    for (const name of [...used, ...(template === TEMPLATES.account ? given : [])]) {
      assert.ok(name in template.parameters, name);
    }
  }
});

test('the page for customers explains every parameter of the templates, and every variable of the modules', async () => {
  const modules = { account: 'terraform', bucket: 'terraform-bucket' };
  for (const [kind, folder] of Object.entries(modules) as [keyof typeof TEMPLATES, string][]) {
    for (const name of parametersOf(TEMPLATES[kind])) {
      // The page has a range: LogGroup1 to LogGroup3.
      if (name === 'LogGroup2') continue;
      const told = ['TenantId', 'ExternalId', 'DistributorRoleArn'].includes(name) ? name : `\`${name}\``;
      assert.ok(customer.includes(told), name);
    }
    const variables = await read(`infra/customer/${folder}/variables.tf`);
    for (const [, name = ''] of variables.matchAll(/^variable "(\w+)"/gm)) {
      assert.match(customer, new RegExp(`\\b${name}\\b`), name);
    }
  }
});

test('the roles and prefixes in the examples are those that the settings make', () => {
  const names = namesOf(configOf('production'), { partition: 'aws', region: 'us-west-2', accountId: '111111111111' });
  assert.ok(customer.includes(names.taskRoleArn));
  for (const template of Object.values(TEMPLATES)) {
    for (const name of Object.keys(template.outputs)) assert.ok(customer.includes(`\`${name}\``), name);
  }
});

test("the tenants' items in the examples are ones that the service takes, and fit the customer's templates", async () => {
  const [account, bucket] = [...onboarding.matchAll(/```yaml\n([\s\S]+?)```/g)].map(([, yaml = '']) =>
    parseDelivery(parse(yaml), { region: 'us-east-1', applicationGroups: {} }),
  );
  assert.ok(account && bucket && CLOUDWATCH.is(account.target) && S3.is(bucket.target));
  assert.equal(account.target.retentionDays, 30);
  for (const [delivery, name] of [
    [account, 'LogDistribution-acme'],
    [bucket, 'LogDistributionS3-acme'],
  ] as const) {
    assert.equal(delivery.tenantId, 'acme');
    assert.equal(delivery.roleArn, `arn:aws:iam::222222222222:role/${name}`);
    const parameters = templateParameters(delivery, 'arn:aws:iam::111111111111:role/distributor');
    const { outputs } = (await readTemplate(kindOf(delivery).template)).evaluate(parameters);
    assert.equal(outputs.RoleArn, delivery.roleArn);
  }
  assert.ok(customer.includes(`BucketName=${bucket.target.bucket} BucketPrefix=${bucket.target.keyPrefix} `));
});

test('the files of settings in the guide are right, and the one for upgrades keeps every name of 0.1.0', async () => {
  const deployment = await read('docs/guide/deployment.md');
  const files = [...deployment.matchAll(/```yaml\n([\s\S]+?)```/g)].map(([, yaml = '']) => parse(yaml));
  const whole = files.filter((file) => file.environment !== undefined);
  assert.equal(whole.length, 2);
  const [example, upgrade] = whole.map((file) => readConfig(layered(environmentFile(file.environment), file)));
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

test('the link of every alarm leads to a section of the runbook', () => {
  const anchors = new Set([...operations.matchAll(/^### (.+)$/gm)].map(([, heading = '']) => heading.toLowerCase()));
  for (const environment of ['production', 'staging'] as const) {
    const config = configOf(environment);
    const names = namesOf(config, { partition: 'aws', region: 'us-west-2', accountId: '111111111111' });
    for (const { id, description } of alarmsOf(config, names)) {
      const [, anchor = ''] = / Runbook: docs\/guide\/operations\.md#(\w+)$/.exec(description) ?? [];
      assert.ok(anchors.has(anchor), `${id}: ${anchor}`);
    }
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
