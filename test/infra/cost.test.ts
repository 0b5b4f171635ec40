import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { configOf } from '../../infra/config/config.ts';
import { DESIGNS, estimate } from '../../infra/cost/model.ts';
import { FIREHOSE_INGESTION, PRICES, tiered } from '../../infra/cost/prices.ts';
import { storage } from '../../infra/cost/storage.ts';
import { renderTable } from '../../infra/cost/table.ts';
import { TYPICAL, volumeOf } from '../../infra/cost/workload.ts';

const config = configOf('production');
const near = (actual: number, wanted: number, what: string) =>
  assert.ok(Math.abs(actual - wanted) <= Math.abs(wanted) * 1e-9, `${what}: ${actual}, not ${wanted}`);
const line = (design: (typeof DESIGNS)[number], component: string, workload = { ...TYPICAL, terabytes: 1 }) => {
  const found = estimate(design, workload, config).lines.find((it) => it.component.startsWith(component));
  assert.ok(found, `${design} has no ${component}`);
  return found.usd;
};

test('every price says where AWS publishes it', () => {
  for (const [name, { usd, per, source }] of Object.entries(PRICES)) {
    assert.ok(usd > 0, name);
    assert.ok(per.length > 0, name);
    assert.match(
      source,
      /^https:\/\/aws\.amazon\.com\/[a-z0-9-]+(\/[a-z-]+)*\/pricing\/|^https:\/\/aws\.amazon\.com\/dynamodb\/pricing\//,
      name,
    );
  }
});

test('tiers are paid one after the other', () => {
  const tiers = [
    { upToGb: 10, usd: 3 },
    { upToGb: 20, usd: 2 },
    { upToGb: Number.POSITIVE_INFINITY, usd: 1 },
  ];
  assert.equal(tiered(0, tiers), 0);
  assert.equal(tiered(10, tiers), 30);
  assert.equal(tiered(25, tiers), 30 + 20 + 5);
  near(tiered(600 * 1024, FIREHOSE_INGESTION), 1024 * (500 * 0.029 + 100 * 0.025), 'Firehose');
});

test('a terabyte of 250-byte lines is 4.4 billion records, each billed as 276 bytes by CloudWatch', () => {
  const volume = volumeOf({ ...TYPICAL, terabytes: 1 });
  near(volume.records, 1024 ** 4 / 250, 'records');
  near(volume.eventGb, (1024 * 276) / 250, 'GB of events');
});

test('writing centrally costs half a dollar a GB before anything is kept', () => {
  near(line('central', 'CloudWatch Logs: ingestion'), ((1024 * 276) / 250) * 0.5, 'ingestion');
});

test('sixty lines of 700 bytes in a record cost a seventh of what each would cost alone', () => {
  const packed = { recordBytes: 60 * 700, billedBytes: 9 * 5 * 1024 };
  assert.ok(packed.billedBytes >= packed.recordBytes && packed.billedBytes - packed.recordBytes < 5 * 1024);
  const billedGb = ((1024 ** 4 / 250 / 60) * packed.billedBytes) / 1024 ** 3;
  const saved = line('firehose', 'Firehose') - line('aggregated', 'Firehose');
  near(saved, ((1024 * 5 * 1024) / 250 - billedGb) * (0.029 + 0.018), 'saved');
  assert.ok((1024 * 5 * 1024) / 250 / billedGb > 6.6);
});

test('Firehose bills each record as 5 KB: seven times a 700-byte record', () => {
  const billedGb = (1024 * 5 * 1024) / 250;
  const recordGb = (1024 * 700) / 250;
  const rest = line('firehose', 'Firehose') - billedGb * (0.029 + 0.018) - recordGb * (0.02 + (70 / 742) * 0.07);
  assert.ok(rest > 0 && rest < 5, `objects cost ${rest}`);
});

test('records of 5 KB cost less than a tenth of what the same text costs in short lines', () => {
  const long = line('firehose', 'Firehose', {
    ...TYPICAL,
    terabytes: 1,
    messageBytes: 5 * 1024 - TYPICAL.metadataBytes,
  });
  assert.ok(long < line('firehose', 'Firehose') / 10, String(long));
});

test('more of the same is never cheaper, in any design', () => {
  for (const design of DESIGNS) {
    const usd = [0.1, 1, 10, 100, 1000].map((terabytes) => estimate(design, { ...TYPICAL, terabytes }, config).usd);
    assert.deepEqual(
      usd,
      [...usd].sort((a, b) => a - b),
      design,
    );
  }
});

test('the total is the sum of the lines', () => {
  for (const design of DESIGNS) {
    const { lines, usd } = estimate(design, { ...TYPICAL, terabytes: 3 }, config);
    near(
      lines.reduce((sum, it) => sum + it.usd, 0),
      usd,
      design,
    );
  }
});

test('the lifecycle pays each class for the days that objects lie in it', () => {
  const days = { infrequentAccessDays: null, glacierDays: null, deepArchiveDays: null, retentionDays: 365 };
  near(storage(1000, 1, { ...config.storage, ...days }), 1000 * 12 * 0.023, 'a year in Standard');
  const moved = storage(1000, 1, { ...config.storage, ...days, infrequentAccessDays: 73 });
  near(moved, 1000 * (2.4 * 0.023 + 9.6 * 0.0125) + 0.00001, 'and most of it in Standard-IA');
});

test('objects that are too small to move stay in Standard', () => {
  const small = storage(1, 1024 * 1024, config.storage);
  near(small, (config.storage.retentionDays / (730 / 24)) * 0.023, 'one GB in objects of 1 KB');
});

for (const terabytes of [1, 100]) {
  test(`docs/guide/cost.md has the figures of the model for ${terabytes} TB`, async () => {
    const page = await readFile(new URL('../../docs/guide/cost.md', import.meta.url), 'utf8');
    const estimates = DESIGNS.map((design) => estimate(design, { ...TYPICAL, terabytes }, config));
    assert.ok(page.includes(renderTable(estimates)), `run npm run cost -- --tb ${terabytes} and put its table in`);
  });
}

test('the command tells its options to who asks, and to who asks for what is not there', () => {
  const main = fileURLToPath(new URL('../../infra/cost/main.ts', import.meta.url));
  const cost = (args: readonly string[]) => spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' });
  const help = cost(['--help']);
  assert.deepEqual([help.status, help.stderr], [0, '']);
  assert.match(help.stdout, /^usage: npm run cost/);
  const wrong = cost(['--terabytes', '1']);
  assert.deepEqual([wrong.status, wrong.stdout], [2, '']);
  assert.match(wrong.stderr, /--terabytes[\s\S]*usage: npm run cost/);
});
