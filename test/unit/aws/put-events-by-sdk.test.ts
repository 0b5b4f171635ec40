import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faultOf } from '../../../service/aws/fault.ts';
import { createLogsSessions } from '../../../service/aws/logs-session.ts';
import { createPutEventsBySdk } from '../../../service/aws/put-events-by-sdk.ts';
import { answerOf } from '../../../service/base/aws-answer.ts';
import { placeOf } from '../../support/aws.ts';
import { createTestPutEvents } from '../../support/put-events.ts';
import { startServer } from '../../support/server.ts';

/** PutLogEvents by way of the SDK against our own: whoever calls must not see which of the two it was. */

const never = new AbortController().signal;
const keys = { accessKeyId: 'AKID', secretAccessKey: 'secret', sessionToken: 'token' };
const sessionOf = (url: string) => createLogsSessions(placeOf(url))('eu-west-1', keys);
const bothWays = (url: string) => ({ own: createTestPutEvents(), sdk: createPutEventsBySdk(placeOf(url)) });
const INPUT = {
  logGroupName: '/acme/a "b"',
  logStreamName: 'ströam',
  logEvents: [
    { timestamp: 0, message: 'a "quote", a \\ and a\nline' },
    { timestamp: 1_767_225_600_123, message: '🚚\u0000\u2028' },
  ],
};
const BODY = Buffer.from(JSON.stringify(INPUT));

test('the same events arrive, signed, and what the service refused of them, and of their entity, comes back', async (t) => {
  const refused = { tooOldLogEventEndIndex: 1, expiredLogEventEndIndex: 0 };
  const { url, received } = await startServer(t, async (_request, response) => {
    response.setHeader('content-type', 'application/x-amz-json-1.1');
    response.end(
      JSON.stringify({ rejectedLogEventsInfo: refused, rejectedEntityInfo: { errorType: 'InvalidEntity' } }),
    );
  });
  const session = sessionOf(url);
  for (const put of Object.values(bothWays(url))) {
    const { rejectedLogEventsInfo, rejectedEntityInfo } = await put(session, BODY, never);
    assert.deepEqual({ ...rejectedLogEventsInfo }, refused);
    assert.equal(rejectedEntityInfo?.errorType, 'InvalidEntity');
  }
  assert.equal(received.length, 2);
  for (const { headers, body } of received) {
    assert.deepEqual(JSON.parse(body.toString()), INPUT);
    assert.equal(headers['x-amz-target'], 'Logs_20140328.PutLogEvents');
    assert.equal(headers['x-amz-security-token'], 'token');
    assert.match(
      String(headers.authorization),
      /^AWS4-HMAC-SHA256 Credential=AKID\/\d{8}\/eu-west-1\/logs\/aws4_request/,
    );
  }
});

for (const [status, name, message] of [
  [400, 'ThrottlingException', 'Rate exceeded'],
  [400, 'ResourceNotFoundException', 'The specified log group does not exist.'],
  [400, 'AccessDeniedException', 'not authorized'],
  [400, 'ExpiredTokenException', 'expired'],
  [400, 'InvalidParameterException', "Value 'secret text' at 'logEvents' failed"],
  [500, 'InternalFailure', 'sorry'],
  [503, 'ServiceUnavailableException', 'sorry'],
] as const) {
  test(`${name} is the same fault by both ways, after one call, without text of events`, async (t) => {
    const { url, received } = await startServer(t, async (_request, response) => {
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
      response.end(JSON.stringify({ __type: name, message }));
    });
    const faults: string[] = [];
    for (const put of Object.values(bothWays(url))) {
      await assert.rejects(put(sessionOf(url), BODY, never), (error) => {
        faults.push(faultOf(error));
        assert.ok(error instanceof Error && error.name === name && !error.message.includes('secret'), String(error));
        return true;
      });
    }
    assert.equal(faults[0], faults[1]);
    assert.equal(received.length, 2);
  });
}

test('an abort ends the call', async (t) => {
  const arrived = Promise.withResolvers<void>();
  const { url } = await startServer(t, async () => {
    arrived.resolve();
    await new Promise(() => {});
  });
  const abort = new AbortController();
  const call = createPutEventsBySdk(placeOf(url))(sessionOf(url), BODY, abort.signal);
  await arrived.promise;
  abort.abort();
  await assert.rejects(call, { name: 'AbortError' });
});

for (const [what, body] of [
  ["a proxy's page", '<html>secret</html>'],
  ['nothing', ''],
] as const) {
  test(`an answer of status 403 with ${what} is its status by both ways`, async (t) => {
    const { url } = await startServer(t, async (_request, response) => {
      response.writeHead(403, { 'content-type': 'text/html' });
      response.end(body);
    });
    for (const put of Object.values(bothWays(url))) {
      await assert.rejects(put(sessionOf(url), BODY, never), (error) => {
        assert.deepEqual([answerOf(error)?.code, faultOf(error)], ['HTTP 403', 'refused']);
        assert.doesNotMatch(String(error), /secret|JSON/);
        return true;
      });
    }
  });
}

test('an answer that trickles ends with the time for the whole call, by both ways', async (t) => {
  const { url } = await startServer(t, async (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' });
    const drip = setInterval(() => response.write(' '), 20);
    response.on('close', () => clearInterval(drip));
  });
  const requestTimeoutMs = 300;
  const puts = [
    createTestPutEvents(Date.now, requestTimeoutMs),
    createPutEventsBySdk({ ...placeOf(url), requestTimeoutMs }),
  ];
  for (const put of puts) {
    await assert.rejects(put(sessionOf(url), BODY, never), (error) => {
      assert.equal(faultOf(error), 'transient');
      assert.equal((error as Error).name, 'TimeoutError');
      return true;
    });
  }
});
