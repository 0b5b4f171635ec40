import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { configOf } from '../../infra/config/config.ts';
import { callsOfObject, dollarsOfCalls } from '../../infra/cost/calls.ts';
import { dollarsOfRun, readRun, renderMeasured } from '../../infra/cost/measured.ts';
import { DESIGNS, estimate } from '../../infra/cost/model.ts';
import { FIREHOSE_INGESTION, PRICES, tiered } from '../../infra/cost/prices.ts';
import { receiptLines } from '../../infra/cost/receipts.ts';
import { reconcileLines } from '../../infra/cost/reconcile.ts';
import { storage } from '../../infra/cost/storage.ts';
import { dollars, renderPrices, renderTables } from '../../infra/cost/table.ts';
import { CHUNK_BYTES, TYPICAL, volumeOf, WIRE_RATIO } from '../../infra/cost/workload.ts';
import { NO_COUNTS } from '../../service/core/counts.ts';
import { usageByTenant, usageOf } from '../../service/core/usage.ts';

const config = configOf('production');
const economy = configOf('economy');
const near = (actual: number, wanted: number, what: string) =>
  assert.ok(Math.abs(actual - wanted) <= Math.abs(wanted) * 1e-9, `${what}: ${actual}, not ${wanted}`);
const line = (design: (typeof DESIGNS)[number], component: string, workload = { ...TYPICAL, terabytes: 1 }) => {
  const found = estimate(design, workload, config).lines.find((it) => it.component.startsWith(component));
  assert.ok(found, `${design} has no ${component}`);
  return found.usd;
};

