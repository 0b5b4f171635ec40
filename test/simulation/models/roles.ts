import type { StsApi } from '../../../service/aws/api.ts';
import { type Answers, awsError } from './answers.ts';

/** STS: a tenant's role can be assumed with its external id, by a session that is tagged with the tenant. Sessions expire. */
export interface Roles extends Answers<StsApi> {
  add(role: Role): void;
  /**
   * @param by the service that is called
   * @throws as it answers to credentials that it does not know, or that are over
   */
  session(accessKeyId: string, by: keyof typeof REFUSALS): Session;
  /** Whose credentials they are, good or not. */
  accountOf(accessKeyId: string): string;
}

/** What services say to credentials that they do not know, or that are over. */
const REFUSALS = {
  logs: {
    unknown: () => awsError('UnrecognizedClientException', 400, 'The security token in the request is invalid.'),
    over: () => awsError('ExpiredTokenException', 400, 'The security token in the request is expired'),
  },
  s3: {
    unknown: () => awsError('InvalidAccessKeyId', 403, 'The access key id does not exist in our records.'),
    over: () => awsError('ExpiredToken', 400, 'The provided token has expired.'),
  },
} as const;

export interface Role {
  readonly roleArn: string;
  readonly tenantId: string;
  readonly accountId: string;
  readonly externalId: string;
  readonly logGroupPrefix: string;
  /** Whether it may read events. */
  readonly readsBack: boolean;
  /** Where it may write objects. */
  readonly buckets: readonly { readonly name: string; readonly prefix: string }[];
}

export interface Session extends Pick<Role, 'logGroupPrefix' | 'readsBack' | 'buckets'> {
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
    session(accessKeyId, by) {
      const session = sessions.get(accessKeyId);
      if (!session) throw REFUSALS[by].unknown();
      if (session.endsMs <= nowMs()) throw REFUSALS[by].over();
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
      const { accountId: account, ...may } = role;
      sessions.set(AccessKeyId, { ...may, account, endsMs });
      const secret = { SecretAccessKey: newId(40), SessionToken: newId(64) };
      return { Credentials: { AccessKeyId, ...secret, Expiration: new Date(endsMs) } };
    },
    GetCallerIdentity: () => ({ Arn: 'arn:aws:sts::000000000000:assumed-role/distributor/task' }),
  };
}
