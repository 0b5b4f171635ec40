import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { parse } from 'yaml';
import { configOf } from '../../../infra/config/config.ts';
import { taskRolePolicy } from '../../../infra/policies/task.ts';
import { namesOf } from '../../../infra/values/names.ts';
import { layoutOf } from '../../../infra/values/object-layout.ts';
import { judge, parseItems } from '../../../service/cli/tenants/item.ts';
import { compileKeyTemplate } from '../../../service/core/object-key.ts';

/** Statements of docs/migration.md and docs/guide/multi-region.md that no end-to-end test follows. */

const root = new URL('../../../', import.meta.url);
const read = (path: string) => readFile(new URL(path, root), 'utf8');
const PAGES = ['docs/migration.md', 'docs/guide/multi-region.md'];
const DEFAULTS = { region: 'us-west-2', applicationGroups: {} };

/** As rosa-log-router's guide for tenant configurations puts items. */
const CLOUDWATCH = `{"Item": {
  "tenant_id": {"S": "ocm-production-0a1b-shop"},
  "type": {"S": "cloudwatch"},
  "log_distribution_role_arn": {"S": "arn:aws:iam::123456789012:role/CustomerLogDistribution-RH"},
  "log_group_name": {"S": "cw-log-delivery"},
  "target_region": {"S": "us-east-1"},
  "enabled": {"BOOL": true},
  "desired_logs": {"SS": ["kube-apiserver", "openshift-apiserver"]},
  "ttl": {"N": "1790000000"}
}}`;
const BUCKET = `{"Item": {
  "tenant_id": {"S": "ocm-production-0a1b-shop"},
  "type": {"S": "s3"},
  "bucket_name": {"S": "customer-enterprise-logging"},
  "bucket_prefix": {"S": "openshift/prod-clusters/"},
  "target_region": {"S": "us-west-2"},
  "enabled": {"BOOL": true},
  "desired_logs": {"SS": ["kube-apiserver"]}
}}`;
const judged = (text: string, more: Readonly<Record<string, unknown>> = {}) =>
  judge({ ...parseItems(text, 'export')[0], ...more }, DEFAULTS);

test("an item of rosa-log-router for CloudWatch Logs is one that the service takes, but for the role's name", () => {
  const { delivery, problems, unknown } = judged(CLOUDWATCH);
  assert.deepEqual([problems, unknown], [[], ['ttl']]);
  assert.equal(delivery?.enabled, true);
  assert.equal(delivery?.region, 'us-east-1');
  assert.deepEqual([...(delivery?.applications ?? [])].sort(), ['kube-apiserver', 'openshift-apiserver']);
});

test('an item of rosa-log-router for a bucket lacks the role, and nothing else', () => {
  const role = 'log_distribution_role_arn';
  assert.deepEqual(judged(BUCKET).problems, [`${role}: is required (not set)`]);
  assert.deepEqual(judged(BUCKET, { [role]: 'arn:aws:iam::123456789012:role/LogDistributionS3-a' }).problems, []);
});

test('what rosa-log-router reads otherwise is what the page says', () => {
  assert.equal(judged(CLOUDWATCH, { enabled: undefined }).delivery?.enabled, true);
  assert.equal(judged(CLOUDWATCH, { target_region: undefined }).delivery?.region, DEFAULTS.region);
  assert.deepEqual([...(judged(CLOUDWATCH, { desired_logs: [''] }).delivery?.applications ?? [])], ['']);
});

test("the task's policy has no place for the names of rosa-log-router's roles", () => {
  const config = configOf('production');
  const names = namesOf(config, { partition: 'aws', region: 'us-east-1', accountId: '111111111111' });
  const keys = { data: undefined, messaging: undefined };
  const { Statement } = taskRolePolicy(names, layoutOf(config), keys, {
    tracing: false,
    canary: false,
    usage: true,
    reconcile: false,
  });
  const become = Statement.find(({ Sid }) => Sid === 'BecomeTenants');
  assert.deepEqual(become?.Resource, [
    'arn:aws:iam::*:role/LogDistribution*',
    'arn:aws:iam::*:role/*/LogDistribution*',
  ]);
});

