import { join } from 'node:path';
import { type KeyedObject, keyOf } from './announce.ts';
import type { DataObject, DataSet } from './data/dataset.ts';
import { addTallies, NO_EVENTS } from './data/event-tally.ts';
import type { FloorRound } from './floor/calls.ts';
import type { NaiveRound } from './naive/calls.ts';
import { groupOf, type Scene } from './scene.ts';
import type { EventTally, RoundTotals } from './sink/calls.ts';
import { type SubjectRound, startSubject } from './subject.ts';
import type { Workload } from './workloads.ts';

/** What was measured of one workload, round by round. */
export interface Measured {
  readonly workload: Workload;
  readonly messageBytes: number;
  readonly events: number;
  readonly rounds: readonly Round[];
  /** AssumeRole calls in all rounds, the first one included. */
  readonly objects: number;
  readonly assumeRoles: number;
  readonly readyMs: number;
  readonly idleRssBytes: number;
  readonly peakRssBytes: number;
}

/** The three pipelines, one after the other, so that what the machine does besides meets all of them. */
export interface Round {
  readonly service: SubjectRound;
  readonly floor: FloorRound;
  readonly naive: NaiveRound;
}

export const WORKER_THREADS = 2;
/** The naive pipeline's speed does not depend on how much it gets: of many objects it gets only so much text. */
const NAIVE_MESSAGE_BYTES = 32e6;

export async function runWorkload(scene: Scene, workload: Workload, data: DataSet, rounds: number): Promise<Measured> {
  const expected = expectedOf(data, workload);
  await serve(scene, workload, data);
  const bodiesFile = join(scene.runFolder, 'bodies');
  await using subject = await startSubject(scene, { workerThreads: WORKER_THREADS, tls: workload.tls });

  const total = Object.values(expected).reduce(addTallies, NO_EVENTS);
  let assumeRoles = 0;
  const deliver = async (name: string, keepBodies?: string) => {
    const round = await subject.round(keyedObjects(workload, data, name), keepBodies);
    checkCounts(workload, total, round);
    assumeRoles += round.assumeRoles;
    return round;
  };

  // The first round shows that what arrives is what was written, and gives the floor its bodies.
  const { sink } = await deliver('first', bodiesFile);
  checkEvents(workload, expected, sink);
  await prepareOthers(scene, workload, data, { file: bodiesFile, lengths: sink.bodyLengths });
  for (let round = 2; round <= warmUpRounds(total); round++) await deliver(`warm-up-${round}`);
  await scene.floor.call('run', null);

  const measured: Round[] = [];
  for (let round = 1; round <= rounds; round++) {
    const service = await deliver(`round-${round}`);
    const floor = await scene.floor.call('run', null);
    const naive = await scene.naive.call('run', null);
    measured.push({ service, floor, naive });
  }
  return {
    workload,
    events: total.events,
    messageBytes: total.messageBytes,
    rounds: measured,
    objects: data.objects.length * workload.layout.copies,
    assumeRoles,
    readyMs: subject.readyMs,
    idleRssBytes: subject.idleRssBytes,
    peakRssBytes: await subject.peakRssBytes(),
  };
}

/**
 * Rounds that are not measured, as the service's code is not optimized yet: after 128 MB it still takes a quarter more CPU,
 * after 256 no more. Four of the small ones have to do.
 */
export function warmUpRounds({ messageBytes }: EventTally): number {
  return Math.min(4, Math.ceil(256e6 / messageBytes));
}

/** What the sink's S3 holds. */
export async function serve(scene: Scene, { format }: Workload, { objects }: DataSet): Promise<void> {
  const served = objects.map(({ files }) => files[format]);
  await scene.sink.call(
    'serve',
    served.map(({ name, path, eTag }) => ({ name, file: path, eTag })),
  );
}

/** Every copy of every object, under keys that no other round has. */
export function keyedObjects({ format, layout, name }: Workload, { objects }: DataSet, round: string): KeyedObject[] {
  return Array.from({ length: layout.copies }, (_, copy) =>
    objects.map(({ tenantId, files }) => {
      const file = files[format];
      return { key: keyOf(tenantId, `${name.replaceAll('/', '-')}-${round}-${copy}`, file), file };
    }),
  ).flat();
}

async function prepareOthers(
  scene: Scene,
  { format, layout, tls }: Workload,
  { objects }: DataSet,
  bodies: { readonly file: string; readonly lengths: readonly number[] },
): Promise<void> {
  const copies = Array.from({ length: layout.copies }, () => objects).flat();
  const kind = format === 'ndjson-gzip' ? 'gzip' : 'parquet';
  const place = { url: scene.sinkUrl(tls), ca: tls ? scene.certificate?.cert : undefined };
  const floorObjects = copies.map(
    ({ files }) => ({ name: files[format].name, file: files[format].path, kind }) as const,
  );
  await scene.floor.call('prepare', { ...place, objects: floorObjects, bodies });
  const naiveObjects = firstOf(copies, NAIVE_MESSAGE_BYTES).map(({ tenantId, files }) => {
    return { key: files[format].name, kind, logGroupName: groupOf(tenantId) } as const;
  });
  await scene.naive.call('prepare', { ...place, objects: naiveObjects });
}

function firstOf(objects: readonly DataObject[], messageBytes: number): DataObject[] {
  const taken: DataObject[] = [];
  let bytes = 0;
  for (const object of objects) {
    if (bytes >= messageBytes) break;
    taken.push(object);
    bytes += object.events.messageBytes;
  }
  return taken;
}

/** By log group: what one delivery of all copies must put there. */
export function expectedOf({ objects }: DataSet, { layout }: Workload): Record<string, EventTally> {
  const groups: Record<string, EventTally> = {};
  for (const { tenantId, events } of objects) {
    let sum = NO_EVENTS;
    for (let copy = 0; copy < layout.copies; copy++) sum = addTallies(sum, events);
    groups[groupOf(tenantId)] = sum;
  }
  return groups;
}

/** @throws Error unless the sink got exactly the events that were written, each in its tenant's group */
export function checkEvents({ name }: Workload, expected: Record<string, EventTally>, { groups }: RoundTotals): void {
  for (const group of new Set([...Object.keys(expected), ...Object.keys(groups)])) {
    const [wanted, found] = [expected[group] ?? NO_EVENTS, groups[group] ?? NO_EVENTS];
    if (wanted.events === found.events && wanted.messageBytes === found.messageBytes && wanted.digest === found.digest)
      continue;
    throw new Error(
      `${name}: the log group ${group} got ${JSON.stringify(found)} instead of ${JSON.stringify(wanted)}`,
    );
  }
}

/** @throws Error unless the service says that it delivered everything, in as many calls as the sink answered */
export function checkCounts({ name }: Workload, expected: EventTally, round: SubjectRound): void {
  const { events, messageBytes, putCalls, sink } = round;
  if (events === expected.events && messageBytes === expected.messageBytes && putCalls === sink.putCalls) return;
  const found = JSON.stringify({ events, messageBytes, putCalls, answered: sink.putCalls });
  throw new Error(`${name}: the service counts ${found}, and ${JSON.stringify(expected)} were written`);
}
