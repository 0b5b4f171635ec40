import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { endpointEnvironment, serviceEnvironment } from '../../local/provision/environment.ts';
import type { UsageReport } from '../../service/cli/usage/collect.ts';
import { addCells, type Cell, decodeBooks, HOUR_MS, keyOf as keyOfCell } from '../../service/core/books.ts';
import type { Counts } from '../../service/core/counts.ts';
import { addDigests, digestOf, formatDigest, NO_DIGEST } from '../../service/core/digest.ts';
import { createReceiptDraft } from '../../service/core/receipt-draft.ts';
import { cli } from '../support/cli.ts';
import { keyOf } from '../support/tenant.ts';
import { until } from '../support/until.ts';
import { startPipeline, type TestPipeline, tenantOf } from './pipeline.ts';

/** Usage, ledger, books and receipts say the same of what was delivered, also after a crash in the middle of an object. */
const skip = process.env.AWS_ENDPOINT_URL ? 'the endpoint has no faults' : false;
const NOON_MS = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;

/** Around a full hour, with escapes and characters of several bytes; some are not wanted, and one is no JSON. */
const bodyOf = (object: number) =>
  [
    ...Array.from({ length: 200 }, (_, at) =>
      JSON.stringify({
        message: `line ${object}.${at} "quoted" – ${'é\t'.repeat(at % 5)}`,
        timestamp: NOON_MS - HOUR_MS + (at % 3) * 1_000 - 1_000,
        application: at % 4 === 0 ? 'unwanted' : `app-${at % 2}`,
      }),
    ),
    'broken',
  ].join('\n');

async function usageOf({ cloud, names }: TestPipeline): Promise<UsageReport> {
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' });
  const environment = { ...endpointEnvironment(cloud?.url ?? '', 'us-east-1'), ...serviceEnvironment(names) };
  const { code, err, json } = await cli(['usage', '--json'], { environment });
  assert.equal(code, 0, err);
  return json() as UsageReport;
}

/** The books of all objects of a delivery that are done. */
function cellsOf(items: readonly Record<string, unknown>[], delivery: string): Map<string, Cell> {
  const cells = new Map<string, Cell>();
  for (const { books } of items.filter((item) => item.delivery === delivery && item.state === 'done')) {
    const { covered, cells: some } = decodeBooks(books as Uint8Array);
    assert.ok(covered);
    for (const cell of some) {
      const before = cells.get(keyOfCell(cell));
      cells.set(keyOfCell(cell), before ? addCells(before, cell) : cell);
    }
  }
  return cells;
}

test('usage, ledger, books and receipts agree with what the tenants have, after a kill too', { skip }, async () => {
  const wanted = { desired_logs: ['app-0', 'app-1'], log_stream_name: '{application}' };
  const tenant = tenantOf('acme', { ...wanted, receipts: `s3://receipts-${randomBytes(4).toString('hex')}` });
  const bucket = { name: `lake-${randomBytes(4).toString('hex')}`, prefix: '' };
  const acme = {
    ...tenant,
    bucket,
    deliveries: [...tenant.deliveries, { type: 's3', bucket_name: bucket.name, desired_logs: wanted.desired_logs }],
  };
  const globex = tenantOf('globex');
  await using pipeline = await startPipeline({
    tenants: [acme, globex],
    service: { LEASE_SECONDS: '5', VISIBILITY_TIMEOUT_SECONDS: '10' },
  });
  // The third call is carried out, and nobody hears of it: its object has books of nothing then.
  const lost = pipeline.cloud?.faults.add({
    service: 'logs',
    action: 'PutLogEvents',
    nth: 3,
    effect: { kind: 'half-open', when: 'after' },
  });
  for (let object = 0; object < 4; object++) await pipeline.put(keyOf('acme', `${object}.log`), bodyOf(object));
  const struck = () => pipeline.cloud?.faults.list().find(({ id }) => id === lost?.id)?.struck ?? 0;
  await until(() => struck() === 1, 'a call has lost its answer');
  await pipeline.service.stop('SIGKILL');
  // Not before: the call that is lost must not be this tenant's.
  await pipeline.put(keyOf('globex', 'a.log'), JSON.stringify({ message: 'hello', timestamp: NOON_MS }));
  await pipeline.startService();
  await until(async () => (await pipeline.queued()) === 0, 'another process has delivered all');

  const items = await pipeline.ledger();
  const cells = cellsOf(items, 'acme/cloudwatch');
  // What was repeated after the kill is there twice, and is one event all the same.
  const events = new Map((await pipeline.logs(acme)).map((event) => [`${event.stream} ${event.message}`, event]));
  assert.equal(events.size, 4 * 150);
  const found = Map.groupBy(events.values(), ({ group, stream, timestamp }) =>
    keyOfCell({ group, stream, hour: Math.floor(timestamp / HOUR_MS) }),
  );
  assert.deepEqual(new Set(cells.keys()), new Set(found.keys()));
  assert.equal(cells.size, 4, 'two streams, two hours');
  for (const [key, some] of found) {
    const digests = some.map(({ message, timestamp }) => digestOf(Buffer.from(message), timestamp));
    const { events: count, digest } = cells.get(key) ?? { events: 0, digest: NO_DIGEST };
    assert.deepEqual([count, formatDigest(digest)], [some.length, formatDigest(digests.reduce(addDigests, NO_DIGEST))]);
  }

  const sum = (of: (cell: Cell) => number) => [...cells.values()].reduce((total, cell) => total + of(cell), 0);
  const { tenants } = await usageOf(pipeline);
  const [usage, other] = ['acme', 'globex'].map((name) => tenants.find((one) => one.tenant === name));
  const bytes = sum((cell) => cell.bytes);
  const done = (of: (item: Record<string, unknown>) => unknown, delivery: string) =>
    items
      .filter((item) => String(item.delivery).startsWith(delivery) && item.state === 'done')
      .reduce((total, item) => total + Number(of(item)), 0);
  assert.equal(
    done((item) => item.bytes, 'acme/cloudwatch'),
    bytes,
  );
  // The bucket has the same records, whole.
  const all = done((item) => item.bytes, 'acme/');
  assert.deepEqual([usage?.objects, usage?.events, usage?.message_bytes], [4, 2 * 600, all]);
  assert.deepEqual([other?.objects, other?.events, other?.message_bytes, other?.calls], [1, 1, 5, 1]);
  const stored = [0, 1, 2, 3].reduce((total, object) => total + Buffer.byteLength(bodyOf(object)), 0);
  assert.equal(usage?.stored_bytes, stored);
  assert.equal(
    usage?.events,
    done((item) => (item.counts as { delivered?: number }).delivered, 'acme/'),
  );

  const draft = createReceiptDraft(350_000);
  for (const { object, counts, books } of items.filter((item) => item.receipt_due === 'acme/cloudwatch')) {
    const due = { id: String(object), counts: counts as Counts, books: decodeBooks(books as Uint8Array) };
    assert.ok(draft.add(due));
  }
  const { counts, streams } = draft.content();
  assert.deepEqual([counts.objects, counts.delivered], [usage?.objects, 600]);
  const hours = streams.flatMap((stream) => stream.hours);
  assert.equal(
    hours.reduce((total, hour) => total + hour.bytes, 0),
    bytes,
  );
});
