import { execFile, spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type ColumnSource, parquetWriteFile } from 'hyparquet-writer';
import type { LogRecord } from '../../../local/workload/record.ts';

/** Writes Parquet as Firehose does, from files of NDJSON. */
export interface ParquetWriter {
  /** For the results, and the name of the cache: files of different writers are different files. */
  readonly name: 'pyarrow' | 'hyparquet-writer';
  write(jobs: readonly ParquetJob[]): Promise<void>;
}

export interface ParquetJob {
  readonly ndjsonFile: string;
  readonly parquetFile: string;
  readonly rowGroups: number;
}

const SCRIPT = fileURLToPath(new URL('./firehose.py', import.meta.url));

/** Can do all that Firehose's own library does. */
export const PYARROW: ParquetWriter = { name: 'pyarrow', write: writeWithPyarrow };
/** Its files differ in what costs little to read: data pages v2, and times as INT64 instead of INT96. */
export const HYPARQUET_WRITER: ParquetWriter = { name: 'hyparquet-writer', write: writeWithHyparquet };

/** pyarrow where there is one, which is to say a Python with it. */
export function findParquetWriter(): ParquetWriter {
  const found = spawnSync('python3', ['-c', 'import pyarrow.json, pyarrow.parquet'], { stdio: 'ignore' });
  return found.status === 0 ? PYARROW : HYPARQUET_WRITER;
}

async function writeWithPyarrow(jobs: readonly ParquetJob[]): Promise<void> {
  const parameters = jobs.flatMap((job) => [job.ndjsonFile, job.parquetFile, String(job.rowGroups)]);
  await promisify(execFile)('python3', [SCRIPT, ...parameters]);
}

/** A record as it stands in a line: its time is text. */
type JsonRecord = Omit<LogRecord, 'timestamp'> & { readonly timestamp: string };
type TextField = Exclude<keyof LogRecord, 'timestamp' | 'message' | 'kubernetes'>;

const TEXT_FIELDS = [
  'customer_tenant',
  'cluster_id',
  'environment',
  'application',
  'log_level',
  'source_type',
  'file',
] as const satisfies readonly TextField[];

async function writeWithHyparquet(jobs: readonly ParquetJob[]): Promise<void> {
  for (const job of jobs) await writeOne(job);
}

async function writeOne({ ndjsonFile, parquetFile, rowGroups }: ParquetJob): Promise<void> {
  const records = await readRecords(ndjsonFile);
  const column = (name: string, data: ColumnSource['data'], encoding: 'PLAIN' | 'RLE_DICTIONARY'): ColumnSource => {
    return { name, data, encoding, offsetIndex: false };
  };
  const text = (name: string) =>
    ({ name, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' }) as const;
  const members = ['namespace', 'pod_name', 'container_name', 'node_name'];
  await parquetWriteFile({
    filename: parquetFile,
    statistics: false,
    rowGroupSize: Math.ceil(records.length / rowGroups),
    schema: [
      { name: 'root', num_children: 3 + TEXT_FIELDS.length },
      { name: 'timestamp', type: 'INT64', converted_type: 'TIMESTAMP_MILLIS', repetition_type: 'OPTIONAL' },
      text('message'),
      ...TEXT_FIELDS.map(text),
      { name: 'kubernetes', num_children: members.length, repetition_type: 'OPTIONAL' },
      ...members.map(text),
    ],
    columnData: [
      column(
        'timestamp',
        records.map(({ timestamp }) => new Date(timestamp)),
        'PLAIN',
      ),
      column(
        'message',
        records.map(({ message }) => message),
        'PLAIN',
      ),
      ...TEXT_FIELDS.map((name) =>
        column(
          name,
          records.map((record) => record[name]),
          'RLE_DICTIONARY',
        ),
      ),
      column(
        'kubernetes',
        records.map(({ kubernetes }) => kubernetes),
        'RLE_DICTIONARY',
      ),
    ],
  });
}

/** Line by line, as the whole may be longer than a string can be. */
async function readRecords(ndjsonFile: string): Promise<JsonRecord[]> {
  const bytes = await readFile(ndjsonFile);
  const records: JsonRecord[] = [];
  for (let from = 0; from < bytes.length; ) {
    const end = bytes.indexOf('\n', from);
    records.push(JSON.parse(bytes.toString('utf8', from, end)));
    from = end + 1;
  }
  return records;
}
