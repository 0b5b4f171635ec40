import { gunzipSync } from 'node:zlib';
import type { Evidence, JudgedObject } from './judge.ts';
import { fateOf, markOf } from './objects.ts';
import type { BucketPlace, DeliveryTruth } from './tenants.ts';

/** What deliveries to buckets of tenants left there, compared with what they had to leave. */
export interface FilesVerdict {
  readonly events: number;
  readonly lost: number;
  readonly misrouted: number;
  readonly duplicated: number;
}

/** An object in a bucket of a tenant. */
export interface FoundFile {
  readonly bucket: string;
  readonly key: string;
  readonly body: Buffer;
}

/** What comes after an object's key: at which of its records a file begins. */
const RECORDS_SUFFIX = /\.\d{12}\.ndjson\.gz$/;

type BucketTruth = DeliveryTruth & { readonly bucket: BucketPlace };

/**
 * An object of which every record is wanted and good is there byte for byte, any other as files with the lines of its chunks. To write
 * twice overwrites, so every record stands there once.
 * @param ended whether what is missing is lost, and not merely late
 */
export function judgeFiles(
  { objects, tenants, files = [] }: Evidence,
  ended: boolean,
  note: (sentence: string) => void,
): FilesVerdict {
  const sum = { events: 0, lost: 0, misrouted: 0, duplicated: 0 };
  const left = new Set(files);
  for (const object of objects) {
    const truths = tenants.find(({ tenantId }) => tenantId === object.tenantId)?.truths ?? [];
    for (const truth of truths.filter(isInBucket)) {
      const own = files.filter((file) => isOf(file, object, truth));
      for (const file of own) left.delete(file);
      const due = object.records.map((record) => fateOf(record, truth).kind === 'delivered');
      const isWhole = Object.keys(truth.wanted).length === 0 && due.every(Boolean);
      const counts = isWhole ? countWhole(object, own) : countLines(object, own);
      sum.misrouted += counts.strange;
      if (counts.strange > 0) note(`strange in the bucket ${truth.bucket.name}: ${counts.strange} of ${object.id}`);
      for (const [record, isDue] of due.entries()) {
        const copies = counts.copies[record] ?? 0;
        if (!isDue) {
          if (copies > 0) note(`in the bucket ${truth.bucket.name}, and not wanted: record ${record} of ${object.id}`);
          sum.misrouted += copies;
          continue;
        }
        sum.events++;
        sum.duplicated += Math.max(0, copies - 1);
        if (copies > 1) note(`${copies} times in the bucket ${truth.bucket.name}: record ${record} of ${object.id}`);
        if (copies > 0 || !ended) continue;
        sum.lost++;
        note(`lost: record ${record} of ${object.id} for ${truth.name}`);
      }
    }
  }
  for (const { bucket, key } of left) note(`misrouted: ${key} in the bucket ${bucket}`);
  return { ...sum, misrouted: sum.misrouted + left.size };
}

function isInBucket(truth: DeliveryTruth): truth is BucketTruth {
  return truth.bucket !== undefined;
}

function isOf({ bucket, key }: FoundFile, { stored }: JudgedObject, truth: BucketTruth): boolean {
  if (bucket !== truth.bucket.name || stored === undefined) return false;
  return key.replace(RECORDS_SUFFIX, '') === `${truth.bucket.prefix}${stored.key}`;
}

/** How often each record stands in files, and what in these is no record of the object. */
interface Counts {
  readonly copies: readonly number[];
  readonly strange: number;
}

function countWhole({ records, stored }: JudgedObject, files: readonly FoundFile[]): Counts {
  const isSame = ({ key, body }: FoundFile) => !RECORDS_SUFFIX.test(key) && stored?.body.equals(body) === true;
  const copies = files.filter(isSame).length;
  return { copies: records.map(() => copies), strange: files.length - copies };
}

function countLines({ number, records }: JudgedObject, files: readonly FoundFile[]): Counts {
  const copies = records.map(() => 0);
  const lines = files
    .filter(({ key }) => RECORDS_SUFFIX.test(key))
    .flatMap(({ body }) => gunzipSync(body).toString().split('\n').slice(0, -1));
  let strange = files.filter(({ key }) => !RECORDS_SUFFIX.test(key)).length;
  for (const line of lines) {
    const { message, file } = JSON.parse(line);
    const mark = markOf(String(file));
    const record = mark?.object === number ? records[mark.record] : undefined;
    if (mark && record?.message === message) copies[mark.record] = (copies[mark.record] ?? 0) + 1;
    else strange++;
  }
  return { copies, strange };
}
