import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configOf } from '../../infra/config/config.ts';
import { bucketPolicy } from '../../infra/policies/bucket.ts';
import type { PolicyDocument, Statement } from '../../infra/policies/document.ts';
import { endpointPolicy } from '../../infra/policies/endpoints.ts';
import { firehoseRolePolicy, firehoseTrust } from '../../infra/policies/firehose.ts';
import { flowLogPolicy } from '../../infra/policies/flow-logs.ts';
import { dataKeyPolicy, logsKeyPolicy, messagingKeyPolicy } from '../../infra/policies/keys.ts';
import { alertsTopicPolicy, hubTopicPolicy, spokeQueuePolicy } from '../../infra/policies/messaging.ts';
import { executionRolePolicy, taskRolePolicy } from '../../infra/policies/task.ts';
import { writerRolePolicy, writerTrust } from '../../infra/policies/writer.ts';
import { namesOf } from '../../infra/values/names.ts';
import { layoutOf } from '../../infra/values/object-layout.ts';
import { sumsUpUsage } from '../../infra/values/service-environment.ts';
import { canaryKey } from '../../service/core/canary.ts';
import { compileKeyTemplate } from '../../service/core/object-key.ts';
import { RECEIPT_INDEX } from '../../service/core/tables.ts';

const config = configOf('staging');
const names = namesOf(config, { partition: 'aws', region: 'us-east-1', accountId: '111111111111' });
const layout = layoutOf(config);
const KEYS = {
  data: 'arn:aws:kms:us-east-1:111111111111:key/data',
  messaging: 'arn:aws:kms:us-east-1:111111111111:key/msg',
};

const PLAIN = { tracing: false, canary: false, usage: true, reconcile: false };
const task = taskRolePolicy(names, layout, KEYS, PLAIN);
const ROLE_POLICIES: Readonly<Record<string, PolicyDocument>> = {
  task,
  'task with tracing and canaries': taskRolePolicy(names, layout, KEYS, {
    ...PLAIN,
    tracing: true,
    canary: true,
    reconcile: true,
  }),
  'task with AWS keys': taskRolePolicy(names, layout, { data: undefined, messaging: undefined }, PLAIN),
  execution: executionRolePolicy(names),
  firehose: firehoseRolePolicy(names, layout, KEYS.data),
  'flow logs': flowLogPolicy(names),
  'writer to Firehose': writerRolePolicy(names, layout, true, KEYS.data),
  'writer to S3': writerRolePolicy(names, layout, false, KEYS.data),
};

/** Whether IAM's wildcards let `text` pass. */
function matches(pattern: string, text: string): boolean {
  return new RegExp(`^${pattern.split('*').map(RegExp.escape).join('.*')}$`, 's').test(text);
}

/** The statements of a role's policy that allow an action on a resource; conditions are for the test to look at. */
function allowing(document: PolicyDocument, action: string, resource: string): readonly Statement[] {
  return document.Statement.filter(
    ({ Effect, Action, Resource }) =>
      Effect === 'Allow' &&
      Action.some((pattern) => matches(pattern, action)) &&
      (Resource ?? []).some((pattern) => matches(pattern, resource)),
  );
}

const statement = (document: PolicyDocument, sid: string): Statement => {
  const found = document.Statement.find(({ Sid }) => Sid === sid);
  assert.ok(found, `no statement ${sid}`);
  return found;
};

/** Actions that AWS gives no resources (service authorization reference). None of them changes what lies anywhere. */
const WITHOUT_RESOURCE = new Set(['ecr:GetAuthorizationToken', 'xray:PutTraceSegments', 'xray:PutTelemetryRecords']);

for (const [name, document] of Object.entries(ROLE_POLICIES)) {
  test(`the policy of ${name} names actions and resources: no wildcard actions, no bare * resource`, () => {
    for (const { Action, Resource = [], Effect } of document.Statement) {
      assert.equal(Effect, 'Allow');
      for (const action of Action) {
        assert.match(action, /^[a-z0-9-]+:[A-Za-z]+$/);
        if (!WITHOUT_RESOURCE.has(action)) assert.ok(!Resource.includes('*'), action);
      }
    }
  });
}

