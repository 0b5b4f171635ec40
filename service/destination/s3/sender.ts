import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { isOtherRegion } from '../../aws/advice.ts';
import type { Call, S3Api } from '../../aws/api.ts';
import { awsErrorName } from '../../aws/fault.ts';
import type { Purpose } from '../../aws/purpose.ts';
import type { SessionCredentials } from '../../aws/roles.ts';
import type { AwsAnswer } from '../../base/aws-answer.ts';
import { DistributorError } from '../../base/errors.ts';
import { type Batch, type ChunkPlan, messageText } from '../../core/plan.ts';
import { type AttemptDeps, callTenant, type FailureWords, toDestinationError } from '../../delivery/attempts.ts';
import type {
  BatchReceipt,
  Destination,
  OpenDestination,
  OpenOptions,
  StopSignals,
} from '../../delivery/destination.ts';
import { createSessionClients, roleRequest } from '../../delivery/tenant-session.ts';
import type { ByteSource } from '../../object/source.ts';
import { copyKey, recordsKey, type S3Target } from './target.ts';

/** A bucket of the tenant: objects as they are, or the records of a chunk that the delivery wants as gzip NDJSON. */

export interface S3DestinationDeps extends AttemptDeps {
  readonly createCalls: (region: string, credentials: Omit<SessionCredentials, 'expiration'>) => Call<S3Api>;
}

const gzipAsync = promisify(gzip);
/**
 * An object is put whole up to this size, and above it in parts of at least this size: two of them are in memory. S3
 * wants 5 MiB at least (S3 user guide, "Multipart upload limits").
 */
const PART_BYTES_MIN = 8 * 1024 * 1024;
/** And takes so many. Larger parts would allow for larger objects than 84 GB, and take more memory. */
const PARTS_MAX = 10_000;
const ALL_ACCEPTED: BatchReceipt = { tooOldBefore: 0, expiredBefore: 0, tooNewFrom: Number.POSITIVE_INFINITY };

export function createS3Destination(deps: S3DestinationDeps): OpenDestination<S3Target> {
  const callsOf = createSessionClients(deps.createCalls);

  return (options): Destination => {
    const { delivery, target, task, watch } = options;
    const role = roleRequest(delivery, task.keyFields);

    const call = async <T>(
      bytes: number,
      attempt: (s3: Call<S3Api>, abortSignal: AbortSignal) => Promise<T>,
      signals: StopSignals,
    ): Promise<T> => {
      const rateLimited = {
        tenantId: delivery.tenantId,
        type: delivery.type,
        destination: `${target.service.id}/${delivery.accountId}/${delivery.region}`,
        bytes,
        bytesPerSecondMax: delivery.bytesPerSecondMax,
      };
      try {
        return await callTenant(
          deps,
          {
            service: target.service,
            role,
            region: delivery.region,
            rateLimited,
            watch,
            attempt: (credentials) => attempt(callsOf(credentials, delivery.region), signals.abort),
          },
          signals,
        );
      } catch (error) {
        signals.abort.throwIfAborted();
        throw toDestinationError(error, wordsOf(options));
      }
    };

    const put = (key: string, body: Uint8Array, type: Readonly<Record<string, string>>, signals: StopSignals) =>
      call(
        body.length,
        (s3, abortSignal) =>
          s3('PutObject', { ...placeOf(options, key), ...keeping(target), ...type, Body: body }, { abortSignal }),
        signals,
      );

    const copyInParts = async (source: ByteSource, signals: StopSignals) => {
      const place = placeOf(options, copyKey(target, task.ref.key));
      const { UploadId } = await call(
        0,
        (s3, abortSignal) => s3('CreateMultipartUpload', { ...place, ...keeping(target) }, { abortSignal }),
        signals,
      );
      const upload = { ...place, UploadId };
      try {
        const Parts: { ETag: string | undefined; PartNumber: number }[] = [];
        for await (const Body of partsOf(source, signals.abort)) {
          const PartNumber = Parts.length + 1;
          const { ETag } = await call(
            Body.length,
            (s3, abortSignal) =>
              unlessGone(s3('UploadPart', { ...upload, PartNumber, Body }, { abortSignal }), options),
            signals,
          );
          Parts.push({ ETag, PartNumber });
        }
        const complete = { ...upload, MultipartUpload: { Parts } };
        await call(
          0,
          (s3, abortSignal) => unlessGone(s3('CompleteMultipartUpload', complete, { abortSignal }), options),
          signals,
        );
      } catch (error) {
        await abandon(upload);
        throw error;
      }
    };

    /** Parts of an upload that nobody completes cost the tenant money. If even this fails, a lifecycle rule must do it. */
    const abandon = async (upload: { Bucket: string; Key: string; UploadId: string | undefined }) => {
      try {
        const s3 = callsOf(await deps.sessions.credentials(role), delivery.region);
        await s3('AbortMultipartUpload', upload);
      } catch {
        // What broke the upload is what the caller hears of.
      }
    };

    return {
      async keepFile(name, body, signals) {
        const key = `${target.keyPrefix}${name}`;
        await put(key, body, { ContentType: 'application/gzip' }, signals);
        return `s3://${target.bucket}/${key}`;
      },
      copyBytesMax: PARTS_MAX * PART_BYTES_MIN,
      async send(plan, batch, signals) {
        const key = recordsKey(target, task.ref, plan.chunk.at.record);
        await put(key, await gzipAsync(toLines(plan, batch)), { ContentType: 'application/gzip' }, signals);
        return ALL_ACCEPTED;
      },
      async copy(source, signals) {
        if (source.size > PART_BYTES_MIN) return copyInParts(source, signals);
        // Memory of its own: a connection that is given up may hold on to it for longer than the object is open.
        const body = await source.read(0, source.size, signals.abort, new Uint8Array(source.size));
        await put(copyKey(target, task.ref.key), body, {}, signals);
      },
    };
  };
}

