/**
 * `npm run chaos:memory`: objects that are far larger than the service's memory, and the most memory that its process
 * ever took. Every event is compared. Exit status 1 when one was lost, or repeated without a reason (books.ts), or when the memory
 * was too much.
 * Linux only: /proc tells a process's peak.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { Command } from 'commander';
import { startCloud } from 'embedded-aws';
import { fetchSamples, sumOf } from '../../../local/demo/metrics.ts';
import { createProvisionDeps } from '../../../local/provision/deps.ts';
import { endpointEnvironment, serviceEnvironment } from '../../../local/provision/environment.ts';
import { provisionPipeline } from '../../../local/provision/pipeline.ts';
import { provisionTenant } from '../../../local/provision/tenant.ts';
import { startService } from '../../../local/service-process.ts';
import { fingerprint } from '../../../local/workload/tally.ts';
import { present } from '../../../service/base/present.ts';
import { TENANTS } from '../tenants.ts';
import { compare, isRight } from './books.ts';
import { createEqualRowsObject } from './equal-rows-object.ts';
import { createGroupsObject } from './groups-object.ts';
import { createGzipObject, SUBSCRIPTION } from './gzip-object.ts';
import type { HugeObject } from './huge-object.ts';
import { createLargeMessagesObject } from './large-messages-object.ts';
import { createParquetObject } from './parquet-object.ts';

interface Options {
  readonly gzipGigabytes: string;
  readonly subscriptionGigabytes: string;
  readonly parquetMegabytes: string;
  readonly pagesMegabytes: string;
  readonly copies: string;
  readonly only?: string;
  readonly json?: true;
}

interface Result {
  readonly object: string;
  /** Objects of this kind at the same time. */
  readonly copies: number;
  readonly object_megabytes: number;
  readonly events: number;
  readonly lost: number;
  readonly repeated: number;
  readonly foreign: number;
  /** Calls without an answer that the service repeated: their events may be there twice. */
  readonly ambiguous: number;
  readonly seconds: number;
  readonly peak_rss_megabytes: number;
}

const options = new Command('npm run chaos:memory --')
  .description('Delivers objects that are far larger than the memory that the service takes for them.')
  .option('--gzip-gigabytes <n>', 'gzip NDJSON of this size, uncompressed', '4')
  .option('--subscription-gigabytes <n>', 'a message of a CloudWatch Logs subscription, uncompressed', '1')
  .option('--parquet-megabytes <n>', 'a Parquet row group of this size, as it lies in the file', '256')
  .option('--pages-megabytes <n>', 'Parquet whose pages and dictionaries are of 80 MB, as it lies in the file', '64')
  .option(
    '--copies <n>',
    'as many of each at the same time as are said here, times as many as each kind has itself',
    '1',
  )
  .option('--only <text>', 'only kinds with this in their name')
  .option('--json', 'print one line of JSON for each kind of object')
  .parse()
  .opts<Options>();

const REGION = 'us-east-1';
const MEGABYTE = 1024 * 1024;
/** What a small Fargate task has left of 512 MB is this, and it must do. */
const PEAK_MEGABYTES_MAX = 512;
/** The cloud forgets what it has checked. */
const KEPT_LOG_BYTES = 32 * MEGABYTE;
const LOOK_EVERY_MS = 500;
/** RFC 1952; no JSON begins with it. */
const GZIP_FIRST_BYTE = 0x1f;
const tenant = present(TENANTS[0], 'a tenant');

/** A cloud that fails shows another service: one that repeats, or sends bodies as they are. */
function onProblem(problem: string): void {
  console.error(`the cloud: ${problem}`);
  process.exitCode = 1;
}

