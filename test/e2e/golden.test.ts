import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { suite, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type GoldenObject, goldenParquet, goldenText, goldenVector } from '../support/golden.ts';
import { keyOf } from '../support/tenant.ts';
import { until } from '../support/until.ts';
import { startPipeline, type TestPipeline, tenantOf } from './pipeline.ts';

/**
 * Every golden object, beside good ones of the same tenant. The embedded AWS has a clock by which their records are new, so that they are
 * accepted.
 */
const skip = process.env.AWS_ENDPOINT_URL ? 'its clock cannot be set' : false;
const MINUTE_MS = 60_000;
/** CloudWatch Logs refuses what is older; some golden records are. */
const OLDEST_MS = 14 * 24 * 60 * MINUTE_MS;
/** Objects that wait at the same time. */
const WAITING_MAX = 40;
const EQUAL_ROWS = 9_000_000;

/** A clock that goes on from a time. */
function clockFrom(startMs: number): () => number {
  const offsetMs = startMs - Date.now();
  return () => Date.now() + offsetMs;
}

/** What is right for the records of a golden object: each stands in one of these, as a line. */
interface Fate {
  /** Time and message; the time is `-` where the record gets that of its object. */
  readonly delivered: readonly string[];
  /** Record, reason and message. */
  readonly tooOld: readonly string[];
  readonly unparsable: readonly string[];
  readonly empty: readonly string[];
}

function fateOf(expected: GoldenObject['expected'], nowMs: number): Fate {
  const fate = { delivered: [] as string[], tooOld: [] as string[], unparsable: [] as string[], empty: [] as string[] };
  const records = 'error' in expected ? [] : expected.records;
  for (const [record, { timestampMs, message, unparsable }] of records.entries()) {
    if (unparsable) fate.unparsable.push(`${record} unparsable ${message}`);
    else if (timestampMs !== null && timestampMs < nowMs - OLDEST_MS) fate.tooOld.push(`${record} too_old ${message}`);
    else if (message === '') fate.empty.push(`${record}`);
    else fate.delivered.push(`${timestampMs ?? '-'} ${message}`);
  }
  return fate;
}

/** Puts an object with nothing wrong. @returns its lines as they are to be delivered */
async function putGood(pipeline: TestPipeline, tenantId: string, name: string, atMs: number): Promise<string[]> {
  const lines = Array.from({ length: 20 }, (_, at) => ({ timestamp: atMs + at, message: `beside ${name}, ${at}` }));
  const text = lines.map((line) => JSON.stringify(line)).join('\n');
  await pipeline.put(keyOf(tenantId, `good-${name}.log.gz`), gzipSync(text));
  return lines.map(({ timestamp, message }) => `${timestamp} ${message}`);
}

