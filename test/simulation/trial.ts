import { gunzipSync } from 'node:zlib';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { createRandom } from '../../local/workload/random.ts';
import { readSettings } from '../../service/base/settings.ts';
import { RECEIPT_STREAM } from '../../service/core/receipt-place.ts';
import type { DeadLetter, Evidence, LedgerItem, QuarantinedLine } from '../chaos/judge/evidence.ts';
import { judge, type Verdict } from '../chaos/judge/judge.ts';
import { type ChaosObject, makeObject, md5, objectIdOf } from '../chaos/objects.ts';
import {
  BUCKET,
  createCloud,
  DEAD_LETTERS_URL,
  LEDGER_TABLE,
  QUEUE_URL,
  RECEIPT_KEY,
  setCloud,
  TENANT_TABLE,
} from './cloud.ts';
import { DECODE_LIMITS } from './cuts/decode-limits.ts';
import { createNetwork, type Request } from './network.ts';
import { MINUTE_MS, type Stroke, type TrialPlan } from './plan.ts';
import { isReceipted, judgeReceipts } from './receipts.ts';
import { createFleet, type Fleet } from './task.ts';
import { createLimitCheck } from './watched/limits.ts';
import { createWeather } from './weather.ts';
import { createWitness } from './witness.ts';
import { type Actor, createWorld, type Journal, type World } from './world.ts';

/** What came of a trial. */
export interface TrialResult extends Verdict {
  readonly seed: string;
  /** Blows that hit a process, deployments and tasks that are taken away among them, without the trial's own end. */
  readonly kills: number;
  readonly terms: number;
  readonly freezes: number;
  /** Calls that were struck, by what struck them. */
  readonly struck: Readonly<Record<string, number>>;
  /** Batches in doubt that were read back, and those of them of which something was there. */
  readonly readBack: number;
  readonly readBackFound: number;
  readonly receipts: number;
  /** Virtual time, minutes. */
  readonly minutes: number;
  /** Of it, from the last stroke until all was done. */
  readonly calmMinutes: number;
  readonly journal: Journal;
  readonly failed: boolean;
}

/**
 * After the last stroke everything is delivered, or a dead letter, within this. The longest wait of the service is a message's that
 * failed or was parked again and again: up to 15 minutes each time (service/run/messages/verdict.ts).
 */
export const CALM_MAX_MS = 120 * MINUTE_MS;
/** A drain ends within its grace, and the process within a little more. */
const DRAIN_MAX_MS = 5 * MINUTE_MS;
/** A chunk of the simulated service (cuts/decode-limits.ts), and the largest event of the workload beyond its end. */
const REPEATED_BYTES_MAX = DECODE_LIMITS.chunkBytesMax + 2_048;
/** Nothing is left for so long: who was frozen has found out meanwhile what others did. */
const QUIET_MS = 1 * MINUTE_MS;

/** The service, loaded after its modules were replaced (replace.ts). */
export interface Subject {
  readonly createService: typeof import('../../service/compose/service.ts').createService;
  readonly threadsOf: typeof import('./cuts/worker-threads.ts').threadsOf;
}

export async function loadSubject(): Promise<Subject> {
  const { createService } = await import('../../service/compose/service.ts');
  const { threadsOf } = await import('./cuts/worker-threads.ts');
  return { createService, threadsOf };
}

export async function runTrial(subject: Subject, plan: TrialPlan): Promise<TrialResult> {
  const { seed, startMs, strokes } = plan;
  const objects = await makeObjects(plan);
  const world = createWorld(seed, startMs);
  const weather = createWeather();
  const visibility = createRandom(`${seed}/visibility`);
  const visibleAfterMs = () => visibility.below(plan.visibleMsMax + 1);
  const indexLag = createRandom(`${seed}/index`);
  const indexLagMs = () => indexLag.below(plan.indexLagMsMax + 1);
  const models = createCloud(world, { ...plan, visibleAfterMs, indexLagMs });
  const witness = createWitness(world, models.tables, settingsOf(plan).settleMs);
  const aim = createAim(world, () => fleet);
  const network = createNetwork(world, { weather, onExecuted: aim.onExecuted });
  const cloud = Object.assign(models, { network, witness });
  setCloud(world, cloud);
  for (const tenant of plan.tenants) cloud.addTenant(tenant);
  const fleet = createFleet({
    world,
    ...subject,
    settings: settingsOf(plan),
    aheadMs: (place) => plan.aheadMs[place] ?? 0,
    find: witness.find,
  });
  world.afterTurns(createLimitCheck(world, settingsOf(plan), witness.find));
  for (let place = 0; place < plan.tasks; place++) fleet.open(place);
  const strike = createStriker({ plan, world, objects, cloud, fleet, weather, aim });
  for (const stroke of strokes) world.after(stroke.atMs, undefined, () => strike(stroke));

  const hasReceipts = plan.receiptSeconds > 0;
  const lastMs = startMs + Math.max(0, ...strokes.map(({ atMs }) => atMs));
  await world.run(() => false, lastMs + 1);
  world.note('calm');
  weather.clear();
  aim.clear();
  const calmMs = await untilQuiet(
    world,
    lastMs + CALM_MAX_MS,
    () => cloud.queues.messages(QUEUE_URL).length === 0 && !fleet.frozen && (!hasReceipts || isReceipted(cloud)),
  );
  const hits = { ...fleet.hits };
  for (let place = 0; place < plan.aheadMs.length; place++) fleet.close(place);
  if (!(await world.run(() => fleet.running === 0, world.nowMs + DRAIN_MAX_MS))) witness.find('a drain did not end');

  const evidence = collect(cloud, objects, fleet, plan);
  const receipts = hasReceipts ? judgeReceipts(cloud, plan.tenants, evidence.objects, witness.find) : 0;
  const verdict = judge(evidence);
  const worst = verdict.duplicated_bytes_max_per_kill_and_object;
  if (worst > REPEATED_BYTES_MAX) witness.find(`${worst} bytes of an object were repeated at once: more than a chunk`);
  const findings = [...witness.findings, ...verdict.findings];
  const result = { ...verdict, findings };
  return {
    seed,
    ...result,
    kills: hits.kill,
    terms: hits.term,
    freezes: hits.freeze,
    struck: weather.struck,
    ...readBacksOf(world.journal),
    receipts,
    minutes: Math.round((world.nowMs - startMs) / MINUTE_MS),
    calmMinutes: Math.round(calmMs / MINUTE_MS),
    journal: world.journal,
    failed: hasFailed(result),
  };
}

