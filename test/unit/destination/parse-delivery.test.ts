import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DeliveryError } from '../../../service/core/delivery.ts';
import { CLOUDWATCH } from '../../../service/destination/cloudwatch/kind.ts';
import { KINDS } from '../../../service/destination/kinds.ts';
import { parseDelivery } from '../../../service/destination/parse-delivery.ts';
import { SHAPES } from '../../../service/object/text/shape.ts';
import { cloudWatchOf, ITEM } from '../../support/delivery.ts';

const DEFAULTS = { region: 'us-east-1', applicationGroups: { api: ['gateway', 'auth'], empty: [] } };

function problemsOf(attributes: Readonly<Record<string, unknown>>): readonly string[] {
  try {
    parseDelivery({ ...ITEM, ...attributes }, DEFAULTS);
  } catch (error) {
    assert.ok(error instanceof DeliveryError);
    assert.equal(error.message, error.problems.join('; '));
    return error.problems;
  }
  return [];
}

const parse = (attributes: Readonly<Record<string, unknown>>) => parseDelivery({ ...ITEM, ...attributes }, DEFAULTS);
const applications = (attributes: Readonly<Record<string, unknown>>) =>
  [...(parse(attributes).applications ?? ['all'])].sort();

test('an item that sets only what it must gets the defaults of the design', () => {
  const { target, ...rest } = parse({});
  assert.deepEqual(rest, {
    tenantId: 'acme',
    type: 'cloudwatch',
    enabled: true,
    roleArn: 'arn:aws:iam::111122223333:role/logs',
    accountId: '111122223333',
    externalId: undefined,
    region: 'us-east-1',
    applications: null,
    minLevel: null,
    messageFormat: 'message',
    inputFormat: undefined,
    bytesPerSecondMax: undefined,
  });
  assert.ok(CLOUDWATCH.is(target));
  assert.equal(target.group.source, '/tenant-logs/acme');
  assert.equal(target.stream.source, '{cluster_id}-{environment}-{date}');
  assert.equal(target.retentionDays, undefined);
});

test('every attribute is read', () => {
  const { target, ...rest } = parse({
    tenant_id: 'acme',
    type: 'cloudwatch#audit',
    enabled: false,
    log_distribution_role_arn: 'arn:aws-cn:iam::111122223333:role/path/to/logs+=,.@-',
    account_id: '111122223333',
    external_id: 'shared/secret:1',
    target_region: 'cn-north-1',
    log_group_name: '/tenant-logs/{tenant_id}/{application}',
    log_stream_name: '{pod_name}',
    retention_days: 30,
    desired_logs: ['web'],
    groups: ['api'],
    min_log_level: 'Warning',
    message_format: 'record',
    input_format: 'cloudtrail',
    max_bytes_per_second: 1_000_000,
  });
  assert.deepEqual(rest, {
    tenantId: 'acme',
    type: 'cloudwatch#audit',
    enabled: false,
    roleArn: 'arn:aws-cn:iam::111122223333:role/path/to/logs+=,.@-',
    accountId: '111122223333',
    externalId: 'shared/secret:1',
    region: 'cn-north-1',
    applications: new Set(['web', 'gateway', 'auth']),
    minLevel: 4,
    messageFormat: 'record',
    inputFormat: 'cloudtrail',
    bytesPerSecondMax: 1_000_000,
  });
  assert.ok(CLOUDWATCH.is(target));
  assert.equal(target.group.render(['web']), '/tenant-logs/acme/web');
  assert.equal(target.stream.render(['web-1']), 'web-1');
  assert.equal(target.retentionDays, 30);
});

