import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePolicy } from '../../../../embedded-aws/policy/document.ts';
import { evaluate, evaluateTrust, type Subject } from '../../../../embedded-aws/policy/evaluate.ts';

const [HERE, THERE] = ['111111111111', '222222222222'];
const ROLE = `arn:aws:iam::${HERE}:role/writer`;
const SESSION = `arn:aws:sts::${HERE}:assumed-role/writer/one`;
const RESOURCE = `arn:aws:s3:::bucket/key`;
const ACTION = 's3:GetObject';

type Statement = Readonly<Record<string, unknown>>;
const allow = (more: Statement = {}): Statement => ({ Effect: 'Allow', Action: ACTION, Resource: RESOURCE, ...more });
const deny = (more: Statement = {}): Statement => ({ ...allow(more), Effect: 'Deny' });
const identity = (...statements: Statement[]) =>
  statements.length === 0
    ? []
    : [parsePolicy(JSON.stringify({ Version: '2012-10-17', Statement: statements }), 'identity')];
const resource = (...statements: Statement[]) =>
  statements.length === 0
    ? undefined
    : parsePolicy(JSON.stringify({ Version: '2012-10-17', Statement: statements }), 'resource');

interface Given {
  readonly identity?: readonly Statement[];
  readonly session?: readonly Statement[];
  readonly resource?: readonly Statement[];
  readonly owner?: string;
  readonly root?: true;
  readonly service?: string;
}

function decide(given: Given) {
  const session: Subject = {
    kind: 'session',
    account: HERE,
    arn: SESSION,
    roleArn: ROLE,
    identityPolicies: identity(...(given.identity ?? [])),
    sessionPolicies: identity(...(given.session ?? [])),
  };
  const root: Subject = { kind: 'root', account: HERE, arn: `arn:aws:iam::${HERE}:root` };
  const subject: Subject = given.service ? { kind: 'service', name: given.service } : given.root ? root : session;
  return evaluate({
    subject,
    action: ACTION,
    resource: RESOURCE,
    resourceAccount: given.owner ?? HERE,
    resourcePolicy: resource(...(given.resource ?? [])),
    lookup: (key) => (key === 'aws:principaltag/team' ? ['blue'] : undefined),
  });
}