async function deliver(what: string, object: HugeObject, copies: number): Promise<Result> {
  const seen = new Map<number, number>();
  const cloud = await startCloud({
    logBytesPerAccountMax: KEPT_LOG_BYTES,
    onProblem,
    observer: { executed: (call, status) => countEvents(call, status, seen), answered: () => {} },
  });
  const deps = createProvisionDeps({ endpointUrl: cloud.url, region: REGION });
  const pipeline = await provisionPipeline(deps);
  await provisionTenant(deps, tenant, pipeline);
  const service = await startService({
    environment: { ...endpointEnvironment(cloud.url, REGION), ...serviceEnvironment(pipeline) },
  });
  try {
    const startedMs = performance.now();
    for (let copy = 0; copy < copies; copy++) cloud.putPieces(pipeline.bucket, `${object.key}.${copy}`, object.pieces);
    const done = async () => {
      const { Items = [] } = await deps.dynamo.send(new ScanCommand({ TableName: pipeline.ledgerTable }));
      return Items.filter((item) => unmarshall(item).state === 'done').length;
    };
    while ((await done()) < copies) await delay(LOOK_EVERY_MS);
    return {
      object: what,
      copies,
      object_megabytes: Math.round(object.pieces.reduce((sum, { length }) => sum + length, 0) / MEGABYTE),
      events: [...seen.values()].reduce((sum, count) => sum + count, 0),
      ...compare(object, copies, seen),
      ambiguous: sumOf(await fetchSamples(service.url), 'log_distributor_put_ambiguous_total'),
      seconds: Math.round((performance.now() - startedMs) / 1000),
      peak_rss_megabytes: peakMegabytes(service.pid),
    };
  } finally {
    await service.stop();
    deps.close();
    await cloud.close();
  }
}

function countEvents(
  { action, body }: { readonly action: string; readonly body: Buffer },
  status: number,
  seen: Map<number, number>,
): void {
  if (action !== 'PutLogEvents' || status !== 200) return;
  const text = body[0] === GZIP_FIRST_BYTE ? gunzipSync(body) : body;
  for (const { timestamp, message } of JSON.parse(text.toString()).logEvents) {
    const print = fingerprint(timestamp, message);
    seen.set(print, (seen.get(print) ?? 0) + 1);
  }
}

/** The most that was ever resident of all threads of the process (proc(5), VmHWM). */
function peakMegabytes(pid: number): number {
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Math.round(Number(kilobytes) / 1024);
}

const copies = Number(options.copies);
const place = { seed: 'huge', tenantId: tenant.tenantId, nowMs: Date.now() };
const pagesBytes = Number(options.pagesMegabytes) * MEGABYTE;
/** By name: how many at the same time, and how one is made. */
const kinds: readonly (readonly [what: string, atOnce: number, make: () => HugeObject | Promise<HugeObject>])[] = [
  [
    `gzip NDJSON of ${options.gzipGigabytes} GB`,
    1,
    () => createGzipObject({ ...place, bytes: Number(options.gzipGigabytes) * 1024 ** 3 }),
  ],
  [
    `a subscription's message of ${options.subscriptionGigabytes} GB in gzip`,
    1,
    () => createGzipObject({ ...place, bytes: Number(options.subscriptionGigabytes) * 1024 ** 3 }, SUBSCRIPTION),
  ],
  [
    `Parquet with a row group of ${options.parquetMegabytes} MB`,
    1,
    () => createParquetObject({ ...place, bytes: Number(options.parquetMegabytes) * MEGABYTE }),
  ],
  [
    'Parquet with pages of 80 MB',
    4,
    () => createGroupsObject({ ...place, bytes: pagesBytes, name: 'pages.parquet', encoding: 'PLAIN' }),
  ],
  [
    'Parquet with dictionaries of 80 MB',
    4,
    () => createGroupsObject({ ...place, bytes: pagesBytes, name: 'dictionaries.parquet', encoding: 'RLE_DICTIONARY' }),
  ],
  ['Parquet with a dictionary of 120 messages of 1 MB', 4, () => createLargeMessagesObject(place)],
  ['Parquet of three million equal rows', 8, () => createEqualRowsObject(place)],
];
for (const [what, atOnce, make] of kinds.filter(([name]) => name.includes(options.only ?? ''))) {
  const result = await deliver(what, await make(), copies * atOnce);
  if (options.json) console.log(JSON.stringify(result));
  else console.table(result);
  if (!isRight(result, result.ambiguous) || result.peak_rss_megabytes >= PEAK_MEGABYTES_MAX) process.exitCode = 1;
}