/** Lets the world run until the condition holds for a while. @returns how long it did not */
async function untilQuiet(world: World, untilMs: number, isQuiet: () => boolean): Promise<number> {
  const fromMs = world.nowMs;
  let sinceMs: number | undefined;
  await world.run(() => {
    sinceMs = isQuiet() ? (sinceMs ?? world.nowMs) : undefined;
    return sinceMs !== undefined && world.nowMs - sinceMs >= QUIET_MS;
  }, untilMs);
  return (sinceMs ?? world.nowMs) - fromMs;
}

/** As the service says them. */
function readBacksOf({ lines }: Journal): Pick<TrialResult, 'readBack' | 'readBackFound'> {
  const said = lines.filter((line) => line.includes(' info read a batch back of which nobody knew '));
  return { readBack: said.length, readBackFound: said.filter((line) => !line.includes('"found":0,')).length };
}

function hasFailed({
  lost,
  misrouted,
  unexplained,
  duplicated_after_term,
  duplicated_once,
  unaccounted,
  findings,
  unfinished,
}: Verdict) {
  const counts = lost + misrouted + unexplained + duplicated_after_term + duplicated_once + unaccounted;
  return counts > 0 || findings.length > 0 || unfinished.length > 0;
}

async function makeObjects({ seed, startMs, strokes }: TrialPlan): Promise<ReadonlyMap<number, ChaosObject>> {
  const made = strokes.flatMap((stroke) => (stroke.kind === 'object' ? [stroke] : []));
  const all = made.map(async ({ number, plan }) => [number, await makeObject(seed, number, plan, startMs)] as const);
  return new Map(await Promise.all(all));
}

/** Those of production: time costs nothing here. */
function settingsOf({ threads, receiptSeconds }: TrialPlan, eventBytesMax?: number) {
  return readSettings({
    SQS_QUEUE_URL: QUEUE_URL,
    DLQ_URL: DEAD_LETTERS_URL,
    TENANT_CONFIG_TABLE: TENANT_TABLE,
    LEDGER_TABLE: LEDGER_TABLE,
    AWS_REGION: 'us-east-1',
    WORKER_THREADS: String(threads),
    // Beside deliveries, and not simulated.
    USAGE: 'false',
    PROGRESS_INTERVAL_SECONDS: '0',
    ...(receiptSeconds > 0 && { RECEIPT_KEY, RECEIPT_INTERVAL_SECONDS: String(receiptSeconds) }),
    ...(eventBytesMax === undefined ? {} : { EVENT_BYTES_MAX: String(eventBytesMax) }),
  });
}

type Cloud = ReturnType<typeof createCloud> & { readonly witness: ReturnType<typeof createWitness> };

/** Counts calls for the blows that wait for one, and strikes the caller. */
function createAim(world: World, fleet: () => Fleet) {
  type Blow = Extract<Stroke, { kind: 'blow' }>;
  let waiting: { readonly stroke: Blow; left: number }[] = [];
  const deal = ({ blow, ms }: Blow, target: string | number) => {
    const { kill, term, freeze, crashThread } = fleet();
    if (blow === 'kill') kill(target, ms);
    else if (blow === 'term') term(target, ms);
    else if (blow === 'freeze') freeze(target, ms);
    else crashThread(target);
  };
  return {
    strike(stroke: Blow) {
      const { when } = stroke;
      if (when.kind === 'time') deal(stroke, when.place);
      else waiting.push({ stroke, left: when.nth });
    },
    onExecuted({ service, operation }: Request, { process }: Actor) {
      for (const one of waiting) {
        const { when } = one.stroke;
        if (when.kind !== 'call' || when.service !== service || when.operation !== operation) continue;
        one.left--;
        if (one.left > 0) continue;
        waiting = waiting.filter((other) => other !== one);
        world.note(`${one.stroke.blow} at ${process.name}'s ${operation}`);
        deal(one.stroke, process.name);
      }
    },
    clear() {
      waiting = [];
    },
  };
}

