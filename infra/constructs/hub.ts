import type { S3Bucket } from '@cdktn/provider-aws/lib/s3-bucket/index.js';
import { S3BucketNotification } from '@cdktn/provider-aws/lib/s3-bucket-notification/index.js';
import { SnsTopic } from '@cdktn/provider-aws/lib/sns-topic/index.js';
import { SnsTopicPolicy } from '@cdktn/provider-aws/lib/sns-topic-policy/index.js';
import { Construct } from 'constructs';
import { hubTopicPolicy } from '../policies/messaging.ts';
import type { Names } from '../values/names.ts';
import type { ObjectLayout } from '../values/object-layout.ts';

/** The hub: every new object is announced here once, for as many spokes as there are. */
export function createHub(
  parent: Construct,
  deps: { bucket: S3Bucket; names: Names; layout: ObjectLayout; keyArn: string | undefined },
): SnsTopic {
  const { bucket, names, layout, keyArn } = deps;
  const scope = new Construct(parent, 'hub');
  const topic = new SnsTopic(scope, 'topic', {
    name: names.hubTopic,
    ...(keyArn === undefined ? {} : { kmsMasterKeyId: keyArn }),
  });
  const policy = new SnsTopicPolicy(scope, 'policy', {
    arn: topic.arn,
    policy: JSON.stringify(hubTopicPolicy(names)),
  });
  // S3 sends a test event when this is made, and refuses it while the topic's policy does not let it.
  new S3BucketNotification(scope, 'notification', {
    bucket: bucket.id,
    topic: [{ id: 'objects', topicArn: topic.arn, events: ['s3:ObjectCreated:*'], filterPrefix: layout.logsPrefix }],
    dependsOn: [policy],
  });
  return topic;
}