test('what belongs to a log group is read, and the platform of the pods', () => {
  const key = 'arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
  const { groupSettings, platform } = cloudWatchOf(
    parse({
      log_group_name: '/tenant-logs/acme/{application}',
      log_stream_name: '{namespace}-{date}',
      log_group_class: 'INFREQUENT_ACCESS',
      log_group_kms_key_arn: key,
      log_group_tags: { team: 'web shop', 'cost:centre': '' },
      entity: 'kubernetes',
    }),
  );
  assert.deepEqual(groupSettings, {
    logGroupClass: 'INFREQUENT_ACCESS',
    kmsKeyArn: key,
    tags: { team: 'web shop', 'cost:centre': '' },
  });
  assert.equal(platform, 'kubernetes');
  const most = Object.fromEntries(Array.from({ length: 51 }, (_, at) => [`t${at}`, '']));
  assert.match(problemsOf({ log_group_tags: most })[0] ?? '', /^log_group_tags: must have at most 50 tags/);
});

test('events of the service itself go to the one log group of a delivery, or to the group that is named for them', () => {
  const groupOf = (attributes: Readonly<Record<string, unknown>>) => cloudWatchOf(parse(attributes)).serviceGroup;
  const spread = { log_group_name: '/tenant-logs/{tenant_id}/{application}' };
  const rejected = { rejected_events: 's3#rejected' };
  assert.equal(groupOf({}), '/tenant-logs/acme');
  assert.equal(groupOf({ log_group_name: '/tenant-logs/{tenant_id}' }), '/tenant-logs/acme');
  assert.equal(groupOf(spread), undefined);
  assert.equal(
    groupOf({ ...spread, ...rejected, service_log_group_name: '/tenant-logs/{tenant_id}/own' }),
    '/tenant-logs/acme/own',
  );
  assert.equal(parse(rejected).target.rejectedEvents, 's3#rejected');
  assert.deepEqual(problemsOf({ ...spread, ...rejected }), [
    'service_log_group_name: is required with rejected_events where log_group_name has placeholders (not set)',
  ]);
  assert.deepEqual(problemsOf({ ...spread, service_log_group_name: '/tenant-logs/acme-other' }), [
    'service_log_group_name: must be /tenant-logs/acme or below it, where the role may write (got "/tenant-logs/acme-other")',
  ]);
});

test('receipts go to a bucket or to a log group, and not among the events', () => {
  const placeOf = (receipts: string) => parse({ receipts }).target.receipts;
  assert.equal(parse({}).target.receipts, undefined);
  assert.deepEqual(placeOf('s3://acme-receipts'), { kind: 'bucket', bucket: 'acme-receipts', prefix: '' });
  assert.deepEqual(placeOf('s3://acme-receipts/of/logs/'), {
    kind: 'bucket',
    bucket: 'acme-receipts',
    prefix: 'of/logs/',
  });
  assert.deepEqual(placeOf('log-group:/acme/receipts'), { kind: 'log-group', group: '/acme/receipts' });
  for (const wrong of ['acme', 's3://a/no-slash', 's3://UPPER/', 's3://a..b/', 'log-group:', 'log-group:with space']) {
    assert.match(problemsOf({ receipts: wrong })[0] ?? '', /^receipts: must be s3:\/\/bucket/);
  }
  assert.match(
    problemsOf({ receipts: 'log-group:/acme', log_stream_name: 'log-distributor/receipts' })[0] ?? '',
    /^receipts: needs another log_stream_name/,
  );
});

test('numbers and booleans may be text, as tables of earlier systems hold them', () => {
  const delivery = parse({ enabled: 'false', retention_days: '14', max_bytes_per_second: '2048' });
  assert.deepEqual(
    [delivery.enabled, cloudWatchOf(delivery).retentionDays, delivery.bytesPerSecondMax],
    [false, 14, 2048],
  );
  assert.equal(parse({ enabled: 'true' }).enabled, true);
});

test('an account id may be a number that has lost its leading zeros', () => {
  const role = 'arn:aws:iam::000000000042:role/logs';
  assert.equal(parse({ log_distribution_role_arn: role, account_id: 42 }).roleArn, role);
});

test('null and empty attributes count as absent, unknown ones as nothing', () => {
  const delivery = parse({
    external_id: null,
    target_region: '',
    log_stream_name: '',
    min_log_level: null,
    color: 'red',
  });
  assert.deepEqual(
    [delivery.externalId, delivery.region, delivery.minLevel, delivery.target.stream.source],
    [undefined, 'us-east-1', null, '{cluster_id}-{environment}-{date}'],
  );
});