interface StrikerDeps {
  readonly plan: TrialPlan;
  readonly world: World;
  readonly objects: ReadonlyMap<number, ChaosObject>;
  readonly cloud: Cloud;
  readonly fleet: Fleet;
  readonly weather: ReturnType<typeof createWeather>;
  readonly aim: ReturnType<typeof createAim>;
}

/** One task after another is replaced. */
const DEPLOY_EVERY_MS = 20_000;

function createStriker({ plan, world, objects, cloud, fleet, weather, aim }: StrikerDeps): (stroke: Stroke) => void {
  const send = (MessageBody: string) => {
    cloud.queues.SendMessage({ QueueUrl: QUEUE_URL, MessageBody });
    cloud.stirred();
  };
  const announce = (number: number) => {
    const object = objects.get(number);
    if (object) send(announcementOf(object, world.nowMs));
  };
  /** Only an object that is there is announced. */
  const put = new Set<number>();
  return (stroke) => {
    world.note(`stroke ${JSON.stringify(stroke)}`);
    switch (stroke.kind) {
      case 'object': {
        const { key, body } = objects.get(stroke.number) as ChaosObject;
        cloud.objects.put({ bucket: BUCKET, key, body });
        put.add(stroke.number);
        return announce(stroke.number);
      }
      case 'announce':
        return put.has(stroke.number) ? announce(stroke.number) : undefined;
      case 'garbage':
        return send(stroke.body);
      case 'weather':
        return weather.add(stroke.rule);
      case 'blow':
        return aim.strike(stroke);
      case 'clock':
        return fleet.setClock(stroke.place, stroke.byMs);
      case 'scale':
        return stroke.to === 'out' ? fleet.open(stroke.place) : fleet.close(stroke.place);
      case 'deploy':
        fleet.configure(settingsOf(plan, stroke.eventBytesMax));
        for (let place = 0; place < plan.aheadMs.length; place++)
          world.after(place * DEPLOY_EVERY_MS, undefined, () => fleet.term(place, 0));
    }
  };
}

function announcementOf({ key, body }: ChaosObject, nowMs: number): string {
  const object = { key: encodeURIComponent(key), size: body.length, eTag: md5(body) };
  const eventTime = new Date(nowMs).toISOString();
  const record = { eventName: 'ObjectCreated:Put', eventTime, s3: { bucket: { name: BUCKET }, object } };
  return JSON.stringify({ Records: [record] });
}

function collect(cloud: Cloud, objects: ReadonlyMap<number, ChaosObject>, fleet: Fleet, plan: TrialPlan): Evidence {
  const put = [...objects.values()];
  return {
    objects: put.map((object) => {
      const { number, tenantId, records } = object;
      return { number, tenantId, id: objectIdOf({ bucket: BUCKET }, object), announced: true, records };
    }),
    putMs: new Map(),
    files: plan.tenants.flatMap(({ tenantId, copies }) =>
      copies.flatMap(({ bucket, prefix }) =>
        [...cloud.objects.all(bucket)]
          .filter(([key]) => key.startsWith(prefix))
          .map(([key, body]) => ({ tenantId, bucket, key, body })),
      ),
    ),
    tenants: plan.tenants,
    events: cloud.logs.read().filter(({ stream }) => stream !== RECEIPT_STREAM),
    puts: cloud.witness.puts,
    acquisitions: cloud.witness.acquisitions,
    hiddenUntilMs: new Map(),
    processes: fleet.processes,
    callsOutliveHalts: false,
    receipted: plan.receiptSeconds > 0,
    requestTimeoutMs: settingsOf(plan).requestTimeoutMs,
    settleMs: settingsOf(plan).settleMs,
    ledger: cloud.tables.all(LEDGER_TABLE).map((item) => unmarshall(item) as LedgerItem),
    quarantine: readQuarantine(cloud),
    garbage: plan.strokes.flatMap((stroke) => (stroke.kind === 'garbage' ? [stroke.body] : [])),
    deadLetters: readDeadLetters(cloud),
    queued: cloud.queues.messages(QUEUE_URL).length,
  };
}

function readQuarantine(cloud: Cloud): QuarantinedLine[] {
  const files = [...cloud.objects.all(BUCKET)].filter(([key]) => key.startsWith('quarantine/'));
  return files.flatMap(([, body]) =>
    gunzipSync(body)
      .toString()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as QuarantinedLine),
  );
}

function readDeadLetters(cloud: Cloud): DeadLetter[] {
  return cloud.queues.messages(DEAD_LETTERS_URL).map(({ body, attributes }) => ({
    body,
    reason: attributes.reason?.StringValue ?? '',
  }));
}
