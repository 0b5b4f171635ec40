import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CreateLogGroupCommand } from '@aws-sdk/client-cloudwatch-logs';
import {
  CreateRoleCommand,
  DeleteRoleCommand,
  PutRolePolicyCommand,
  UpdateAssumeRolePolicyCommand,
} from '@aws-sdk/client-iam';
import { AssumeRoleCommand, type AssumeRoleCommandInput, GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { awsError, type Identity, openCloud } from '../../../support/cloud.ts';

const PLATFORM = '000000000000';
let world: Awaited<ReturnType<typeof openCloud>>;
before(async () => {
  world = await openCloud();
});
after(() => world.close());

type Statement = Readonly<Record<string, unknown>>;
const document = (...statements: Statement[]) => JSON.stringify({ Version: '2012-10-17', Statement: statements });
const trusting = (condition: object | undefined, more: Statement = {}): Statement => ({
  Effect: 'Allow',
  Principal: { AWS: `arn:aws:iam::${PLATFORM}:root` },
  Action: ['sts:AssumeRole', 'sts:TagSession'],
  ...(condition === undefined ? {} : { Condition: condition }),
  ...more,
});
/** A role of an account of its own, so that tests do not meet. */
let accounts = 100_000_000_000;
async function createRole(trust: Statement[], policies: Statement[] = [], seconds = 3600) {
  const account = String(++accounts);
  const { iam } = world.as(account);
  const { Role } = await iam.send(
    new CreateRoleCommand({
      RoleName: 'delivery',
      Path: '/platform/',
      AssumeRolePolicyDocument: document(...trust),
      MaxSessionDuration: seconds,
    }),
  );
  if (policies.length > 0) {
    const policy = { RoleName: 'delivery', PolicyName: 'p', PolicyDocument: document(...policies) };
    await iam.send(new PutRolePolicyCommand(policy));
  }
  return { account, arn: Role?.Arn ?? '', iam };
}
const assume = (arn: string, more: Partial<AssumeRoleCommandInput> = {}, by: Identity = 'test') =>
  world.as(by).sts.send(new AssumeRoleCommand({ RoleArn: arn, RoleSessionName: 'a-session', ...more }));
const tags = (values: Record<string, string>) => Object.entries(values).map(([Key, Value]) => ({ Key, Value }));
const TENANT = { 'aws:RequestTag/tenant_id': 'acme' };
const WHOLE = { StringEquals: { 'sts:ExternalId': 'shared-secret', ...TENANT } };
const RIGHT = { ExternalId: 'shared-secret', Tags: tags({ tenant_id: 'acme' }) };

test('a session is that of the role, in the account of the role', async () => {
  const { account, arn } = await createRole([trusting(WHOLE)]);
  const session = await world.assume({ RoleArn: arn, ...RIGHT });
  const identity = await world.as(session).sts.send(new GetCallerIdentityCommand({}));
  assert.equal(identity.Account, account);
  assert.equal(identity.Arn, `arn:aws:sts::${account}:assumed-role/delivery/test-session`);
  assert.match(identity.UserId ?? '', /^AROA[A-Z2-7]{16}:test-session$/);
});

const REFUSED: readonly (readonly [sentence: string, request: Partial<AssumeRoleCommandInput>, trust: Statement[]])[] =
  [
    ['another external id', { ...RIGHT, ExternalId: 'other-secret' }, [trusting(WHOLE)]],
    ['no external id', { Tags: RIGHT.Tags }, [trusting(WHOLE)]],
    ['the tag of another tenant', { ...RIGHT, Tags: tags({ tenant_id: 'globex' }) }, [trusting(WHOLE)]],
    ['no tags', { ExternalId: 'shared-secret' }, [trusting(WHOLE)]],
    ['tags where sts:TagSession is not allowed', RIGHT, [trusting(WHOLE, { Action: 'sts:AssumeRole' })]],
    [
      'a tag key that is not listed',
      { ...RIGHT, Tags: tags({ tenant_id: 'acme', admin: 'yes' }) },
      [trusting({ ...WHOLE, 'ForAllValues:StringEquals': { 'aws:TagKeys': ['tenant_id'] } })],
    ],
    ['a role that trusts somebody else', RIGHT, [trusting(WHOLE, { Principal: { AWS: '999999999999' } })]],
    ['a role that denies', RIGHT, [trusting(WHOLE), trusting({ StringEquals: TENANT }, { Effect: 'Deny' })]],
    ['a trust for a service', RIGHT, [trusting(undefined, { Principal: { Service: 'ecs-tasks.amazonaws.com' } })]],
  ];
for (const [sentence, request, trust] of REFUSED) {
  test(`AssumeRole is refused for ${sentence}`, async () => {
    const { arn } = await createRole(trust);
    await assert.rejects(assume(arn, request), awsError('AccessDenied', { status: 403, message: arn }));
  });
}

test('a refusal for want of sts:TagSession names that action', async () => {
  const { arn } = await createRole([trusting(undefined, { Action: 'sts:AssumeRole' })]);
  await assert.rejects(assume(arn, RIGHT), awsError('AccessDenied', { message: 'sts:TagSession' }));
  await assume(arn);
});

test('a role that does not exist is refused like one that does not trust', async () => {
  const arn = 'arn:aws:iam::111111111111:role/nobody';
  await assert.rejects(
    assume(arn),
    awsError('AccessDenied', { status: 403, message: `sts:AssumeRole on resource: ${arn}` }),
  );
});

test('the path belongs to the name of a role', async () => {
  const { arn } = await createRole([trusting(undefined)]);
  await assume(arn);
  await assert.rejects(assume(arn.replace('/platform/', '/')), awsError('AccessDenied'));
});

const INVALID: readonly (readonly [sentence: string, request: Partial<AssumeRoleCommandInput>, message: string])[] = [
  ['a session name with a slash', { RoleSessionName: 'a/b' }, 'roleSessionName'],
  ['a session name of one letter', { RoleSessionName: 'a' }, 'length greater than or equal to 2'],
  ['a session name of 65 letters', { RoleSessionName: 'a'.repeat(65) }, 'length less than or equal to 64'],
  ['an external id with a space', { ExternalId: 'a b' }, 'externalId'],
  ['a duration of 899 s', { DurationSeconds: 899 }, 'greater than or equal to 900'],
  ['a duration of more than 12 h', { DurationSeconds: 43_201 }, 'less than or equal to 43200'],
  ["a duration beyond the role's", { DurationSeconds: 3601 }, 'exceeds the MaxSessionDuration'],
  ['a tag value of 257 characters', { Tags: tags({ a: 'x'.repeat(257) }) }, 'length less than or equal to 256'],
  ['a tag key with a comma', { Tags: tags({ 'a,b': 'x' }) }, 'tags.1.member.key'],
  [
    '51 tags',
    { Tags: Array.from({ length: 51 }, (_, i) => ({ Key: `k${i}`, Value: '' })) },
    'less than or equal to 50',
  ],
  ['an ARN of something else', { RoleArn: 'arn:aws:iam::111111111111:user/someone' }, 'is invalid'],
];
for (const [sentence, request, message] of INVALID) {
  test(`AssumeRole finds ${sentence} invalid`, async () => {
    const { arn } = await createRole([trusting(undefined)]);
    await assert.rejects(assume(arn, request), awsError('ValidationError', { status: 400, message }));
  });
}

test('all that is invalid is told at once', async () => {
  const both = { RoleSessionName: '/', ExternalId: ' ' };
  await assert.rejects(
    assume('arn:aws:iam::111111111111:role/x', both),
    awsError('ValidationError', { message: '4 validation errors' }),
  );
});

test('two tags whose keys differ in case only are duplicates', async () => {
  const { arn } = await createRole([trusting(undefined)]);
  const twice = [
    { Key: 'Team', Value: 'a' },
    { Key: 'team', Value: 'b' },
  ];
  await assert.rejects(assume(arn, { Tags: twice }), awsError('InvalidParameterValue', { message: 'Duplicate' }));
});

test('a chained session lives an hour at most, whatever the role allows', async () => {
  const anybody = [{ Effect: 'Allow', Action: 'sts:*', Resource: '*' }];
  const first = await createRole([trusting(undefined)], anybody, 43_200);
  const second = await createRole([trusting(undefined, { Principal: { AWS: first.account } })], [], 43_200);
  await assume(first.arn, { DurationSeconds: 43_200 });
  const session = await world.assume({ RoleArn: first.arn });
  await assume(second.arn, { DurationSeconds: 3600 }, session);
  await assert.rejects(
    assume(second.arn, { DurationSeconds: 3601 }, session),
    awsError('ValidationError', { message: 'role chaining' }),
  );
});

test("across accounts, the caller's own policies must allow sts:AssumeRole too", async () => {
  const hop = await createRole(
    [trusting(undefined)],
    [{ Effect: 'Allow', Action: 'sts:AssumeRole', Resource: 'arn:aws:iam::*:role/platform/delivery' }],
  );
  const closed = await createRole([trusting(undefined)]);
  const target = await createRole([trusting(undefined, { Principal: { AWS: [hop.account, closed.account] } })]);
  await assume(target.arn, {}, await world.assume({ RoleArn: hop.arn }));
  await assert.rejects(
    assume(target.arn, {}, await world.assume({ RoleArn: closed.arn })),
    awsError('AccessDenied', { message: 'no identity-based policy' }),
  );
});

test('transitive tags go on to the next session and cannot be set again there', async () => {
  const open = [{ Effect: 'Allow', Action: '*', Resource: '*' }];
  const first = await createRole([trusting(undefined)], open);
  const account = String(accounts + 1);
  const second = await createRole(
    [trusting(undefined, { Principal: { AWS: first.account } })],
    [
      {
        Effect: 'Allow',
        Action: 'logs:CreateLogGroup',
        Resource: `arn:aws:logs:*:${account}:log-group:/$\{aws:PrincipalTag/tenant_id}/*`,
      },
    ],
  );
  const session = await world.assume({
    RoleArn: first.arn,
    Tags: tags({ tenant_id: 'acme', other: 'x' }),
    TransitiveTagKeys: ['tenant_id'],
  });
  await assert.rejects(
    assume(second.arn, { Tags: tags({ tenant_id: 'globex' }) }, session),
    awsError('InvalidParameterValue', { message: 'transitive' }),
  );
  const { logs } = world.as(await world.assume({ RoleArn: second.arn }, session));
  await logs.send(new CreateLogGroupCommand({ logGroupName: '/acme/a' }));
  await assert.rejects(
    logs.send(new CreateLogGroupCommand({ logGroupName: '/globex/a' })),
    awsError('AccessDeniedException'),
  );
});

test('a session policy narrows what the role may', async () => {
  const { arn, account } = await createRole(
    [trusting(undefined)],
    [{ Effect: 'Allow', Action: 'logs:*', Resource: '*' }],
  );
  const Policy = document({ Effect: 'Allow', Action: 'logs:*', Resource: `arn:aws:logs:*:${account}:log-group:/a:*` });
  const { logs } = world.as(await world.assume({ RoleArn: arn, Policy }));
  await logs.send(new CreateLogGroupCommand({ logGroupName: '/a' }));
  await assert.rejects(
    logs.send(new CreateLogGroupCommand({ logGroupName: '/b' })),
    awsError('AccessDeniedException', { message: 'no session policy' }),
  );
  await assert.rejects(assume(arn, { Policy: '{}' }), awsError('MalformedPolicyDocumentException'));
});

test('a change of trust counts for the next session, a change of policy at once, and a deleted role ends all', async () => {
  const { arn, iam } = await createRole([trusting(undefined)]);
  const { logs } = world.as(await world.assume({ RoleArn: arn }));
  const create = (name: string) => logs.send(new CreateLogGroupCommand({ logGroupName: name }));
  await assert.rejects(create('/a'), awsError('AccessDeniedException'));
  const open = document({ Effect: 'Allow', Action: 'logs:*', Resource: '*' });
  await iam.send(new PutRolePolicyCommand({ RoleName: 'delivery', PolicyName: 'p', PolicyDocument: open }));
  await create('/a');
  const closed = document(trusting(undefined, { Effect: 'Deny' }));
  await iam.send(new UpdateAssumeRolePolicyCommand({ RoleName: 'delivery', PolicyDocument: closed }));
  await create('/b');
  await assert.rejects(assume(arn), awsError('AccessDenied', { message: 'explicit deny' }));
  await assert.rejects(iam.send(new DeleteRoleCommand({ RoleName: 'delivery' })), awsError('DeleteConflictException'));
});

test("the session of a deleted role is nobody's, also when a role of that name exists again", async () => {
  const { arn, iam } = await createRole([trusting(undefined)]);
  const { sts } = world.as(await world.assume({ RoleArn: arn }));
  await sts.send(new GetCallerIdentityCommand({}));
  await iam.send(new DeleteRoleCommand({ RoleName: 'delivery' }));
  await assert.rejects(sts.send(new GetCallerIdentityCommand({})), awsError('InvalidClientTokenId', { status: 403 }));
  const trust = { RoleName: 'delivery', Path: '/platform/', AssumeRolePolicyDocument: document(trusting(undefined)) };
  await iam.send(new CreateRoleCommand(trust));
  await assert.rejects(sts.send(new GetCallerIdentityCommand({})), awsError('InvalidClientTokenId'));
});

test('a trust policy that names a role which does not exist is refused', async () => {
  const missing = trusting(undefined, { Principal: { AWS: 'arn:aws:iam::222222222222:role/missing' } });
  await assert.rejects(
    createRole([missing]),
    awsError('MalformedPolicyDocumentException', { message: 'Invalid principal' }),
  );
});

test("the platform may assume the organization's role in every account but its own", async () => {
  const role = (account: string) => `arn:aws:iam::${account}:role/OrganizationAccountAccessRole`;
  await assume(role('777777777777'));
  await assert.rejects(assume(role('777777777777'), {}, '888888888888'), awsError('AccessDenied'));
  await assert.rejects(assume(role(PLATFORM)), awsError('AccessDenied'));
});
