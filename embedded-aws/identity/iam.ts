import { AwsError } from '../http/aws-error.ts';
import { type Form, parseForm } from '../http/form.ts';
import { queryAnswer } from '../http/protocol.ts';
import { element, text } from '../http/xml.ts';
import { PolicyError } from '../policy/policy-error.ts';
import type { Operation, Service } from '../service.ts';
import { type Accounts, type Document, type Role, readDocument, roleArn } from './accounts.ts';

const NAMESPACE = 'https://iam.amazonaws.com/doc/2010-05-08/';
/** IAM quotas: characters of a trust policy by default, and of all inline policies of a role together. */
const TRUST_CHARACTERS_MAX = 2048;
const INLINE_CHARACTERS_MAX = 10_240;
const SESSION_SECONDS_DEFAULT = 3600;

export interface IamDeps {
  readonly accounts: Accounts;
  readonly newId: (prefix: string) => string;
  readonly nowMs: () => number;
}

interface Call {
  readonly form: Form;
  readonly account: string;
  readonly deps: IamDeps;
}

/** Does an action and returns its result's inner XML; undefined for actions without one. */
type Action = (call: Call) => string | undefined;

/** Identity and Access Management, as far as roles with inline policies go. */
export function createIam(deps: IamDeps): Service {
  return {
    name: 'iam',
    protocol: 'query',
    prepare(request, place): Operation {
      const form = parseForm(request.body);
      const action = form.get('Action') ?? '';
      const run = ACTIONS.get(action);
      if (!run) throw new AwsError('InvalidAction', `Could not find operation ${action} for version 2010-05-08`);
      const name = form.get('RoleName') ?? '';
      const { account } = place;
      const resource = deps.accounts.role(account, name)?.arn ?? roleArn(account, form.get('Path') ?? '/', name);
      return {
        action,
        resource,
        permissions: [{ action: `iam:${action}`, resource, account }],
        run: ({ requestId }) => queryAnswer(NAMESPACE, action, run({ form, account, deps }), requestId),
      };
    },
  };
}

const ACTIONS: ReadonlyMap<string, Action> = new Map(
  Object.entries<Action>({
    CreateRole: createRole,
    GetRole: (call) => roleXml(find(call)),
    ListRoles: ({ deps, account }) => members('Roles', deps.accounts.roles(account), roleFields),
    DeleteRole: deleteRole,
    UpdateAssumeRolePolicy: (call) => {
      find(call).trust = trustOf(call, call.form.require('PolicyDocument'));
      return undefined;
    },
    UpdateRole: (call) => {
      find(call).maxSessionSeconds = sessionSeconds(call.form);
      return '';
    },
    PutRolePolicy: putRolePolicy,
    GetRolePolicy: (call) => {
      const role = find(call);
      const name = call.form.require('PolicyName');
      const document = element('PolicyDocument', encodeURIComponent(policyOf(role, name).text));
      return element('RoleName', role.name) + element('PolicyName', name) + document;
    },
    DeleteRolePolicy: (call) => {
      const role = find(call);
      const name = call.form.require('PolicyName');
      policyOf(role, name);
      role.policies.delete(name);
      return undefined;
    },
    ListRolePolicies: (call) => members('PolicyNames', [...find(call).policies.keys()], text),
    // Managed policies and instance profiles do not exist here; clients such as Terraform ask all the same.
    ListAttachedRolePolicies: (call) => none('AttachedPolicies', find(call)),
    ListInstanceProfilesForRole: (call) => none('InstanceProfiles', find(call)),
    TagRole: (call) => {
      const role = find(call);
      for (const [key, value] of tagsOf(call.form)) role.tags.set(key, value);
      return undefined;
    },
    UntagRole: (call) => {
      const role = find(call);
      for (const key of call.form.list('TagKeys')) role.tags.delete(key);
      return undefined;
    },
    ListRoleTags: (call) => members('Tags', [...find(call).tags], tagXml),
  }),
);

function createRole(call: Call): string {
  const { form, account, deps } = call;
  const name = form.require('RoleName');
  const path = form.get('Path') ?? '/';
  if (!/^[\w+=,.@-]{1,64}$/.test(name)) throw invalid(`The specified value for roleName is invalid: ${name}`);
  if (!/^\/(?:[!-~]{1,510}\/)?$/.test(path)) throw invalid(`The specified value for path is invalid: ${path}`);
  if (deps.accounts.role(account, name)) {
    throw new AwsError('EntityAlreadyExists', `Role with name ${name} already exists.`, 409);
  }
  const role: Role = {
    account,
    name,
    path,
    arn: roleArn(account, path, name),
    id: deps.newId('AROA'),
    createdMs: deps.nowMs(),
    description: form.get('Description'),
    trust: trustOf(call, form.require('AssumeRolePolicyDocument')),
    maxSessionSeconds: sessionSeconds(form),
    policies: new Map(),
    tags: tagsOf(form),
  };
  deps.accounts.add(role);
  return roleXml(role);
}

