import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { PolicyDocument, Statement } from '../../../infra/policies/document.ts';
import { BOUNDARY, EVERYTHING, everythingIn } from '../support/everything.ts';
import { type Resource, type Synthesis, synthesis } from '../support/synth.ts';

/** What the reviewers of a platform team look for, over all resources of every kind: a new one is looked at without being named here. */

const DIGEST = `sha256:${'a'.repeat(64)}`;

let full: Synthesis;
let plain: Synthesis;
let government: Synthesis;
let china: Synthesis;

before(async () => {
  full = await synthesis('production', EVERYTHING, { imageTag: DIGEST });
  plain = await synthesis('staging');
  government = await synthesis('production', everythingIn('us-gov-west-1', 'aws-us-gov'));
  china = await synthesis('production', everythingIn('cn-north-1', 'aws-cn'));
});
after(async () => {
  for (const each of [full, plain, government, china]) await each?.remove();
});

/** All policy documents of a synthesis, wherever they stand, by the address of their resource. */
function documents(it: Synthesis): readonly (readonly [address: string, PolicyDocument])[] {
  return it.all.flatMap(([address, resource]) =>
    Object.values(resource)
      .filter((value): value is string => typeof value === 'string' && value.startsWith('{"Version":"2012-10-17"'))
      .map((text) => [address, JSON.parse(text)] as const),
  );
}

const values = (of: readonly string[] | string | undefined): readonly string[] =>
  typeof of === 'string' ? [of] : (of ?? []);
const everywhere = () => [full, plain, government, china];

test('every role has the permissions boundary and lies under the path', () => {
  assert.equal(full.resources('aws_iam_role').length, 5);
  for (const role of full.resources('aws_iam_role')) {
    assert.equal(role.permissions_boundary, BOUNDARY, String(role.name));
    assert.equal(role.path, '/platform/logs/', String(role.name));
  }
  for (const role of plain.resources('aws_iam_role')) {
    assert.deepEqual([role.permissions_boundary, role.path], [undefined, '/'], String(role.name));
  }
  // What customers trust is the role with its path.
  assert.match(String(full.outputs.distributor_role_arn), /:role\/platform\/logs\/log-distributor-/);
});

