import { setTimeout as delay } from 'node:timers/promises';
import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import type { ProvisionDeps } from '../../local/provision/deps.ts';
import type { Pipeline } from '../../local/provision/pipeline.ts';
import { areOwed } from './reconcile.ts';
import type { Scene } from './trial.ts';

/** Releases grow to a minute and more when the same message meets trouble again and again. */
const CALM_MAX_MS = 240_000;
/** What nobody announced is looked for once whoever was killed can have it no more. */
const OWED_MAX_MS = 480_000;
const LOOK_EVERY_MS = 200;

/** Waits until every message is deleted or a dead letter, and what nobody announced is delivered, or patience ends; the verdict says what had not ended. */
export async function untilQuiet(scene: Scene): Promise<void> {
  const startedMs = performance.now();
  const lasts = (ms: number) => performance.now() - startedMs < ms;
  while (lasts(CALM_MAX_MS) && (await queuedMessages(scene.deps, scene.pipeline)) > 0) await delay(LOOK_EVERY_MS);
  while (lasts(OWED_MAX_MS) && (await areOwed(scene))) await delay(LOOK_EVERY_MS);
  while (lasts(OWED_MAX_MS) && (await queuedMessages(scene.deps, scene.pipeline)) > 0) await delay(LOOK_EVERY_MS);
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
