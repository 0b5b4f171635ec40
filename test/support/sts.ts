import type { AssumeRoleCommandInput } from '@aws-sdk/client-sts';
import type { RoleSessionsDeps } from '../../service/aws/roles.ts';

export interface FakeSts {
  readonly sts: RoleSessionsDeps['sts'];
  readonly calls: readonly AssumeRoleCommandInput[];
  /** Thrown by the next calls, first in first out. */
  readonly failures: Error[];
  /** From now on calls wait until `letGo`. */
  hold(): void;
  letGo(): void;
}

const HOUR_MS = 3_600_000;

/** STS as far as the service sees it. The access key of a session is `<tenant>_<number of the call>`. */
export function createFakeSts(nowMs: () => number, lifeMs = HOUR_MS): FakeSts {
  const calls: AssumeRoleCommandInput[] = [];
  const failures: Error[] = [];
  let gate: PromiseWithResolvers<void> | undefined;
  const assume = async (_operation: 'AssumeRole', input: AssumeRoleCommandInput) => {
    const number = calls.push(input);
    await gate?.promise;
    const failure = failures.shift();
    if (failure) throw failure;
    const tenant = input.Tags?.find(({ Key }) => Key === 'tenant_id')?.Value ?? 'platform';
    return {
      Credentials: {
        AccessKeyId: `${tenant}_${number}`,
        SecretAccessKey: 'secret',
        SessionToken: 'token',
        Expiration: new Date(nowMs() + lifeMs),
      },
    };
  };
  return {
    // AssumeRole is the one call that is made.
    sts: assume as unknown as RoleSessionsDeps['sts'],
    calls,
    failures,
    hold: () => {
      gate = Promise.withResolvers();
    },
    letGo: () => {
      gate?.resolve();
      gate = undefined;
    },
  };
}