const by = (principal: unknown, more: Statement = {}) => ({ Principal: principal, ...more });
const CASES: readonly (readonly [sentence: string, given: Given, because: true | RegExp])[] = [
  ['nothing allows it', {}, /no identity-based policy/],
  ['the identity allows it', { identity: [allow()] }, true],
  ['the identity allows another action', { identity: [allow({ Action: 's3:PutObject' })] }, /no identity-based policy/],
  ['actions are compared without case', { identity: [allow({ Action: 'S3:getobject' })] }, true],
  ['the identity allows another resource', { identity: [allow({ Resource: 'arn:aws:s3:::other/*' })] }, /no identity/],
  ['resources are compared with case', { identity: [allow({ Resource: 'arn:aws:s3:::BUCKET/key' })] }, /no identity/],
  ['a deny beats an allow', { identity: [allow(), deny()] }, /explicit deny in an identity-based policy/],
  [
    'a deny whose condition fails is none',
    { identity: [allow(), deny({ Condition: { Null: { 'aws:PrincipalTag/team': 'true' } } })] },
    true,
  ],
  [
    'an allow whose condition fails is none',
    { identity: [allow({ Condition: { StringEquals: { 'aws:PrincipalTag/team': 'red' } } })] },
    /no identity/,
  ],
  ['NotAction allows all but', { identity: [{ Effect: 'Allow', NotAction: 's3:Put*', Resource: '*' }] }, true],
  ['NotResource denies all but', { identity: [allow(), { Effect: 'Deny', Action: '*', NotResource: RESOURCE }] }, true],
  [
    'NotResource denies the rest',
    { identity: [allow(), { Effect: 'Deny', Action: '*', NotResource: 'arn:aws:s3:::a' }] },
    /explicit deny/,
  ],
  ['in its account, the resource alone can allow the role', { resource: [allow(by({ AWS: ROLE }))] }, true],
  ['in its account, the resource alone can allow everybody', { resource: [allow(by('*'))] }, true],
  [
    'a resource that names the account leaves it to the identity',
    { resource: [allow(by({ AWS: HERE }))] },
    /no identity/,
  ],
  [
    'a resource that names another role allows nobody else',
    { resource: [allow(by({ AWS: `${ROLE}2` }))] },
    /no identity/,
  ],
  [
    'a deny of the resource beats all',
    { identity: [allow()], resource: [deny(by('*'))] },
    /explicit deny in a resource-based/,
  ],
  [
    'NotPrincipal denies all but',
    { identity: [allow()], resource: [deny({ NotPrincipal: { AWS: [ROLE, SESSION] } })] },
    true,
  ],
  ['a session policy narrows', { identity: [allow()], session: [allow({ Action: 's3:Put*' })] }, /no session policy/],
  ['a session policy gives nothing', { session: [allow()] }, /no identity-based policy/],
  [
    'a session policy narrows a grant to the role',
    { session: [allow({ Action: 's3:Put*' })], resource: [allow(by({ AWS: ROLE }))] },
    /no session policy/,
  ],
  [
    'a session policy does not narrow a grant to the session',
    { session: [allow({ Action: 's3:Put*' })], resource: [allow(by({ AWS: SESSION }))] },
    true,
  ],
  [
    'across accounts, the identity alone is not enough',
    { owner: THERE, identity: [allow()] },
    /no resource-based policy/,
  ],
  [
    'across accounts, the resource alone is not enough',
    { owner: THERE, resource: [allow(by({ AWS: ROLE }))] },
    /no identity-based policy/,
  ],
  [
    'across accounts, both together are',
    { owner: THERE, identity: [allow()], resource: [allow(by({ AWS: HERE }))] },
    true,
  ],
  [
    'across accounts, a session policy narrows too',
    {
      owner: THERE,
      identity: [allow()],
      session: [allow({ Action: 's3:Put*' })],
      resource: [allow(by({ AWS: HERE }))],
    },
    /no session policy/,
  ],
  ['the root of an account may do all in it', { root: true }, true],
  ['the root of an account may nothing in another', { root: true, owner: THERE }, /no resource-based policy/],
  ['the root is bound by a deny of the resource', { root: true, resource: [deny(by('*'))] }, /explicit deny/],
  ['a service needs the resource to name it', { service: 's3.amazonaws.com' }, /no resource-based policy/],
  [
    'a service that is named may',
    { service: 's3.amazonaws.com', resource: [allow(by({ Service: 's3.amazonaws.com' }))] },
    true,
  ],
  [
    'everybody with an account is not every service',
    { service: 's3.amazonaws.com', resource: [allow(by({ AWS: HERE }))] },
    /no resource-based policy/,
  ],
];

for (const [sentence, given, because] of CASES) {
  test(`evaluation: ${sentence}`, () => {
    const decision = decide(given);
    if (because === true) assert.deepEqual(decision, { allowed: true });
    else assert.match(decision.allowed ? 'allowed' : decision.because, because);
  });
}

test('a role must trust even the root of its own account', () => {
  const trust = (principal: string) =>
    parsePolicy(
      JSON.stringify({ Statement: { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { AWS: principal } } }),
      'trust',
    );
  const ask = (resourcePolicy: ReturnType<typeof trust>) =>
    evaluateTrust({
      subject: { kind: 'root', account: HERE, arn: `arn:aws:iam::${HERE}:root` },
      action: 'sts:AssumeRole',
      resource: ROLE,
      resourceAccount: HERE,
      resourcePolicy,
      lookup: () => undefined,
    }).allowed;
  assert.equal(ask(trust(THERE)), false);
  assert.equal(ask(trust(HERE)), true);
});
