import { AwsError } from '../http/aws-error.ts';
import { type Form, parseForm } from '../http/form.ts';
import { PLATFORM_ACCOUNT } from '../identity/accounts.ts';
import type { Operation, Place, Service } from '../service.ts';
import type { Fauxqs } from './fauxqs.ts';
import type { Publisher } from './publisher.ts';
import type { ResourcePolicies } from './resource-policies.ts';

export interface SnsDeps {
  readonly fauxqs: Fauxqs;
  readonly policies: ResourcePolicies;
  readonly publisher: Publisher;
}

/** Simple Notification Service, by fauxqs. Added here: permissions, topic policies, and the policies of queues. */
export function createSns({ fauxqs, policies, publisher }: SnsDeps): Service {
  return {
    name: 'sns',
    protocol: 'query',
    prepare(request, place): Operation {
      const form = parseForm(request.body);
      const action = form.get('Action') ?? '';
      const resource = topicOf(form, place) ?? '*';
      const account = resource.split(':')[4] ?? place.account;
      const permission = {
        action: `sns:${action.replace(/Batch$/, '')}`,
        resource,
        account,
        policy: policies.get(resource),
      };
      return {
        action,
        resource,
        permissions: [permission],
        async run() {
          if (account !== PLATFORM_ACCOUNT) {
            throw new AwsError(
              'AuthorizationError',
              `Only the platform's account ${PLATFORM_ACCOUNT} has topics here`,
              403,
            );
          }
          const text = policyOf(form, action);
          const policy = text === undefined ? undefined : policies.prepare(resource, text);
          if (/^Publish(Batch)?$/.test(action)) await publisher.requireSubscribersAccess(resource, place.region);
          const answered = await fauxqs.form(place.region, request.body);
          if (answered.status !== 200) return answered;
          policy?.();
          if (action === 'DeleteTopic') policies.delete(resource);
          return answered;
        },
      };
    },
  };
}

/** The topic that a request is about, also by one of its subscriptions. */
function topicOf(form: Form, { account, region }: Place): string | undefined {
  const name = form.get('Action') === 'CreateTopic' ? form.get('Name') : undefined;
  if (name !== undefined) return `arn:aws:sns:${region}:${account}:${name}`;
  const subscription = form.get('SubscriptionArn');
  return form.get('TopicArn') ?? form.get('ResourceArn') ?? subscription?.split(':').slice(0, 6).join(':');
}

function policyOf(form: Form, action: string): string | undefined {
  if (action === 'SetTopicAttributes' && form.get('AttributeName') === 'Policy')
    return form.get('AttributeValue') ?? '';
  if (action !== 'CreateTopic') return undefined;
  for (let i = 1; form.get(`Attributes.entry.${i}.key`) !== undefined; i++) {
    if (form.get(`Attributes.entry.${i}.key`) === 'Policy') return form.get(`Attributes.entry.${i}.value`);
  }
  return undefined;
}
