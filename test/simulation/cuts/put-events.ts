import type { LogsSession } from '../../../service/aws/logs-session.ts';
import type { PutEvents, PutEventsDeps } from '../../../service/aws/put-events.ts';
import { theCloud } from '../cloud.ts';
import { worldNow } from '../world.ts';

/** In the place of service/aws/put-events.ts: the body is read when it arrives, so one that is changed before shows. */
export function createPutEvents({ requestTimeoutMs: timeoutMs, onSent }: PutEventsDeps): PutEvents {
  return async (session, body, signal) => {
    const answer = await callLogs(session, 'PutLogEvents', body, { timeoutMs, signal });
    onSent('identity', body.length);
    const { rejectedLogEventsInfo, rejectedEntityInfo } = answer;
    return { rejectedLogEventsInfo, rejectedEntityInfo };
  };
}

interface Attempt {
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/** One call into a tenant's account. */
export function callLogs(
  { region, credentials: { accessKeyId } }: Pick<LogsSession, 'region' | 'credentials'>,
  operation: string,
  body: Buffer,
  attempt: Attempt,
): Promise<Awaited<ReturnType<PutEvents>>> {
  const cloud = theCloud();
  const caller = worldNow().actor;
  const account = cloud.roles.accountOf(accessKeyId);
  let requestId = '';
  const onHeard = () => cloud.witness.heard(requestId);
  const request = {
    service: 'logs',
    operation,
    account,
    region,
    about: `${account} ${region}`,
    onHeard,
    ...attempt,
  } as const;
  const sent = cloud.witness.moment();
  return cloud.network.call(request, () => {
    const done = cloud.callLogs(operation, accessKeyId, region, Buffer.from(body));
    ({ requestId } = done);
    if (operation === 'PutLogEvents' && caller) cloud.witness.taken(requestId, caller, sent);
    return done.output;
  });
}
