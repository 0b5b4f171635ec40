import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { createGzipSupport } from '../../../service/aws/gzip-support.ts';

/** An error as the SDK has it. */
function refusal(name: string, status: number): Error {
  return Object.assign(new Error(`${name} says so`), { name, $metadata: { httpStatusCode: status } });
}

/** An endpoint that answers compressed bodies, and bodies as they are, with the next of these; `ok` once there is none. */
function endpointOf(answers: {
  readonly gzip?: readonly (Error | 'ok')[];
  readonly identity?: readonly (Error | 'ok')[];
}) {
  const left = { gzip: [...(answers.gzip ?? [])], identity: [...(answers.identity ?? [])] };
  const sent: string[] = [];
  const refused: unknown[] = [];
  const support = createGzipSupport((error) => refused.push(error));
  const answer = (encoding: 'gzip' | 'identity') => async () => {
    sent.push(encoding);
    const next = left[encoding].shift() ?? 'ok';
    if (next !== 'ok') throw next;
    return encoding;
  };
  return { support, sent, refused, send: () => support.send(answer('gzip'), answer('identity')) };
}

suite('an endpoint that refuses compressed bodies', () => {
  for (const error of [
    refusal('UnsupportedMediaTypeException', 415),
    refusal('SerializationException', 400),
    refusal('InvalidParameterException', 400),
    refusal('HTTP 400', 400),
  ]) {
    test(`gets the same body as it is after ${error.name}, and is reported once`, async () => {
      const endpoint = endpointOf({ gzip: [error] });
      assert.equal(await endpoint.send(), 'identity');
      assert.deepEqual(endpoint.sent, ['gzip', 'identity']);
      assert.deepEqual(endpoint.refused, [error]);
      assert.equal(endpoint.support.isRefused, true);
    });
  }

  test('is not reported when the body is refused as it is too', async () => {
    const wrong = refusal('InvalidParameterException', 400);
    const endpoint = endpointOf({ gzip: [refusal('HTTP 400', 400)], identity: [wrong] });
    await assert.rejects(endpoint.send(), wrong);
    assert.deepEqual([endpoint.refused, endpoint.support.isRefused], [[], false]);
  });

  test('is known by server errors only when three bodies were accepted as they are in between', async () => {
    const down = refusal('InternalServerError', 500);
    const endpoint = endpointOf({ gzip: [down, down, down] });
    for (let round = 1; round <= 3; round++) {
      await assert.rejects(endpoint.send(), down);
      assert.equal(await endpoint.send(), 'identity');
      assert.equal(endpoint.support.isRefused, round === 3);
    }
    assert.deepEqual(endpoint.refused, [down]);
  });
});

suite('an endpoint that takes compressed bodies', () => {
  test('is not suspected of refusing them because it was down', async () => {
    const down = refusal('ServiceUnavailable', 503);
    const endpoint = endpointOf({ gzip: [down, 'ok', down, down, down, down], identity: [down, 'ok'] });
    await assert.rejects(endpoint.send(), down);
    await assert.rejects(endpoint.send(), down);
    assert.equal(await endpoint.send(), 'identity');
    assert.equal(await endpoint.send(), 'gzip');
    for (let call = 0; call < 4; call++) await assert.rejects(endpoint.send(), down);
    assert.equal(await endpoint.send(), 'gzip');
    assert.deepEqual(endpoint.refused, []);
  });

  test('is not asked again for a body that it calls invalid', async () => {
    const wrong = refusal('InvalidParameterException', 400);
    const endpoint = endpointOf({ gzip: ['ok', wrong] });
    await endpoint.send();
    await assert.rejects(endpoint.send(), wrong);
    assert.deepEqual(endpoint.sent, ['gzip', 'gzip']);
  });

  test('may stop taking them, and say so', async () => {
    const endpoint = endpointOf({ gzip: ['ok', refusal('HTTP 415', 415)] });
    assert.equal(await endpoint.send(), 'gzip');
    assert.equal(await endpoint.send(), 'identity');
    assert.equal(endpoint.support.isRefused, true);
  });

  for (const error of [
    refusal('ThrottlingException', 400),
    refusal('ExpiredTokenException', 400),
    refusal('AccessDeniedException', 400),
    refusal('ResourceNotFoundException', 400),
  ]) {
    test(`is not suspected after ${error.name}`, async () => {
      const endpoint = endpointOf({ gzip: [error] });
      await assert.rejects(endpoint.send(), error);
      assert.equal(await endpoint.send(), 'gzip');
      assert.deepEqual(endpoint.sent, ['gzip', 'gzip']);
    });
  }
});
