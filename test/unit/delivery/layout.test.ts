import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { snappyCompress } from 'hysnappy';
import { encodeRecords, OBJECT_FORMATS, type ObjectFormat, takeRecords } from '../../../local/workload/object.ts';
import type { LogRecord } from '../../../local/workload/record.ts';
import { createRecordSource } from '../../../local/workload/source.ts';
import { fieldsOf } from '../../../service/core/delivery.ts';
import { planChunk } from '../../../service/core/plan.ts';
import { chunkLayout, LAYOUT_VERSION, objectLayout, parseLayout } from '../../../service/delivery/layout.ts';
import { memorySource } from '../../../service/object/source.ts';
import type { Shape } from '../../../service/object/text/shape.ts';
import { decodeFrom, LIMITS, open } from '../../support/decode.ts';
import { buildDelivery } from '../../support/delivery.ts';

const NOON_MS = Date.UTC(2026, 0, 31, 12);
const HOUR_MS = 3_600_000;

const DELIVERIES = [
  buildDelivery({ log_stream_name: 's' }),
  buildDelivery({ log_group_name: '/g/{application}', log_stream_name: '{pod_name}/{date}', min_log_level: 'warn' }),
  buildDelivery({ desired_logs: ['checkout', 'audit'], message_format: 'record' }),
];

/** Lines of all kinds, out of order here and there, over more than a day, and one that must be split. */
function records(): LogRecord[] {
  const source = createRecordSource({ seed: 'layout', tenantId: 'acme', clusterId: 'c', environment: 'e' });
  const taken = takeRecords(source, 700_000, NOON_MS - 30 * HOUR_MS, NOON_MS);
  return taken.map((record, at) => ({
    ...record,
    timestamp: at % 7 === 0 ? record.timestamp - HOUR_MS : record.timestamp,
    message: at === 100 ? record.message.repeat(900).slice(0, 60_000) : record.message,
  }));
}

const encode = (format: ObjectFormat): Promise<Buffer> => encodeRecords(records(), format);

/** The same lines in every other shape of text, and within other compressions. */
const SHAPES: Readonly<Record<string, (lines: readonly string[]) => Buffer>> = {
  'ndjson-cr': (lines) => Buffer.from(lines.join('\r')),
  'json-array': (lines) => Buffer.from(`[${lines.join(',\n')}]`),
  'json-objects': (lines) => Buffer.from(lines.join('')),
  cloudtrail: (lines) => Buffer.from(`{"Records":[${lines.join(',')}]}`),
  'cloudwatch-logs': (lines) => Buffer.from(`{"messageType":"DATA_MESSAGE","logEvents":[${lines.join(' , ')}]}`),
  'ndjson+snappy': (lines) => Buffer.from(snappyCompress(Buffer.from(lines.join('\n')))),
  'ndjson+utf-16le': (lines) => Buffer.from(`\ufeff${lines.join('\n')}`, 'utf16le'),
  'ndjson+gzip+gzip': (lines) => gzipSync(gzipSync(lines.join('\n'))),
};

/** Everything that a position means: where chunks begin, and which events each batch has, in which order. */
async function layoutOf(
  body: Buffer,
  format: string,
  { inputFormat, judgedMs }: { readonly inputFormat?: Shape | undefined; readonly judgedMs?: number } = {},
): Promise<string> {
  const hash = createHash('sha256');
  for (const delivery of DELIVERIES) {
    using decoder = await open(memorySource('o', body), LIMITS, inputFormat);
    assert.equal(decoder.format, format);
    const request = { fields: fieldsOf(delivery), messageFormat: delivery.messageFormat, limits: LIMITS };
    const context = { delivery, keyFields: {}, lastModifiedMs: NOON_MS, eventBytesMax: 20_000, judgedMs };
    for await (const chunk of decodeFrom(decoder, undefined, request)) {
      const { batches } = planChunk(chunk, context);
      hash.update(JSON.stringify([chunk.at.record, chunk.count]));
      for (const { index, route, events } of batches) hash.update(JSON.stringify([index, route, [...events]]));
    }
  }
  return hash.digest('hex').slice(0, 16);
}

/**
 * The boundaries of version 2; those of version 1 were the same for objects like these. Version 1 read some times, messages and glued
 * lines differently, and wrote other texts for some whole records of Parquet (a DATE, a DECIMAL). A position that another process
 * saved names batches by number; when the numbers mean
 * something else, it must not be followed. So when this changes: raise LAYOUT_VERSION, and write down the new ones.
 */
const VERSION = 2;
const LAYOUT = '5051aaffac0147bc';
/** When some of the records are too old to be sent, and the boundaries of version 1 by that time: the ledger has it beside them. */
const JUDGED_MS = NOON_MS - 20 * HOUR_MS + 14 * 24 * HOUR_MS;
const JUDGED_LAYOUT = '6ebd974bf2f38b98';

test('the boundaries of chunks and batches are those of the layout’s version, whatever the format', async () => {
  assert.equal(LAYOUT_VERSION, VERSION);
  for (const format of OBJECT_FORMATS) assert.equal(await layoutOf(await encode(format), format), LAYOUT, format);
});

test('every shape of text has the boundaries of lines', async () => {
  const lines = (await encode('ndjson')).toString().trimEnd().split('\n');
  for (const [format, write] of Object.entries(SHAPES)) {
    // These lines are no events of CloudTrail, which would be recognised.
    const inputFormat = format === 'cloudtrail' ? format : undefined;
    assert.equal(await layoutOf(write(lines), format, { inputFormat }), LAYOUT, format);
  }
});

test('so are those by a time at which some events are too old to be sent', async () => {
  assert.equal(await layoutOf(await encode('ndjson'), 'ndjson', { judgedMs: JUDGED_MS }), JUDGED_LAYOUT);
  assert.notEqual(JUDGED_LAYOUT, LAYOUT);
});

test('the layout of a chunk names the time by which it was judged, and is read back as it was', () => {
  const object = objectLayout(buildDelivery(), { format: 'ndjson' }, { eventBytesMax: 1, decodeLimits: LIMITS });
  assert.match(object, /^[0-9a-f]{16}$/);
  assert.equal(chunkLayout(object, undefined), object, 'as it was before there were such times');
  assert.deepEqual(parseLayout(object), { objectLayout: object, judgedMs: undefined });
  assert.deepEqual(parseLayout(chunkLayout(object, NOON_MS)), { objectLayout: object, judgedMs: NOON_MS });
  for (const odd of ['', 'x@', 'x@soon', 'x@1.5']) assert.equal(parseLayout(odd).judgedMs, undefined, odd);
});