test('applications come from a list or a string set, and from groups by name, by list, by set or by map', () => {
  assert.deepEqual(applications({ desired_logs: ['a', 'b', 'a'] }), ['a', 'b']);
  assert.deepEqual(applications({ desired_logs: new Set(['b', 'a']) }), ['a', 'b']);
  assert.deepEqual(applications({ groups: ['api'] }), ['auth', 'gateway']);
  assert.deepEqual(applications({ groups: new Set(['api']) }), ['auth', 'gateway']);
  assert.deepEqual(applications({ groups: { own: ['x'], other: new Set(['y']) } }), ['x', 'y']);
  assert.deepEqual(applications({ desired_logs: ['x'], groups: ['api'] }), ['auth', 'gateway', 'x']);
});

test('no application named anywhere means all of them', () => {
  for (const attributes of [{}, { desired_logs: [] }, { groups: [] }, { groups: {} }, { groups: ['empty'] }]) {
    assert.deepEqual(applications(attributes), ['all'], JSON.stringify(attributes));
  }
});

const TYPES = KINDS.map(({ kind }) => kind).join(' or ');

const TAG_RULE =
  'must have names of 1 to 128 and values of up to 256 letters, digits, spaces and _.:/=+-@, and no name that begins with aws:';

const REJECTED_RULE = 'rejected_events: must be the type of a delivery to a bucket, such as s3 or s3#rejected';

