import { createPutEvents, type PutEvents } from '../../service/aws/put-events.ts';

/** PutLogEvents as the service sends it. By default its timeouts decide nothing. */
export function createTestPutEvents(nowMs: () => number = Date.now, requestTimeoutMs = 60_000): PutEvents {
  return createPutEvents({
    nowMs,
    connectionTimeoutMs: 60_000,
    requestTimeoutMs,
    socketsMax: 16,
    gzipBody: undefined,
    onSent() {},
    onGzipRefused() {},
  });
}