test('every price says where AWS publishes it, and when it was seen if it is not from memory', () => {
  for (const [name, { usd, per, source, seen }] of Object.entries(PRICES)) {
    assert.ok(usd > 0, name);
    assert.ok(per.length > 0, name);
    assert.match(
      source,
      /^https:\/\/aws\.amazon\.com\/[a-z0-9-]+(\/[a-z-]+)*\/pricing\/|^https:\/\/aws\.amazon\.com\/dynamodb\/pricing\//,
      name,
    );
    if (seen !== null) assert.equal(new Date(seen).toISOString().slice(0, 10), seen, name);
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
  const saved = line('firehose', 'Firehose') - line('firehose-aggregated', 'Firehose');
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

test('the lifecycle pays each class for the days that objects lie in it, and for those of expired versions', () => {
  const days = {
    infrequentAccessDays: null,
    glacierDays: null,
    deepArchiveDays: null,
    retentionDays: 365 - 30,
    noncurrentVersionDays: 30,
  };
  near(storage(1000, 1, { ...config.storage, ...days }), 1000 * 12 * 0.023, 'a year in Standard');
  const moved = storage(1000, 1, { ...config.storage, ...days, infrequentAccessDays: 73 });
  near(moved, 1000 * (2.4 * 0.023 + 9.6 * 0.0125) + 0.00001, 'and most of it in Standard-IA');
});

test('objects that are too small to move stay in Standard, and the size is a setting', () => {
  const { retentionDays, noncurrentVersionDays } = config.storage;
  const standard = ((retentionDays + noncurrentVersionDays) / (730 / 24)) * 0.023;
  near(storage(1, 1024 * 1024, config.storage), standard, 'one GB in objects of 1 KB');
  const megabytes = storage(1, 1024, config.storage);
  assert.ok(megabytes < standard / 3, `${megabytes} for objects of 1 MB`);
  near(storage(1, 1024, { ...config.storage, transitionAboveBytes: 1024 ** 2 }), standard, 'objects of 1 MB stay');
});

test('economy moves no object whose move costs more than it saves', () => {
  const { infrequentAccessDays, retentionDays, transitionAboveBytes } = economy.storage;
  const months = (retentionDays - (infrequentAccessDays ?? 0)) / (730 / 24);
  const saved = (PRICES.s3Standard.usd - PRICES.s3InfrequentAccess.usd) * months * (transitionAboveBytes / 1024 ** 3);
  assert.ok(saved > PRICES.s3ToInfrequentAccess.usd, `${saved}`);
});

test('economy costs at most 100 dollars at 1 TB, and a quarter of a cent a GB at 100 TB; tenants pay at most 30 cents', () => {
  const one = estimate('direct', { ...TYPICAL, terabytes: 1 }, economy);
  assert.ok(one.usd <= 100, String(one.usd));
  const hundred = estimate('direct', { ...TYPICAL, terabytes: 100 }, economy);
  assert.ok(hundred.usdPerGbWithoutStorage <= 0.0025, String(hundred.usdPerGbWithoutStorage));
  const tenants = (one.tenantsUsd.infrequentAccess ?? Number.NaN) / one.messageGb;
  assert.ok(tenants <= 0.3, String(tenants));
  near(tenants, (276 / 250) * (0.25 + 0.15 * 0.03), 'a GB in INFREQUENT_ACCESS');
});

test('economy pays for a public address and a Spot task, and for no NAT, endpoint or key', () => {
  const bill = (component: string) =>
    estimate('direct', { ...TYPICAL, terabytes: 1 }, economy).lines.find((it) => it.component === component)?.usd ?? -1;
  near(bill('Network'), 730 * 0.005, 'one address');
  near(bill('Fargate'), 730 * (0.5 * 0.01619 + 0.00178), 'half a vCPU and a GB at half price');
  assert.equal(bill('KMS'), 0);
});

test('production pays the network for compressed bodies', () => {
  const [one = 0, two = 0] = [100, 200].map((terabytes) => line('direct', 'Network', { ...TYPICAL, terabytes }));
  const control = two - one - 100 * 1024 * 0.25 * 0.01;
  // Besides, 8 KB for each object.
  near(control, ((100 * 1024 * (700 / 250)) / 32) * 1024 * (8 / 1024 ** 2) * 0.01, 'what is beside the bodies');
});

const run = readRun(fileURLToPath(new URL('support/bench.json', import.meta.url)));

test('the calls of the model are those that the benchmark counted, and so are the bytes on the wire', () => {
  for (const { name, calls, wire, cpu_ms_per_object, cpu_s_per_gb } of run.workloads) {
    const messageBytes = (cpu_ms_per_object / cpu_s_per_gb) * 1e6;
    const model = callsOfObject({ messageBytes, storedBytes: messageBytes * 0.3, eventBytes: messageBytes * 1.1 });
    assert.deepEqual(Object.keys(calls).sort(), Object.keys(model).sort(), name);
    for (const operation of ['GetObject', 'UpdateItem', 'PutLogEvents'])
      assert.equal(calls[operation], model[operation], `${name}: ${operation}`);
    const queue = (of: Readonly<Record<string, number>>) => (of.ReceiveMessage ?? 0) + (of.DeleteMessageBatch ?? 0);
    assert.ok(Math.abs(queue(calls) - queue(model)) <= 0.1, `${name}: ${queue(calls)} calls to the queue`);
    assert.ok(Math.abs(wire - WIRE_RATIO) <= 0.01, `${name}: ${wire}`);
  }
});

test('a run in dollars is its calls, its bytes and its CPU at the prices of the list', () => {
  const [first] = dollarsOfRun(
    {
      workloads: [
        {
          name: 'w',
          mb_per_s: 100,
          events_per_s: 400_000,
          cpu_s_per_gb: 10,
          cpu_ms_per_object: 10,
          calls: { GetObject: 1, UpdateItem: 2, PutLogEvents: 1 },
          wire: 0.25,
        },
      ],
    },
    config,
  );
  assert.ok(first);
  const objects = 1024 ** 3 / 1e6;
  near(first.objectsPerGb, objects, 'an object has a megabyte');
  near(first.arrivalUsd, objects * (0.005 / 1000 + 0.5 / 1e6), 'arrival');
  near(first.callsUsd, objects * (0.0004 / 1000 + (2 * 0.625) / 1e6), 'calls');
  near(first.wireUsd, 0.25 * 0.01, 'wire, through an endpoint');
  near(first.computeUsd, ((10 * 1024 ** 3) / 1e9 / 3600) * (0.03238 + 2 * 0.00356), 'CPU');
  near(first.tenantsUsd.infrequentAccess, (1 + 0.004 * 26) * 0.25, '26 bytes for each event of 250');
  assert.equal(dollarsOfRun(run, economy)[0]?.wireUsd, 0);
});

test('a call without a price is an error, and not free', () => {
  assert.throws(() => dollarsOfCalls({ GetObject: 1, Unheard: 1 }), /Unheard has no price/);
});

test('comparing the bucket with the ledger has a line where it is on, with the figures of its decision', async () => {
  const component = 'Bucket against ledger';
  assert.equal(
    estimate('direct', { ...TYPICAL, terabytes: 1 }, economy).lines.find((it) => it.component === component),
    undefined,
  );
  const decision = await readFile(
    new URL('../../docs/decisions/0057-bucket-against-ledger.md', import.meta.url),
    'utf8',
  );
  const usd = (perHour: number, RECONCILE_LATE_HOURS: number) => {
    const settings = { RECONCILE_INTERVAL_SECONDS: '3600', RECONCILE_LATE_HOURS: String(RECONCILE_LATE_HOURS) };
    const on = { ...economy, distributor: { ...economy.distributor, settings } };
    return reconcileLines({ ...TYPICAL, terabytes: 1 }, perHour * 730, on)[0]?.usd ?? 0;
  };
  for (const [row, perHour, late] of [
    ['3,000 (2.2 million a month), 100 partitions | 26', 3_014, 26],
    ['1,000,000, 100 partitions | 26', 1e6, 26],
    ['1,000,000, 100 partitions | 2', 1e6, 2],
  ] as const) {
    const line = decision.split('\n').find((text) => text.startsWith(`| ${row} |`));
    assert.match(line ?? '', new RegExp(`\\| \\$${dollars(usd(perHour, late)).replace('.', '\\.')} \\|$`), row);
  }
});

test('receipts have a line where they are on: each object is marked, and each delivery has a receipt an interval', async () => {
  const of = (objects: number, settings: Record<string, string> = {}) =>
    receiptLines({ ...TYPICAL, terabytes: 1 }, objects, {
      ...economy,
      distributor: { ...economy.distributor, receipts: true, settings },
    })[0]?.usd ?? 0;
  assert.deepEqual(receiptLines({ ...TYPICAL, terabytes: 1 }, 1e6, economy), []);
  const decision = await readFile(new URL('../../docs/decisions/0056-receipts.md', import.meta.url), 'utf8');
  const nothing = of(0);
  for (const figure of [
    `$${dollars(nothing - PRICES.kmsKey.usd)} a month for 100 deliveries`,
    `$${dollars(of(1e6) - nothing)} for a million objects`,
  ])
    assert.ok(decision.includes(figure), figure);
  // Half the interval, twice the receipts.
  const [hourly, halfHourly] = [{}, { RECEIPT_INTERVAL_SECONDS: '1800' }].map((one) => of(0, one) - PRICES.kmsKey.usd);
  assert.ok(Math.abs((halfHourly ?? 0) - 2 * (hourly ?? 0)) < 1e-9);
});

const page = await readFile(new URL('../../docs/guide/cost.md', import.meta.url), 'utf8');
const estimates = (terabytes: number, of: typeof config) =>
  DESIGNS.map((design) => estimate(design, { ...TYPICAL, terabytes }, of));

for (const [environment, of] of [
  ['economy', configOf('economy')],
  ['production', config],
] as const) {
  for (const terabytes of [1, 100]) {
    test(`docs/guide/cost.md has the figures of the model for ${terabytes} TB in ${environment}`, () => {
      const [ours = '', theirs = ''] = renderTables(estimates(terabytes, of)).split('\n\n');
      const command = `run npm run cost -- --tb ${terabytes} -e ${environment} and put its tables in`;
      assert.ok(page.includes(ours), command);
      // Of production, 100 TB of AWS's own features are left out: only what is kept differs from economy.
      if (environment === 'economy' || terabytes === 1) assert.ok(page.includes(theirs), command);
    });
  }
}

test('docs/guide/cost.md answers for every line of the bill, with the figures of the model', () => {
  const section = page.slice(page.indexOf('## The hundred dollars'), page.indexOf('### Fewer objects'));
  const rows = new Map(
    [...section.matchAll(/^\| ([^|]+) \| ([^|]*) \| ([^|]*) \| ([^|]*) \| [^|]*\|$/gm)].map(
      ([, component = '', ...cells]) => [component, cells.map((cell) => cell.replaceAll('*', '').trim())] as const,
    ),
  );
  const bills = [
    estimate('firehose', { ...TYPICAL, terabytes: 1 }, config),
    estimate('direct', { ...TYPICAL, terabytes: 1 }, config),
    estimate('direct', { ...TYPICAL, terabytes: 1 }, economy),
  ];
  for (const component of new Set(bills.flatMap(({ lines }) => lines.map((it) => it.component)))) {
    const wanted = bills.map(({ lines }) => lines.find((it) => it.component === component)?.usd);
    const cells = wanted.map((usd) => (usd === undefined ? '' : dollars(usd)));
    assert.deepEqual(rows.get(component), cells, component);
  }
  assert.deepEqual(
    rows.get('**The platform pays**'),
    bills.map(({ usd }) => dollars(usd)),
  );
});

test('docs/guide/cost.md begins with figures of the model, and ends with its prices', () => {
  const [one, hundred] = [1, 100].map((terabytes) => estimate('direct', { ...TYPICAL, terabytes }, economy));
  assert.ok(one && hundred);
  const perGb = (usd = Number.NaN) => (usd / one.messageGb).toFixed(2);
  const start = page.slice(0, page.indexOf('##'));
  assert.ok(start.includes(`costs ${dollars(one.usd)} dollars a month`));
  assert.ok(start.includes(`$${hundred.usdPerGbWithoutStorage.toFixed(4)} a GB at 100 TB`));
  assert.ok(start.includes(`$${perGb(one.tenantsUsd.infrequentAccess)} a GB`));
  assert.ok(start.includes(`$${perGb(one.tenantsUsd.standard)} for STANDARD`));
  assert.ok(page.includes(renderPrices()), 'run npm run cost -- --prices and put its table in');
  assert.ok(page.includes(renderMeasured(dollarsOfRun(run, economy))), 'run npm run cost -- --measured');
});

test('the command tells its options to who asks, and to who asks for what is not there', () => {
  const main = fileURLToPath(new URL('../../infra/cost/main.ts', import.meta.url));
  const cost = (args: readonly string[]) => spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' });
  const help = cost(['--help']);
  assert.deepEqual([help.status, help.stderr], [0, '']);
  assert.match(help.stdout, /^usage: npm run cost/);
  const wrong = cost(['--terabytes', '1']);
  assert.deepEqual([wrong.status, wrong.stdout], [2, '']);
  assert.match(wrong.stderr, /--terabytes[\s\S]*usage: npm run cost/);
  const file = fileURLToPath(new URL('support/bench.json', import.meta.url));
  const measured = cost(['--measured', file, '--environment', 'economy']);
  assert.deepEqual([measured.status, measured.stdout.trim()], [0, renderMeasured(dollarsOfRun(run, economy))]);
  const other = cost(['--measured', fileURLToPath(new URL('../../package.json', import.meta.url))]);
  assert.deepEqual([other.status, other.stdout], [2, '']);
  assert.match(other.stderr, /package\.json: is not the JSON of the benchmark: workloads/);
});

test('what the usage of tenants says of an object is what the model says of it', () => {
  const MB = 1024 * 1024;
  for (const [size, chunk] of [
    [MB, 0],
    [16 * MB, 3],
  ] as const) {
    const done = { object: 's3://b/k#v', counts: NO_COUNTS, bytes: 0, calls: 0, size, chunk };
    const [line] = usageByTenant('2026-11-30', new Map([['acme/cloudwatch', usageOf(done)]]));
    const calls = callsOfObject({ storedBytes: size, messageBytes: (chunk + 1) * CHUNK_BYTES, eventBytes: 0 });
    near(line?.platform_usd ?? 0, PRICES.s3Put.usd + PRICES.snsPublish.usd + dollarsOfCalls(calls), `${size} bytes`);
  }
});
