import { AwsError } from '../http/aws-error.ts';
import type { HttpAnswer } from '../http/message.ts';
import { child, childrenOf, childText, parseXml } from '../http/xml.ts';
import type { Publication } from '../s3/notify.ts';
import type { Fauxqs } from './fauxqs.ts';
import { type ResourcePolicies, requireServiceAccess } from './resource-policies.ts';

/** Takes what services send to topics and queues, if the policies of these let them. */
export interface Publisher {
  /** What S3 sends. @throws AwsError, DeniedError */
  publish(publication: Publication): Promise<void>;
  /**
   * AWS drops a message silently for every queue whose policy does not let the topic send. Here nothing is published then:
   * whoever forgot the policy shall see it.
   * @throws DeniedError
   */
  requireSubscribersAccess(topicArn: string, region: string): Promise<void>;
}

export interface PublisherDeps {
  readonly fauxqs: Fauxqs;
  readonly queuePolicies: ResourcePolicies;
  readonly topicPolicies: ResourcePolicies;
}

export function createPublisher({ fauxqs, queuePolicies, topicPolicies }: PublisherDeps): Publisher {
  const requireSubscribersAccess = async (topicArn: string, region: string) => {
    const form = new URLSearchParams({ Action: 'ListSubscriptionsByTopic', TopicArn: topicArn });
    const listed = parseXml(bodyOf(await fauxqs.form(region, form.toString())));
    const result = child(listed, 'ListSubscriptionsByTopicResult');
    const subscriptions = result && child(result, 'Subscriptions');
    for (const member of subscriptions ? childrenOf(subscriptions, 'member') : []) {
      if (childText(member, 'Protocol') !== 'sqs') continue;
      const queue = childText(member, 'Endpoint') ?? '';
      const sourceAccount = topicArn.split(':')[4] ?? '';
      const actor = { service: 'sns.amazonaws.com', sourceArn: topicArn, sourceAccount };
      requireServiceAccess(actor, 'sqs:SendMessage', queue, queuePolicies.get(queue));
    }
  };

  return {
    requireSubscribersAccess,
    async publish({ destination, body, sourceArn, sourceAccount }) {
      const [, , service, region = '', account = '', name = ''] = destination.split(':');
      const actor = { service: 's3.amazonaws.com', sourceArn, sourceAccount };
      if (service === 'sqs') {
        requireServiceAccess(actor, 'sqs:SendMessage', destination, queuePolicies.get(destination));
        const url = `http://sqs.${region}.localhost/${account}/${name}`;
        return expectOk(await fauxqs.json('SendMessage', region, { QueueUrl: url, MessageBody: body }), destination);
      }
      requireServiceAccess(actor, 'sns:Publish', destination, topicPolicies.get(destination));
      await requireSubscribersAccess(destination, region);
      const message = { Action: 'Publish', TopicArn: destination, Subject: 'Amazon S3 Notification', Message: body };
      expectOk(await fauxqs.form(region, new URLSearchParams(message).toString()), destination);
    },
  };
}

function expectOk(answered: HttpAnswer, destination: string): void {
  if (answered.status === 200) return;
  throw new AwsError('InvalidArgument', `${destination} does not take messages: ${bodyOf(answered).slice(0, 300)}`);
}

function bodyOf(answered: HttpAnswer): string {
  return Buffer.concat(answered.body).toString();
}
