import { type Cloud, startCloud } from 'embedded-aws';
import { createProvisionDeps, type ProvisionDeps } from '../../local/provision/deps.ts';
import { type Pipeline, provisionPipeline } from '../../local/provision/pipeline.ts';
import { provisionTenant } from '../../local/provision/tenant.ts';
import { makeReceiptKeys } from '../../local/receipt-keys.ts';
import { createRandom } from '../../local/workload/random.ts';
import { createAim } from './aim.ts';
import { untilQuiet } from './calm.ts';
import { collect } from './collect.ts';
import { namesOf } from './features.ts';
import { type Fleet, startFleet } from './fleet.ts';
import { createJournal, type Journal } from './journal.ts';
import { judge, type Verdict } from './judge/judge.ts';
import { leastOf, shortOf } from './least.ts';
import { type ChaosObject, makeObject } from './objects.ts';
import { type Blow, planTrial, type TrialPlan } from './plan.ts';
import { type ReceiptVerdict, untilReceipted, verifyReceipts } from './receipts.ts';
import { untilCompared } from './reconcile.ts';
import { replay } from './replay.ts';
import { environmentOf, type PutCompression, refuseCompression } from './services.ts';
import { type StormCounts, storm } from './storm.ts';
import { HOME } from './tenants.ts';
import { tenantsWith } from './tenants-with.ts';

/** CloudWatch Logs shows what it accepted within this time, which is less than SETTLE_SECONDS. */
const VISIBLE_AFTER_MS_MAX = 1_500;

/** One trial: a pipeline, its services, a storm, the calm after it, and the verdict. */
export interface TrialResult extends Verdict, StormCounts, ReceiptVerdict {
  readonly seed: string;
  /** What this trial has and not every one, for people. */
  readonly features: readonly string[];
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
  /** When objects were surely in the bucket, by their numbers, epoch milliseconds. */
  readonly putMs: Map<number, number>;
  /** Takes a line about what happens, for people who look into a trial. */
  readonly say: (text: string) => void;
}

export async function runTrial(seed: string, putCompression: PutCompression, say: Scene['say']): Promise<TrialResult> {
  const startedMs = performance.now();
  const plan = planTrial(seed);
  const objects = await Promise.all(plan.objects.map((one, at) => makeObject(seed, at, one, Date.now())));
  const aim = createAim(plan);
  const journal = createJournal({ onExecuted: aim.onExecuted });
  const cloud = await startCloudOf({ plan, objects, journal, say });
  const made = new DisposableStack();
  const clients = () =>
    made.adopt(createProvisionDeps({ endpointUrl: cloud.url, region: HOME }), ({ close }) => close());
  const deps = clients();
  let fleet: Fleet | undefined;
  await using keys = await makeReceiptKeys();
  try {
    if (putCompression === 'refused') refuseCompression(cloud);
    const pipeline = await provisionPipeline(deps);
    for (const tenant of tenantsWith(plan.features)) await provisionTenant(deps, tenant, pipeline);
    const receiptKeyFile = keys.privateKeyFile;
    const environment = environmentOf({ plan, cloud, pipeline, putCompression, receiptKeyFile });
    fleet = await startFleet({ services: plan.services, environment, say });
    const scene: Scene = { plan, objects, cloud, deps, pipeline, fleet, putMs: new Map(), say };
    await untilCompared(scene);
    aim.at(fleet);
    const storms = await storm(scene);
    say('calm');
    // Clients that have seen the storm may still have a clock of its making, and sign one more call by it.
    const calm: Scene = { ...scene, deps: clients() };
    await fleet.whole();
    await untilQuiet(calm);
    const replayedFrom = await replay(calm, { aim, journal });
    await untilReceipted(calm);
    await fleet.stop();
    const verdict = judge(await collect(calm, journal, replayedFrom));
    const findings = [...verdict.findings];
    const receipts = await verifyReceipts(calm, keys, (sentence) => findings.push(sentence));
    return {
      seed,
      features: namesOf(plan.features),
      ...blowsOf(fleet),
      ...storms,
      short: shortOf(plan, storms, fleet.hits.length, leastOf(plan, verdict, storms)),
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

function startCloudOf({
  plan: { seed, features },
  objects,
  journal,
  say,
}: Pick<Scene, 'plan' | 'objects' | 'say'> & { readonly journal: Journal }): Promise<Cloud> {
  const delays = createRandom(`${seed}/delays`);
  const silent = new Set(features.unannounced.map((at) => objects[at]?.key));
  return startCloud({
    random: createRandom(`${seed}/faults`).uniform,
    logsVisibleAfterMs: () => VISIBLE_AFTER_MS_MAX * delays.uniform(),
    losesNotification: (key) => silent.has(key),
    observer: journal,
    onProblem: (problem) => say(`the cloud: ${problem}`),
  });
}

function blowsOf({ hits }: Fleet): Pick<TrialResult, 'kills' | 'terms' | 'halts'> {
  const hit = (...blows: readonly Blow[]) => hits.filter((blow) => blows.includes(blow)).length;
  return { kills: hit('SIGKILL', 'SECOND'), terms: hit('SIGTERM'), halts: hit('HALT') };
}