test('the role for several regions has the permissions by which a task role becomes a tenant, and trusts both task roles', async () => {
  const [trust = '', permissions = ''] = [
    ...(await read('docs/guide/multi-region.md')).matchAll(/```json\n([\s\S]+?)```/g),
  ].map(([, json = '']) => json);
  const config = configOf('production');
  const namesIn = (region: string) => namesOf(config, { partition: 'aws', region, accountId: '111111111111' });
  const { Statement } = taskRolePolicy(
    namesIn('us-east-1'),
    layoutOf(config),
    { data: undefined, messaging: undefined },
    { tracing: false, canary: false, usage: true, reconcile: false },
  );
  const become = Statement.filter(({ Sid }) => Sid === 'BecomeTenants');
  assert.deepEqual(JSON.parse(permissions).Statement, become);
  assert.deepEqual(
    JSON.parse(trust).Statement[0].Principal.AWS,
    ['us-east-1', 'eu-west-1'].map((region) => namesIn(region).taskRoleArn),
  );
});

test('the key layout of the page is one that the infrastructure takes, and the changed sink writes by it', async () => {
  const [settings = '', sink = ''] = [...(await read('docs/migration.md')).matchAll(/```yaml\n([\s\S]+?)```/g)].map(
    ([, yaml = '']) => yaml,
  );
  const { environment, ...more } = parse(settings);
  const config = configOf(environment, more);
  assert.equal(config.ingestion.firehose, false);
  const values: Readonly<Record<string, string>> = {
    cluster_id: 'mc-1',
    namespace: 'ocm-production-0a1b-shop',
    application: 'kube-apiserver',
    pod_name: 'kube-apiserver-0',
  };
  const prefix = String(parse(sink).key_prefix).replace(/{{ (\w+) }}/g, (_, name: string) => values[name] ?? '');
  const { namespace, ...fields } = values;
  assert.deepEqual(compileKeyTemplate(config.objectKeyTemplate).parse(`${prefix}20260723-215230-0a1b.json.gz`), {
    ...fields,
    tenant_id: namespace,
  });
});

test('npm commands of the pages are scripts, and deploy has the options', async () => {
  const { scripts } = JSON.parse(await read('package.json'));
  const usage = await read('infra/main.ts');
  let options = 0;
  for (const page of PAGES) {
    for (const [, script = '', rest = ''] of (await read(page)).matchAll(/^ *npm run (?:--silent )?([\w:]+)(.*)$/gm)) {
      assert.ok(script in scripts, `${page}: npm run ${script}`);
      for (const [, option = ''] of rest.matchAll(/ --([a-z][a-z-]+)/g)) {
        options++;
        assert.match(usage, new RegExp(`^ {2}'?${option}'?: \\{ type: `, 'm'), `${page}: --${option}`);
      }
    }
  }
  assert.ok(options > 8);
});

test("the standby role of the page trusts ECS of the other region, and copies the task role's policy", async () => {
  const page = await read('docs/guide/multi-region.md');
  const [, trust = ''] = /--assume-role-policy-document '(.+?)'/.exec(page) ?? [];
  const { Statement } = JSON.parse(trust);
  assert.deepEqual(Statement[0].Condition.ArnLike, { 'aws:SourceArn': 'arn:aws:ecs:eu-west-1:111111111111:*' });
  const { taskRole } = namesOf(configOf('production'), {
    partition: 'aws',
    region: 'us-east-1',
    accountId: '111111111111',
  });
  const [, policy = ''] =
    / name: '(\w+)',/.exec((await read('infra/constructs/role.ts')).split('new IamRolePolicy')[1] ?? '') ?? [];
  assert.ok(page.includes(`--role-name ${taskRole} --policy-name ${policy} `), policy);
});

test('names of resources in the pages are those that the settings make', async () => {
  const names = namesOf(configOf('production'), { partition: 'aws', region: 'us-west-2', accountId: '111111111111' });
  const page = await read('docs/migration.md');
  for (const arn of [names.hubTopicArn, names.queueArn]) assert.ok(page.includes(arn), arn);
});

test('the resource that the page imports into CloudFormation is one of the templates, under that id', async () => {
  const [, type, id = ''] =
    /"ResourceType": "([\w:]+)",\s*"LogicalResourceId": "(\w+)"/.exec(await read('docs/migration.md')) ?? [];
  const { Resources } = parse(await read('infra/cloudformation/templates/core.yaml'));
  assert.deepEqual([type, Resources[id]?.Type], ['AWS::DynamoDB::Table', 'AWS::DynamoDB::Table']);
});