/** Services of VPC endpoints, by the prefix of their actions. */
const ENDPOINTS: Readonly<Record<string, string>> = {
  s3: 's3',
  dynamodb: 'dynamodb',
  sqs: 'sqs',
  sts: 'sts',
  logs: 'logs',
  kms: 'kms',
  ecr: 'ecr.api',
  firehose: 'kinesis-firehose',
};

test('statements of a document have names of their own', () => {
  for (const [name, { Statement: statements }] of Object.entries(ROLE_POLICIES)) {
    assert.equal(new Set(statements.map(({ Sid }) => Sid)).size, statements.length, name);
  }
});

test('the task can do everything that the service does', () => {
  const object = `${names.bucketArn}/logs/tenant_id=acme/cluster_id=c/environment=e/x.parquet`;
  const needs: readonly [string, string][] = [
    ['sqs:ReceiveMessage', names.queueArn],
    ['sqs:DeleteMessage', names.queueArn],
    ['sqs:ChangeMessageVisibility', names.queueArn],
    ['sqs:GetQueueAttributes', names.queueArn],
    ['sqs:SendMessage', names.queueArn],
    ['sqs:SendMessage', names.deadLetterQueueArn],
    ['sqs:GetQueueAttributes', names.deadLetterQueueArn],
    ['s3:GetObject', object],
    ['s3:GetObjectVersion', object],
    ['s3:ListBucket', names.bucketArn],
    ['s3:PutObject', `${names.bucketArn}/quarantine/tenant_id=acme/reason=too_old/x.ndjson.gz`],
    ['dynamodb:Query', names.tenantTableArn],
    ['dynamodb:DescribeTable', names.tenantTableArn],
    ['dynamodb:GetItem', names.ledgerTableArn],
    ['dynamodb:UpdateItem', names.ledgerTableArn],
    ['dynamodb:DescribeTable', names.ledgerTableArn],
    ['sts:AssumeRole', 'arn:aws:iam::222222222222:role/LogDistribution-acme'],
    ['sts:TagSession', 'arn:aws:iam::222222222222:role/team/a/LogDistribution-acme'],
    ['ecs:UpdateTaskProtection', `arn:aws:ecs:us-east-1:111111111111:task/${names.cluster}/0123`],
    ['kms:Decrypt', KEYS.data],
    ['kms:GenerateDataKey', KEYS.messaging],
  ];
  for (const [action, resource] of needs) {
    assert.ok(allowing(task, action, resource).length > 0, `${action} on ${resource}`);
  }
});

test('the task can do no more: other queues, other prefixes, deleting, other roles', () => {
  const refused: readonly [string, string][] = [
    ['sqs:SendMessage', 'arn:aws:sqs:us-east-1:111111111111:other'],
    ['sqs:DeleteMessage', names.deadLetterQueueArn],
    ['sqs:ReceiveMessage', names.deadLetterQueueArn],
    ['sqs:ReceiveMessage', 'arn:aws:sqs:us-east-1:111111111111:other'],
    ['s3:GetObject', `${names.bucketArn}/quarantine/x`],
    ['s3:PutObject', `${names.bucketArn}/logs/x`],
    ['s3:DeleteObject', `${names.bucketArn}/logs/x`],
    ['dynamodb:PutItem', names.tenantTableArn],
    ['dynamodb:DeleteItem', names.ledgerTableArn],
    ['sts:AssumeRole', 'arn:aws:iam::222222222222:role/Admin'],
    ['sts:AssumeRole', 'arn:aws:iam::222222222222:role/NotLogDistribution-acme'],
    ['ecs:UpdateTaskProtection', 'arn:aws:ecs:us-east-1:111111111111:task/other/0123'],
    ['logs:PutLogEvents', names.logGroupArn('/tenant-logs/acme:log-stream:x')],
  ];
  for (const [action, resource] of refused) {
    assert.deepEqual(allowing(task, action, resource), [], `${action} on ${resource}`);
  }
});

