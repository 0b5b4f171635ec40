import * as z from 'zod';
import { decodeListed, isArchivedClass, type ListedObject } from '../../aws/list-objects.ts';
import type { Walk } from '../../core/walk.ts';
import type { CheckDeps } from '../../reconcile/check.ts';
import type { S3Url } from '../arguments.ts';
import { CommandError } from '../errors.ts';
import { readLines } from '../lines.ts';
import type { Context } from '../session.ts';

/**
 * A report of S3 Inventory in place of a listing, which is a thousand keys at a time, one page after another. S3 writes it once a day or
 * week (S3 user guide, "Amazon S3 Inventory").
 */
export interface Inventory {
  /** The bucket whose objects it names. */
  readonly bucket: string;
  /** When S3 began to write it, epoch milliseconds: what was written to the bucket later is not in it. */
  readonly createdMs: number;
  readonly list: CheckDeps['list'];
}

const MANIFEST = z.object({
  sourceBucket: z.string(),
  /** An ARN. */
  destinationBucket: z.string(),
  creationTimestamp: z.string().regex(/^\d{13}$/),
  fileFormat: z.string(),
  fileSchema: z.string(),
  files: z.array(z.object({ key: z.string() })),
});
/** As S3 names them in `fileSchema`. Without every version of a key, the ledger's names of objects are not known. */
const COLUMNS = ['Key', 'VersionId', 'IsDeleteMarker', 'Size', 'LastModifiedDate', 'ETag', 'StorageClass'] as const;
type Column = (typeof COLUMNS)[number];
/** As many as a page of a listing has. */
const PAGE_OBJECTS = 1_000;

/** @throws CommandError for what is no manifest, or one of an inventory that lacks what the comparison needs */
export async function openInventory(context: Context, manifest: S3Url): Promise<Inventory> {
  const name = `s3://${manifest.bucket}/${manifest.key}`;
  const { sourceBucket, destinationBucket, creationTimestamp, fileFormat, fileSchema, files } = parseManifest(
    name,
    await readText(context, manifest),
  );
  if (fileFormat !== 'CSV') throw new CommandError(`${name}: the inventory must be in CSV (it is in ${fileFormat})`);
  const columns = fileSchema.split(',').map((column) => column.trim());
  const missing = COLUMNS.filter((column) => !columns.includes(column));
  if (missing.length > 0) {
    throw new CommandError(
      `${name}: the inventory lacks ${missing.join(', ')}: let it include all versions, Size, LastModifiedDate, ETag and StorageClass`,
    );
  }
  const bucket = destinationBucket.split(':').at(-1) ?? '';
  return {
    bucket: sourceBucket,
    createdMs: Number(creationTimestamp),
    async *list(walk) {
      for (const { key } of files) yield* readPages(context, { bucket, key }, columns, walk);
    },
  };
}

/** More is no manifest: it has some 150 bytes for each file of a report. */
const MANIFEST_LENGTH_MAX = 16 * 1024 * 1024;

/** @returns the text of an object, or '' where it is too long to be a manifest */
async function readText(context: Context, place: S3Url): Promise<string> {
  const lines: string[] = [];
  let length = 0;
  for await (const line of readLines(context, place)) {
    length += line.length;
    if (length > MANIFEST_LENGTH_MAX) return '';
    lines.push(line);
  }
  return lines.join('\n');
}

function parseManifest(name: string, text: string): z.infer<typeof MANIFEST> {
  try {
    return MANIFEST.parse(JSON.parse(text));
  } catch {
    throw new CommandError(`${name} is no manifest of S3 Inventory: give its manifest.json`);
  }
}

async function* readPages(
  context: Context,
  file: S3Url,
  columns: readonly string[],
  walk: Walk,
): AsyncGenerator<readonly ListedObject[]> {
  const at = Object.fromEntries(COLUMNS.map((column) => [column, columns.indexOf(column)])) as Record<Column, number>;
  let page: ListedObject[] = [];
  let lines = 0;
  for await (const line of readLines(context, file)) {
    lines++;
    if (line === '') continue;
    const fields = parseLine(line);
    if (fields?.length !== columns.length) {
      throw new CommandError(`s3://${file.bucket}/${file.key}, line ${lines}: is no line of an inventory`);
    }
    const object = toListed((column) => fields[at[column]] ?? '');
    if (!object || !isListed(walk, object.key)) continue;
    page.push(object);
    if (page.length < PAGE_OBJECTS) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}

/** Whether a listing by the walk would come to the key, so that both count the same keys as foreign. */
function isListed(walk: Walk, key: string): boolean {
  let folder = walk.start;
  for (;;) {
    const verdict = walk.judge(folder);
    if (verdict === 'none' || !key.startsWith(folder)) return false;
    if (verdict === 'all') return true;
    if (!key.startsWith(folder + walk.beginning(folder))) return false;
    const slash = key.indexOf('/', folder.length);
    if (slash < 0) return true;
    folder = key.slice(0, slash + 1);
  }
}

/** Fields are in quotes, and hold none: keys are URL-encoded. @returns undefined for another line */
function parseLine(line: string): readonly string[] | undefined {
  const text = line.trimEnd();
  return text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1).split('","') : undefined;
}

/** @returns undefined for a delete marker */
function toListed(field: (column: Column) => string): ListedObject | undefined {
  if (field('IsDeleteMarker') === 'true') return undefined;
  const versionId = field('VersionId');
  return {
    key: decodeListed(field('Key')),
    eTag: field('ETag'),
    versionId: versionId === '' || versionId === 'null' ? undefined : versionId,
    bytes: Number(field('Size')),
    lastModifiedMs: Date.parse(field('LastModifiedDate')),
    isArchived: isArchivedClass(field('StorageClass')),
  };
}
