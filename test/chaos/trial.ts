import { setTimeout as delay } from 'node:timers/promises';
import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { type Cloud, startCloud } from 'embedded-aws';
import type { ObservedCall } from 'embedded-aws/observer';
import { createProvisionDeps, type ProvisionDeps } from '../../local/provision/deps.ts';
import { endpointEnvironment, serviceEnvironment } from '../../local/provision/environment.ts';
import { type Pipeline, provisionPipeline } from '../../local/provision/pipeline.ts';
import { provisionTenant } from '../../local/provision/tenant.ts';
import { makeReceiptKeys } from '../../local/receipt-keys.ts';
import { createRandom } from '../../local/workload/random.ts';
import { kernelEnvironment } from '../support/kernel.ts';
import { collect } from './collect.ts';
import { type Fleet, startFleet } from './fleet.ts';
import { createJournal } from './journal.ts';
import { judge, type Verdict } from './judge/judge.ts';
import { type ChaosObject, makeObject } from './objects.ts';
import { type Blow, LEASE_SECONDS, planTrial, REQUEST_TIMEOUT_SECONDS, type TrialPlan } from './plan.ts';
import { RECEIPT_INTERVAL_SECONDS, type ReceiptVerdict, untilReceipted, verifyReceipts } from './receipts.ts';
import { type StormCounts, storm } from './storm.ts';
import { HOME, withExactlyOnce } from './tenants.ts';

/** One trial: a pipeline, its services, a storm, the calm after it, and the verdict. */
export interface TrialResult extends Verdict, StormCounts, ReceiptVerdict {
  readonly seed: string;
  /** Strikes that hit a process: those that end it without a word. */
  readonly kills: number;
  /** Those that ask it to end. The trial's own end counts as nothing. */
  readonly terms: number;
  readonly halts: number;
  /** What the trial did less of than its plan's least; empty where it did all of that. */
  readonly short: readonly string[];
  readonly seconds: number;
}

/** What a trial is made of once it runs. */
export interface Scene {
  readonly plan: TrialPlan;
  readonly objects: readonly ChaosObject[];
  readonly cloud: Cloud;
  readonly deps: ProvisionDeps;
  readonly pipeline: Pipeline;
  readonly fleet: Fleet;
  /** Takes a line about what happens, for people who look into a trial. */
  readonly say: (text: string) => void;
}

/** Trials are short: everything that waits for time waits for as little as the settings allow. */
const SETTINGS = {
  LEASE_SECONDS: String(LEASE_SECONDS),
  VISIBILITY_TIMEOUT_SECONDS: '10',
  REQUEST_TIMEOUT_SECONDS: String(REQUEST_TIMEOUT_SECONDS),
  RECEIPT_INTERVAL_SECONDS: String(RECEIPT_INTERVAL_SECONDS),
  LOG_LEVEL: 'debug',
  SETTLE_SECONDS: '3',
};
/** CloudWatch Logs shows what it accepted within this time, which is less than SETTLE_SECONDS. */
const VISIBLE_AFTER_MS_MAX = 1_500;
/** Releases grow to a minute and more when the same message meets trouble again and again. */
const CALM_MAX_MS = 240_000;
const LOOK_EVERY_MS = 200;

/** How bodies of PutLogEvents are sent. `refused`: the service compresses them, and CloudWatch Logs takes none that is. */
export const PUT_COMPRESSIONS = ['gzip', 'none', 'refused'] as const;
export type PutCompression = (typeof PUT_COMPRESSIONS)[number];

