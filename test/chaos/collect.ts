import { GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import type { ProvisionDeps } from '../../local/provision/deps.ts';
import type { Pipeline } from '../../local/provision/pipeline.ts';
import { RECEIPT_STREAM } from '../../service/core/receipt-place.ts';
import { queuedMessages } from './calm.ts';
import { REPLAYED_TENANT } from './features.ts';
import type { Journal } from './journal.ts';
import type { DeadLetter, Evidence, JudgedObject, QuarantinedLine, TenantFile } from './judge/evidence.ts';
import { readLines } from './judge/lines.ts';
import { objectIdOf } from './objects.ts';
import { REQUEST_TIMEOUT_SECONDS } from './plan.ts';
import { readLedger } from './reconcile.ts';
import { REPLAY_ID } from './replay.ts';
import type { ChaosTenant } from './tenants.ts';
import { tenantsWith } from './tenants-with.ts';
import type { Scene } from './trial.ts';

/** Reads what a trial left behind: the tenants' logs, the ledger, the quarantine, the queues. */
export async function collect(scene: Scene, journal: Journal, replayedFrom?: number): Promise<Evidence> {
  const { plan, objects, cloud, deps, pipeline, fleet } = scene;
  const tenants = tenantsWith(plan.features);
  const judged = objects.map((object, at): JudgedObject => {
    const { number, tenantId, records } = object;
    const announced = !plan.features.unannounced.includes(at);
    return { number, tenantId, id: objectIdOf(pipeline, object), announced, records };
  });
  const replayed = judged.flatMap((object): JudgedObject[] => {
    if (replayedFrom === undefined || object.tenantId !== REPLAYED_TENANT) return [];
    return [{ ...object, id: `${object.id}+replay:${REPLAY_ID}`, announced: true, replayedFrom }];
  });
  return {
    objects: [...judged, ...replayed],
    tenants,
    putMs: scene.putMs,
    events: eventsOf(cloud),
    puts: journal.puts,
    acquisitions: journal.acquisitions,
    hiddenUntilMs: journal.hiddenUntilMs,
    processes: fleet.processes,
    callsOutliveHalts: true,
    receipted: true,
    requestTimeoutMs: REQUEST_TIMEOUT_SECONDS * 1000,
    ledger: await readLedger(deps, pipeline),
    quarantine: await readQuarantine(deps, pipeline),
    files: await readFiles(deps, tenants),
    garbage: plan.garbage.map(({ body }) => body),
    deadLetters: await readDeadLetters(deps, pipeline),
    queued: await queuedMessages(deps, pipeline),
  };
}

/** What was delivered: receipts stand in a stream of their own. */
function* eventsOf({ logs }: Scene['cloud']) {
  for (const event of logs.read()) if (event.stream !== RECEIPT_STREAM) yield event;
}

async function readQuarantine({ s3 }: ProvisionDeps, { bucket }: Pipeline): Promise<QuarantinedLine[]> {
  const files = await readBucket(s3, bucket, 'quarantine/');
  return files.flatMap(({ body }) => readLines(body) as QuarantinedLine[]);
}

async function readFiles({ s3Of }: ProvisionDeps, tenants: readonly ChaosTenant[]): Promise<TenantFile[]> {
  const files: TenantFile[] = [];
  for (const { tenantId, accountId, bucket } of tenants) {
    if (!bucket) continue;
    const found = await readBucket(s3Of(accountId), bucket.name, '');
    files.push(...found.map((file) => ({ tenantId, bucket: bucket.name, ...file })));
  }
  return files;
}

async function readBucket(s3: ProvisionDeps['s3'], bucket: string, prefix: string) {
  const files: { readonly key: string; readonly body: Uint8Array }[] = [];
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix }));
  for (const { Key = '' } of Contents) {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key }));
    files.push({ key: Key, body: (await Body?.transformToByteArray()) ?? new Uint8Array(0) });
  }
  return files;
}

async function readDeadLetters({ sqs }: ProvisionDeps, { deadLetterQueueUrl }: Pipeline): Promise<DeadLetter[]> {
  const letters: DeadLetter[] = [];
  for (;;) {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: deadLetterQueueUrl,
        MaxNumberOfMessages: 10,
        WaitTimeSeconds: 0,
        MessageAttributeNames: ['All'],
      }),
    );
    if (Messages.length === 0) return letters;
    for (const { Body = '', MessageAttributes } of Messages) {
      letters.push({ body: Body, reason: MessageAttributes?.reason?.StringValue ?? '' });
    }
  }
}
