import { randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { z } from 'zod';
import { configOf, type Overlay } from './vector-config.ts';
import { s3Sink } from './vector-reference.ts';
import type { Event } from './vrl.ts';

/** An object as Vector's aws_s3 sink writes it. */
export interface WrittenObject {
  readonly key: string;
  readonly body: Buffer;
}

/**
 * Puts a record's members into a key prefix as Vector does: `{{ member }}`.
 * @throws Error when the record lacks a member; Vector would drop the record.
 */
export function renderKeyPrefix(prefix: string, record: Event): string {
  return prefix.replace(/\{\{ (\w+) \}\}/g, (_all, name: string) => z.string(`no ${name}`).parse(record[name]));
}

/** strftime, as far as the overlays use it, at the time of writing. */
export function renderTime(format: string, nowMs: number): string {
  const time = new Date(nowMs).toISOString();
  const parts: Readonly<Record<string, string>> = {
    '%Y': time.slice(0, 4),
    '%m': time.slice(5, 7),
    '%d': time.slice(8, 10),
    '%H': time.slice(11, 13),
    '%s': String(Math.floor(nowMs / 1000)),
  };
  return format.replace(/%[A-Za-z]/g, (specifier) => parts[specifier] ?? unknown(specifier));
}

function unknown(specifier: string): never {
  throw new Error(`${specifier} is not rendered here`);
}

/** The objects that an overlay's S3 sink makes of records: one for each prefix, gzip NDJSON. */
export function writeObjects(overlay: Overlay, records: readonly Event[], nowMs: number): WrittenObject[] {
  const sink = s3Sink.parse(configOf(overlay).sinks.s3);
  const {
    key_prefix: prefix = '',
    filename_time_format: time = '',
    filename_extension: extension,
    compression,
    framing,
    encoding,
  } = sink;
  if (compression !== 'gzip' || framing?.method !== 'newline_delimited' || encoding.codec !== 'json') {
    throw new Error('only gzip NDJSON is written here');
  }
  const groups = Map.groupBy(records, (record) => renderKeyPrefix(prefix, record));
  return [...groups].map(([folder, group]) => ({
    // filename_append_uuid.
    key: `${folder}${renderTime(time, nowMs)}-${randomUUID()}.${extension}`,
    body: gzipSync(group.map((record) => `${JSON.stringify(record)}\n`).join('')),
  }));
}
