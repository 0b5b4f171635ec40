import { createHash } from 'node:crypto';
import { fateOf } from '../objects.ts';
import type { BucketTruth } from '../tenants.ts';
import { readRecord } from './events.ts';
import type { Evidence, JudgedObject, Notes, TenantFile } from './evidence.ts';
import { readLines } from './lines.ts';

/** What is in the tenants' buckets of deliveries to S3. */
export interface CopiesVerdict {
  /** Objects that are there byte for byte. */
  readonly copied_whole: number;
  /** Records that are there, in files of the records that a delivery takes. */
  readonly copied_records: number;
}

type Sum = CopiesVerdict & { readonly lost: number; readonly strange: number };

export const NO_COPIES: Sum = { copied_whole: 0, copied_records: 0, lost: 0, strange: 0 };

/**
 * An object of which a delivery takes every record is there byte for byte. Of any other one the files have its records, each once and in
 * their order. There is nothing else. A replay overwrites what is there.
 * @returns also how many records are missing, and how many are there that should not be
 */
export function checkCopies(evidence: Evidence, note: Notes): Sum {
  let sum = NO_COPIES;
  const add = (more: Partial<Sum>) => {
    sum = Object.fromEntries(
      Object.entries(sum).map(([name, n]) => [name, n + (more[name as keyof Sum] ?? 0)]),
    ) as unknown as Sum;
  };
  for (const { tenantId, copies } of evidence.tenants) {
    for (const truth of copies) {
      const files = evidence.files.filter((file) => file.tenantId === tenantId && file.key.startsWith(truth.prefix));
      const known = new Set<TenantFile>();
      for (const object of evidence.objects.filter((one) => one.tenantId === tenantId && !('replayedFrom' in one))) {
        const key = `${truth.prefix}${placeOf(object).key}`;
        const whole = files.filter((file) => file.key === key);
        const parts = files.filter((file) => file.key.startsWith(`${key}.`));
        for (const file of [...whole, ...parts]) known.add(file);
        add(isWhole(object, truth) ? checkWhole(object, truth, whole, note) : checkRecords(object, truth, parts, note));
        const others = isWhole(object, truth) ? parts : whole;
        for (const file of others) note(`in the bucket beside what should be there: ${file.key} for ${truth.name}`);
        add({ strange: others.length });
      }
      const foreign = files.filter((file) => !known.has(file));
      for (const { key } of foreign) note(`in the bucket, and of no object: ${key} for ${truth.name}`);
      add({ strange: foreign.length });
    }
  }
  return sum;
}

function placeOf({ id }: JudgedObject): { readonly key: string; readonly eTag: string } {
  const [, key = '', eTag = ''] = /^s3:\/\/[^/]+\/(.+)#(.+)$/.exec(id) ?? [];
  return { key, eTag };
}

/** Whether the delivery takes every record, so that the object is copied as it is. */
function isWhole({ records }: JudgedObject, truth: BucketTruth): boolean {
  const isFiltered = Object.keys(truth.wanted).length > 0;
  return !isFiltered && records.every((record) => fateOf(record, truth).kind === 'delivered');
}

function checkWhole(
  object: JudgedObject,
  { name }: BucketTruth,
  [copy]: readonly TenantFile[],
  note: Notes,
): Partial<Sum> {
  const isSame = copy && createHash('md5').update(copy.body).digest('hex') === placeOf(object).eTag;
  if (isSame) return { copied_whole: 1 };
  note(`lost: the copy of ${object.id} for ${name} ${copy ? 'has other bytes' : 'is not there'}`);
  return { lost: object.records.length };
}

function checkRecords(
  object: JudgedObject,
  truth: BucketTruth,
  files: readonly TenantFile[],
  note: Notes,
): Partial<Sum> {
  const lines = files.toSorted((a, b) => (a.key < b.key ? -1 : 1)).flatMap(({ body }) => readLines(body));
  const found = lines.map((line) => {
    const { message, mark } = readRecord(JSON.stringify(line));
    const isOurs = mark?.object === object.number && object.records[mark.record]?.message === message;
    return isOurs ? mark.record : undefined;
  });
  const due = [...object.records.entries()].flatMap(([at, record]) =>
    fateOf(record, truth).kind === 'delivered' ? [at] : [],
  );
  const there = new Set(found);
  const missing = due.filter((at) => !there.has(at));
  const taken = new Set(due);
  const strange = found.filter((at) => at === undefined || !taken.has(at)).length + (found.length - there.size);
  for (const at of missing) note(`lost: record ${at} of ${object.id} for ${truth.name}`);
  if (strange > 0)
    note(`${strange} lines that should not be there, or are there twice: ${object.id} for ${truth.name}`);
  const isInOrder = found.every((at, place) => place === 0 || (at ?? 0) >= (found[place - 1] ?? 0));
  if (!isInOrder) note(`not in the order of the object: ${object.id} for ${truth.name}`);
  return { copied_records: due.length - missing.length, lost: missing.length, strange };
}
