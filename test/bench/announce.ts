import { randomUUID } from 'node:crypto';
import { SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import type { ProvisionDeps } from '../../local/provision/deps.ts';
import type { Pipeline } from '../../local/provision/pipeline.ts';
import { type DataFile, PLACE } from './data/dataset.ts';

/** An object under one of its keys. */
export interface KeyedObject {
  readonly key: string;
  readonly file: DataFile;
}

/** A key like Firehose's and Vector's; `folder` tells one delivery of the same object from another. */
export function keyOf(tenantId: string, folder: string, file: DataFile): string {
  const { clusterId, environment } = PLACE;
  return `logs/tenant_id=${tenantId}/cluster_id=${clusterId}/environment=${environment}/${folder}/${file.name}`;
}

/** SQS takes ten messages a call (SQS quotas). */
const BATCH_MAX = 10;
const CALLS_AT_ONCE = 4;

/** Puts the notifications of new objects into the queue, as they come from S3 by way of SNS. */
export async function announce(
  { sqs }: Pick<ProvisionDeps, 'sqs'>,
  { queueUrl, topicArn, bucket }: Pipeline,
  objects: readonly KeyedObject[],
): Promise<void> {
  const batches: (readonly KeyedObject[])[] = [];
  for (let at = 0; at < objects.length; at += BATCH_MAX) batches.push(objects.slice(at, at + BATCH_MAX));
  const left = batches.values();
  const send = async () => {
    for (const batch of left) {
      const Entries = batch.map((object, at) => ({
        Id: String(at),
        MessageBody: envelope(topicArn, s3Event(bucket, object)),
      }));
      const { Failed = [] } = await sqs.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
      if (Failed.length > 0) throw new Error(`the queue refused a message: ${Failed[0]?.Message}`);
    }
  };
  await Promise.all(Array.from({ length: CALLS_AT_ONCE }, send));
}

function s3Event(bucket: string, { key, file }: KeyedObject) {
  const object = { key: encodeURIComponent(key).replaceAll('%2F', '/'), size: file.bytes, eTag: file.eTag };
  const s3 = { s3SchemaVersion: '1.0', bucket: { name: bucket, arn: `arn:aws:s3:::${bucket}` }, object };
  const eventTime = new Date().toISOString();
  return { Records: [{ eventVersion: '2.1', eventSource: 'aws:s3', eventTime, eventName: 'ObjectCreated:Put', s3 }] };
}

function envelope(topicArn: string, event: object): string {
  return JSON.stringify({
    Type: 'Notification',
    MessageId: randomUUID(),
    TopicArn: topicArn,
    Subject: 'Amazon S3 Notification',
    Message: JSON.stringify(event),
    Timestamp: new Date().toISOString(),
  });
}
