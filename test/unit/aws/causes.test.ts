import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { DistributorError, type ErrorCode } from '../../../service/base/errors.ts';
import {
  always,
  BUCKET_REGION,
  byOperation,
  jsonAnswer,
  queryAnswer,
  REQUEST_ID,
  s3Answer,
  type WireAnswer,
} from '../../support/answers.ts';
import {
  type Ask,
  assume,
  copy,
  GROUP,
  KEY,
  lookUp,
  put,
  ROLE,
  read,
  TASK_SESSION,
  TENANT_SESSION,
  useLedger,
} from '../../support/asks.ts';
import { startServer } from '../../support/server.ts';

/**
 * What an operator is told of each cause for which AWS does not do what it is asked to: the answers are AWS's as they travel, the
 * clients are the service's, and the sentence is the one in the log, in `/status` and in the dead letter.
 */

interface Cause {
  readonly cause: string;
  readonly ask: Ask;
  /** To every call, or by operation of a JSON protocol. */
  readonly answer: WireAnswer | Readonly<Record<string, WireAnswer>>;
  readonly code: ErrorCode;
  readonly sentence: string;
}

const missing = jsonAnswer('ResourceNotFoundException', 'The specified log group does not exist.');
const denied = (who: string, action: string, resource: string, why: string) =>
  `User: ${who} is not authorized to perform: ${action} on resource: ${resource}${why}`;
const noIdentityPolicy = (action: string) => ` because no identity-based policy allows the ${action} action`;

