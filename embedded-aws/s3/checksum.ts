import { hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { AwsError } from '../http/aws-error.ts';
import { type HttpRequest, header } from '../http/message.ts';
import { decodeAwsChunked } from './aws-chunked.ts';

/** An uploaded body, decoded and found undamaged. */
export interface Content {
  readonly body: Buffer;
  /** `x-amz-checksum-*` as the client gave them. */
  readonly checksums: Readonly<Record<string, string>>;
  readonly md5: Buffer;
}

const PREFIX = 'x-amz-checksum-';
/** Base64 of the checksums that can be computed here. CRC32C and CRC64NVME are believed, kept and given back. */
const COMPUTE: ReadonlyMap<string, (body: Buffer) => string> = new Map([
  ['crc32', (body) => base64Of32(crc32(body))],
  ['sha1', (body) => hash('sha1', body, 'base64')],
  ['sha256', (body) => hash('sha256', body, 'base64')],
]);
const BELIEVED = new Set(['crc32c', 'crc64nvme']);

/** @throws AwsError BadDigest when the body is not the one that the client sent */
export function readContent(request: HttpRequest): Content {
  const chunked = (header(request, 'content-encoding') ?? '').includes('aws-chunked');
  const length = Number(header(request, 'x-amz-decoded-content-length') ?? Number.NaN);
  if (chunked && !Number.isInteger(length)) {
    throw new AwsError('MissingContentLength', 'You must provide the Content-Length HTTP header.', 411);
  }
  const { body, trailers } = chunked
    ? decodeAwsChunked(request.body, length)
    : { body: request.body, trailers: new Map<string, string>() };
  const md5 = hash('md5', body, 'buffer');
  const contentMd5 = header(request, 'content-md5');
  if (contentMd5 !== undefined && contentMd5 !== md5.toString('base64')) {
    throw new AwsError('BadDigest', 'The Content-MD5 you specified did not match what we received.');
  }
  const checksums: Record<string, string> = {};
  for (const algorithm of [...COMPUTE.keys(), ...BELIEVED]) {
    const name = PREFIX + algorithm;
    const declared = header(request, name) ?? trailers.get(name);
    if (declared === undefined) continue;
    const actual = COMPUTE.get(algorithm)?.(body) ?? declared;
    if (actual !== declared) {
      throw new AwsError(
        'BadDigest',
        `The ${algorithm.toUpperCase()} you specified did not match the calculated checksum.`,
      );
    }
    checksums[name] = declared;
  }
  return { body, checksums, md5 };
}

function base64Of32(value: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes.toString('base64');
}

/** The encoding that stays with the object, without the one that only carried it here. */
export function storedEncoding(value: string | undefined): string | undefined {
  const rest = (value ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '' && part !== 'aws-chunked');
  return rest.length === 0 ? undefined : rest.join(',');
}
