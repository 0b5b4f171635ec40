import type { PolicyDocument } from '../../policies/document.ts';
import { ifElse, type Json, ref, toJson } from '../intrinsics.ts';
import type { Resource } from '../stack.ts';

/** A role with its one inline policy, under the path and the boundary of all roles. */
export function role(name: string, trust: PolicyDocument | Json, policy: PolicyDocument | Json): Resource {
  return {
    Type: 'AWS::IAM::Role',
    Properties: {
      RoleName: name,
      Path: ref('IamPath'),
      PermissionsBoundary: ifElse('HasPermissionsBoundary', ref('PermissionsBoundary')),
      AssumeRolePolicyDocument: toJson(trust),
      Policies: [{ PolicyName: 'permissions', PolicyDocument: toJson(policy) }],
    },
  };
}