test('the task may list tenants, and with canaries write canaries, and no other object under the prefix of the logs', () => {
  const withCanary = taskRolePolicy(names, layout, KEYS, { ...PLAIN, canary: true });
  const key = canaryKey(compileKeyTemplate(config.objectKeyTemplate), 'acme', 0);
  for (const [document, allowed] of [
    [withCanary, 1],
    [task, 0],
  ] as const) {
    assert.equal(allowing(document, 's3:PutObject', `${names.bucketArn}/${key}`).length, allowed);
    assert.equal(allowing(document, 'dynamodb:Scan', names.tenantTableArn).length, 1);
  }
  assert.deepEqual(allowing(withCanary, 's3:PutObject', `${names.bucketArn}/logs/tenant_id=acme/x.ndjson`), []);
});

test('with receipts the task may sign them and find what is due; without, neither', () => {
  const receiptKey = 'arn:aws:kms:us-east-1:111111111111:key/receipts';
  const withReceipts = taskRolePolicy(names, layout, KEYS, { ...PLAIN, receiptKey });
  for (const [document, allowed] of [
    [withReceipts, 1],
    [task, 0],
  ] as const) {
    assert.equal(allowing(document, 'kms:Sign', receiptKey).length, allowed);
    assert.equal(allowing(document, 'kms:GetPublicKey', receiptKey).length, allowed);
    assert.equal(
      allowing(document, 'dynamodb:Query', `${names.ledgerTableArn}/index/${RECEIPT_INDEX.name}`).length,
      allowed,
    );
    assert.equal(allowing(document, 'dynamodb:BatchGetItem', names.ledgerTableArn).length, allowed);
  }
  assert.deepEqual(allowing(withReceipts, 'kms:Sign', KEYS.data), []);
});

test('only where the bucket is compared with the ledger, the task may list versions and read the ledger in batches', () => {
  const comparing = taskRolePolicy(names, layout, KEYS, { ...PLAIN, reconcile: true });
  for (const [document, allowed] of [
    [comparing, 1],
    [task, 0],
  ] as const) {
    assert.equal(allowing(document, 's3:ListBucketVersions', names.bucketArn).length, allowed);
    assert.equal(allowing(document, 'dynamodb:BatchGetItem', names.ledgerTableArn).length, allowed);
    // Also to sum up usage.
    assert.ok(allowing(document, 'dynamodb:Query', names.ledgerTableArn).length >= allowed);
  }
});

test('only where usage is summed up, the task may read the whole ledger', () => {
  const without = taskRolePolicy(names, layout, KEYS, { ...PLAIN, usage: false });
  for (const action of ['dynamodb:Query', 'dynamodb:Scan']) {
    assert.equal(allowing(task, action, names.ledgerTableArn).length, 1, action);
    assert.deepEqual(allowing(without, action, names.ledgerTableArn), [], action);
  }
  const usageOf = (given: Readonly<Record<string, string>>) =>
    sumsUpUsage(configOf('staging', { distributor: { settings: given } }));
  assert.deepEqual([usageOf({}), usageOf({ USAGE: 'true' }), usageOf({ USAGE: 'false' })], [true, true, false]);
});

test('nobody becomes a tenant without saying which', () => {
  const become = statement(task, 'BecomeTenants');
  assert.deepEqual(become.Condition, { Null: { 'aws:RequestTag/tenant_id': ['false'] } });
  for (const action of ['sts:AssumeRole', 'sts:TagSession']) {
    assert.deepEqual(allowing(task, action, 'arn:aws:iam::222222222222:role/LogDistribution-acme'), [become]);
  }
});

test('keys are used through the services that encrypt with them, and not at all where they are AWS’s', () => {
  for (const document of Object.values(ROLE_POLICIES)) {
    for (const { Action, Condition } of document.Statement) {
      if (Action.some((action) => action.startsWith('kms:'))) assert.ok(Condition?.StringEquals?.['kms:ViaService']);
    }
  }
  const withoutKeys = JSON.stringify(ROLE_POLICIES['task with AWS keys']);
  assert.ok(!withoutKeys.includes('kms:'));
});

