import { SnsTopicSubscription } from '@cdktn/provider-aws/lib/sns-topic-subscription/index.js';
import { SqsQueue } from '@cdktn/provider-aws/lib/sqs-queue/index.js';
import { SqsQueueRedriveAllowPolicy } from '@cdktn/provider-aws/lib/sqs-queue-redrive-allow-policy/index.js';
import { Construct } from 'constructs';
import { MESSAGE_DAYS_MAX } from '../../service/core/limits.ts';
import type { QueueConfig } from '../config/config.ts';
import { spokeQueuePolicy } from '../policies/messaging.ts';

export interface Spoke {
  readonly queue: SqsQueue;
  readonly deadLetterQueue: SqsQueue;
}

/** Names and ARNs come from outside, as a queue's own policy speaks of it. */
interface QueueName {
  readonly name: string;
  readonly arn: string;
}

export interface SpokeProps {
  readonly queue: QueueName;
  readonly deadLetterQueue: QueueName;
  readonly topicArn: string;
  readonly keyArn: string | undefined;
  readonly config: QueueConfig;
  /** JSON of an SNS filter policy on the message body, for a spoke that wants only some objects. */
  readonly filterPolicy?: string;
}

const SECONDS_PER_DAY = 86_400;

/** A spoke of the hub: a queue with its dead letters. Another consumer of the same objects is another call of this. */
export function createSpoke(parent: Construct, id: string, props: SpokeProps): Spoke {
  const { topicArn, keyArn, config } = props;
  const scope = new Construct(parent, id);
  const common = ({ name, arn }: QueueName) => ({
    name,
    policy: JSON.stringify(spokeQueuePolicy(arn, topicArn)),
    ...(keyArn === undefined ? { sqsManagedSseEnabled: true } : { kmsMasterKeyId: keyArn }),
  });
  const deadLetterQueue = new SqsQueue(scope, 'dead-letters', {
    ...common(props.deadLetterQueue),
    // A redrive by SQS keeps the age, so a shorter time here would drop what waited long in the queue.
    messageRetentionSeconds: MESSAGE_DAYS_MAX * SECONDS_PER_DAY,
  });
  const queue = new SqsQueue(scope, 'queue', {
    ...common(props.queue),
    messageRetentionSeconds: config.retentionDays * SECONDS_PER_DAY,
    visibilityTimeoutSeconds: config.visibilityTimeoutSeconds,
    receiveWaitTimeSeconds: 20,
    redrivePolicy: JSON.stringify({
      deadLetterTargetArn: deadLetterQueue.arn,
      maxReceiveCount: config.maxReceiveCount,
    }),
  });
  new SqsQueueRedriveAllowPolicy(scope, 'redrive-allow', {
    queueUrl: deadLetterQueue.id,
    redriveAllowPolicy: JSON.stringify({ redrivePermission: 'byQueue', sourceQueueArns: [queue.arn] }),
  });
  new SnsTopicSubscription(scope, 'subscription', {
    topicArn,
    protocol: 'sqs',
    endpoint: queue.arn,
    // SNS does not retry what a queue's policy or key refuses: without this such a message would be lost.
    redrivePolicy: JSON.stringify({ deadLetterTargetArn: deadLetterQueue.arn }),
    ...(props.filterPolicy === undefined ? {} : { filterPolicy: props.filterPolicy, filterPolicyScope: 'MessageBody' }),
  });
  return { queue, deadLetterQueue };
}
