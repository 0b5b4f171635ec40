import { AwsError } from '../http/aws-error.ts';
import { isObject, type JsonObject, parseMembers } from '../http/json.ts';
import { type HttpAnswer, header } from '../http/message.ts';
import { jsonAnswer } from '../http/protocol.ts';
import type { Operation, Permission, Place, Service } from '../service.ts';
import { spellOutDocuments } from './document-equality.ts';
import type { Tables } from './tables.ts';

/** How a table's items expire. Nothing is ever deleted: AWS takes "within a few days" for it. */
interface TimeToLive {
  readonly attribute: string;
  readonly enabled: boolean;
}

const TARGET = /^DynamoDB_20120810\.(\w+)$/;

/** DynamoDB, by dynalite. Added here: permissions, comparisons of lists and maps in conditions, and the
 * calls for a table's time to live. */
export function createDynamoDb({ tables }: { readonly tables: Tables }): Service {
  const timesToLive = new Map<string, TimeToLive>();

  const describe = async (place: Place, name: string): Promise<HttpAnswer | undefined> => {
    const described = await tables.call(place, 'DescribeTable', Buffer.from(JSON.stringify({ TableName: name })));
    return described.status === 200 ? undefined : described;
  };

  return {
    name: 'dynamodb',
    protocol: 'json-1.0',
    prepare(request, place): Operation {
      const action = TARGET.exec(header(request, 'x-amz-target') ?? '')?.[1];
      if (action === undefined) throw new AwsError('UnknownOperationException', '');
      const body = parseMembers(request.body);
      const arns = tableArns(body, place);
      const resource = arns[0] ?? `arn:aws:dynamodb:${place.region}:${place.account}:table/*`;
      const permissions = (arns.length > 0 ? arns : [resource]).map(
        (arn): Permission => ({ action: `dynamodb:${action}`, resource: arn, account: arn.split(':')[4] ?? '' }),
      );
      return {
        action,
        resource,
        permissions,
        async run() {
          if (action === 'UpdateTimeToLive' || action === 'DescribeTimeToLive') {
            const missing = await describe(place, String(body.TableName));
            if (missing) return missing;
            return action === 'DescribeTimeToLive'
              ? describeTimeToLive(timesToLive.get(resource))
              : updateTimeToLive(timesToLive, resource, body);
          }
          const spelt = spellOutDocuments(body);
          const sent = spelt === body ? request.body : Buffer.from(JSON.stringify(spelt));
          const answered = await tables.call(place, action, sent);
          if (action === 'DeleteTable' && answered.status === 200) timesToLive.delete(resource);
          return answered;
        },
      };
    },
  };
}

function tableArns(body: JsonObject, { account, region }: Place): string[] {
  const items = isObject(body.RequestItems) ? Object.keys(body.RequestItems) : [];
  const name = body.TableName ?? body.ResourceArn;
  const names = typeof name === 'string' ? [name, ...items] : items;
  return names.map((one) => (one.startsWith('arn:') ? one : `arn:aws:dynamodb:${region}:${account}:table/${one}`));
}

function describeTimeToLive(state: TimeToLive | undefined): HttpAnswer {
  const description = state?.enabled
    ? { TimeToLiveStatus: 'ENABLED', AttributeName: state.attribute }
    : { TimeToLiveStatus: 'DISABLED' };
  return jsonAnswer('json-1.0', { TimeToLiveDescription: description });
}

function updateTimeToLive(states: Map<string, TimeToLive>, resource: string, body: JsonObject): HttpAnswer {
  const wanted = isObject(body.TimeToLiveSpecification) ? body.TimeToLiveSpecification : {};
  const { AttributeName: attribute, Enabled: enabled } = wanted;
  if (typeof attribute !== 'string' || attribute === '' || typeof enabled !== 'boolean') {
    throw new AwsError('ValidationException', 'TimeToLiveSpecification needs AttributeName and Enabled');
  }
  const current = states.get(resource)?.enabled ?? false;
  if (current === enabled) {
    throw new AwsError('ValidationException', `TimeToLive is already ${enabled ? 'enabled' : 'disabled'}`);
  }
  states.set(resource, { attribute, enabled });
  return jsonAnswer('json-1.0', { TimeToLiveSpecification: { AttributeName: attribute, Enabled: enabled } });
}
