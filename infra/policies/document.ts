import type { Place } from '../values/names.ts';
import { regionalHost } from '../values/partition.ts';

/** IAM policy documents as values: what the functions of this folder return and the tests look into. */
export interface PolicyDocument {
  readonly Version: '2012-10-17';
  readonly Statement: readonly Statement[];
}

export interface Statement {
  readonly Sid: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Principal?: '*' | { readonly [kind in 'AWS' | 'Service' | 'Federated']?: readonly string[] };
  readonly Action: readonly string[];
  readonly Resource?: readonly string[];
  readonly Condition?: Conditions;
}

/** Operator → key → values: all operators and keys must hold, any of the values. */
export type Conditions = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

export function policy(...statements: readonly Statement[]): PolicyDocument {
  return { Version: '2012-10-17', Statement: statements };
}

/**
 * The trust policy of a role that an AWS service assumes: always on somebody's behalf, so the condition says whose (IAM user guide,
 * "The confused deputy problem").
 */
export function trustService(service: string, condition: Conditions): PolicyDocument {
  return policy({
    Sid: 'Assume',
    Effect: 'Allow',
    Principal: { Service: [service] },
    Action: ['sts:AssumeRole'],
    Condition: condition,
  });
}

/** For the policy of a resource: nobody reaches it without TLS. */
export function denyPlainText(actions: readonly string[], resources: readonly string[]): Statement {
  return {
    Sid: 'TlsOnly',
    Effect: 'Deny',
    Principal: '*',
    Action: actions,
    Resource: resources,
    Condition: { Bool: { 'aws:SecureTransport': ['false'] } },
  };
}

/** Use of a key, but only through one AWS service: the key is no use for anything else. */
export function useKeyThrough(
  sid: string,
  service: string,
  place: Place,
  keyArn: string | undefined,
  actions: readonly ('kms:Decrypt' | 'kms:GenerateDataKey')[],
): readonly Statement[] {
  if (keyArn === undefined) return [];
  return [
    {
      Sid: sid,
      Effect: 'Allow',
      Action: actions,
      Resource: [keyArn],
      Condition: { StringEquals: { 'kms:ViaService': [regionalHost(service, place)] } },
    },
  ];
}