/** Whether a condition says on whose behalf a service may come: only on ours. */
function isForUs({ Condition = {} }: Statement, accountId: string): boolean {
  const conditions = Object.values(Condition).flatMap((keys) => Object.entries(keys));
  return conditions.some(([key, value]) => {
    const all = values(value);
    // Firehose says its stream's account as the external id.
    if (key === 'aws:SourceAccount' || key === 'sts:ExternalId') return all.every((account) => account === accountId);
    if (key === 'aws:SourceArn' || key === 'kms:EncryptionContext:aws:logs:arn') {
      // An ARN with our account, or a reference to a resource of ours.
      return all.every((arn) => arn.split(':')[4] === accountId || /^\$\{aws_/.test(arn));
    }
    return false;
  });
}

test('every service that a policy lets in comes only for our account', () => {
  for (const it of everywhere()) {
    let services = 0;
    for (const [address, document] of documents(it)) {
      for (const statement of document.Statement) {
        const { Principal, Effect, Sid } = statement;
        if (Effect !== 'Allow' || Principal === undefined || Principal === '*' || Principal.Service === undefined)
          continue;
        services++;
        // S3 does not say whom it asks the key for (policies/keys.ts); the topic's policy says it.
        if (Sid === 'BucketPublishes' && address.startsWith('aws_kms_key.')) continue;
        assert.ok(isForUs(statement, it.accountId), `${address}: ${Sid}`);
      }
    }
    assert.ok(services >= 10, String(services));
  }
});

test('nobody is let in without a condition but through an endpoint, where roles decide', () => {
  for (const it of everywhere()) {
    for (const [address, document] of documents(it)) {
      for (const { Sid, Effect, Principal, Condition } of document.Statement) {
        if (Effect === 'Allow' && Principal === '*' && Condition === undefined) {
          assert.ok(
            address.startsWith('aws_vpc_endpoint.') && ['ImageLayers', 'WebIdentity'].includes(Sid),
            `${address}: ${Sid}`,
          );
        }
      }
    }
  }
});

test('every VPC endpoint has a policy where the settings say so, and it lets in only our account and customers’ roles', () => {
  const endpoints = full.resources('aws_vpc_endpoint');
  assert.equal(endpoints.length, 10);
  for (const endpoint of endpoints) {
    const document: PolicyDocument = JSON.parse(String(endpoint.policy));
    for (const { Sid, Condition } of document.Statement) {
      if (['ImageLayers', 'WebIdentity'].includes(Sid)) continue;
      const ours = Condition?.StringEquals?.['aws:PrincipalAccount'];
      const tenants = Condition?.ArnLike?.['aws:PrincipalArn'];
      assert.ok(ours?.[0] === full.accountId || tenants?.every((arn) => arn.includes('LogDistribution')), `${Sid}`);
    }
  }
  for (const endpoint of plain.resources('aws_vpc_endpoint')) assert.equal(endpoint.policy, undefined);
});

test('flow logs take all traffic of the VPC to a log group with a retention and our key', () => {
  const log = full.only('aws_flow_log');
  assert.equal(log.traffic_type, 'ALL');
  const group = full.resources('aws_cloudwatch_log_group').find(({ name }) => String(name).includes('flow-logs'));
  assert.equal(group?.retention_in_days, 90);
  assert.match(String(group?.kms_key_id), /aws_kms_key/);
  assert.deepEqual(plain.resources('aws_flow_log'), []);
});

test('every log group has a retention, and its ARN stands in the policy of its key', () => {
  const key = documents(full)
    .flatMap(([, document]) => document.Statement)
    .find(({ Sid }) => Sid === 'LogsEncrypt');
  const groups = values(key?.Condition?.ArnEquals?.['kms:EncryptionContext:aws:logs:arn']);
  for (const it of everywhere()) {
    for (const group of it.resources('aws_cloudwatch_log_group'))
      assert.ok(Number(group.retention_in_days) > 0, String(group.name));
  }
  for (const { name } of full.resources('aws_cloudwatch_log_group')) {
    assert.ok(
      groups.some((arn) => arn.endsWith(`:log-group:${name}`)),
      String(name),
    );
  }
});

test('network ACLs cover every subnet and let nothing in but HTTPS from the VPC, answers and scrapes', () => {
  const acls = full.resources('aws_network_acl');
  const covered = acls.flatMap((acl) => acl.subnet_ids as readonly string[]);
  assert.equal(new Set(covered).size, full.resources('aws_subnet').length);
  for (const acl of acls) {
    for (const rule of acl.ingress as readonly Resource[]) {
      assert.equal(rule.protocol, 'tcp');
      const anywhere = rule.cidr_block === '0.0.0.0/0' || rule.ipv6_cidr_block === '::/0';
      if (anywhere) assert.ok(Number(rule.from_port) >= 1_024, JSON.stringify(rule));
    }
    for (const rule of acl.egress as readonly Resource[]) {
      const anywhere = rule.cidr_block === '0.0.0.0/0' || rule.ipv6_cidr_block === '::/0';
      if (anywhere) assert.deepEqual([rule.from_port, rule.to_port], [443, 443]);
    }
    for (const direction of ['ingress', 'egress'] as const) {
      const numbers = (acl[direction] as readonly Resource[]).map((rule) => rule.rule_no);
      assert.equal(new Set(numbers).size, numbers.length);
    }
  }
  assert.deepEqual(plain.resources('aws_network_acl'), []);
});

test('every bucket is private, encrypted, and reached by TLS 1.2 only; the central one has its access log in the other', () => {
  assert.equal(full.resources('aws_s3_bucket').length, 2);
  for (const [address] of full.all.filter(([address]) => address.startsWith('aws_s3_bucket.'))) {
    for (const type of [
      'aws_s3_bucket_public_access_block',
      'aws_s3_bucket_server_side_encryption_configuration',
      'aws_s3_bucket_ownership_controls',
      'aws_s3_bucket_lifecycle_configuration',
      'aws_s3_bucket_policy',
    ]) {
      const ofBucket = full.resources(type).filter(({ bucket }) => String(bucket).includes(`${address}.`));
      assert.equal(ofBucket.length, 1, `${type} of ${address}`);
      if (type === 'aws_s3_bucket_policy') assert.match(String(ofBucket[0]?.policy), /s3:TlsVersion/);
    }
  }
  const { bucket, target_bucket: target } = full.only('aws_s3_bucket_logging');
  assert.notEqual(bucket, target);
  assert.deepEqual(plain.resources('aws_s3_bucket_logging'), []);
});

test('subnets lie in availability zones, never in Local Zones', () => {
  for (const it of everywhere()) {
    const zones = it.data('aws_availability_zones');
    assert.deepEqual(zones[0]?.filter, [{ name: 'zone-type', values: ['availability-zone'] }]);
    for (const subnet of it.resources('aws_subnet'))
      assert.match(String(subnet.availability_zone), /aws_availability_zones/);
  }
});

test('a dual-stack VPC gives every subnet IPv6, which leaves by an egress-only gateway and never comes in', () => {
  assert.equal(full.only('aws_vpc').assign_generated_ipv6_cidr_block, true);
  const blocks = full.resources('aws_subnet').map((subnet) => String(subnet.ipv6_cidr_block));
  assert.equal(new Set(blocks).size, full.resources('aws_subnet').length);
  const ways = full.resources('aws_route').filter((route) => route.destination_ipv6_cidr_block !== undefined);
  assert.equal(ways.length, 3);
  for (const way of ways) assert.match(String(way.egress_only_gateway_id), /aws_egress_only_internet_gateway/);
  const egress = full.resources('aws_vpc_security_group_egress_rule').map((rule) => rule.cidr_ipv4 ?? rule.cidr_ipv6);
  assert.deepEqual(egress.sort(), ['0.0.0.0/0', '::/0']);
  for (const rule of full.resources('aws_vpc_security_group_ingress_rule')) assert.equal(rule.cidr_ipv6, undefined);
  assert.ok(!JSON.stringify(plain.all).includes('ipv6'));
});

test('in GovCloud and China every ARN and principal is of the partition', () => {
  for (const [it, partition] of [
    [government, 'aws-us-gov'],
    [china, 'aws-cn'],
  ] as const) {
    const text = JSON.stringify(it.all);
    const arns = [...text.matchAll(/arn:(aws[a-z-]*):/g)].map(([, found]) => found);
    assert.ok(arns.length > 50);
    assert.deepEqual([...new Set(arns)], [partition]);
    assert.ok(!text.includes('us-east-1'), 'nothing of another region');
  }
  const logs = (it: Synthesis) => /logs\.[a-z0-9-]+\.amazonaws\.com(\.cn)?/.exec(JSON.stringify(documents(it)))?.[0];
  assert.equal(logs(government), 'logs.us-gov-west-1.amazonaws.com');
  assert.equal(logs(china), 'logs.cn-north-1.amazonaws.com.cn');
  const via = [...JSON.stringify(documents(china)).matchAll(/"kms:ViaService":\["([^"]+)"\]/g)].map(([, host]) => host);
  assert.ok(via.length > 0);
  for (const host of via) assert.match(host ?? '', /^\w+\.cn-north-1\.amazonaws\.com\.cn$/);
});

test('endpoints of China have the names that they have there', () => {
  const names = (it: Synthesis) =>
    it
      .resources('aws_vpc_endpoint')
      .map((endpoint) => String(endpoint.service_name))
      .sort();
  assert.deepEqual(names(china), [
    'cn.com.amazonaws.cn-north-1.ecr.api',
    'cn.com.amazonaws.cn-north-1.ecr.dkr',
    'cn.com.amazonaws.cn-north-1.sqs',
    'cn.com.amazonaws.cn-north-1.sts',
    'com.amazonaws.cn-north-1.aps-workspaces',
    'com.amazonaws.cn-north-1.dynamodb',
    'com.amazonaws.cn-north-1.kinesis-firehose',
    'com.amazonaws.cn-north-1.kms',
    'com.amazonaws.cn-north-1.logs',
    'com.amazonaws.cn-north-1.s3',
  ]);
  for (const name of names(government)) assert.match(name, /^com\.amazonaws\.us-gov-west-1\./);
});

test('tasks run the image of a digest where one is given', () => {
  const [service] = JSON.parse(String(full.only('aws_ecs_task_definition').container_definitions));
  assert.match(service.image, new RegExp(`^\\$\\{aws_ecr_repository\\.[^}]+\\}@${DIGEST}$`));
  const [plainService] = JSON.parse(String(plain.only('aws_ecs_task_definition').container_definitions));
  assert.match(plainService.image, /\}:0\.1\.0$/);
});

test('the collector may write to the workspace of its settings, and to no other', () => {
  const statements = documents(full).flatMap(([, document]) => document.Statement);
  const [write, ...others] = statements.filter(({ Action }) => Action.includes('aps:RemoteWrite'));
  assert.deepEqual(others, []);
  assert.deepEqual(write?.Resource, [`arn:aws:aps:us-east-1:${full.accountId}:workspace/ws-1234abcd`]);
  assert.ok(!JSON.stringify(documents(plain)).includes('aps:'));
});
