import { createPutEvents, type PutEvents } from '../../service/aws/put-events.ts';

/** PutLogEvents as the service sends it, with timeouts that a test can wait for. */
export function createTestPutEvents(nowMs: () => number = Date.now): PutEvents {
  return createPutEvents({ nowMs, connectionTimeoutMs: 2_000, requestTimeoutMs: 2_000, socketsMax: 16 });
}