/** Whether a call goes through an endpoint: an account's principal, an action and a resource. */
function passes(service: string, principalArn: string, action: string, resource: string): boolean {
  const account = principalArn.split(':')[4] ?? '';
  return allowing(endpointPolicy(service, names), action, resource).some(({ Condition }) => {
    const { StringEquals = {}, ArnLike = {}, ...others } = Condition ?? {};
    assert.deepEqual(others, {});
    const accounts = StringEquals['aws:PrincipalAccount'];
    const arns = ArnLike['aws:PrincipalArn'];
    return (accounts?.includes(account) ?? true) && (arns?.some((pattern) => matches(pattern, principalArn)) ?? true);
  });
}

test('the calls of tasks, deliveries and image pulls go through the endpoints with policies', () => {
  const us = names.taskRoleArn;
  const tenant = 'arn:aws:iam::222222222222:role/team/LogDistribution-acme';
  const nobody = 'arn:aws:iam::999999999999:root';
  const needs: readonly (readonly [service: string, principal: string, action: string, resource: string])[] = [
    // Whatever the roles of this account may do.
    ...Object.values(ROLE_POLICIES).flatMap(({ Statement: statements }) =>
      statements.flatMap(({ Action, Resource = [] }) =>
        Action.flatMap((action) => {
          const service = ENDPOINTS[action.split(':')[0] ?? ''];
          return service === undefined ? [] : Resource.map((resource) => [service, us, action, resource] as const);
        }),
      ),
    ),
    [
      'logs',
      tenant,
      'logs:PutLogEvents',
      'arn:aws:logs:us-east-1:222222222222:log-group:/tenant-logs/acme:log-stream:s',
    ],
    ['logs', tenant, 'logs:PutRetentionPolicy', 'arn:aws:logs:us-east-1:222222222222:log-group:/tenant-logs/acme'],
    ['s3', tenant, 's3:PutObject', 'arn:aws:s3:::logs-of-acme/x.ndjson.gz'],
    ['s3', tenant, 's3:AbortMultipartUpload', 'arn:aws:s3:::logs-of-acme/x.ndjson.gz'],
    ['s3', nobody, 's3:GetObject', 'arn:aws:s3:::prod-us-east-1-starport-layer-bucket/layer'],
    ['sts', nobody, 'sts:AssumeRoleWithWebIdentity', names.writerRoleArn],
  ];
  assert.ok(needs.length > 30);
  for (const need of needs) assert.ok(passes(...need), need.join(' '));
});

test('with other credentials nothing leaves through the endpoints for another account', () => {
  const stranger = 'arn:aws:iam::999999999999:role/stranger';
  const refused: readonly (readonly [service: string, principal: string, action: string, resource: string])[] = [
    ['s3', stranger, 's3:PutObject', 'arn:aws:s3:::bucket-of-a-stranger/x'],
    ['s3', names.taskRoleArn, 's3:PutObject', 'arn:aws:s3:::bucket-of-a-stranger/x'],
    ['s3', stranger, 's3:GetObject', `${names.bucketArn}/logs/x`],
    ['sqs', names.taskRoleArn, 'sqs:SendMessage', 'arn:aws:sqs:us-east-1:999999999999:queue'],
    ['sqs', stranger, 'sqs:SendMessage', names.queueArn],
    ['dynamodb', stranger, 'dynamodb:PutItem', 'arn:aws:dynamodb:us-east-1:999999999999:table/table'],
    ['logs', stranger, 'logs:PutLogEvents', 'arn:aws:logs:us-east-1:999999999999:log-group:g:log-stream:s'],
    ['sts', stranger, 'sts:AssumeRole', 'arn:aws:iam::999999999999:role/stranger'],
    ['kms', stranger, 'kms:Encrypt', KEYS.data],
    [
      'kinesis-firehose',
      names.taskRoleArn,
      'firehose:PutRecord',
      'arn:aws:firehose:us-east-1:999999999999:deliverystream/s',
    ],
  ];
  for (const call of refused) assert.ok(!passes(...call), call.join(' '));
});

