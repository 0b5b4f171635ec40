import assert from 'node:assert/strict';
import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto';
import { test } from 'node:test';
import { SignatureV4 } from '@smithy/signature-v4';
import fc from 'fast-check';
import { createSigner } from '../../../../service/aws/http/sigv4.ts';
import { holds } from '../../../support/property.ts';

type Data = string | ArrayBuffer | ArrayBufferView;

function bytesOf(data: Data): Buffer {
  if (typeof data === 'string') return Buffer.from(data);
  return ArrayBuffer.isView(data) ? Buffer.from(data.buffer, data.byteOffset, data.byteLength) : Buffer.from(data);
}

/** SHA-256 as the SDK's signer, which is the reference here, wants to have it. */
class Sha256 {
  #hash: Hash | Hmac;
  readonly #secret: Data | undefined;

  constructor(secret?: Data) {
    this.#secret = secret;
    this.#hash = this.#begin();
  }

  #begin(): Hash | Hmac {
    return this.#secret === undefined ? createHash('sha256') : createHmac('sha256', bytesOf(this.#secret));
  }

  update(data: Data): void {
    this.#hash.update(bytesOf(data));
  }

  reset(): void {
    this.#hash = this.#begin();
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
}

const text = fc.stringMatching(/^[A-Za-z0-9/+=._-]{1,40}$/);

test("a request is signed as the SDK's signer signs it", async () => {
  await holds(
    fc.asyncProperty(
      fc.record({ accessKeyId: text, secretAccessKey: text, sessionToken: text }),
      fc.constantFrom('us-east-1', 'eu-central-1', 'cn-north-1'),
      fc.uint8Array({ maxLength: 200 }),
      fc.date({ noInvalidDate: true, min: new Date('2020-01-01'), max: new Date('2099-12-31') }),
      async (keys, region, body, date) => {
        const headers = {
          host: 'logs.example.com:443',
          'content-type': 'application/x-amz-json-1.1',
          'x-amz-target': 'X.Y',
          'user-agent': 'a  b',
        };
        const own = createSigner(keys, region, 'logs')({ method: 'POST', path: '/', headers, body }, date.getTime());
        const signer = new SignatureV4({
          credentials: keys,
          region,
          service: 'logs',
          sha256: Sha256,
          applyChecksum: true,
        });
        const theirs = await signer.sign(
          { method: 'POST', protocol: 'https:', hostname: 'logs.example.com', path: '/', query: {}, headers, body },
          { signingDate: date },
        );
        assert.equal(own.authorization, theirs.headers.authorization);
        assert.equal(own['x-amz-content-sha256'], theirs.headers['x-amz-content-sha256']);
        assert.equal(own['x-amz-date'], theirs.headers['x-amz-date']);
      },
    ),
    100,
  );
});

test('a signer serves many days: the key is made anew for each', () => {
  const keys = { accessKeyId: 'AKID', secretAccessKey: 'secret' };
  const sign = createSigner(keys, 'us-east-1', 'logs');
  const request = { method: 'POST', path: '/', headers: { host: 'h' }, body: new Uint8Array() };
  const days = [Date.UTC(2026, 0, 1), Date.UTC(2026, 0, 2), Date.UTC(2026, 0, 1)];
  for (const day of days) {
    assert.equal(sign(request, day).authorization, createSigner(keys, 'us-east-1', 'logs')(request, day).authorization);
  }
});