const WRONG: readonly (readonly [attribute: string, value: unknown, problem: string])[] = [
  ['tenant_id', undefined, 'tenant_id: is required (not set)'],
  ['tenant_id', '', 'tenant_id: is required (not set)'],
  ['tenant_id', 7, 'tenant_id: is required (got 7)'],
  ['tenant_id', 'a'.repeat(257), `tenant_id: must have at most 256 characters (got "${'a'.repeat(199)}…)`],
  ['type', new Uint8Array(3), 'type: is required (got "3 bytes")'],
  ['type', 'kinesis', `type: must be ${TYPES}, alone or with #name (got "kinesis")`],
  ['type', 'cloudwatch#', `type: must be ${TYPES}, alone or with #name (got "cloudwatch#")`],
  ['enabled', 'yes', 'enabled: must be true or false (got "yes")'],
  ['enabled', 1, 'enabled: must be true or false (got 1)'],
  ['log_distribution_role_arn', undefined, 'log_distribution_role_arn: is required (not set)'],
  [
    'log_distribution_role_arn',
    'arn:aws:iam::111122223333:user/logs',
    'log_distribution_role_arn: must be the ARN of an IAM role (got "arn:aws:iam::111122223333:user/logs")',
  ],
  [
    'account_id',
    '999988887777',
    'account_id: must be the account of log_distribution_role_arn, 111122223333 (got "999988887777")',
  ],
  ['account_id', true, 'account_id: must be a text or a number of 12 digits (got true)'],
  ['external_id', 'x', 'external_id: must have 2 to 1224 characters of a-zA-Z0-9_+=,.@:/- (got "x")'],
  ['external_id', 'a b', 'external_id: must have 2 to 1224 characters of a-zA-Z0-9_+=,.@:/- (got "a b")'],
  ['target_region', 'mars', 'target_region: must be an AWS region (got "mars")'],
  ['log_group_name', undefined, 'log_group_name: is required (not set)'],
  ['log_group_name', '{application}', 'log_group_name: must begin with literal text (got "{application}")'],
  ['log_group_name', '/a/{pod}', 'log_group_name: has an unknown placeholder {pod} (got "/a/{pod}")'],
  ['log_stream_name', 'a:b', 'log_stream_name: may not hold ":", "*" or control characters (got "a:b")'],
  [
    'retention_days',
    31,
    'retention_days: must be one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653 (got 31)',
  ],
  ['retention_days', 'a week', 'retention_days: must be a number (got "a week")'],
  [
    'log_group_class',
    'DELIVERY',
    'log_group_class: must be STANDARD, INFREQUENT_ACCESS or ESSENTIALS (got "DELIVERY")',
  ],
  ['exactly_once', 'always', 'exactly_once: must be true or false (got "always")'],
  [
    'log_group_kms_key_arn',
    'arn:aws:kms:us-east-1:111122223333:alias/logs',
    'log_group_kms_key_arn: must be the ARN of a KMS key (got "arn:aws:kms:us-east-1:111122223333:alias/logs")',
  ],
  ['log_group_tags', 'team', 'log_group_tags: must be a map of names to texts (got "team")'],
  ['log_group_tags', { 'aws:team': 'x' }, `log_group_tags: ${TAG_RULE} (got {"aws:team":"x"})`],
  ['log_group_tags', { team: 'a*b' }, `log_group_tags: ${TAG_RULE} (got {"team":"a*b"})`],
  ['rejected_events', 'cloudwatch', `${REJECTED_RULE} (got "cloudwatch")`],
  ['rejected_events', 's3#a b', `${REJECTED_RULE} (got "s3#a b")`],
  [
    'service_log_group_name',
    '/other',
    'service_log_group_name: must be /tenant-logs/acme or below it, where the role may write (got "/other")',
  ],
  [
    'service_log_group_name',
    '/tenant-logs/acme/{application}',
    'service_log_group_name: may hold no placeholder but {tenant_id} (got "/tenant-logs/acme/{application}")',
  ],
  ['entity', 'ecs', 'entity: must be eks or kubernetes (got "ecs")'],
  ['entity', 'eks', 'entity: needs {application} and {namespace} in log_group_name or log_stream_name (got "eks")'],
  ['desired_logs', 'web', 'desired_logs: must be a list or a set of strings (got "web")'],
  ['desired_logs', [1], 'desired_logs: must be a list or a set of strings (got [1])'],
  ['desired_logs', new Set([1]), 'desired_logs: must be a list or a set of strings (got [1])'],
  ['groups', 'api', 'groups: must be a list or a set of strings, or a map of names to such (got "api")'],
  ['groups', ['nope'], 'groups: names the group "nope", which APPLICATION_GROUPS does not define (got ["nope"])'],
  [
    'groups',
    ['constructor'],
    'groups: names the group "constructor", which APPLICATION_GROUPS does not define (got ["constructor"])',
  ],
  ['min_log_level', 'loud', 'min_log_level: must be a log level such as info (got "loud")'],
  ['input_format', 'csv', `input_format: must be one of ${SHAPES.join(', ')} (got "csv")`],
  ['message_format', 'raw', 'message_format: must be message or record (got "raw")'],
  ['max_bytes_per_second', 1023, 'max_bytes_per_second: must be at least 1024 (got 1023)'],
  ['max_bytes_per_second', true, 'max_bytes_per_second: must be a number (got true)'],
];

for (const [attribute, value, problem] of WRONG) {
  test(`${attribute} ${JSON.stringify(value)?.slice(0, 40)} is refused with its rule and the value`, () => {
    assert.deepEqual(problemsOf({ [attribute]: value }), [problem]);
  });
}

test('all problems of an item come at once', () => {
  assert.deepEqual(
    problemsOf({
      type: 'kinesis',
      account_id: '999988887777',
      log_group_name: '{application}',
      log_stream_name: 'a*',
      groups: ['nope'],
      min_log_level: 'loud',
    }).map((problem) => problem.split(':')[0]),
    ['type', 'min_log_level', 'account_id', 'groups', 'log_group_name', 'log_stream_name'],
  );
});

test('regions of every partition are regions', () => {
  for (const region of ['us-gov-east-1', 'cn-northwest-1', 'us-iso-east-1', 'eusc-de-east-1', 'mx-central-1']) {
    assert.equal(parse({ target_region: region }).region, region);
  }
});
