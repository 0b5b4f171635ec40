import type { StsApi } from '../../../service/aws/api.ts';
import { type Answers, awsError } from './answers.ts';

/** STS: a tenant's role can be assumed with its external id, by a session that is tagged with the tenant. Sessions expire. */
export interface Roles extends Answers<StsApi> {
  add(role: Role): void;
  /** @throws as a service answers to credentials that it does not know, or that are over */
  session(accessKeyId: string): Session;
  /** Whose credentials they are, good or not. */
  accountOf(accessKeyId: string): string;
}

export interface Role {
  readonly roleArn: string;
  readonly tenantId: string;
  readonly accountId: string;
  readonly externalId: string;
  readonly logGroupPrefix: string;
  /** Whether it may read events. */
  readonly readsBack: boolean;
}

export interface Session extends Pick<Role, 'logGroupPrefix' | 'readsBack'> {
  readonly account: string;
  readonly endsMs: number;
}

export function createRoles({
  nowMs,
  newId,
}: {
  readonly nowMs: () => number;
  /** Lowercase hexadecimal digits. */
  readonly newId: (digits: number) => string;
}): Roles {
  const roles = new Map<string, Role>();
  const sessions = new Map<string, Session>();
  return {
    add(role) {
      roles.set(role.roleArn, role);
    },
    session(accessKeyId) {
      const session = sessions.get(accessKeyId);
      if (!session)
        throw awsError('UnrecognizedClientException', 400, 'The security token included in the request is invalid.');
      if (session.endsMs <= nowMs())
        throw awsError('ExpiredTokenException', 400, 'The security token included in the request is expired');
      return session;
    },
    accountOf: (accessKeyId) => sessions.get(accessKeyId)?.account ?? '',
    AssumeRole({ RoleArn = '', ExternalId, DurationSeconds = 3_600, Tags = [] }) {
      const role = roles.get(RoleArn);
      const tag = Tags.find(({ Key }) => Key === 'tenant_id')?.Value;
      if (!role || role.externalId !== ExternalId || role.tenantId !== tag)
        throw awsError('AccessDenied', 403, `not authorized to perform: sts:AssumeRole on resource: ${RoleArn}`);
      const AccessKeyId = `ASIA${newId(16).toUpperCase()}`;
      const endsMs = nowMs() + DurationSeconds * 1000;
      const { accountId: account, logGroupPrefix, readsBack } = role;
      sessions.set(AccessKeyId, { account, logGroupPrefix, readsBack, endsMs });
      const secret = { SecretAccessKey: newId(40), SessionToken: newId(64) };
      return { Credentials: { AccessKeyId, ...secret, Expiration: new Date(endsMs) } };
    },
    GetCallerIdentity: () => ({ Arn: 'arn:aws:sts::000000000000:assumed-role/distributor/task' }),
  };
}
