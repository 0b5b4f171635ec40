import { IamRole } from '@cdktn/provider-aws/lib/iam-role/index.js';
import { IamRolePolicy } from '@cdktn/provider-aws/lib/iam-role-policy/index.js';
import { Construct } from 'constructs';
import type { IamConfig } from '../config/config.ts';
import type { PolicyDocument } from '../policies/document.ts';

/** A role with its one inline policy. Who uses the role right away must wait for the policy, so both are handed out. */
export function createRole(
  parent: Construct,
  id: string,
  props: {
    readonly name: string;
    readonly iam: IamConfig;
    readonly trust: PolicyDocument;
    readonly policy: PolicyDocument;
  },
): { readonly role: IamRole; readonly policy: IamRolePolicy } {
  const scope = new Construct(parent, id);
  const { path, permissionsBoundary } = props.iam;
  const role = new IamRole(scope, 'role', {
    name: props.name,
    path,
    ...(permissionsBoundary === undefined ? {} : { permissionsBoundary }),
    assumeRolePolicy: JSON.stringify(props.trust),
  });
  const policy = new IamRolePolicy(scope, 'policy', {
    name: 'permissions',
    role: role.id,
    policy: JSON.stringify(props.policy),
  });
  return { role, policy };
}