test('traces are allowed only where they are on', () => {
  assert.ok(!JSON.stringify(task).includes('xray:'));
  assert.ok(JSON.stringify(ROLE_POLICIES['task with tracing and canaries']).includes('xray:PutTraceSegments'));
});

test('S3 may publish to the hub and SNS may send to the spoke, each for our resources only, and both may use the key', () => {
  const hub = statement(hubTopicPolicy(names), 'BucketPublishes');
  assert.deepEqual(hub.Condition?.ArnLike, { 'aws:SourceArn': [names.bucketArn] });
  assert.deepEqual(hub.Condition?.StringEquals, { 'aws:SourceAccount': ['111111111111'] });
  const spoke = statement(spokeQueuePolicy(names.queueArn, names.hubTopicArn), 'HubDelivers');
  assert.deepEqual(spoke.Resource, [names.queueArn]);
  assert.deepEqual(spoke.Condition, { ArnEquals: { 'aws:SourceArn': [names.hubTopicArn] } });

  const key = messagingKeyPolicy(names);
  for (const [sid, service] of [
    ['BucketPublishes', 's3.amazonaws.com'],
    ['TopicsDeliver', 'sns.amazonaws.com'],
    ['AlarmsPublish', 'cloudwatch.amazonaws.com'],
  ] as const) {
    const { Principal, Action, Condition } = statement(key, sid);
    assert.deepEqual(Principal, { Service: [service] });
    assert.deepEqual(Action, ['kms:GenerateDataKey*', 'kms:Decrypt']);
    // S3 does not say whom it asks the key for; its publishing is bound by the topic's policy, above.
    if (sid !== 'BucketPublishes') {
      assert.deepEqual(Condition?.StringEquals, { 'aws:SourceAccount': ['111111111111'] });
    }
  }
  assert.deepEqual(statement(key, 'TopicsDeliver').Condition?.ArnLike, {
    'aws:SourceArn': [names.hubTopicArn, names.alertsTopicArn],
  });
});

test('who may publish alerts may use the key of their topic', () => {
  const publishers = statement(alertsTopicPolicy(names), 'AlertsPublish').Principal;
  const services = publishers !== '*' ? (publishers?.Service ?? []) : [];
  const users = messagingKeyPolicy(names).Statement.flatMap(({ Principal }) =>
    typeof Principal === 'object' ? (Principal.Service ?? []) : [],
  );
  assert.ok(services.length > 0);
  for (const service of services) assert.ok(users.includes(service), service);
});

test('no resource is reached without TLS', () => {
  const documents = [
    bucketPolicy(names),
    hubTopicPolicy(names),
    alertsTopicPolicy(names),
    spokeQueuePolicy(names.queueArn, names.hubTopicArn),
  ];
  for (const document of documents) {
    const deny = statement(document, 'TlsOnly');
    assert.equal(deny.Effect, 'Deny');
    assert.deepEqual(deny.Condition, { Bool: { 'aws:SecureTransport': ['false'] } });
  }
  assert.deepEqual(statement(bucketPolicy(names), 'TlsOnly').Resource, [names.bucketArn, `${names.bucketArn}/*`]);
});

test('a key is open to nobody but the account and named services, with a condition where they support one', () => {
  for (const document of [dataKeyPolicy(names), messagingKeyPolicy(names), logsKeyPolicy(names)]) {
    const [account, ...services] = document.Statement;
    assert.deepEqual(account?.Principal, { AWS: ['arn:aws:iam::111111111111:root'] });
    for (const { Sid, Principal, Condition } of services) {
      assert.ok(typeof Principal === 'object' && Principal.Service);
      assert.equal(Condition !== undefined, Sid !== 'BucketPublishes', Sid);
    }
  }
});