for (const { what, objects, tenantId, newestMs } of [
  {
    what: 'text and Parquet',
    objects: [...(await goldenText()), ...(await goldenParquet())],
    tenantId: 'acme-corp',
    newestMs: Date.UTC(2026, 0, 1, 0, 30),
  },
  { what: "Vector's Parquet", objects: await goldenVector(), tenantId: 'pq-t', newestMs: Date.UTC(2026, 10, 30) },
]) {
  suite(`golden objects of ${what}`, { skip }, () => {
    test('become what is right, and the good objects of the same tenant arrive beside them', {
      timeout: 600_000,
    }, async () => {
      const startMs = newestMs + MINUTE_MS;
      const tenant = tenantOf(tenantId);
      await using pipeline = await startPipeline({ tenants: [tenant], cloud: { nowMs: clockFrom(startMs) } });
      const good: string[] = [];
      let due = 0;
      for (const { name, bytes, expected } of objects) {
        good.push(...(await putGood(pipeline, tenantId, name, newestMs)));
        await pipeline.put(keyOf(tenantId, name), bytes);
        due += 'error' in expected ? 1 : 2;
        await pipeline.untilObjects(due - WAITING_MAX);
      }
      await pipeline.untilObjects(due);

      // The objects came after all of their records: so did the times of records without one.
      const logs = (await pipeline.logs(tenant)).map(
        ({ timestamp, message }) => `${timestamp >= startMs ? '-' : timestamp} ${message}`,
      );
      const wanted = objects.flatMap(({ expected }) => fateOf(expected, startMs).delivered);
      assert.deepEqual(logs.sort(), [...good, ...wanted].sort());

      const kept = Map.groupBy(await pipeline.quarantine(tenantId), ({ object }) => nameOf(String(object)));
      const counts = new Map((await pipeline.ledger()).map((item) => [nameOf(String(item.object)), item.counts]));
      for (const { name, expected } of objects) {
        if ('error' in expected) {
          const letter = await pipeline.deadLetter(`/${name}#`);
          assert.deepEqual([letter.reason, letter.tenantId], [expected.error, tenantId], name);
          assert.ok(letter.detail.includes(expected.says), letter.detail);
        }
        const { delivered, tooOld, unparsable, empty } = fateOf(expected, startMs);
        const reasons = (kept.get(name) ?? []).map(({ record, reason, message }) => `${record} ${reason} ${message}`);
        assert.deepEqual(reasons.sort(), [...tooOld, ...unparsable].sort(), name);
        const accounted = {
          read: delivered.length + tooOld.length + unparsable.length + empty.length,
          delivered: delivered.length,
          filtered: empty.length,
          rejected: tooOld.length,
          quarantined: unparsable.length,
        };
        if (!('error' in expected)) assert.deepEqual(counts.get(name), accounted, name);
      }
      if (what === 'text and Parquet') await checkNotUtf8(pipeline, kept.get('latin1.log') ?? []);
    });
  });
}

/** Quarantine keeps the bytes of a record that is not UTF-8. Three others, of which one is Parquet, are delivered and counted. */
async function checkNotUtf8(pipeline: TestPipeline, latin: readonly Record<string, unknown>[]): Promise<void> {
  const original = latin.find(({ record }) => record === 0)?.original_base64;
  assert.equal(original, Buffer.from('Stra\xdfe', 'latin1').toString('base64'));
  assert.equal(await pipeline.metric('invalid_text_total', { outcome: 'quarantined' }), 1);
  assert.equal(await pipeline.metric('invalid_text_total', { outcome: 'delivered' }), 3);
}

suite('nine million equal rows in 531 bytes', { skip }, () => {
  test('are nine million events, and a good object of the same tenant arrives beside them', {
    timeout: 600_000,
  }, async () => {
    const startMs = Date.UTC(2026, 0, 1, 0, 30);
    const events = new Map<string, number>();
    let count = 0;
    const observer = {
      executed({ action, body }: { readonly action: string; readonly body: Buffer }, status: number) {
        if (action !== 'PutLogEvents' || status !== 200) return;
        for (const { timestamp, message } of JSON.parse(body.toString()).logEvents) {
          const line = `${timestamp} ${message}`;
          events.set(line, (events.get(line) ?? 0) + 1);
          count++;
        }
      },
      answered() {},
    };
    await using pipeline = await startPipeline({
      tenants: [tenantOf('acme-corp')],
      cloud: { nowMs: clockFrom(startMs), observer, logBytesPerAccountMax: 32 * 1024 * 1024 },
    });
    const file = await readFile(new URL('../golden/large/nine-million-equal-rows.parquet', import.meta.url));
    await pipeline.put(keyOf('acme-corp', 'equal.parquet'), file);
    const good = await putGood(pipeline, 'acme-corp', 'equal', startMs - MINUTE_MS);
    // However long it takes, as long as it goes on.
    while (count < EQUAL_ROWS + good.length) {
      const before = count;
      await until(() => count > before, 'more events arrive');
    }
    await pipeline.untilObjects(2);
    assert.deepEqual(
      events,
      new Map([[`${Date.UTC(2026, 0, 1)} same`, EQUAL_ROWS], ...good.map((line) => [line, 1] as const)]),
    );
  });
});

/** `s3://bucket/key#version` → the last part of the key. */
function nameOf(object: string): string {
  return /\/([^/]+)#[^#]*$/.exec(object)?.[1] ?? '';
}