const CAUSES: readonly Cause[] = [
  {
    cause: 'a central bucket in another region (PermanentRedirect)',
    ask: read,
    answer: s3Answer(
      301,
      'PermanentRedirect',
      'The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.',
      { Endpoint: 'central.s3-eu-west-1.amazonaws.com', Bucket: 'central' },
      BUCKET_REGION,
    ),
    code: 'object-forbidden',
    sentence: `s3://central/logs/a#e1 may not be read. The bucket central is in eu-west-1; the service uses buckets in its own region only (AWS_REGION). Run it in the region of the bucket, or have the objects written to a bucket in its region. AWS: PermanentRedirect: The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint. (request id ${REQUEST_ID})`,
  },
  {
    cause: "a tenant's bucket in another region (AuthorizationHeaderMalformed)",
    ask: copy,
    answer: s3Answer(
      400,
      'AuthorizationHeaderMalformed',
      "The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'eu-west-1'",
      { Region: BUCKET_REGION },
      BUCKET_REGION,
    ),
    code: 'destination-refused',
    sentence: `tenant acme, bucket acme-logs in us-east-1: S3 refuses the call. The bucket is in eu-west-1, not in us-east-1. Set target_region to eu-west-1 in the tenant's item. AWS: AuthorizationHeaderMalformed: The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'eu-west-1' (request id ${REQUEST_ID})`,
  },
  {
    cause: 'kms:Decrypt denied by the key policy',
    ask: read,
    answer: s3Answer(
      403,
      'AccessDenied',
      denied(TASK_SESSION, 'kms:Decrypt', KEY, ' because no resource-based policy allows the kms:Decrypt action'),
    ),
    code: 'object-forbidden',
    sentence: `s3://central/logs/a#e1 may not be read. The task role may not use the KMS key that encrypts the object. Allow kms:Decrypt in the policy of ${KEY}. AWS: AccessDenied: User: ${TASK_SESSION} is not authorized to perform: kms:Decrypt on resource: ${KEY} because no resource-based policy allows the kms:Decrypt action (request id ${REQUEST_ID})`,
  },
  {
    cause: 'a key that is disabled',
    ask: read,
    answer: s3Answer(400, 'KMS.DisabledException', `${KEY} is disabled.`),
    code: 'object-forbidden',
    sentence: `s3://central/logs/a#e1 may not be read. The KMS key that encrypts the object is disabled. Enable it. AWS: KMS.DisabledException: ${KEY} is disabled. (request id ${REQUEST_ID})`,
  },
  {
    cause: 'requester pays',
    ask: read,
    answer: s3Answer(403, 'AccessDenied', 'Access Denied'),
    code: 'object-forbidden',
    sentence: `s3://central/logs/a#e1 may not be read. S3 does not say why. The task role needs s3:GetObject on the bucket and kms:Decrypt on its key; where the bucket belongs to another account, its policy must allow the task role s3:GetObject, and Requester Pays must be off. AWS: AccessDenied: Access Denied (request id ${REQUEST_ID})`,
  },
  {
    cause: 'SSE-C',
    ask: read,
    answer: s3Answer(
      400,
      'InvalidRequest',
      'The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.',
    ),
    code: 'object-request-rejected',
    sentence: `s3://central/logs/a#e1 cannot be read. The object is encrypted with a key that only its writer has (SSE-C). Have it written again with SSE-S3 or SSE-KMS. AWS: InvalidRequest: The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object. (request id ${REQUEST_ID})`,
  },
  {
    cause: "an SCP's explicit deny",
    ask: put,
    answer: {
      PutLogEvents: jsonAnswer(
        'AccessDeniedException',
        denied(
          TENANT_SESSION,
          'logs:PutLogEvents',
          `${GROUP}:log-stream:s`,
          ' with an explicit deny in a service control policy: arn:aws:organizations::123456789012:policy/o-abc/service_control_policy/p-def',
        ),
      ),
    },
    code: 'destination-refused',
    sentence: `tenant acme, log group /tenant-logs/acme in us-east-1: CloudWatch Logs refuses the call. A service control policy of the customer's organization denies logs:PutLogEvents (arn:aws:organizations::123456789012:policy/o-abc/service_control_policy/p-def), and no permission of the tenant's role can override it. The administrator of that organization must exempt the role. AWS: AccessDeniedException: User: ${TENANT_SESSION} is not authorized to perform: logs:PutLogEvents on resource: ${GROUP}:log-stream:s with an explicit deny in a service control policy: arn:aws:organizations::123456789012:policy/o-abc/service_control_policy/p-def (request id ${REQUEST_ID})`,
  },
  {
    cause: 'as many log groups as the quota allows',
    ask: put,
    answer: {
      PutLogEvents: missing,
      CreateLogStream: missing,
      CreateLogGroup: jsonAnswer('LimitExceededException', 'Resource limit exceeded.'),
    },
    code: 'destination-refused',
    sentence: `tenant acme, log group /tenant-logs/acme in us-east-1: CloudWatch Logs refuses the call. The customer's account has as many log groups in us-east-1 as its quota allows. Have some deleted or the quota raised, or write to fewer groups (log_group_name). AWS: LimitExceededException: Resource limit exceeded. (request id ${REQUEST_ID})`,
  },
  {
    cause: 'STS not enabled in the region',
    ask: assume,
    answer: queryAnswer(
      403,
      'RegionDisabledException',
      'STS is not activated in this region for account:111122223333. Your account administrator can activate STS in this region using the IAM Console.',
    ),
    code: 'role-refused',
    sentence: `AssumeRole of ${ROLE} for acme was refused. STS is switched off for account 111122223333 in the region of the service (AWS_REGION). An administrator of that account switches it on in IAM, under "Account settings". AWS: RegionDisabledException: STS is not activated in this region for account:111122223333. Your account administrator can activate STS in this region using the IAM Console. (request id ${REQUEST_ID})`,
  },
  {
    cause: 'TagSession missing',
    ask: assume,
    answer: queryAnswer(403, 'AccessDenied', denied(TASK_SESSION, 'sts:TagSession', ROLE, '')),
    code: 'role-refused',
    sentence: `AssumeRole of ${ROLE} for acme was refused. The trust policy of the role does not allow sts:TagSession with the tags tenant_id, cluster_id and environment. Add it beside sts:AssumeRole. \`log-distributor tenants verify acme\` prints the required trust policy. AWS: AccessDenied: User: ${TASK_SESSION} is not authorized to perform: sts:TagSession on resource: ${ROLE} (request id ${REQUEST_ID})`,
  },
  ...(['a role that does not exist', 'a wrong external id'] as const).map((cause) => ({
    cause,
    ask: assume,
    answer: queryAnswer(403, 'AccessDenied', denied(TASK_SESSION, 'sts:AssumeRole', ROLE, '')),
    code: 'role-refused' as const,
    sentence: `AssumeRole of ${ROLE} for acme was refused. Either the role does not exist, or its trust policy does not name the distributor, the external_id of the tenant's item or its tenant_id; AWS does not tell these apart. \`log-distributor tenants verify acme\` prints the required trust policy. AWS: AccessDenied: User: ${TASK_SESSION} is not authorized to perform: sts:AssumeRole on resource: ${ROLE} (request id ${REQUEST_ID})`,
  })),
  {
    cause: 'a ledger table with another key schema',
    ask: useLedger,
    answer: jsonAnswer(
      'com.amazon.coral.validate#ValidationException',
      'The provided key element does not match the schema',
    ),
    code: 'ledger-unavailable',
    sentence: `the ledger delivery-ledger could not be used for acme/cloudwatch of s3://central/logs/a#e1. The table delivery-ledger has another key: its partition key must be object and its sort key delivery, both strings. Set LEDGER_TABLE to the right table. AWS: ValidationException: The provided key element does not match the schema (request id ${REQUEST_ID})`,
  },
  {
    cause: 'a tenant table with another key schema',
    ask: lookUp,
    answer: jsonAnswer(
      'com.amazon.coral.validate#ValidationException',
      'Query condition missed key schema element: object',
    ),
    code: 'tenant-lookup-failed',
    sentence: `tenant acme could not be looked up in tenant-configurations. The table tenant-configurations has another key: its partition key must be tenant_id and its sort key type, both strings. Set TENANT_CONFIG_TABLE to the right table. AWS: ValidationException: Query condition missed key schema element: object (request id ${REQUEST_ID})`,
  },
  {
    cause: 'an object in Glacier',
    ask: read,
    answer: s3Answer(403, 'InvalidObjectState', "The operation is not valid for the object's storage class", {
      StorageClass: 'GLACIER',
    }),
    code: 'object-archived',
    sentence: `s3://central/logs/a#e1 is archived. The object lies in GLACIER. Restore it, then redrive the message. AWS: InvalidObjectState: The operation is not valid for the object's storage class (request id ${REQUEST_ID})`,
  },
  {
    cause: 'an object in an archive tier of Intelligent-Tiering',
    ask: read,
    answer: s3Answer(403, 'InvalidObjectState', "The action is not valid for the object's access tier", {
      StorageClass: 'INTELLIGENT_TIERING',
      AccessTier: 'ARCHIVE_ACCESS',
    }),
    code: 'object-archived',
    sentence: `s3://central/logs/a#e1 is archived. The object lies in the tier ARCHIVE_ACCESS of INTELLIGENT_TIERING. Restore it, which takes hours, then redrive the message. AWS: InvalidObjectState: The action is not valid for the object's access tier (request id ${REQUEST_ID})`,
  },
  // Beyond the causes that were asked for: where the same code or sentence means another remedy.
  {
    cause: 'kms:Decrypt that the task role itself lacks',
    ask: read,
    answer: s3Answer(403, 'AccessDenied', denied(TASK_SESSION, 'kms:Decrypt', KEY, noIdentityPolicy('kms:Decrypt'))),
    code: 'object-forbidden',
    sentence: `s3://central/logs/a#e1 may not be read. The task role may not use the KMS key that encrypts the object. Allow kms:Decrypt in the policies of the task role, for ${KEY}. AWS: AccessDenied: User: ${TASK_SESSION} is not authorized to perform: kms:Decrypt on resource: ${KEY} because no identity-based policy allows the kms:Decrypt action (request id ${REQUEST_ID})`,
  },
  {
    cause: 'sts:AssumeRole that the task role itself lacks',
    ask: assume,
    answer: queryAnswer(
      403,
      'AccessDenied',
      denied(TASK_SESSION, 'sts:AssumeRole', ROLE, noIdentityPolicy('sts:AssumeRole')),
    ),
    code: 'role-refused',
    sentence: `AssumeRole of ${ROLE} for acme was refused. The policies of the task role do not allow sts:AssumeRole on this role. The policy that is deployed with the service allows roles whose names begin with LogDistribution. AWS: AccessDenied: User: ${TASK_SESSION} is not authorized to perform: sts:AssumeRole on resource: ${ROLE} because no identity-based policy allows the sts:AssumeRole action (request id ${REQUEST_ID})`,
  },
  {
    cause: 'a policy that does not allow logs:CreateLogGroup',
    ask: put,
    answer: {
      PutLogEvents: missing,
      CreateLogStream: missing,
      CreateLogGroup: jsonAnswer(
        'AccessDeniedException',
        denied(TENANT_SESSION, 'logs:CreateLogGroup', `${GROUP}:log-stream:`, noIdentityPolicy('logs:CreateLogGroup')),
      ),
    },
    code: 'destination-refused',
    sentence: `tenant acme, log group /tenant-logs/acme in us-east-1: CloudWatch Logs refuses the call. No policy of the tenant's role allows logs:CreateLogGroup. The tenant's role needs logs:PutLogEvents, logs:CreateLogStream, logs:CreateLogGroup and logs:PutRetentionPolicy there. AWS: AccessDeniedException: User: ${TENANT_SESSION} is not authorized to perform: logs:CreateLogGroup on resource: ${GROUP}:log-stream: because no identity-based policy allows the logs:CreateLogGroup action (request id ${REQUEST_ID})`,
  },
];

