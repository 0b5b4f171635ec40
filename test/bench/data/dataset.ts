import { hash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { encodeNdjson } from '../../../local/workload/ndjson.ts';
import { takeRecords } from '../../../local/workload/object.ts';
import { createRecordSource } from '../../../local/workload/source.ts';
import type { EventTally } from '../sink/calls.ts';
import type { Format, Layout, Workload } from '../workloads.ts';
import { createEventTally } from './event-tally.ts';
import { LINES, type LineKind } from './lines.ts';
import type { ParquetWriter } from './parquet.ts';

/** The objects of a workload: made from a seed, in all formats, and kept for the next runs of the same week. */
export interface DataSet {
  readonly objects: readonly DataObject[];
}

export interface DataObject {
  readonly tenantId: string;
  /** What is in it, whatever the format. */
  readonly events: EventTally;
  readonly files: Readonly<Record<Format, DataFile>>;
}

export interface DataFile {
  /** Last segment of the object's key. */
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
  /** MD5 in hexadecimal: what S3 gives an object that was put in one piece. */
  readonly eTag: string;
}

/** Part of the cache's name: to be raised with every change of what is made here, or of the generator in local/workload. */
const VERSION = 4;
const SEED = `bench/${VERSION}`;
export const PLACE = { clusterId: 'eu-central-1', environment: 'prod' };
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Records are made so much at a time, as NDJSON of 256 MB of messages is longer than a string can be. */
const SLICE_MESSAGE_BYTES = 8e6;
/** The default of Vector's gzip. */
const GZIP_LEVEL = 6;
const ROW_GROUPS: Readonly<Record<Exclude<Format, 'ndjson-gzip'>, number>> = { parquet: 1, 'parquet-5-groups': 5 };

export function tenantId(at: number): string {
  return `tenant-${String(at).padStart(2, '0')}`;
}

/**
 * The time of the first event: ten in the morning of the Sunday before this week, UTC. It is at most eight days ago, as the service
 * does not send what CloudWatch Logs would surely refuse; and all events are of one UTC day, so that an object's belong to one stream.
 */
export function firstEventMs(nowMs: number): number {
  // The epoch was a Thursday.
  const daysSinceSunday = (Math.floor(nowMs / DAY_MS) + 3) % 7;
  return (Math.floor(nowMs / DAY_MS) - daysSinceSunday - 1) * DAY_MS + 10 * HOUR_MS;
}

/** @param folder where all data sets are kept */
export async function loadDataSet(
  folder: string,
  { lines, layout }: Pick<Workload, 'lines' | 'layout'>,
  writer: ParquetWriter,
  say: (text: string) => void,
  nowMs: number,
): Promise<DataSet> {
  const fromMs = firstEventMs(nowMs);
  const kind = `v${VERSION}-${lines}-${layout.objects}x${layout.objectMessageBytes / 1e6}MB-${writer.name}`;
  const name = `${kind}-${new Date(fromMs).toISOString().slice(0, 10)}`;
  const place = join(folder, name);
  const list = join(place, 'objects.json');
  const known = await readFile(list, 'utf8').catch(() => undefined);
  if (known !== undefined) return JSON.parse(known);
  say(`making ${name}`);
  const older = (await readdir(folder).catch(() => [])).filter((entry) => entry.startsWith(`${kind}-`));
  for (const entry of older) await rm(join(folder, entry), { recursive: true });
  // Under another name until it is complete: what a run that was interrupted has left behind is made again.
  const unfinished = `${place}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true });
  const objects = await makeObjects(unfinished, place, lines, layout, writer, fromMs);
  await writeFile(join(unfinished, 'objects.json'), JSON.stringify({ objects } satisfies DataSet));
  await rename(unfinished, place);
  return { objects };
}

async function makeObjects(
  folder: string,
  finalFolder: string,
  lines: LineKind,
  layout: Layout,
  writer: ParquetWriter,
  fromMs: number,
): Promise<DataObject[]> {
  const made: { readonly stem: string; readonly tenantId: string; readonly events: EventTally }[] = [];
  const compressing: Promise<void>[] = [];
  for (let at = 0; at < layout.objects; at++) {
    const stem = `${lines}-${tenantId(at)}`;
    const { ndjson, events } = makeNdjson(tenantId(at), lines, layout.objectMessageBytes, fromMs);
    await writeFile(join(folder, `${stem}.ndjson`), ndjson);
    compressing.push(compress(ndjson, join(folder, fileName(stem, 'ndjson-gzip'))));
    made.push({ stem, tenantId: tenantId(at), events });
  }
  const parquet = made.flatMap(({ stem }) =>
    (['parquet', 'parquet-5-groups'] as const).map((format) => ({
      ndjsonFile: join(folder, `${stem}.ndjson`),
      parquetFile: join(folder, fileName(stem, format)),
      rowGroups: ROW_GROUPS[format],
    })),
  );
  await Promise.all([writer.write(parquet), ...compressing]);
  const objects: DataObject[] = [];
  for (const { stem, tenantId, events } of made) {
    await rm(join(folder, `${stem}.ndjson`));
    const describe = (format: Format) => describeFile(join(folder, fileName(stem, format)), finalFolder);
    const files = {
      parquet: await describe('parquet'),
      'parquet-5-groups': await describe('parquet-5-groups'),
      'ndjson-gzip': await describe('ndjson-gzip'),
    };
    objects.push({ tenantId, events, files });
  }
  return objects;
}

function makeNdjson(
  tenantId: string,
  lines: LineKind,
  messageBytes: number,
  fromMs: number,
): { ndjson: Buffer; events: EventTally } {
  const application = { name: 'shop', namespace: 'prod', line: LINES[lines], level: lower, weight: 1 };
  const source = createRecordSource({ seed: SEED, tenantId, ...PLACE, applications: [application] });
  const tally = createEventTally();
  const slices: Buffer[] = [];
  const count = Math.ceil(messageBytes / SLICE_MESSAGE_BYTES);
  const timeOf = (slice: number) => fromMs + Math.floor((HOUR_MS * slice) / count);
  for (let slice = 0; slice < count; slice++) {
    const records = takeRecords(source, messageBytes / count, timeOf(slice), timeOf(slice + 1));
    for (const { timestamp, message } of records) tally.add(timestamp, message);
    slices.push(encodeNdjson(records));
  }
  return { ndjson: Buffer.concat(slices), events: tally.read() };
}

const lower = (severity: string): string => severity;

async function compress(ndjson: Buffer, file: string): Promise<void> {
  await writeFile(file, await promisify(gzip)(ndjson, { level: GZIP_LEVEL }));
}

const EXTENSIONS: Readonly<Record<Format, string>> = {
  parquet: 'parquet',
  'parquet-5-groups': '5-groups.parquet',
  'ndjson-gzip': 'log.gz',
};

function fileName(stem: string, format: Format): string {
  return `${stem}.${EXTENSIONS[format]}`;
}

async function describeFile(file: string, finalFolder: string): Promise<DataFile> {
  const name = basename(file);
  const eTag = hash('md5', await readFile(file), 'hex');
  return { name, path: join(finalFolder, name), bytes: (await stat(file)).size, eTag };
}
