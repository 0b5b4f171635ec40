import { setTimeout as delay } from 'node:timers/promises';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import type { Fault } from 'embedded-aws/faults/faults';
import type { Effect } from 'embedded-aws/faults/rule';
import { queuedMessages } from './calm.ts';
import { type ChaosObject, md5 } from './objects.ts';
import { type ObjectPlan, STORM_MS, STORM_MS_MAX, type TrialPlan } from './plan.ts';
import { areOwed } from './reconcile.ts';
import type { Scene } from './trial.ts';

/** What a storm did. */
export interface StormCounts {
  /** Calls that were struck by a fault rule. */
  readonly faults: number;
  /** The same by what struck them. */
  readonly struck: Readonly<Partial<Record<Effect['kind'], number>>>;
  /** Rules of the plan that struck no call at all. */
  readonly idle_rules: number;
  /** Silences that struck at least one call. */
  readonly silences: number;
  /** AssumeRole calls that were refused. */
  readonly refused: number;
}

/** Carries the plan out, each part at its time. */
export async function storm(scene: Scene): Promise<StormCounts> {
  const { plan, objects, cloud, fleet, say } = scene;
  const acts: (readonly [atMs: number, act: () => unknown])[] = [];
  const plant = (kind: string, planned: TrialPlan['weather']): Fault[] => {
    const faults: Fault[] = [];
    for (const { atMs, rule } of planned) {
      const act = () => {
        say(`${kind}: ${JSON.stringify(rule)}`);
        faults.push(cloud.faults.add(rule));
      };
      acts.push([atMs, act]);
    }
    return faults;
  };
  const rules = plant('weather', plan.weather);
  const silences = plant('silence', plan.silences);
  const refusals = plant('refusal', plan.refusals);
  for (const { atMs, body } of plan.garbage) acts.push([atMs, () => send(scene, body)]);
  for (const strike of plan.strikes) {
    const { when } = strike;
    if (when.kind === 'time') acts.push([when.atMs, () => fleet.strike(strike, when.service)]);
  }
  for (const [at, object] of objects.entries()) {
    const one = plan.objects[at];
    if (one) acts.push([one.atMs, () => announce(scene, one, object)]);
  }
  const timed = acts.map(async ([atMs, act]) => {
    await delay(atMs);
    await act();
  });
  const startedMs = performance.now();
  await Promise.all([...timed, delay(STORM_MS)]);
  while (
    performance.now() - startedMs < STORM_MS_MAX &&
    [...rules, ...silences, ...refusals].some(isLeft) &&
    (await isWorking(scene))
  )
    await delay(100);
  cloud.faults.clear();
  const all = [...rules, ...silences];
  return {
    faults: all.reduce((sum, { struck }) => sum + struck, 0),
    struck: byKind(all),
    idle_rules: all.filter(({ struck }) => struck === 0).length,
    silences: silences.filter(({ struck }) => struck > 0).length,
    refused: refusals.reduce((sum, { struck }) => sum + struck, 0),
  };
}

function isLeft({ rule: { count }, struck }: Fault): boolean {
  return struck < (count ?? Number.POSITIVE_INFINITY);
}

/** Whether there is anything to process. The queue may not answer: it is struck too. */
async function isWorking(scene: Scene): Promise<boolean> {
  return (await queuedMessages(scene.deps, scene.pipeline).catch(() => 1)) > 0 || (await areOwed(scene));
}

function byKind(rules: readonly Fault[]): StormCounts['struck'] {
  const kinds = Map.groupBy(rules, ({ rule }) => rule.effect.kind);
  const sums = Array.from(kinds, ([kind, some]) => [kind, some.reduce((sum, { struck }) => sum + struck, 0)] as const);
  return Object.fromEntries(sums.filter(([, struck]) => struck > 0));
}

/** Writes the object, of which S3 tells the queue, and tells of it again when the plan says so. */
async function announce(scene: Scene, plan: ObjectPlan, { number, key, body }: ChaosObject): Promise<void> {
  const { deps, pipeline } = scene;
  await untilDone(() => deps.s3.send(new PutObjectCommand({ Bucket: pipeline.bucket, Key: key, Body: body })));
  scene.putMs.set(number, Date.now());
  const object = { key: encodeURIComponent(key), size: body.length, eTag: md5(body) };
  const record = { eventName: 'ObjectCreated:Put', s3: { bucket: { name: pipeline.bucket }, object } };
  for (const atMs of plan.againAtMs) {
    await delay(Math.max(0, atMs - plan.atMs));
    await send(scene, JSON.stringify({ Records: [record] }));
  }
}

async function send({ deps, pipeline }: Scene, body: string): Promise<void> {
  await untilDone(() => deps.sqs.send(new SendMessageCommand({ QueueUrl: pipeline.queueUrl, MessageBody: body })));
}

/** The weather strikes the harness too: its own calls are repeated until they are done. */
async function untilDone(call: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await call();
      return;
    } catch {
      await delay(50);
    }
  }
}
