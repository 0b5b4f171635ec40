import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { faultOf } from '../../aws/fault.ts';
import type { createThrottle } from '../../aws/throttle.ts';
import { readLines } from '../lines.ts';
import type { Context } from '../session.ts';
import { placeRecord, redrivenKey } from './place.ts';
import type { Selection, StrayObject } from './source.ts';

/**
 * Characters of a written object, and so what is held for each folder. It depends on the folder's own records only: whichever
 * tenants a redrive is for, the same records have the same part.
 */
const PART_LENGTH_MAX = 16 * 1024 * 1024;

export interface RedriveTally {
  records: number;
  objects: number;
  /** Objects that an earlier redrive has written. */
  already: number;
  /** Records that are no JSON object, or lack a tenant, cluster or environment. */
  unusable: number;
}

export interface RedriveWork {
  readonly selection: Selection;
  /** The records of a line; undefined for a line that is not one of the writer's. */
  readonly recordsOf: (line: string) => readonly string[] | undefined;
  readonly dryRun: boolean;
  readonly throttle: ReturnType<typeof createThrottle>;
  readonly tally: RedriveTally;
}

/** Writes the records of an object where the service reads them, grouped by folder. The object stays. */
export async function redriveObject(context: Context, object: StrayObject, work: RedriveWork): Promise<void> {
  const { selection, tally } = work;
  const source = `s3://${object.bucket}/${object.key}#${object.eTag}`;
  const folders = new Map<string, Group>();
  const flush = async (folder: string, group: Group) => {
    const key = redrivenKey(folder, source, selection, group.part++);
    group.length = 0;
    await writeOnce(context, { bucket: object.bucket, key, lines: group.lines.splice(0) }, work);
  };
  for await (const line of readLines(context, object)) {
    if (line.trim() === '') continue;
    const texts = work.recordsOf(line);
    if (!texts) tally.unusable++;
    for (const text of texts ?? []) {
      const placed = placeRecord(context.settings.objectKeyTemplate, text, selection);
      if (placed === 'unusable') tally.unusable++;
      if (typeof placed === 'string') continue;
      const group = folders.get(placed.folder) ?? { lines: [], length: 0, part: 0 };
      folders.set(placed.folder, group);
      group.lines.push(placed.line);
      group.length += placed.line.length;
      if (group.length >= PART_LENGTH_MAX) await flush(placed.folder, group);
    }
    if (context.signal.aborted) return;
  }
  for (const [folder, group] of folders) if (group.lines.length > 0) await flush(folder, group);
}

interface Group {
  readonly lines: string[];
  length: number;
  part: number;
}

interface NewObject {
  readonly bucket: string;
  readonly key: string;
  readonly lines: readonly string[];
}

async function writeOnce(context: Context, { bucket, key, lines }: NewObject, work: RedriveWork): Promise<void> {
  const { tally } = work;
  if (context.signal.aborted) return;
  if (await exists(context, bucket, key)) {
    tally.already++;
    return;
  }
  if (!work.dryRun) {
    await work.throttle.take(1);
    if (context.signal.aborted) return;
    const Body = await promisify(gzip)(lines.map((line) => `${line}\n`).join(''));
    await context.s3.send(
      new PutObjectCommand({ Bucket: bucket, Key: key, Body, ContentType: 'application/x-ndjson' }),
      { abortSignal: context.signal },
    );
  }
  tally.objects++;
  tally.records += lines.length;
}

async function exists({ s3, signal }: Context, bucket: string, key: string): Promise<boolean> {
  try {
    await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: key }), { abortSignal: signal });
    return true;
  } catch (error) {
    if (faultOf(error) === 'missing') return false;
    throw error;
  }
}
