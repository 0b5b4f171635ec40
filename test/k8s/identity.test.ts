import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, suite, test } from 'node:test';
import { CreateRoleCommand, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { CreateBucketCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { z } from 'zod';
import { configOf } from '../../infra/config/config.ts';
import { taskRolePolicy } from '../../infra/policies/task.ts';
import { writerRolePolicy, writerTrust } from '../../infra/policies/writer.ts';
import { namesOf } from '../../infra/values/names.ts';
import { layoutOf } from '../../infra/values/object-layout.ts';
import { awsError, type Identity, openCloud, type TestCloud } from '../support/cloud.ts';
import { accepts, readTemplate, roleOf, TEMPLATE_ACCOUNT } from '../support/template.ts';
import { find, pathOf, renderWith, withoutKubectl } from './support/kustomize.ts';

const COLLECTOR = await readTemplate('collector-role.yaml', 'k8s/iam');
const DISTRIBUTOR = await readTemplate('distributor-role.yaml', 'k8s/iam');
const ISSUER = 'oidc.eks.eu-central-1.amazonaws.com/id/0123456789ABCDEF';

interface Workload {
  readonly of: string;
  readonly rendering: string;
  readonly podIdentity: string;
  readonly namespace: string;
  readonly name: string;
}
const COLLECTORS: Workload = {
  of: 'collectors',
  rendering: 'vector/overlays/s3',
  podIdentity: 'vector/components/pod-identity',
  namespace: 'log-collection',
  name: 'vector',
};
const SERVICE: Workload = {
  of: 'distributor',
  rendering: 'distributor',
  podIdentity: 'distributor/components/pod-identity',
  namespace: 'log-distributor',
  name: 'distributor',
};
const WORKLOADS: readonly Workload[] = [COLLECTORS, SERVICE];

const roleArnOf = (workload: Workload, components: readonly string[]) =>
  z
    .record(z.string(), z.string())
    .default({})
    .parse(find(renderWith(workload.rendering, components), 'ServiceAccount', workload.name).metadata.annotations)[
    'eks.amazonaws.com/role-arn'
  ];

for (const workload of WORKLOADS) {
  test(`IRSA and Pod Identity differ in the annotation of the service account: ${workload.of}`, {
    skip: withoutKubectl,
  }, () => {
    assert.match(roleArnOf(workload, []) ?? '', /^arn:aws:iam::\d{12}:role\/.+$/);
    assert.equal(roleArnOf(workload, [workload.podIdentity]), undefined);
    // All else is the same.
    const others = (components: readonly string[]) =>
      renderWith(workload.rendering, components).filter(({ kind }) => kind !== 'ServiceAccount');
    assert.deepEqual(others([workload.podIdentity]), others([]));
  });

  test(`the template of the role is for the service account that there is: ${workload.of}`, {
    skip: withoutKubectl,
  }, () => {
    const { metadata } = find(renderWith(workload.rendering, []), 'ServiceAccount', workload.name);
    const { parameters } = workload === SERVICE ? DISTRIBUTOR : COLLECTOR;
    assert.deepEqual(
      [parameters.Namespace?.Default, parameters.ServiceAccount?.Default],
      [metadata.namespace, metadata.name],
    );
  });
}

const statements = z.object({ Version: z.literal('2012-10-17'), Statement: z.array(z.looseObject({})) });

/** A document of a template, which is text where a key is made of a parameter. */
function documentOf(value: unknown): z.output<typeof statements> {
  return statements.parse(typeof value === 'string' ? JSON.parse(value) : value);
}

const WRITER = 'arn:aws:iam::999999999999:role/central-log-writer';
const QUEUE = 'arn:aws:sqs:us-east-1:222222222222:logs';

/** The role that a template makes for a way in: its trust, and what it may do. */
function roleFor(workload: Workload, way: Readonly<Record<string, string>>) {
  const given = workload === SERVICE ? { ...ARNS, ...way } : { WriterRoleArn: WRITER, ...way };
  const { resources } = (workload === SERVICE ? DISTRIBUTOR : COLLECTOR).evaluate(given);
  const { AssumeRolePolicyDocument, Policies } = z
    .object({
      AssumeRolePolicyDocument: z.unknown(),
      Policies: z.tuple([z.object({ PolicyDocument: statements })]),
    })
    .parse(resources.Role?.Properties);
  return { trust: documentOf(AssumeRolePolicyDocument), policy: Policies[0].PolicyDocument };
}

const config = configOf('staging');
const names = namesOf(config, { partition: 'aws', region: 'us-east-1', accountId: TEMPLATE_ACCOUNT });
const layout = layoutOf(config);
const KEYS = {
  data: `arn:aws:kms:us-east-1:${TEMPLATE_ACCOUNT}:key/data`,
  messaging: `arn:aws:kms:us-east-1:${TEMPLATE_ACCOUNT}:key/msg`,
};
const ARNS = {
  QueueArn: names.queueArn,
  DeadLetterQueueArn: names.deadLetterQueueArn,
  Bucket: names.bucket,
  TenantTableArn: names.tenantTableArn,
  LedgerTableArn: names.ledgerTableArn,
};

for (const workload of WORKLOADS) {
  const { namespace, name } = workload;
  test(`with IRSA only the service account's own token, made for STS, gets the role: ${workload.of}`, () => {
    assert.deepEqual(roleFor(workload, { OidcIssuer: ISSUER }).trust.Statement, [
      {
        Effect: 'Allow',
        Principal: { Federated: `arn:aws:iam::${TEMPLATE_ACCOUNT}:oidc-provider/${ISSUER}` },
        Action: 'sts:AssumeRoleWithWebIdentity',
        Condition: {
          StringEquals: {
            [`${ISSUER}:aud`]: 'sts.amazonaws.com',
            [`${ISSUER}:sub`]: `system:serviceaccount:${namespace}:${name}`,
          },
        },
      },
    ]);
  });

  test(`with Pod Identity EKS assumes and tags the role, for this account's service account only: ${workload.of}`, () => {
    assert.deepEqual(roleFor(workload, {}).trust.Statement, [
      {
        Effect: 'Allow',
        Principal: { Service: 'pods.eks.amazonaws.com' },
        Action: ['sts:AssumeRole', 'sts:TagSession'],
        Condition: {
          StringEquals: {
            'aws:SourceAccount': TEMPLATE_ACCOUNT,
            'aws:RequestTag/kubernetes-namespace': namespace,
            'aws:RequestTag/kubernetes-service-account': name,
          },
        },
      },
    ]);
  });
}

test("with Pod Identity from another account the cluster's role comes with the external id of its association", () => {
  const way = { ClusterRoleArn: 'arn:aws:iam::111111111111:role/pods', ExternalId: 'eu-central-1/111111111111/eks/1' };
  assert.deepEqual(roleFor(SERVICE, way).trust.Statement, [
    {
      Effect: 'Allow',
      Principal: { AWS: way.ClusterRoleArn },
      Action: ['sts:AssumeRole', 'sts:TagSession'],
      Condition: { StringEquals: { 'sts:ExternalId': way.ExternalId } },
    },
  ]);
  const { ClusterRoleArn, QueueArn } = DISTRIBUTOR.parameters;
  assert.ok(ClusterRoleArn && QueueArn && accepts(ClusterRoleArn, ''));
  assert.ok(!accepts(ClusterRoleArn, '*') && !accepts(QueueArn, 'https://sqs/q') && accepts(QueueArn, QUEUE));
});

/** What the task role has because it is ECS's: protection from scale-in, and metrics by a collector beside the service. */
const ECS_ONLY = new Set(['ProtectOwnTask', 'PublishMetrics']);

test('on EKS the distributor may do what its task may do on ECS, but for what only ECS has', () => {
  const receiptKeyArn = 'arn:aws:kms:us-east-1:111111111111:key/receipts';
  for (const [canary, receiptKey, usage, reconcile] of [
    [false, undefined, true, false],
    [true, undefined, false, false],
    [false, receiptKeyArn, true, false],
    [true, receiptKeyArn, false, false],
    [false, undefined, false, true],
    [true, receiptKeyArn, true, true],
  ] as const) {
    for (const keys of [KEYS, { data: undefined, messaging: undefined }]) {
      const task = taskRolePolicy(names, layout, keys, { tracing: false, canary, receiptKey, usage, reconcile });
      const wanted = task.Statement.filter(({ Sid }) => !ECS_ONLY.has(Sid));
      assert.equal(wanted.length, task.Statement.length - ECS_ONLY.size);
      const { policy } = roleFor(SERVICE, {
        Canary: String(canary),
        ReceiptKeyArn: receiptKey ?? '',
        Usage: String(usage),
        Reconcile: String(reconcile),
        DataKeyArn: keys.data ?? '',
        MessagingKeyArn: keys.messaging ?? '',
      });
      assert.deepEqual(policy.Statement, wanted);
    }
  }
});

/** The embedded AWS evaluates trust and policies as IAM does. It knows neither OIDC nor EKS, which are the first hop. */
suite('the collectors’ way into the central account', () => {
  const PLATFORM = '000000000000';
  const CLUSTER = TEMPLATE_ACCOUNT;
  const EXTERNAL_ID = 'eks-eu-1';
  const writerArn = `arn:aws:iam::${PLATFORM}:role/writer`;
  const bucket = 'central';
  const central = {
    ...names,
    bucket,
    bucketArn: `arn:aws:s3:::${bucket}`,
    place: { ...names.place, accountId: PLATFORM },
  };
  let aws: TestCloud;

  const createRole = async (account: string, RoleName: string, trust: unknown, permissions: unknown) => {
    const { iam } = aws.as(account === PLATFORM ? 'test' : account);
    await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: JSON.stringify(trust) }));
    const PolicyDocument = JSON.stringify(permissions);
    await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'p', PolicyDocument }));
  };
  const ofCluster = { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${CLUSTER}:root` }, Action: 'sts:AssumeRole' };
  /** What a pod is after the first hop. */
  const pod = (RoleName: string): Promise<Identity> =>
    aws.assume({ RoleArn: `arn:aws:iam::${CLUSTER}:role/${RoleName}` }, CLUSTER);

  before(async () => {
    aws = await openCloud();
    await aws.as('test').s3.send(new CreateBucketCommand({ Bucket: bucket }));
    for (const [RoleName, way] of [
      ['irsa', { OidcIssuer: ISSUER }],
      ['pod-identity', {}],
    ] as const) {
      const { Policies } = roleOf(COLLECTOR.evaluate({ WriterRoleArn: writerArn, ...way }));
      const trust = { Version: '2012-10-17', Statement: [ofCluster] };
      await createRole(CLUSTER, RoleName, trust, Policies[0]?.PolicyDocument);
    }
    const principals = ['irsa', 'pod-identity'].map((role) => `arn:aws:iam::${CLUSTER}:role/${role}`);
    const trust = writerTrust(central, { eks: undefined, principals, externalId: EXTERNAL_ID });
    await createRole(PLATFORM, 'writer', trust, writerRolePolicy(central, layout, false, undefined));
  });
  after(() => aws?.close());

  test('with the external id the pods become the writer, which puts objects and does nothing else', async () => {
    for (const role of ['irsa', 'pod-identity']) {
      const writer = await aws.assume({ RoleArn: writerArn, ExternalId: EXTERNAL_ID }, await pod(role));
      const { s3 } = aws.as(writer);
      for (const Key of ['logs/tenant_id=acme/x.log.gz', 'without-tenant/cluster_id=c/x.log.gz']) {
        await s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body: 'x' }));
      }
      const denied = awsError('AccessDenied');
      await assert.rejects(s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'quarantine/x', Body: 'x' })), denied);
      await assert.rejects(s3.send(new ListObjectsV2Command({ Bucket: bucket })), denied);
    }
  });

  test('without it, or with the tags of Pod Identity on a role that may not tag, they do not', async () => {
    const denied = awsError('AccessDenied');
    await assert.rejects(aws.assume({ RoleArn: writerArn }, await pod('irsa')), denied);
    await assert.rejects(aws.assume({ RoleArn: writerArn, ExternalId: 'other' }, await pod('irsa')), denied);
    const tagged = {
      RoleArn: writerArn,
      ExternalId: EXTERNAL_ID,
      Tags: [{ Key: 'kubernetes-namespace', Value: 'log-collection' }],
    };
    await aws.assume(tagged, await pod('pod-identity'));
    await assert.rejects(aws.assume(tagged, await pod('irsa')), denied);
  });
});

const withoutLint =
  spawnSync('cfn-lint', ['--version']).status === 0 ? undefined : 'left out: there is no cfn-lint here';

for (const file of ['collector-role.yaml', 'distributor-role.yaml']) {
  test(`cfn-lint has nothing to say about ${file}`, { skip: withoutLint }, () => {
    const { status, stdout, stderr } = spawnSync('cfn-lint', [pathOf(`iam/${file}`)], { encoding: 'utf8' });
    assert.equal(status, 0, `${stdout}${stderr}`);
  });
}
