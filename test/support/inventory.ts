import { gzipSync } from 'node:zlib';
import { CreateBucketCommand, ListObjectVersionsCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';

export const SCHEMA = 'Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, LastModifiedDate, StorageClass, ETag';

interface InventoryOptions {
  readonly bucket: string;
  readonly reports: string;
  /** The manifest's key. */
  readonly manifest: string;
  readonly createdMs: number;
  /** Of the manifest's members. */
  readonly changes?: Readonly<Record<string, unknown>>;
  /** A key that is in an archive class. */
  readonly archived?: string | undefined;
}

/** A report of a bucket as S3 writes it, in two files, into a bucket that it makes. */
export async function writeInventory(s3: Pick<S3Client, 'send'>, options: InventoryOptions): Promise<void> {
  const { bucket, reports, manifest: key, createdMs, changes, archived } = options;
  await s3.send(new CreateBucketCommand({ Bucket: reports }));
  const { Versions = [], DeleteMarkers = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket: bucket }));
  const rows = [
    ...DeleteMarkers.map(({ Key, VersionId, LastModified }) => [
      Key,
      VersionId,
      'true',
      'true',
      '',
      LastModified,
      '',
      '',
    ]),
    ...Versions.map(({ Key, VersionId, IsLatest, Size, LastModified, StorageClass, ETag }) => [
      Key,
      VersionId,
      String(IsLatest),
      'false',
      Size,
      LastModified,
      Key === archived ? 'DEEP_ARCHIVE' : StorageClass,
      ETag?.replaceAll('"', ''),
    ]),
  ].map(([key, version, latest, marker, size, lastModified, ...more]) => [
    bucket,
    new URLSearchParams({ '': String(key) }).toString().slice(1).replaceAll('%2F', '/'),
    version,
    latest,
    marker,
    size,
    (lastModified as Date).toISOString(),
    ...more,
  ]);
  const folder = key.slice(0, key.lastIndexOf('/'));
  const half = Math.ceil(rows.length / 2);
  for (const [at, some] of [rows.slice(0, half), rows.slice(half)].entries()) {
    const text = some.map((row) => `${row.map((field) => `"${field}"`).join(',')}\n`).join('');
    await s3.send(new PutObjectCommand({ Bucket: reports, Key: `${folder}/${at}.csv.gz`, Body: gzipSync(text) }));
  }
  const manifest = {
    sourceBucket: bucket,
    destinationBucket: `arn:aws:s3:::${reports}`,
    version: '2016-11-30',
    creationTimestamp: String(createdMs),
    fileFormat: 'CSV',
    fileSchema: SCHEMA,
    files: [0, 1].map((at) => ({ key: `${folder}/${at}.csv.gz`, size: 1, MD5checksum: '' })),
    ...changes,
  };
  const body = JSON.stringify(manifest, null, 2);
  await s3.send(new PutObjectCommand({ Bucket: reports, Key: key, Body: body }));
}
