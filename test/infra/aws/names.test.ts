import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { configOf, type Overrides } from '../../../infra/config/config.ts';
import { NAME_LIMITS, namesOf } from '../../../infra/values/names.ts';
import { type Synthesis, synthesis } from '../support/synth.ts';

/** Types whose names an account has once, whatever the region; those of a bucket are everybody's. */
const ACCOUNT_WIDE = [
  'aws_iam_role',
  'aws_s3_bucket',
  'aws_cloudwatch_dashboard',
  'aws_budgets_budget',
  'aws_ce_anomaly_monitor',
  'aws_ce_anomaly_subscription',
];
/** Types whose name is one within another resource. */
const WITHIN_ANOTHER = [
  'aws_iam_role_policy',
  'aws_ecs_service',
  'aws_glue_catalog_table',
  'aws_cloudwatch_log_stream',
  'aws_appautoscaling_policy',
];
const ATTRIBUTES = ['name', 'bucket', 'alarm_name', 'dashboard_name', 'family'];

const WRITERS: Overrides = {
  writers: { principals: ['arn:aws:iam::111111111111:role/collector'], externalId: 'between-us' },
};
let staging: Synthesis;
let others: readonly [what: string, it: Synthesis, sameRegion: boolean][];
before(async () => {
  staging = await synthesis('staging', WRITERS);
  others = [
    ['another environment', await synthesis('production', WRITERS), true],
    ['another project', await synthesis('staging', { ...WRITERS, project: 'audit' }), true],
    ['another region', await synthesis('staging', { ...WRITERS, region: 'eu-west-1' }), false],
  ];
});
after(async () => {
  for (const it of [staging, ...others.map(([, it]) => it)]) await it.remove();
});

/** Names by type. A reference is the name of another resource, which is looked at by itself. */
function namesIn(it: Synthesis): readonly string[] {
  return it.types
    .filter((type) => !WITHIN_ANOTHER.includes(type))
    .flatMap((type) =>
      it.resources(type).flatMap((resource) =>
        ATTRIBUTES.map((attribute) => resource[attribute])
          .filter((name) => typeof name === 'string' && !/^\$\{aws_\w+\.[\w-]+\.\w+\}$/.test(name))
          .map((name) => `${type} ${name}`),
      ),
    );
}

test('no resource of another environment, project or region has the name of one of this, where an account has it once', () => {
  const taken = new Set(namesIn(staging));
  assert.ok(taken.size > 40, String(taken.size));
  for (const [what, it, sameRegion] of others) {
    const shared = namesIn(it).filter((name) => taken.has(name));
    const wrong = sameRegion ? shared : shared.filter((name) => ACCOUNT_WIDE.includes(name.split(' ')[0] ?? ''));
    assert.deepEqual(wrong, [], what);
  }
});

test('every type that an account has once is among the resources', () => {
  for (const type of ACCOUNT_WIDE) assert.ok(staging.types.includes(type), type);
});

test('metrics of two projects or environments of one account do not mix', () => {
  const place = { partition: 'aws', region: 'us-east-1', accountId: '1'.repeat(12) };
  const namespaceOf = (project: string) => namesOf(configOf('staging', { project }), place).metricsNamespace;
  assert.notEqual(namespaceOf('logs'), namespaceOf('audit'));
});

test('names of the longest environment in the longest region are as long as AWS takes', () => {
  const config = configOf('unnamed', { project: 'log-distributor', region: 'ap-southeast-1' });
  const place = { partition: 'aws', region: 'ap-southeast-1', accountId: '1'.repeat(12) };
  const names = namesOf({ ...config, environment: 'production12' }, place);
  for (const { of, lengthMax } of NAME_LIMITS) assert.ok(names[of].length <= lengthMax, names[of]);
});

test('a name that the settings fix is the name', () => {
  const fixed = {
    tenantTable: 'tenant-configurations',
    ledgerTable: 'delivery-ledger',
    taskRole: 'log-distributor-staging-task',
    executionRole: 'log-distributor-staging-execution',
    firehoseRole: 'log-distributor-staging-firehose',
    writerRole: 'log-distributor-staging-writer',
    metricsNamespace: 'LogDistributor',
  };
  const place = { partition: 'aws', region: 'us-east-1', accountId: '1'.repeat(12) };
  const names = namesOf(configOf('staging', { names: fixed }), place);
  for (const [name, value] of Object.entries(fixed)) assert.equal(Reflect.get(names, name), value, name);
  assert.equal(names.taskRoleArn, 'arn:aws:iam::111111111111:role/log-distributor-staging-task');
  assert.equal(names.ledgerTableArn, 'arn:aws:dynamodb:us-east-1:111111111111:table/delivery-ledger');
});
