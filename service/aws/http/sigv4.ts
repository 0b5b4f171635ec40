import { createHmac, hash } from 'node:crypto';

/**
 * AWS Signature Version 4 (IAM user guide, "Create a signed AWS API request"). The SDK's own signer belongs to its pipeline, which costs
 * more than everything else about a call.
 */

export interface SigningKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface RequestToSign {
  readonly method: string;
  /** As it is sent: encoded once. */
  readonly path: string;
  /** As it is sent, encoded; its names sorted. Default: none. */
  readonly query?: string;
  /** Lower-case names; all of them are signed but `user-agent`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** @returns signs a request for one service in one region; the headers that come back are all that the request needs */
export function createSigner(
  { accessKeyId, secretAccessKey, sessionToken }: SigningKeys,
  region: string,
  service: string,
): (request: RequestToSign, nowMs: number) => Record<string, string> {
  // The key depends on the day, and is worth keeping for it.
  let keyDate = '';
  let key: Buffer = Buffer.alloc(0);
  const keyOf = (date: string): Buffer => {
    if (date !== keyDate) {
      const parts = [date, region, service, 'aws4_request'];
      key = parts.reduce<Buffer>((secret, part) => hmac(secret, part), Buffer.from(`AWS4${secretAccessKey}`));
      keyDate = date;
    }
    return key;
  };

  return ({ method, path, query = '', headers, body }, nowMs) => {
    const time = new Date(nowMs).toISOString().replace(/[-:]|\.\d+/g, '');
    const date = time.slice(0, 8);
    const bodyHash = hash('sha256', body, 'hex');
    const signed: Record<string, string> = {
      ...headers,
      'x-amz-content-sha256': bodyHash,
      'x-amz-date': time,
      ...(sessionToken === undefined ? {} : { 'x-amz-security-token': sessionToken }),
    };
    // Proxies may complete the user agent, so it is not signed, as by the SDK.
    const names = Object.keys(signed)
      .filter((name) => name !== 'user-agent')
      .sort();
    const list = names.join(';');
    const lines = names.map((name) => `${name}:${signed[name]?.trim()}\n`).join('');
    const canonical = `${method}\n${path}\n${query}\n${lines}\n${list}\n${bodyHash}`;
    const scope = `${date}/${region}/${service}/aws4_request`;
    const text = `AWS4-HMAC-SHA256\n${time}\n${scope}\n${hash('sha256', canonical, 'hex')}`;
    const signature = hmac(keyOf(date), text).toString('hex');
    const authorization = `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${list}, Signature=${signature}`;
    return { ...signed, authorization, 'content-length': String(body.length) };
  };
}

function hmac(key: Uint8Array, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