/** Where a key is. `ExpectedBucketOwner`: a bucket of that name in somebody else's account must not get the tenant's logs. */
export function placeOf({ delivery, target }: Pick<OpenOptions<S3Target>, 'delivery' | 'target'>, key: string) {
  return { Bucket: target.bucket, Key: key, ExpectedBucketOwner: target.bucketAccountId ?? delivery.accountId };
}

/** An upload that is gone was completed by an attempt whose answer was lost, or ended by the bucket: begin again. */
async function unlessGone<T>(call: Promise<T>, { delivery, target }: OpenOptions<S3Target>): Promise<T> {
  try {
    return await call;
  } catch (cause) {
    if (awsErrorName(cause) !== 'NoSuchUpload') throw cause;
    const what = `tenant ${delivery.tenantId}, bucket ${target.bucket}: the upload is gone; the copy begins again`;
    throw new DistributorError('copy-interrupted', what, { cause });
  }
}

/** How what is written is kept. */
export function keeping({ kmsKeyArn, bucketOwnerFullControl }: S3Target) {
  return {
    ...(kmsKeyArn === undefined
      ? {}
      : ({ ServerSideEncryption: 'aws:kms', SSEKMSKeyId: kmsKeyArn, BucketKeyEnabled: true } as const)),
    ...(bucketOwnerFullControl ? ({ ACL: 'bucket-owner-full-control' } as const) : {}),
  };
}

/** One record a line. Outside of strings, where they would be escaped, line ends in JSON are as good as spaces. */
function toLines(plan: ChunkPlan, batch: Batch): string {
  let lines = '';
  for (const event of batch.events) lines += `${messageText(plan, event).replaceAll(/[\r\n]+/g, ' ')}\n`;
  return lines;
}

async function* partsOf(source: ByteSource, signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
  let pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of source.stream(0, signal)) {
    // A piece is good until the next one is asked for.
    pieces.push(Buffer.from(piece));
    bytes += piece.length;
    if (bytes < PART_BYTES_MIN) continue;
    yield Buffer.concat(pieces);
    pieces = [];
    bytes = 0;
  }
  if (bytes > 0) yield Buffer.concat(pieces);
}

function wordsOf({ delivery, target }: OpenOptions<S3Target>): FailureWords {
  return {
    place: `tenant ${delivery.tenantId}, bucket ${target.bucket} in ${delivery.region}`,
    service: target.service,
    missing: 'the bucket does not exist',
    purpose: bucketPurpose(delivery.region, target),
  };
}

/** Why a tenant's bucket is called, for advice when it refuses. */
export function bucketPurpose(region: string, { bucket, keyPrefix }: S3Target): Purpose {
  const needs = `The tenant's role needs s3:PutObject and s3:AbortMultipartUpload below ${bucket}/${keyPrefix}, and the use of the bucket's key.`;
  return { kind: 'write-destination', thing: 'the bucket', needs, advise: adviseOn };

  function adviseOn(answer: AwsAnswer, explained: boolean): string | undefined {
    if (isOtherRegion(answer)) {
      return answer.bucketRegion === undefined
        ? `The bucket is not in ${region}. Set target_region in the tenant's item to the region of the bucket.`
        : `The bucket is in ${answer.bucketRegion}, not in ${region}. Set target_region to ${answer.bucketRegion} in the tenant's item.`;
    }
    if (answer.code === 'NoSuchBucket') {
      return "Look at bucket_name in the tenant's item, and whether the bucket was deleted.";
    }
    // Across accounts S3 gives no reason.
    if (answer.code !== 'AccessDenied' || explained) return undefined;
    return `S3 does not say why. The bucket must belong to the account that the tenant's item says. ${needs}`;
  }
}
