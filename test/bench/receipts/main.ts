/**
 * `npm run bench:receipts`: the CPU that books and digests take (docs/decisions/0055-books.md). Two processes of the service as it ships, whose
 * tenants have receipts and have none, take turns with the same objects, so that what the machine does besides meets both. The order changes with
 * each round. Prints one line of JSON.
 */
import { join } from 'node:path';
import { PurgeQueueCommand } from '@aws-sdk/client-sqs';
import { Command, InvalidArgumentError } from 'commander';
import { bundle } from '../../../local/bundle.ts';
import { PIPELINE_NAMES, provisionPipeline } from '../../../local/provision/pipeline.ts';
import { loadDataSet } from '../data/dataset.ts';
import { findParquetWriter } from '../data/parquet.ts';
import { keyedObjects, serve, WORKER_THREADS, warmUpRounds } from '../run-workload.ts';
import { openScene, provisionTenants } from '../scene.ts';
import { type Subject, startSubject } from '../subject.ts';
import { WORKLOADS } from '../workloads.ts';

const { rounds, workload: name } = new Command('npm run bench:receipts --')
  .description('Measures how much more CPU the service takes for tenants that have receipts.')
  .option('--rounds <number>', 'rounds of each; the medians are compared', atLeastOne, 15)
  .option('--workload <name>', 'one of those of npm run bench', 'ndjson-gzip/plain-250')
  .parse()
  .opts<{ readonly rounds: number; readonly workload: string }>();

function atLeastOne(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('It must be a whole number from 1 on.');
  return value;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
const workload = WORKLOADS.find((one) => one.name === name);
if (!workload) throw new Error(`there is no workload ${name}: ${WORKLOADS.map((one) => one.name).join(', ')}`);
process.env.SERVICE_MAIN ||= await bundle(join(import.meta.dirname, '../../../.local/bundle-bench'));
await using scene = await openScene('gzip');
const data = await loadDataSet(scene.dataFolder, workload, findParquetWriter(), console.error, Date.now());
await serve(scene, workload, data);

// With tables of its own: the same tenants have receipts there.
const { topic, queue, deadLetterQueue, tenantTable, ledgerTable } = PIPELINE_NAMES;
const pipeline = await provisionPipeline(scene.deps, {
  ...PIPELINE_NAMES,
  topic: `${topic}-booked`,
  queue: `${queue}-booked`,
  deadLetterQueue: `${deadLetterQueue}-booked`,
  tenantTable: `${tenantTable}-booked`,
  ledgerTable: `${ledgerTable}-booked`,
});
// The test event of S3, as in openScene.
await scene.deps.sqs.send(new PurgeQueueCommand({ QueueUrl: pipeline.queueUrl }));
await provisionTenants(scene.deps, pipeline, (tenant) => ({ receipts: `s3://receipts-${tenant}` }));
const options = { workerThreads: WORKER_THREADS, tls: false };
await using booked = await startSubject(scene, { ...options, pipeline });
await using plain = await startSubject(scene, options);

const { length: objects } = data.objects;
const total = data.objects.reduce((sum, { events }) => sum + events.messageBytes, 0) * workload.layout.copies;
const measure = async (subject: Subject, round: string) => {
  const { cpuSeconds, messageBytes } = await subject.round(keyedObjects(workload, data, round));
  if (messageBytes !== total) throw new Error(`${messageBytes} bytes were delivered instead of ${total}`);
  return (cpuSeconds / messageBytes) * 1e9;
};
const warmUp = warmUpRounds({ events: 0, messageBytes: total, digest: 0 });
for (let round = 0; round <= warmUp; round++) {
  await measure(booked, `warm-up-booked-${round}`);
  await measure(plain, `warm-up-plain-${round}`);
}
const ratios: number[] = [];
const cpu = { booked: [] as number[], plain: [] as number[] };
for (let round = 0; round < rounds; round++) {
  const order = round % 2 === 0 ? (['booked', 'plain'] as const) : (['plain', 'booked'] as const);
  for (const which of order) cpu[which].push(await measure(which === 'booked' ? booked : plain, `${which}-${round}`));
  ratios.push((cpu.booked.at(-1) ?? 0) / (cpu.plain.at(-1) ?? 0));
}
const hundredths = (value: number) => Math.round(value * 100) / 100;
console.log(
  JSON.stringify({
    workload: workload.name,
    objects,
    rounds,
    cpu_s_per_gb: { with: hundredths(median(cpu.booked)), without: hundredths(median(cpu.plain)) },
    more_percent: hundredths((median(ratios) - 1) * 100),
    more_percent_of_medians: hundredths((median(cpu.booked) / median(cpu.plain) - 1) * 100),
    // Half of the rounds lie between these.
    quartiles_percent: [0.25, 0.75].map((part) =>
      hundredths(((ratios.toSorted((a, b) => a - b)[Math.floor(ratios.length * part)] ?? 0) - 1) * 100),
    ),
  }),
);