function deleteRole(call: Call): undefined {
  const role = find(call);
  if (role.policies.size > 0) {
    throw new AwsError('DeleteConflict', 'Cannot delete entity, must delete policies first.', 409);
  }
  call.deps.accounts.remove(role);
}

function putRolePolicy(call: Call): undefined {
  const role = find(call);
  const name = call.form.require('PolicyName');
  if (!/^[\w+=,.@-]{1,128}$/.test(name)) throw invalid(`The specified value for policyName is invalid: ${name}`);
  const document = read(call.form.require('PolicyDocument'), 'identity');
  const others = [...role.policies].filter(([other]) => other !== name).map(([, { text }]) => text);
  if (characters(...others, document.text) > INLINE_CHARACTERS_MAX) {
    throw new AwsError(
      'LimitExceeded',
      `Maximum policy size of ${INLINE_CHARACTERS_MAX} bytes exceeded for role ${role.name}`,
      409,
    );
  }
  role.policies.set(name, document);
}

function find({ form, account, deps }: Call): Role {
  const name = form.require('RoleName');
  const role = deps.accounts.role(account, name);
  if (!role) throw new AwsError('NoSuchEntity', `The role with name ${name} cannot be found.`, 404);
  return role;
}

function policyOf(role: Role, name: string): Document {
  const policy = role.policies.get(name);
  if (!policy) throw new AwsError('NoSuchEntity', `The role policy with name ${name} cannot be found.`, 404);
  return policy;
}

/** AWS looks up the roles that a trust policy names when it is put; one that does not exist is refused. */
function trustOf({ deps }: Call, source: string): Document {
  if (characters(source) > TRUST_CHARACTERS_MAX) {
    throw new AwsError('LimitExceeded', `Cannot exceed quota for ACLSizePerRole: ${TRUST_CHARACTERS_MAX}`, 409);
  }
  const document = read(source, 'trust');
  for (const { principals } of document.policy.statements) {
    for (const { type, value } of principals?.items ?? []) {
      if (type !== 'AWS' || !value.includes(':role/')) continue;
      if (!deps.accounts.roleByArn(value)) {
        throw new AwsError('MalformedPolicyDocument', `Invalid principal in policy: "AWS":"${value}"`);
      }
    }
  }
  return document;
}

function read(source: string, kind: 'identity' | 'trust'): Document {
  try {
    return readDocument(source, kind);
  } catch (error) {
    if (error instanceof PolicyError) throw new AwsError('MalformedPolicyDocument', error.message);
    throw error;
  }
}

/** IAM does not count white space (IAM quotas, "character limits"). */
function characters(...texts: readonly string[]): number {
  return texts.reduce((sum, item) => sum + item.replace(/\s/g, '').length, 0);
}

function sessionSeconds(form: Form): number {
  const seconds = Number(form.get('MaxSessionDuration') ?? SESSION_SECONDS_DEFAULT);
  if (!Number.isInteger(seconds) || seconds < 3600 || seconds > 43_200) {
    throw invalid(`MaxSessionDuration must be from 3600 to 43200, got ${seconds}`);
  }
  return seconds;
}

function tagsOf(form: Form): Map<string, string> {
  return new Map(form.structures('Tags').map((tag) => [tag.get('Key') ?? '', tag.get('Value') ?? '']));
}

function invalid(message: string): AwsError {
  return new AwsError('ValidationError', message);
}

function roleXml(role: Role): string {
  return `<Role>${roleFields(role)}</Role>`;
}

function roleFields(role: Role): string {
  return [
    element('Path', role.path),
    element('RoleName', role.name),
    element('RoleId', role.id),
    element('Arn', role.arn),
    element('CreateDate', new Date(role.createdMs).toISOString()),
    element('AssumeRolePolicyDocument', encodeURIComponent(role.trust.text)),
    element('Description', role.description),
    element('MaxSessionDuration', role.maxSessionSeconds),
    role.tags.size === 0
      ? ''
      : `<Tags>${[...role.tags].map((tag) => `<member>${tagXml(tag)}</member>`).join('')}</Tags>`,
  ].join('');
}

function tagXml([key, value]: readonly [string, string]): string {
  return element('Key', key) + element('Value', value);
}

/** An empty list of something that the role could have. */
function none(name: string, _role: Role): string {
  return members(name, [], text);
}

function members<T>(name: string, items: readonly T[], xml: (item: T) => string): string {
  return `${element('IsTruncated', false)}<${name}>${items.map((item) => `<member>${xml(item)}</member>`).join('')}</${name}>`;
}
