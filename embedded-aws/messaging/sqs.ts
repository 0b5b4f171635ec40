import { setImmediate } from 'node:timers/promises';
import { AwsError } from '../http/aws-error.ts';
import { isObject, type JsonObject, parseMembers } from '../http/json.ts';
import { type HttpAnswer, header } from '../http/message.ts';
import { jsonAnswer } from '../http/protocol.ts';
import { PLATFORM_ACCOUNT } from '../identity/accounts.ts';
import type { CallContext, Operation, Place, Service } from '../service.ts';
import type { Fauxqs } from './fauxqs.ts';
import type { ResourcePolicies } from './resource-policies.ts';

export interface SqsDeps {
  readonly fauxqs: Fauxqs;
  readonly policies: ResourcePolicies;
}

interface Queue {
  readonly name: string;
  readonly account: string;
  readonly arn: string;
}

const TARGET = 'AmazonSQS.';

/**
 * Simple Queue Service, by fauxqs. Added here: permissions and queue policies, URLs that name this gateway, and messages
 * that go back when the one who asked for them is gone.
 */
export function createSqs({ fauxqs, policies }: SqsDeps): Service {
  return {
    name: 'sqs',
    protocol: 'json-1.0',
    prepare(request, place): Operation {
      const target = header(request, 'x-amz-target') ?? '';
      if (!target.startsWith(TARGET)) {
        throw new AwsError(
          'InvalidAction',
          'Only the JSON protocol of SQS is understood here (SDKs since the end of 2023)',
        );
      }
      const action = target.slice(TARGET.length);
      const body = parseMembers(request.body);
      const queue = queueOf(body, place);
      const resource = queue?.arn ?? '*';
      const permission = {
        // A batch needs the permission of the single call (SQS developer guide, "Using the access policy language").
        action: `sqs:${action.replace(/Batch$/, '')}`,
        resource,
        account: queue?.account ?? place.account,
        policy: policies.get(resource),
      };
      return {
        action,
        resource,
        permissions: [permission],
        run: (context) => run({ action, body, queue, place, context }),
      };
    },
  };

  async function run({ action, body, queue, place, context }: Run): Promise<HttpAnswer> {
    if ((queue?.account ?? place.account) !== PLATFORM_ACCOUNT) {
      throw new AwsError('UnsupportedOperation', `Only the platform's account ${PLATFORM_ACCOUNT} has queues here`);
    }
    const attributes = isObject(body.Attributes) ? body.Attributes : {};
    const policy =
      queue && typeof attributes.Policy === 'string' ? policies.prepare(queue.arn, attributes.Policy) : undefined;
    const answered = await fauxqs.json(action, place.region, queue ? { ...body, ...innerUrl(queue, place) } : body);
    if (answered.status !== 200) return answered;
    policy?.();
    if (queue && action === 'DeleteQueue') policies.delete(queue.arn);
    if (action === 'ReceiveMessage' && queue) {
      // The message may have come in right behind the client's leaving: look at all sockets once before deciding.
      await setImmediate();
      await setImmediate();
      if (context.signal.aborted) await giveBack(fauxqs, answered, queue, place);
    }
    return /Queue(Url|s)$|^CreateQueue$/.test(action) ? withOuterUrls(answered, place) : answered;
  }
}

interface Run {
  readonly action: string;
  readonly body: JsonObject;
  readonly queue: Queue | undefined;
  readonly place: Place;
  readonly context: CallContext;
}

/** From a URL the account and the name count, as on LocalStack; the region is the one that was signed for. */
function queueOf(body: JsonObject, { account, region }: Place): Queue | undefined {
  const make = (owner: string, name: string): Queue => ({
    name,
    account: owner,
    arn: `arn:aws:sqs:${region}:${owner}:${name}`,
  });
  if (typeof body.QueueUrl === 'string') {
    const [, owner, name] = /\/(\d{12})\/([\w.-]+)\/?$/.exec(body.QueueUrl) ?? [];
    if (owner === undefined || name === undefined) {
      throw new AwsError('InvalidAddress', `The address ${body.QueueUrl} is not valid for this endpoint.`);
    }
    return make(owner, name);
  }
  const owner = typeof body.QueueOwnerAWSAccountId === 'string' ? body.QueueOwnerAWSAccountId : account;
  return typeof body.QueueName === 'string' ? make(owner, body.QueueName) : undefined;
}

/** fauxqs finds the region of a queue in its URL's host. */
function innerUrl({ name }: Queue, { region }: Place): JsonObject {
  return { QueueUrl: `http://sqs.${region}.localhost/${PLATFORM_ACCOUNT}/${name}` };
}

function withOuterUrls(answered: HttpAnswer, { baseUrl }: Place): HttpAnswer {
  const value: unknown = JSON.parse(Buffer.concat(answered.body).toString());
  if (!isObject(value)) return answered;
  const outer = (url: unknown) => String(url).replace(/^https?:\/\/[^/]+/, baseUrl);
  const { status } = answered;
  if (typeof value.QueueUrl === 'string')
    return jsonAnswer('json-1.0', { ...value, QueueUrl: outer(value.QueueUrl) }, status);
  if (Array.isArray(value.QueueUrls)) {
    return jsonAnswer('json-1.0', { ...value, QueueUrls: value.QueueUrls.map(outer) }, status);
  }
  return answered;
}

/**
 * A client that left during its long poll would take messages with it until their visibility timeout ends. AWS notices
 * closed connections; here they become visible again at once.
 */
async function giveBack(fauxqs: Fauxqs, answered: HttpAnswer, queue: Queue, place: Place): Promise<void> {
  const value: unknown = JSON.parse(Buffer.concat(answered.body).toString());
  const messages: unknown[] = isObject(value) && Array.isArray(value.Messages) ? value.Messages : [];
  const entries = messages.flatMap((message, i) =>
    isObject(message) ? [{ Id: String(i), ReceiptHandle: message.ReceiptHandle, VisibilityTimeout: 0 }] : [],
  );
  if (entries.length === 0) return;
  await fauxqs.json('ChangeMessageVisibilityBatch', place.region, { ...innerUrl(queue, place), Entries: entries });
}