async function ask(t: TestContext, { answer, ask: call }: Pick<Cause, 'answer' | 'ask'>): Promise<unknown> {
  const isOne = (value: Cause['answer']): value is WireAnswer => typeof value.status === 'number';
  const { url } = await startServer(t, isOne(answer) ? always(answer) : byOperation(answer));
  return call(url);
}

for (const { cause, code, sentence, ...asked } of CAUSES) {
  test(`the operator is told of ${cause}, with the remedy and AWS's own words`, async (t) => {
    const error = await ask(t, asked).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof DistributorError, String(error));
    assert.equal(error.message, sentence);
    assert.equal(error.code, code);
    assert.equal(error.aws?.requestId, REQUEST_ID);
    assert.doesNotMatch(error.message, /acme-secret-9vLr|customer’s secret/);
  });
}

test('the operator is told that only PutRetentionPolicy is missing, and the event is delivered', async (t) => {
  const refusal = jsonAnswer(
    'AccessDeniedException',
    denied(
      TENANT_SESSION,
      'logs:PutRetentionPolicy',
      `${GROUP}:log-stream:`,
      noIdentityPolicy('logs:PutRetentionPolicy'),
    ),
  );
  const calls: string[] = [];
  const { url } = await startServer(t, (request, response) => {
    const operation = String(request.headers['x-amz-target']).split('.').at(-1) ?? '';
    calls.push(operation);
    const isMissing =
      (operation === 'CreateLogStream' && !calls.includes('CreateLogGroup')) ||
      (operation === 'PutLogEvents' && !calls.includes('CreateLogStream'));
    byOperation({ PutRetentionPolicy: refusal, ...(isMissing ? { [operation]: missing } : {}) })(request, response);
  });
  assert.equal(
    await put(url),
    `tenant acme, log group /tenant-logs/acme in us-east-1: its retention of 7 days is not set yet, so it keeps events for ever. Events are delivered, and the retention is tried again. No policy of the tenant's role allows logs:PutRetentionPolicy. The tenant's role needs logs:PutLogEvents, logs:CreateLogStream, logs:CreateLogGroup and logs:PutRetentionPolicy there. AWS: AccessDeniedException: User: ${TENANT_SESSION} is not authorized to perform: logs:PutRetentionPolicy on resource: ${GROUP}:log-stream: because no identity-based policy allows the logs:PutRetentionPolicy action (request id ${REQUEST_ID})`,
  );
  assert.deepEqual(calls, [
    'PutLogEvents',
    'CreateLogStream',
    'CreateLogGroup',
    'PutRetentionPolicy',
    'CreateLogStream',
    'PutLogEvents',
  ]);
});

test('a request that CloudWatch Logs quotes because it breaks a rule is not shown: it holds log text', async (t) => {
  for (const [message, shown] of [
    [
      "1 validation error detected: Value 'a customer’s secret' at 'logEvents.1.member.message' failed to satisfy constraint: Member must have length less than or equal to 5",
      "1 validation error detected: Value (hidden) at 'logEvents.1.member.message' failed to satisfy constraint: Member must have length less than or equal to 5",
    ],
    ['Log event "a customer’s secret" is too long', 'Log event (truncated)'],
    ['Log events in a single PutLogEvents request must be in chronological order.', undefined],
  ] as const) {
    const answer = { PutLogEvents: jsonAnswer('InvalidParameterException', message) };
    await assert.rejects(ask(t, { answer, ask: put }), {
      code: 'destination-rejects-request',
      message: `tenant acme, log group /tenant-logs/acme in us-east-1: CloudWatch Logs rejected the request as invalid. AWS: InvalidParameterException: ${shown ?? message} (request id ${REQUEST_ID})`,
    });
  }
});
