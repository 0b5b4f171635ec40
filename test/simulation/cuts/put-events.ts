import type { LogsSession } from '../../../service/aws/logs-session.ts';
import type { PutEvents, PutEventsDeps } from '../../../service/aws/put-events.ts';
import { theCloud } from '../cloud.ts';
import type { Request } from '../network.ts';
import type { PutUnderWay } from '../witness.ts';
import { worldNow } from '../world.ts';

/** In the place of service/aws/put-events.ts: the body is read when it arrives, so one that is changed before shows. */
export function createPutEvents({ requestTimeoutMs: timeoutMs, onSent }: PutEventsDeps): PutEvents {
  return async (session, body, signal, beforeExecution) => {
    const answer = await callLogs(session, 'PutLogEvents', body, { timeoutMs, signal, beforeExecution });
    onSent('identity', body.length);
    const { rejectedLogEventsInfo, rejectedEntityInfo } = answer;
    return { rejectedLogEventsInfo, rejectedEntityInfo };
  };
}

type Attempt = Pick<Request, 'timeoutMs' | 'signal' | 'beforeExecution'>;

/** One call into a tenant's account. */
export async function callLogs(
  { region, credentials: { accessKeyId } }: Pick<LogsSession, 'region' | 'credentials'>,
  operation: string,
  body: Buffer,
  { beforeExecution, ...attempt }: Attempt,
): Promise<Awaited<ReturnType<PutEvents>>> {
  const cloud = theCloud();
  const caller = worldNow().actor;
  const account = cloud.roles.accountOf(accessKeyId);
  const leave = () => (operation === 'PutLogEvents' && caller ? cloud.witness.leaves(caller) : undefined);
  let put: PutUnderWay | undefined = beforeExecution ? undefined : leave();
  const held = beforeExecution && {
    beforeExecution() {
      beforeExecution();
      put = leave();
    },
  };
  const called = { service: 'logs', operation, account, region, about: `${account} ${region}` } as const;
  const request = { ...called, onHeard: () => put?.heard(), ...held, ...attempt };
  try {
    return await cloud.network.call(request, () => {
      const { requestId, seenMs, output } = cloud.callLogs(operation, accessKeyId, region, Buffer.from(body));
      put?.taken(requestId, seenMs);
      return output;
    });
  } catch (error) {
    put?.givenUp();
    throw error;
  }
}
