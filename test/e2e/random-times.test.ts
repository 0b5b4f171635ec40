import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { createRandom } from '../../local/workload/random.ts';
import { keyOf } from '../support/tenant.ts';
import { startPipeline, type TestPipeline, tenantOf } from './pipeline.ts';

/** What lines with times from anywhere cost, counted on the embedded AWS. */
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const YEAR_MS = 365.25 * DAY_MS;
const NOW_MS = Date.now();
const skip = process.env.AWS_ENDPOINT_URL ? 'the endpoint does not count calls' : false;

/** Lines at random times, the same distances from now in every run. */
function linesAt(seed: string, count: number, fromMs: number, toMs: number): { message: string; timestamp: number }[] {
  const random = createRandom(seed);
  const share = () => random.uint32() / 2 ** 32;
  return Array.from({ length: count }, (_, at) => ({
    message: `line ${at}`,
    timestamp: Math.floor(NOW_MS + fromMs + share() * (toMs - fromMs)),
  }));
}

const inTime = ({ timestamp }: { readonly timestamp: number }) =>
  timestamp > NOW_MS - 14 * DAY_MS && timestamp < NOW_MS + 2 * HOUR_MS;
const isoLine = ({ message, timestamp }: { readonly message: string; readonly timestamp: number }) =>
  JSON.stringify({ message, timestamp: new Date(timestamp).toISOString() });
const texts = (lines: readonly Readonly<Record<string, unknown>>[]) =>
  lines.map(({ timestamp, message }) => `${timestamp} ${message}`).sort();

suite('lines at random times', { skip }, () => {
  let pipeline: TestPipeline;
  before(async () => {
    pipeline = await startPipeline();
  });
  after(() => pipeline[Symbol.asyncDispose]());

  /** Delivers lines to a tenant, and says what that took of CloudWatch Logs and of the quarantine. */
  const deliver = async (
    tenant: ReturnType<typeof tenantOf>,
    name: string,
    lines: readonly { message: string; timestamp: number }[],
  ) => {
    const calls = (action: string) =>
      pipeline.cloud?.calls.count({ service: 'logs', account: tenant.accountId, action }) ?? 0;
    const counts = async () => ({
      puts: calls('PutLogEvents'),
      streams: calls('CreateLogStream'),
      files: await pipeline.metric('quarantine_files_total'),
    });
    const from = await counts();
    const done = await pipeline.metric('objects_total', { outcome: 'done' });
    await pipeline.put(keyOf(tenant.tenantId, name), lines.map(isoLine).join('\n'));
    await pipeline.untilObjects(done + 1);
    const to = await counts();
    const entry = (await pipeline.ledger()).find(({ object }) => String(object).includes(`/${name}#`));
    return {
      puts: to.puts - from.puts,
      streams: to.streams - from.streams,
      files: to.files - from.files,
      counts: entry?.counts,
    };
  };

  test('20,000 lines from 1970 to 2036: ten PutLogEvents and four quarantine files at most, every line accounted for', async () => {
    const tenant = tenantOf('since-1970');
    await pipeline.addTenant(tenant);
    const lines = linesAt('since 1970', 20_000, -56 * YEAR_MS, 10 * YEAR_MS);
    const good = lines.filter(inTime);
    // Chance has a dozen on eight or nine dates, each of which is a stream and a call; this seed has seven.
    assert.equal(good.length, 7);

    const took = await deliver(tenant, 'since-1970.log', lines);
    assert.ok(took.puts <= 10, `${took.puts} PutLogEvents`);
    assert.ok(took.files <= 4, `${took.files} files`);
    assert.ok(took.streams <= good.length + 1, `${took.streams} streams`);
    assert.deepEqual(texts((await pipeline.logs(tenant)).map((event) => ({ ...event }))), texts(good));
    const kept = await pipeline.quarantine(tenant.tenantId);
    assert.deepEqual(texts(kept), texts(lines.filter((line) => !inTime(line))));
    const rejected = lines.length - good.length;
    assert.deepEqual(took.counts, { read: 20_000, delivered: good.length, filtered: 0, rejected, quarantined: 0 });
  });

  test('2,000 lines of two years: a stream for each date that CloudWatch Logs takes, and one file', async () => {
    const tenant = tenantOf('two-years');
    await pipeline.addTenant(tenant);
    const lines = linesAt('two years', 2_000, -730 * DAY_MS, 0);
    const dates = new Set(lines.filter(inTime).map(({ timestamp }) => new Date(timestamp).toISOString().slice(0, 10)));
    const took = await deliver(tenant, 'two-years.log', lines);
    assert.ok(took.puts <= dates.size + 1, `${took.puts} PutLogEvents for ${dates.size} dates`);
    assert.equal(took.files, 1);
    assert.equal(new Set((await pipeline.logs(tenant)).map(({ stream }) => stream)).size, dates.size);
  });

  test('20,000 lines of the last two weeks, all in time: one call for each date', async () => {
    const tenant = tenantOf('two-weeks');
    await pipeline.addTenant(tenant);
    const lines = linesAt('two weeks', 20_000, -14 * DAY_MS + HOUR_MS, 0);
    const took = await deliver(tenant, 'two-weeks.log', lines);
    assert.ok(took.puts <= 15 + 1, `${took.puts} PutLogEvents`);
    assert.equal(took.files, 0);
    assert.deepEqual(took.counts, { read: 20_000, delivered: 20_000, filtered: 0, rejected: 0, quarantined: 0 });
  });

  test('events that the group no longer keeps are sent until CloudWatch Logs has said so, and are one file', async () => {
    const tenant = tenantOf('kept-a-day', { retention_days: 1 });
    await pipeline.addTenant(tenant);
    const lines = linesAt('kept a day', 20_000, -13 * DAY_MS, 0);
    const dates = new Set(lines.map(({ timestamp }) => new Date(timestamp).toISOString().slice(0, 10)));
    const took = await deliver(tenant, 'kept-a-day.log', lines);
    assert.ok(took.puts < dates.size, `${took.puts} PutLogEvents for ${dates.size} dates`);
    assert.equal(took.files, 1);
    const kept = await pipeline.quarantine(tenant.tenantId);
    assert.deepEqual(new Set(kept.map(({ reason }) => reason)), new Set(['expired']));
    const { delivered, rejected } = took.counts as Record<string, number>;
    assert.deepEqual([delivered, rejected], [20_000 - kept.length, kept.length]);
  });

  test("a host's clock that is hours off has no say in what is too old or too new", async () => {
    const skewed = await startPipeline({
      tenants: [tenantOf('skewed')],
      service: {
        NODE_OPTIONS: `--import ${new URL('../chaos/skew.ts', import.meta.url)}`,
        CHAOS_CLOCK_OFFSET_MS: String(-3 * HOUR_MS),
      },
    });
    try {
      const lines = [
        { message: 'now', timestamp: NOW_MS },
        { message: 'in an hour', timestamp: NOW_MS + HOUR_MS },
        { message: 'in three hours', timestamp: NOW_MS + 3 * HOUR_MS },
      ];
      await skewed.put(keyOf('skewed', 'x.log'), lines.map(isoLine).join('\n'));
      await skewed.untilObjects(1);
      assert.deepEqual(
        (await skewed.quarantine('skewed')).map(({ reason, message }) => `${reason} ${message}`),
        ['too_new in three hours'],
      );
      const [entry] = await skewed.ledger();
      assert.deepEqual(entry?.counts, { read: 3, delivered: 2, filtered: 0, rejected: 1, quarantined: 0 });
    } finally {
      await skewed[Symbol.asyncDispose]();
    }
  });
});