export async function runTrial(seed: string, putCompression: PutCompression, say: Scene['say']): Promise<TrialResult> {
  const startedMs = performance.now();
  const plan = planTrial(seed);
  const objects = await Promise.all(plan.objects.map((one, at) => makeObject(seed, at, one, Date.now())));
  const aim = createAim(plan);
  const journal = createJournal({ onExecuted: aim.onExecuted });
  const delays = createRandom(`${seed}/delays`);
  const cloud = await startCloud({
    random: createRandom(`${seed}/faults`).uniform,
    logsVisibleAfterMs: () => VISIBLE_AFTER_MS_MAX * delays.uniform(),
    observer: journal,
    onProblem: (problem) => say(`the cloud: ${problem}`),
  });
  const made = new DisposableStack();
  const clients = () =>
    made.adopt(createProvisionDeps({ endpointUrl: cloud.url, region: HOME }), ({ close }) => close());
  const deps = clients();
  let fleet: Fleet | undefined;
  await using keys = await makeReceiptKeys();
  try {
    if (putCompression === 'refused') refuseCompression(cloud);
    const pipeline = await provisionPipeline(deps);
    for (const tenant of withExactlyOnce(plan.exactlyOnce)) await provisionTenant(deps, tenant, pipeline);
    const environment = {
      ...endpointEnvironment(cloud.url, HOME),
      ...serviceEnvironment(pipeline),
      ...kernelEnvironment(),
      ...SETTINGS,
      PUT_COMPRESSION: putCompression === 'none' ? 'none' : 'gzip',
      RECEIPT_KEY: keys.privateKeyFile,
    };
    fleet = await startFleet({ services: plan.services, environment, say });
    aim.at(fleet);
    const scene: Scene = { plan, objects, cloud, deps, pipeline, fleet, say };
    const storms = await storm(scene);
    say('calm');
    // Clients that have seen the storm may still have a clock of its making, and sign one more call by it.
    const calm: Scene = { ...scene, deps: clients() };
    await fleet.whole();
    await untilQuiet(calm);
    await untilReceipted(calm);
    await fleet.stop();
    const hit = (...blows: readonly Blow[]) => fleet?.hits.filter((blow) => blows.includes(blow)).length ?? 0;
    const verdict = judge(await collect(calm, journal));
    const findings = [...verdict.findings];
    const receipts = await verifyReceipts(calm, keys, (sentence) => findings.push(sentence));
    return {
      seed,
      kills: hit('SIGKILL', 'SECOND'),
      terms: hit('SIGTERM'),
      halts: hit('HALT'),
      ...storms,
      short: shortOf(plan, storms, fleet.hits.length),
      ...verdict,
      ...receipts,
      findings: verdict.unfinished.length > 0 ? verdict.findings : findings,
      seconds: Math.round((performance.now() - startedMs) / 100) / 10,
    };
  } finally {
    await fleet?.abandon();
    made.dispose();
    await cloud.close();
  }
}

/** As an endpoint does that does not know the encoding. */
function refuseCompression({ faults }: Cloud): void {
  const effect = { kind: 'error', code: 'SerializationException', status: 400 } as const;
  faults.add({ service: 'logs', action: 'PutLogEvents', contentEncoding: 'gzip', effect });
}

/** Counts calls for the strikes that wait for one, and strikes the caller. */
function createAim({ strikes }: TrialPlan) {
  let fleet: Fleet | undefined;
  const waiting = strikes.flatMap((strike) =>
    strike.when.kind === 'call' ? [{ strike, when: strike.when, seen: 0 }] : [],
  );
  return {
    at(target: Fleet) {
      fleet = target;
    },
    onExecuted({ service, action }: ObservedCall, caller: string) {
      for (const one of waiting) {
        if (one.when.service !== service || one.when.action !== action) continue;
        if (++one.seen === one.when.nth) fleet?.strike(one.strike, caller);
      }
    },
  };
}

/** What less than half of a plan came to: such a trial proves little, and says so. */
export function shortOf(
  { strikes, weather, silences }: Pick<TrialPlan, 'strikes' | 'weather' | 'silences'>,
  { idle_rules }: Pick<StormCounts, 'idle_rules'>,
  hits: number,
): string[] {
  const rules = weather.length + silences.length;
  return [
    ...(rules - idle_rules < rules / 2 ? [`${idle_rules} of ${rules} rules struck no call`] : []),
    ...(hits < strikes.length / 2 ? [`${hits} of ${strikes.length} blows fell`] : []),
  ];
}

/** Waits until every message is deleted or a dead letter, or patience ends; the verdict says what had not ended. */
async function untilQuiet({ deps, pipeline }: Scene): Promise<void> {
  const giveUpMs = performance.now() + CALM_MAX_MS;
  while (performance.now() < giveUpMs) {
    if ((await queuedMessages(deps, pipeline)) === 0) return;
    await delay(LOOK_EVERY_MS);
  }
}

/** Messages that are sent anew wait with a delay, and are neither visible nor received meanwhile. */
const STATES = [
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesNotVisible',
  'ApproximateNumberOfMessagesDelayed',
] as const;

export async function queuedMessages({ sqs }: ProvisionDeps, { queueUrl }: Pipeline): Promise<number> {
  const { Attributes = {} } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: [...STATES] }),
  );
  return STATES.reduce((sum, state) => sum + Number(Attributes[state]), 0);
}
