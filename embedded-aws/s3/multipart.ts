import { createHash } from 'node:crypto';
import { AwsError } from '../http/aws-error.ts';
import { answer } from '../http/message.ts';
import { childrenOf, childText, element } from '../http/xml.ts';
import { bucketOf, type S3Action, type S3Call } from './action.ts';
import { readContent } from './checksum.ts';
import { checkWrite } from './conditions.ts';
import { keptHeaders, malformedXml, versionHeader, xmlBody } from './objects.ts';
import { newest, type Part, type Upload } from './store.ts';

/** S3 user guide, "Amazon S3 multipart upload limits". */
const PART_BYTES_MIN = 5 * 1024 * 1024;
const PARTS_MAX = 10_000;

const XML = { 'content-type': 'application/xml' };

export const createMultipartUpload: S3Action = {
  name: 'CreateMultipartUpload',
  permission: 'PutObject',
  run(call) {
    const bucket = bucketOf(call);
    const { key, request, context } = call;
    const upload = { id: call.newId(), key, startedMs: context.nowMs, headers: keptHeaders(request), parts: new Map() };
    bucket.uploads.set(upload.id, upload);
    const inner = element('Bucket', bucket.name) + element('Key', key) + element('UploadId', upload.id);
    return answer(200, XML, `<InitiateMultipartUploadResult>${inner}</InitiateMultipartUploadResult>`);
  },
};

export const uploadPart: S3Action = {
  name: 'UploadPart',
  permission: 'PutObject',
  run(call) {
    const upload = uploadOf(call);
    const number = Number(call.query.get('partNumber'));
    if (!Number.isInteger(number) || number < 1 || number > PARTS_MAX) {
      throw new AwsError('InvalidArgument', `Part number must be an integer between 1 and ${PARTS_MAX}, inclusive`);
    }
    const { body, checksums, md5 } = readContent(call.request);
    const eTag = `"${md5.toString('hex')}"`;
    upload.parts.set(number, { number, body, eTag, md5, lastModifiedMs: call.context.nowMs });
    return answer(200, { etag: eTag, ...checksums });
  },
};

export const completeMultipartUpload: S3Action = {
  name: 'CompleteMultipartUpload',
  permission: 'PutObject',
  run(call) {
    const bucket = bucketOf(call);
    const upload = uploadOf(call);
    const parts = chosenParts(call, upload);
    checkWrite(call.request, newest(bucket, upload.key));
    const digest = createHash('md5');
    for (const { md5 } of parts) digest.update(md5);
    bucket.uploads.delete(upload.id);
    const version = call.store.put(bucket, {
      key: upload.key,
      marker: false,
      pieces: parts.map(({ body }) => body),
      size: parts.reduce((sum, { body }) => sum + body.length, 0),
      eTag: `"${digest.digest('hex')}-${parts.length}"`,
      lastModifiedMs: call.context.nowMs,
      headers: upload.headers,
      checksums: {},
    });
    call.notifier.notify(bucket, version, 'ObjectCreated:CompleteMultipartUpload', call.context);
    const inner = [
      element('Location', `${call.place.baseUrl}/${bucket.name}/${encodeURIComponent(upload.key)}`),
      element('Bucket', bucket.name),
      element('Key', upload.key),
      element('ETag', version.eTag),
    ];
    const body = `<CompleteMultipartUploadResult>${inner.join('')}</CompleteMultipartUploadResult>`;
    return answer(200, { ...XML, ...versionHeader(bucket, version) }, body);
  },
};

/** The parts that the request lists, which may be fewer than were uploaded. */
function chosenParts({ request }: S3Call, upload: Upload): Part[] {
  const root = xmlBody(request);
  const listed = childrenOf(root, 'Part');
  if (root.name !== 'CompleteMultipartUpload' || listed.length === 0) throw malformedXml();
  const numbers = listed.map((item) => Number(childText(item, 'PartNumber')));
  if (numbers.some((number, i) => number <= (numbers[i - 1] ?? 0))) {
    throw new AwsError('InvalidPartOrder', 'The list of parts was not in ascending order.');
  }
  return listed.map((item, i) => {
    const part = upload.parts.get(numbers[i] ?? 0);
    const eTag = (childText(item, 'ETag') ?? '').replaceAll('"', '');
    if (!part || part.eTag.replaceAll('"', '') !== eTag) {
      throw new AwsError(
        'InvalidPart',
        "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
      );
    }
    if (i < listed.length - 1 && part.body.length < PART_BYTES_MIN) {
      throw new AwsError('EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed size');
    }
    return part;
  });
}

export const abortMultipartUpload: S3Action = {
  name: 'AbortMultipartUpload',
  permission: 'AbortMultipartUpload',
  run(call) {
    const upload = uploadOf(call);
    bucketOf(call).uploads.delete(upload.id);
    return answer(204);
  },
};

export const listParts: S3Action = {
  name: 'ListParts',
  permission: 'ListMultipartUploadParts',
  run(call) {
    const upload = uploadOf(call);
    const parts = [...upload.parts.values()].sort((a, b) => a.number - b.number).map(partXml);
    const inner = [
      element('Bucket', call.bucketName),
      element('Key', upload.key),
      element('UploadId', upload.id),
      element('IsTruncated', false),
      ...parts,
    ];
    return answer(200, XML, `<ListPartsResult>${inner.join('')}</ListPartsResult>`);
  },
};

function partXml({ number, eTag, body, lastModifiedMs }: Part): string {
  const inner = [
    element('PartNumber', number),
    element('LastModified', new Date(lastModifiedMs).toISOString()),
    element('ETag', eTag),
    element('Size', body.length),
  ];
  return `<Part>${inner.join('')}</Part>`;
}

export const listMultipartUploads: S3Action = {
  name: 'ListMultipartUploads',
  permission: 'ListBucketMultipartUploads',
  run(call) {
    const bucket = bucketOf(call);
    const uploads = [...bucket.uploads.values()].map(({ key, id, startedMs }) => {
      const inner =
        element('Key', key) + element('UploadId', id) + element('Initiated', new Date(startedMs).toISOString());
      return `<Upload>${inner}</Upload>`;
    });
    const inner = element('Bucket', bucket.name) + element('IsTruncated', false) + uploads.join('');
    return answer(200, XML, `<ListMultipartUploadsResult>${inner}</ListMultipartUploadsResult>`);
  },
};

function uploadOf(call: S3Call): Upload {
  const upload = bucketOf(call).uploads.get(call.query.get('uploadId') ?? '');
  if (!upload || upload.key !== call.key) {
    throw new AwsError(
      'NoSuchUpload',
      'The specified multipart upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
      404,
    );
  }
  return upload;
}
