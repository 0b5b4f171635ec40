import { AwsError } from '../http/aws-error.ts';
import { type Form, parseForm } from '../http/form.ts';
import type { HttpAnswer } from '../http/message.ts';
import { queryAnswer } from '../http/protocol.ts';
import { element } from '../http/xml.ts';
import type { CallContext, Operation, Service } from '../service.ts';
import type { AssumeRole } from './assume-role.ts';

const NAMESPACE = 'https://sts.amazonaws.com/doc/2011-06-15/';

export interface StsDeps {
  readonly assumeRole: AssumeRole;
}

/** Security Token Service: AssumeRole and GetCallerIdentity. */
export function createSts({ assumeRole }: StsDeps): Service {
  return {
    name: 'sts',
    protocol: 'query',
    prepare(request, place): Operation {
      const form = parseForm(request.body);
      const action = form.get('Action') ?? '';
      if (action === 'AssumeRole') {
        const resource = form.get('RoleArn') ?? '';
        // No permissions here: the trust policy decides together with the caller's own.
        return {
          action,
          resource,
          permissions: [],
          run: (call) => answerAssumeRole(form, place.region, call, assumeRole),
        };
      }
      if (action === 'GetCallerIdentity') return { action, resource: '*', permissions: [], run: getCallerIdentity };
      throw new AwsError('InvalidAction', `Could not find operation ${action} for version 2011-06-15`);
    },
  };
}

/** Needs no permission on AWS either. */
function getCallerIdentity({ caller, requestId }: CallContext): HttpAnswer {
  const result = element('Arn', caller.arn) + element('UserId', caller.userId) + element('Account', caller.account);
  return queryAnswer(NAMESPACE, 'GetCallerIdentity', result, requestId);
}

function answerAssumeRole(form: Form, region: string, call: CallContext, assumeRole: AssumeRole): HttpAnswer {
  const { session, caller, packedPolicyPercent } = assumeRole(
    {
      roleArn: form.require('RoleArn'),
      sessionName: form.require('RoleSessionName'),
      externalId: form.get('ExternalId'),
      durationSeconds: form.get('DurationSeconds') === undefined ? undefined : Number(form.get('DurationSeconds')),
      tags: form.structures('Tags').map((tag) => [tag.get('Key') ?? '', tag.get('Value') ?? '']),
      transitiveTagKeys: form.list('TransitiveTagKeys'),
      policy: form.get('Policy'),
      sourceIdentity: form.get('SourceIdentity'),
    },
    { caller: call.caller, region, nowMs: call.nowMs },
  );
  const credentials = [
    element('AccessKeyId', session.accessKeyId),
    element('SecretAccessKey', session.secretAccessKey),
    element('SessionToken', session.token),
    element('Expiration', new Date(session.expiresMs).toISOString().replace(/\.\d+Z$/, 'Z')),
  ].join('');
  const user = element('AssumedRoleId', caller.userId) + element('Arn', caller.arn);
  const result =
    `<Credentials>${credentials}</Credentials><AssumedRoleUser>${user}</AssumedRoleUser>` +
    element('PackedPolicySize', packedPolicyPercent);
  return queryAnswer(NAMESPACE, 'AssumeRole', result, call.requestId);
}
