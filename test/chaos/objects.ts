import { gzipSync } from 'node:zlib';
import { isWanted } from '../../local/workload/filter.ts';
import { ndjsonLine } from '../../local/workload/ndjson.ts';
import { encodeRecords, objectKey, takeRecords } from '../../local/workload/object.ts';
import { createRandom, type Random } from '../../local/workload/random.ts';
import type { LogRecord } from '../../local/workload/record.ts';
import { createRecordSource, plainApplication } from '../../local/workload/source.ts';
import type { ObjectPlan } from './plan.ts';
import { type DeliveryTruth, ORIGIN } from './tenants.ts';

/** An object of a trial, with what must become of each of its records. */
export interface ChaosObject {
  readonly number: number;
  readonly tenantId: string;
  readonly key: string;
  readonly body: Buffer;
  readonly records: readonly TrueRecord[];
}

export interface TrueRecord {
  readonly timestamp: number;
  readonly message: string;
  readonly application: string;
  readonly level: string;
  readonly podName: string;
  readonly nature: Nature;
}

/** What is odd about a record, if anything is. */
export type Nature = 'good' | 'unparsable' | 'foreign' | 'too_old' | 'too_new' | 'empty';

/** What must become of a record in one delivery; for what is kept in quarantine, under which reason. */
export type Fate =
  | { readonly kind: 'delivered' | 'filtered' }
  | { readonly kind: 'rejected' | 'quarantined'; readonly reason: string };

/** Written apart from the service's own rules on purpose. */
export function fateOf(
  record: TrueRecord,
  { wanted, format, bucket }: Pick<DeliveryTruth, 'wanted' | 'format' | 'bucket'>,
): Fate {
  if (record.nature === 'unparsable') return { kind: 'quarantined', reason: 'unparsable' };
  if (record.nature === 'foreign') return { kind: 'quarantined', reason: 'foreign_tenant' };
  const { application, level: log_level, message } = record;
  // A record without a message is one all the same where whole records are wanted.
  const text = format === 'record' ? 'a record' : message;
  if (!isWanted({ application, log_level, message: text } as LogRecord, wanted)) return { kind: 'filtered' };
  // A bucket takes records of any time.
  if (bucket === undefined && (record.nature === 'too_old' || record.nature === 'too_new'))
    return { kind: 'rejected', reason: record.nature };
  return { kind: 'delivered' };
}

/** Ends every message and every record's `file`, so that a copy is known wherever it turns up: object and record. */
const MARK = / ~(\d+)\.(\d+)$/;

export function markOf(text: string): { readonly object: number; readonly record: number } | undefined {
  const match = MARK.exec(text);
  return match ? { object: Number(match[1]), record: Number(match[2]) } : undefined;
}

const DAY_MS = 24 * 3_600_000;

export async function makeObject(seed: string, number: number, plan: ObjectPlan, nowMs: number): Promise<ChaosObject> {
  const { tenantId, format, messageBytes, lineBytes } = plan;
  const random = createRandom(`${seed}/object ${number}`);
  const source = createRecordSource({
    seed: `${seed}/${number}`,
    tenantId,
    ...ORIGIN,
    ...(lineBytes === undefined ? {} : { applications: [plainApplication(lineBytes)] }),
  });
  // Over midnight now and then, so that streams by date get their share.
  const endMs = nowMs - random.below(2) * random.below(DAY_MS);
  const taken = takeRecords(source, messageBytes, endMs - 60_000, endMs);
  const oddities = plan.odd ? createOddities(random, format, nowMs) : () => ({});
  const written = taken.map((record, at): Written => {
    const mark = ` ~${number}.${at}`;
    const marked = { ...record, message: record.message + mark, file: record.file + mark };
    return { nature: 'good', record: marked, ...oddities(marked, at) };
  });
  const keyFormat = format === 'json-array' ? 'ndjson' : format;
  return {
    number,
    tenantId,
    key: objectKey({ seed: `${seed}/${number}`, tenantId, ...ORIGIN, format: keyFormat, timeMs: endMs }),
    body: await encode(written, format),
    records: written.map(({ nature, record, line }) => ({
      timestamp: record.timestamp,
      message: line ?? record.message,
      application: record.application,
      level: record.log_level,
      podName: record.kubernetes.pod_name,
      nature,
    })),
  };
}

interface Written {
  readonly nature: Nature;
  readonly record: LogRecord;
  /** In place of the record: text that is none. */
  readonly line?: string;
}

/** Every tenth record or so is odd. */
function createOddities(random: Random, format: ObjectPlan['format'], nowMs: number) {
  const natures: Nature[] = ['foreign', 'too_old', 'too_new', 'empty'];
  if (isText(format)) natures.push('unparsable');
  return (record: LogRecord, at: number): Partial<Written> => {
    if (!random.chance(0.1)) return {};
    const nature = random.pick(natures);
    switch (nature) {
      case 'unparsable':
        return { nature, line: `{"message": cut off ${record.message.replaceAll('\n', ' ')}` };
      case 'foreign':
        return { nature, record: { ...record, customer_tenant: 'somebody-else' } };
      case 'too_old':
        return { nature, record: { ...record, timestamp: nowMs - 20 * DAY_MS + at } };
      case 'too_new':
        return { nature, record: { ...record, timestamp: nowMs + DAY_MS + at } };
      case 'empty':
        return { nature, record: { ...record, message: '' } };
      case 'good':
        return {};
    }
  };
}

function isText(format: ObjectPlan['format']): boolean {
  return format !== 'parquet' && format !== 'json-array';
}

async function encode(written: readonly Written[], format: ObjectPlan['format']): Promise<Buffer> {
  const lines = () => written.map(({ record, line }) => line ?? ndjsonLine(record));
  if (format === 'json-array') return Buffer.from(`[${lines().join(',\n')}]`);
  if (written.some(({ line }) => line !== undefined)) {
    const text = `${lines().join('\n')}\n`;
    return format === 'ndjson+gzip' ? gzipSync(text) : Buffer.from(text);
  }
  return encodeRecords(
    written.map(({ record }) => record),
    format,
  );
}
