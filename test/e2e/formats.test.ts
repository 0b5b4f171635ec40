import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { snappyCompress } from 'hysnappy';
import { keyOf } from '../support/tenant.ts';
import { startPipeline, type TestPipeline, tenantOf } from './pipeline.ts';

const ACME = tenantOf('acme-corp');
const SHAPED = tenantOf('shaped', { input_format: 'json-objects' });

const NOW_MS = Date.now() - 60_000;
/** Lines of a name of their own, a millisecond apart. */
const linesOf = (name: string, count: number) =>
  Array.from({ length: count }, (_, at) => ({ message: `${name} ${at}`, timestamp: NOW_MS + at }));
const texts = (lines: readonly object[]) => lines.map((line) => JSON.stringify(line));

suite('objects of every shape', () => {
  let pipeline: TestPipeline;
  let done = 0;
  before(async () => {
    pipeline = await startPipeline({ tenants: [ACME, SHAPED] });
  });
  after(() => pipeline[Symbol.asyncDispose]());

  test('are delivered with their times', { timeout: 120_000 }, async () => {
    const before = (await pipeline.logs(ACME)).length;
    const subscription = (lines: readonly object[]) =>
      JSON.stringify({ messageType: 'DATA_MESSAGE', logGroup: '/g', logEvents: lines });
    const trail = (lines: readonly { readonly message: string; readonly timestamp: number }[]) =>
      lines.map(({ message, timestamp }) => ({
        eventVersion: '1.08',
        eventName: message,
        eventTime: new Date(timestamp).toISOString(),
      }));
    const shapes: Readonly<Record<string, (name: string) => Buffer>> = {
      'concatenated.json': (name) => Buffer.from(texts(linesOf(name, 50)).join('')),
      'pretty.json': (name) =>
        Buffer.from(
          linesOf(name, 50)
            .map((line) => JSON.stringify(line, null, 2))
            .join('\n'),
        ),
      'members.gz': (name) => Buffer.concat(texts(linesOf(name, 50)).map((line) => gzipSync(line))),
      'subscription.gz': (name) => Buffer.concat([linesOf(name, 50)].map((lines) => gzipSync(subscription(lines)))),
      'two-arrays.json': (name) =>
        Buffer.from(`[${texts(linesOf(name, 50).slice(0, 9))}]\n[${texts(linesOf(name, 50).slice(9))}]`),
      'returns.log': (name) => Buffer.from(texts(linesOf(name, 50)).join('\r')),
      'utf16.log': (name) => Buffer.from(`\ufeff${texts(linesOf(name, 50)).join('\r\n')}`, 'utf16le'),
      'twice.gz': (name) => gzipSync(gzipSync(texts(linesOf(name, 50)).join('\n'))),
      'gzip-in.zst': (name) => zstdCompressSync(gzipSync(texts(linesOf(name, 50)).join('\n'))),
      'lines.zlib': (name) => deflateSync(texts(linesOf(name, 50)).join('\n')),
      'lines.snappy': (name) => Buffer.from(snappyCompress(Buffer.from(texts(linesOf(name, 50)).join('\n')))),
    };
    for (const [name, write] of Object.entries(shapes)) {
      await pipeline.put(keyOf('acme-corp', name), write(name));
      done++;
    }
    const events = trail(linesOf('cloudtrail', 50));
    await pipeline.put(keyOf('acme-corp', 'trail.json.gz'), gzipSync(JSON.stringify({ Records: events })));
    done++;
    await pipeline.untilObjects(done);
    const wanted = [
      ...Object.keys(shapes).flatMap((name) => linesOf(name, 50)),
      ...linesOf('cloudtrail', 50).map(({ timestamp }, at) => ({ timestamp, message: JSON.stringify(events[at]) })),
    ];
    const logs = await pipeline.logs(ACME);
    assert.equal(logs.length - before, wanted.length);
    const times = new Map(logs.map(({ message, timestamp }) => [message, timestamp]));
    assert.deepEqual(
      wanted.map(({ message }) => [message, times.get(message)]),
      wanted.map(({ message, timestamp }) => [message, timestamp]),
    );
  });

  test('are read as the tenant says, where it does', { timeout: 120_000 }, async () => {
    // By its first line it would be lines, of which only the last is JSON.
    await pipeline.put(keyOf('shaped', 'a.log'), '# exported today\n{"message":"one",\n "n":1.0}\n{"message":"two"}');
    done++;
    await pipeline.untilObjects(done);
    assert.deepEqual((await pipeline.logs(SHAPED)).map(({ message }) => message).sort(), ['one', 'two']);
    assert.deepEqual(
      (await pipeline.quarantine('shaped')).map(({ message }) => message),
      ['# exported today'],
    );
  });
});
