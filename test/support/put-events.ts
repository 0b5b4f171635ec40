import { createPutEvents, type PutEvents } from '../../service/aws/put-events.ts';

/** PutLogEvents as the service sends it. Its timeouts decide nothing: a test that wants one makes its own. */
export function createTestPutEvents(nowMs: () => number = Date.now): PutEvents {
  return createPutEvents({ nowMs, connectionTimeoutMs: 60_000, requestTimeoutMs: 60_000, socketsMax: 16 });
}
