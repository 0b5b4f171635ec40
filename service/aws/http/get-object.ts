import { type GetObject, type ObjectHead, readObjectHead } from '../get-object.ts';
import { errorOfXml } from './answer.ts';
import type { Endpoint } from './endpoint.ts';
import { createTextSink, type Sink } from './exchange.ts';
import type { SendSigned } from './signed.ts';

/** GetObject of a general purpose bucket, by its name. */

export interface GetObjectDeps {
  readonly endpoint: () => Promise<Endpoint>;
  readonly userAgent: () => Promise<string>;
  readonly forcePathStyle: boolean;
  readonly send: SendSigned;
}

const ERROR_BYTES_MAX = 1024 * 1024;
/** A part of a bucket's name that S3 takes as a part of a host's (S3 user guide, "Virtual hosting"). */
const LABEL = /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/;
const NO_BYTES = new Uint8Array(0);

export function createGetObjectOverHttp({ endpoint, userAgent, forcePathStyle, send }: GetObjectDeps): GetObject {
  return async ({ bucket, key, versionId, start, end, ifMatch }, open, signal) => {
    const place = placeOf((await endpoint()).url, bucket, forcePathStyle);
    const errorText = createTextSink(ERROR_BYTES_MAX);
    let found: ObjectHead | undefined;
    const head = await send(
      {
        origin: place.origin,
        method: 'GET',
        path: `${place.path}/${encodeKey(key)}`,
        query: versionId === undefined ? '' : `versionId=${encode(versionId)}`,
        headers: {
          range: `bytes=${start}-${end - 1}`,
          'user-agent': await userAgent(),
          ...(ifMatch === undefined ? {} : { 'if-match': ifMatch }),
        },
        body: NO_BYTES,
      },
      ({ status, headers }): Sink => {
        if (status !== 200 && status !== 206) return errorText.sink;
        found = readObjectHead({
          eTag: headers.etag,
          contentRange: headers['content-range'],
          contentLength: headers['content-length'],
          lastModified: headers['last-modified'],
        });
        return open(found);
      },
      signal,
    );
    if (found === undefined) throw errorOfXml(head, errorText.text());
    return found;
  };
}

/**
 * Buckets for which an address can be made of their name alone: neither an ARN nor an access point nor a directory bucket, whose
 * addresses follow rules of their own.
 */
export function isPlainBucket(bucket: string): boolean {
  return !bucket.includes(':') && !/--[a-z0-9]+-s3$|-s3alias$|--op-s3$/.test(bucket);
}

/** The bucket is the host's first label where it can be one, and the path's first segment elsewhere (S3 user guide, "Virtual hosting"). */
export function placeOf(
  url: URL,
  bucket: string,
  forcePathStyle: boolean,
): { readonly origin: URL; readonly path: string } {
  const base = url.pathname.replace(/\/$/, '');
  const isAddress = /^\[|^\d+(\.\d+){3}$/.test(url.hostname);
  // AWS's certificates name one label in front of S3's hosts.
  const labels = url.protocol === 'http:' ? bucket.split('.') : [bucket];
  const canBeHost = !isAddress && labels.every((label) => LABEL.test(label));
  if (forcePathStyle || !canBeHost) return { origin: url, path: `${base}/${encode(bucket)}` };
  const origin = new URL(url);
  origin.hostname = `${bucket}.${url.hostname}`;
  return { origin, path: base };
}

/** Each segment for itself; S3's signature knows no other encoding than what is sent. */
function encodeKey(key: string): string {
  return key.split('/').map(encode).join('/');
}

/** As RFC 3986 has it, with what encodeURIComponent leaves alone. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);
}