test('the log key encrypts exactly the log groups that are made with it', () => {
  const { Condition } = statement(logsKeyPolicy(names), 'LogsEncrypt');
  assert.deepEqual(Condition?.ArnEquals?.['kms:EncryptionContext:aws:logs:arn'], [
    names.logGroupArn(names.serviceLogGroup),
    names.logGroupArn(names.metricsLogGroup),
    names.logGroupArn(names.firehoseLogGroup),
    names.logGroupArn(names.flowLogGroup),
  ]);
});

test('Firehose writes objects and errors, and nothing into the quarantine', () => {
  const document = firehoseRolePolicy(names, layout, KEYS.data);
  assert.equal(allowing(document, 's3:PutObject', `${names.bucketArn}/logs/x`).length, 1);
  assert.equal(allowing(document, 's3:PutObject', `${names.bucketArn}/firehose-errors/x`).length, 1);
  assert.equal(allowing(document, 's3:PutObject', `${names.bucketArn}/quarantine/x`).length, 0);
  assert.deepEqual(statement(firehoseTrust(names), 'Assume').Condition, {
    StringEquals: { 'sts:ExternalId': ['111111111111'] },
  });
});

test('Vector writes to the stream or to the bucket, whichever there is', () => {
  const toStream = writerRolePolicy(names, layout, true, KEYS.data);
  assert.equal(allowing(toStream, 'firehose:PutRecordBatch', names.deliveryStreamArn).length, 1);
  assert.equal(allowing(toStream, 's3:PutObject', `${names.bucketArn}/logs/x`).length, 0);
  const toBucket = writerRolePolicy(names, layout, false, KEYS.data);
  assert.equal(allowing(toBucket, 's3:PutObject', `${names.bucketArn}/logs/x`).length, 1);
  assert.equal(allowing(toBucket, 's3:GetObject', `${names.bucketArn}/logs/x`).length, 0);
  // The collectors' health checks are off (test/k8s/vector-config.test.ts): describing and listing are no calls of theirs.
  const actions = (document: PolicyDocument) => new Set(document.Statement.flatMap(({ Action }) => Action));
  assert.deepEqual(actions(toStream), new Set(['firehose:PutRecordBatch', 's3:PutObject', 'kms:GenerateDataKey']));
  assert.deepEqual(actions(toBucket), new Set(['s3:PutObject', 'kms:GenerateDataKey', 'kms:Decrypt']));
  for (const document of [toStream, toBucket]) {
    assert.equal(allowing(document, 's3:PutObject', `${names.bucketArn}/without-tenant/cluster_id=c/x`).length, 1);
    assert.equal(allowing(document, 'kms:GenerateDataKey', KEYS.data).length, 1);
  }
});

test('only the one service account of the one cluster is Vector, and those that are named', () => {
  const eks = {
    oidcIssuer: 'https://oidc.eks.us-east-1.amazonaws.com/id/ABC',
    namespace: 'vector',
    serviceAccount: 'vector',
  };
  const trust = writerTrust(names, {
    eks,
    principals: ['arn:aws:iam::111111111111:role/collector'],
    externalId: 'between-cluster-and-platform',
  });
  assert.ok(trust);
  const issuer = 'oidc.eks.us-east-1.amazonaws.com/id/ABC';
  const onEks = statement(trust, 'VectorOnEks');
  assert.deepEqual(onEks.Principal, { Federated: [`arn:aws:iam::111111111111:oidc-provider/${issuer}`] });
  assert.deepEqual(onEks.Condition, {
    StringEquals: {
      [`${issuer}:aud`]: ['sts.amazonaws.com'],
      [`${issuer}:sub`]: ['system:serviceaccount:vector:vector'],
    },
  });
  const named = statement(trust, 'NamedPrincipals');
  assert.deepEqual(named.Principal, { AWS: ['arn:aws:iam::111111111111:role/collector'] });
  assert.deepEqual(named.Action, ['sts:AssumeRole', 'sts:TagSession']);
  assert.deepEqual(named.Condition, { StringEquals: { 'sts:ExternalId': ['between-cluster-and-platform'] } });
  assert.equal(writerTrust(names, { eks: undefined, principals: [], externalId: undefined }), undefined);
});
