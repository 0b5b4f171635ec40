import * as commands from '@aws-sdk/client-s3';
import type { Call, S3Api } from '../api.ts';
import { type GetObject, readObjectHead } from '../get-object.ts';
import { bulkAgents } from '../http/bulk-agents.ts';
import type { SigningKeys } from '../http/sigv4.ts';
import { type ClientPlace, LIMITS } from '../place.ts';
import { sdkCalls } from './calls.ts';
import { common, createHandler } from './common.ts';

/** For everything but reading objects: with agents of one's own the SDK does not wait for `100 Continue`. */
export function createS3Client(place: ClientPlace): commands.S3Client {
  return new commands.S3Client({ ...commonOfS3(place), requestHandler: createHandler(LIMITS.objects(place)) });
}

/** For reading objects. */
export function createS3Reader(place: ClientPlace): commands.S3Client {
  return new commands.S3Client({
    ...commonOfS3(place),
    requestHandler: createHandler(LIMITS.objects(place), bulkAgents),
  });
}

/**
 * Makes clients of tenants' buckets, one for each session and region. They share their sockets, so none must ever be destroyed.
 */
export function createTenantS3Clients(
  place: ClientPlace,
): (region: string, credentials: SigningKeys) => commands.S3Client {
  const requestHandler = createHandler(LIMITS.tenant(place));
  return (region, credentials) => new commands.S3Client({ ...commonOfS3(place), region, credentials, requestHandler });
}

function commonOfS3(place: ClientPlace) {
  return {
    ...common(place),
    maxAttempts: 1,
    forcePathStyle: place.s3ForcePathStyle,
    // Ranges have no checksum to validate, and what is written is small or in parts whose ETags S3 compares: no need for
    // the trailer that some S3-compatible endpoints do not know.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  } as const;
}

export function s3Calls(client: commands.S3Client): Call<S3Api> {
  return sdkCalls(commands, client);
}

export function sdkGetObject(client: commands.S3Client): GetObject {
  return async ({ bucket, key, versionId, start, end, ifMatch }, open, abortSignal) => {
    const command = new commands.GetObjectCommand({
      Bucket: bucket,
      Key: key,
      Range: `bytes=${start}-${end - 1}`,
      ...(versionId === undefined ? {} : { VersionId: versionId }),
      ...(ifMatch === undefined ? {} : { IfMatch: ifMatch }),
    });
    const answer = await client.send(command, { abortSignal });
    const head = readObjectHead({
      eTag: answer.ETag,
      contentRange: answer.ContentRange,
      contentLength: answer.ContentLength,
      lastModified: answer.LastModified?.getTime(),
    });
    const sink = open(head);
    for await (const piece of (answer.Body ?? []) as AsyncIterable<Uint8Array>) sink(piece);
    return head;
  };
}
