import type { LogGroup } from '@aws-sdk/client-cloudwatch-logs';
import type { Call, LogsApi, S3Api } from '../../aws/api.ts';
import { faultOf } from '../../aws/fault.ts';
import { groupCreation } from '../../aws/log-group.ts';
import { saidBy } from '../../aws/words.ts';
import { isKeyRefused, writeLogs } from '../../aws/write-logs.ts';
import { writeReceipts } from '../../aws/write-receipts.ts';
import {
  LOGS_ACTIONS,
  LOGS_KEY_ACTIONS,
  LOGS_READ_ACTION,
  LOGS_TAG_ACTION,
  RECEIPT_ACTIONS,
} from '../../core/permissions.ts';
import { type ReceiptPlace, tenantFolder } from '../../core/receipt-place.ts';
import type { DeliveryTo } from '../kind.ts';
import { remedyOf } from '../remedy.ts';
import { type Fix, notTested, type Statement, type Step, timed, type Verdict } from '../step.ts';
import { compareClass } from './class.ts';
import { type CloudWatchTarget, groupPrefix, type ServiceGroup } from './target.ts';

/** What the role may do in CloudWatch Logs: everything that a first delivery would, with one event that says what it is. */

export interface WritingDeps {
  readonly logs: Call<LogsApi>;
  readonly s3: Call<S3Api>;
  readonly monotonicMs: () => number;
  readonly nowMs: () => number;
}

/** In a stream of its own, so that it is found, and is in nobody's way. */
const CANARY_STREAM = 'log-distributor-verify';
export const STEPS = {
  create: 'log group and stream can be created',
  put: 'an event can be written',
  readBack: 'the event can be read back',
  read: 'retention and class of the group',
} as const;
/** Only of a delivery whose receipts go to a bucket; a log group is written like the others. */
const RECEIPTS_STEP = 'a receipt can be written';
const RECEIPTS_CANARY = 'log-distributor-verify.txt';

type CloudWatchDelivery = DeliveryTo<CloudWatchTarget>;

/** @param application stands for `{application}` in the name of the log group */
export async function checkWriting(
  deps: WritingDeps,
  delivery: CloudWatchDelivery,
  application: string,
): Promise<Step[]> {
  return [...(await checkGroups(deps, delivery, application)), ...(await checkReceipts(deps, delivery))];
}

async function checkGroups(deps: WritingDeps, delivery: CloudWatchDelivery, application: string): Promise<Step[]> {
  const group = canaryGroup(delivery, application, deps.nowMs());
  const groups = groupsFor(delivery, group);
  const create = await timed(STEPS.create, deps.monotonicMs, () =>
    inEach(groups, (one) => createCanary(deps, delivery, one)),
  );
  if (create.outcome === 'failed') {
    return [
      create,
      notTested(STEPS.put, 'there is no stream'),
      notTested(STEPS.readBack, 'there is no stream'),
      notTested(STEPS.read, 'there may be no group'),
    ];
  }
  const put = await timed(STEPS.put, deps.monotonicMs, () => inEach(groups, (one) => putCanary(deps, delivery, one)));
  const readBack = await timed(STEPS.readBack, deps.monotonicMs, () => readCanary(deps, delivery, group));
  const read = await timed(STEPS.read, deps.monotonicMs, () => inEach(groups, (one) => describe(deps, delivery, one)));
  return [create, put, readBack, read];
}

/** The event just written may not be seen yet: that the call is allowed, and possible in this class of group, is enough. */
async function readCanary(deps: WritingDeps, delivery: CloudWatchDelivery, group: string): Promise<Verdict> {
  if (!delivery.target.exactlyOnce) return { outcome: 'not tested', detail: 'only exactly_once needs it' };
  const refused = await attempt(delivery, LOGS_READ_ACTION, group, () =>
    deps.logs('GetLogEvents', { logGroupName: group, logStreamName: CANARY_STREAM, limit: 1 }),
  );
  return refused ?? { outcome: 'ok', detail: `${group} ${CANARY_STREAM}` };
}

/** The group of an event, and the group of the service's own events where that is another one. */
function groupsFor({ target }: CloudWatchDelivery, name: string): readonly ServiceGroup[] {
  const { serviceGroup, groupSettings: settings, receipts } = target;
  const others = [
    ...(serviceGroup ? [serviceGroup] : []),
    ...(receipts?.kind === 'log-group' ? [{ name: receipts.group, settings }] : []),
  ];
  const byName = new Map(others.filter((other) => other.name !== name).map((other) => [other.name, other]));
  return [{ name, settings }, ...byName.values()];
}

/** The verdict on all groups of a delivery: the worst of them, or what is said of each. */
async function inEach(
  groups: readonly ServiceGroup[],
  look: (group: ServiceGroup) => Promise<Verdict>,
): Promise<Verdict> {
  const verdicts: Verdict[] = [];
  for (const group of groups) verdicts.push(await look(group));
  const worst =
    verdicts.find(({ outcome }) => outcome === 'failed') ?? verdicts.find(({ outcome }) => outcome !== 'ok');
  return worst ?? { outcome: 'ok', detail: verdicts.map(({ detail }) => detail).join('; ') };
}

async function putCanary(
  { logs, nowMs }: WritingDeps,
  delivery: CloudWatchDelivery,
  { name: group }: ServiceGroup,
): Promise<Verdict> {
  const message = `log-distributor verify: events of tenant ${delivery.tenantId} reach ${group}`;
  const refused = await attempt(delivery, 'logs:PutLogEvents', group, () =>
    logs('PutLogEvents', {
      logGroupName: group,
      logStreamName: CANARY_STREAM,
      logEvents: [{ timestamp: nowMs(), message }],
    }),
  );
  return refused ?? { outcome: 'ok', detail: `${group} ${CANARY_STREAM}` };
}

/** As receipts are written, but for their condition: the next look writes over it. */
async function checkReceipts({ s3, monotonicMs }: WritingDeps, delivery: CloudWatchDelivery): Promise<Step[]> {
  const { receipts } = delivery.target;
  if (receipts?.kind !== 'bucket') return [];
  const key = `${tenantFolder(receipts.prefix, delivery.tenantId)}${RECEIPTS_CANARY}`;
  const where = `s3://${receipts.bucket}/${key}`;
  const step = await timed(RECEIPTS_STEP, monotonicMs, async () => {
    try {
      await s3('PutObject', {
        Bucket: receipts.bucket,
        Key: key,
        ExpectedBucketOwner: delivery.accountId,
        Body: `log-distributor verify: receipts of tenant ${delivery.tenantId} reach ${where}\n`,
        ContentType: 'text/plain',
      });
      return { outcome: 'ok', detail: where };
    } catch (error) {
      const fix = {
        advice: `a policy of ${delivery.roleArn} must contain this statement`,
        statements: [receiptStatement(delivery.roleArn, receipts, delivery.tenantId)],
      };
      const detail = `s3:PutObject on ${where} failed. ${saidBy(error)}`;
      return {
        outcome: 'failed',
        detail,
        ...remedyOf(error, writeReceipts(delivery.region, receipts, delivery.tenantId), fix),
      };
    }
  });
  return [step];
}

/** The log group of an event that has nothing but an application. */
function canaryGroup({ target }: CloudWatchDelivery, application: string, nowMs: number): string {
  const date = new Date(nowMs).toISOString().slice(0, 10);
  const values = target.group.variables.map((name) =>
    name === 'application' ? application : name === 'date' ? date : 'verify',
  );
  return target.group.render(values);
}

async function createCanary(
  { logs }: WritingDeps,
  delivery: CloudWatchDelivery,
  { name: group, settings }: ServiceGroup,
): Promise<Verdict> {
  const stream = () => logs('CreateLogStream', { logGroupName: group, logStreamName: CANARY_STREAM });
  let made = 'both exist';
  const first = await attempt(delivery, 'logs:CreateLogStream', group, async () => {
    try {
      await stream();
      made = 'created the stream';
    } catch (error) {
      if (faultOf(error) !== 'missing') throw error;
      made = '';
    }
  });
  if (first) return first;
  if (made !== '') return { outcome: 'ok', detail: made };
  const { retentionDays } = delivery.target;
  const createGroup = () => logs('CreateLogGroup', groupCreation(group, settings));
  const noGroup = await attempt(delivery, 'logs:CreateLogGroup', group, createGroup);
  if (noGroup) return noGroup;
  const noRetention = await setRetention(logs, delivery, group);
  const noStream = await attempt(delivery, 'logs:CreateLogStream', group, stream);
  if (noStream) return noStream;
  // As the service does: it delivers, and tries the retention again.
  if (noRetention) return { ...noRetention, outcome: 'finding' };
  return {
    outcome: 'ok',
    detail: `created ${group}${retentionDays === undefined ? '' : `, kept for ${retentionDays} days`}`,
  };
}

function setRetention(
  logs: WritingDeps['logs'],
  delivery: CloudWatchDelivery,
  group: string,
): Promise<Verdict | undefined> | undefined {
  const { retentionDays: retentionInDays } = delivery.target;
  if (retentionInDays === undefined) return undefined;
  return attempt(delivery, 'logs:PutRetentionPolicy', group, () =>
    logs('PutRetentionPolicy', { logGroupName: group, retentionInDays }),
  );
}

/** The distributor's role need not be able to read; where it is, what it reads is told. */
async function describe({ logs }: WritingDeps, delivery: CloudWatchDelivery, group: ServiceGroup): Promise<Verdict> {
  const { name } = group;
  try {
    const { logGroups } = await logs('DescribeLogGroups', { logGroupNamePrefix: name });
    const found = logGroups?.find(({ logGroupName }) => logGroupName === name);
    if (!found) return { outcome: 'not tested', detail: 'the group is not listed yet' };
    return compareSettings(found, delivery.target, group);
  } catch (error) {
    if (faultOf(error) !== 'refused')
      return { outcome: 'failed', detail: `DescribeLogGroups failed. ${saidBy(error)}` };
    return { outcome: 'not tested', detail: 'the role may not read them, which is not required' };
  }
}

/** What a group has, beside what the item says of groups that the service creates. */
function compareSettings(
  found: LogGroup,
  { retentionDays, progressEvents, serviceGroup }: CloudWatchTarget,
  { name, settings }: ServiceGroup,
): Verdict {
  const keeps = found.retentionInDays === undefined ? 'for ever' : `for ${found.retentionInDays} days`;
  const foundClass = found.logGroupClass ?? 'STANDARD';
  const key = found.kmsKeyId === undefined ? '' : `, encrypted with ${found.kmsKeyId}`;
  const detail = `keeps ${keeps}, class ${foundClass}${key}`;
  const { logGroupClass, kmsKeyArn } = settings;
  const otherClass = compareClass(logGroupClass, foundClass);
  const otherKey = kmsKeyArn !== undefined && kmsKeyArn !== found.kmsKeyId;
  const noMetrics = progressEvents === true && name === serviceGroup?.name && foundClass !== 'STANDARD';
  const others = [
    ...(retentionDays !== undefined && retentionDays !== found.retentionInDays
      ? [`the item says ${retentionDays} days, which applies only to groups that the service creates`]
      : []),
    ...(otherClass ? [otherClass.detail] : []),
    ...(otherKey ? [`the item says the key ${kmsKeyArn}, which applies only to groups that the service creates`] : []),
    ...(noMetrics ? [`CloudWatch Logs makes no metrics of progress events in ${name}, a group of this class`] : []),
  ];
  const all = [detail, ...others].join('; ');
  if (!otherClass && !otherKey && !noMetrics) return { outcome: 'ok', detail: all };
  const advice = [
    ...(otherClass ? [otherClass.advice] : []),
    ...(otherKey ? [`the owner of the group gives it the key with logs:AssociateKmsKey`] : []),
    ...(noMetrics
      ? ['name a group of the class STANDARD, or one that does not exist yet, in service_log_group_name']
      : []),
  ].join('; ');
  return { outcome: 'finding', detail: all, fix: { advice } };
}

/** @returns what is wrong, if anything is; what exists already is as good as made */
async function attempt(
  delivery: CloudWatchDelivery,
  action: string,
  group: string,
  call: () => Promise<unknown>,
): Promise<Verdict | undefined> {
  try {
    await call();
    return undefined;
  } catch (error) {
    if (faultOf(error) === 'exists') return undefined;
    const detail = `${action} on ${group} in ${delivery.region} failed. ${saidBy(error)}`;
    const fix = isKeyRefused(error) ? keyFix(delivery) : roleFix(delivery);
    return {
      outcome: 'failed',
      detail,
      ...remedyOf(error, writeLogs(delivery.region, delivery.target), fix),
    };
  }
}

function roleFix(delivery: CloudWatchDelivery): Fix {
  return {
    advice: `a policy of ${delivery.roleArn} must contain this statement`,
    statements: [writeStatement(delivery.roleArn, groupPrefixOf(delivery), needsOf(delivery))],
  };
}

function keyFix(delivery: CloudWatchDelivery): Fix {
  return {
    advice: `the policy of the key ${delivery.target.groupSettings.kmsKeyArn} must contain this statement`,
    statements: [keyStatement(delivery.roleArn, delivery.region, groupPrefixOf(delivery))],
  };
}

/** Whether groups are created with tags, for which a role needs one permission more. */
export function hasTags({ target }: CloudWatchDelivery): boolean {
  return target.groupSettings.tags !== undefined;
}

/** What a role must allow beyond what every delivery needs. */
export interface MoreNeeds {
  readonly tags: boolean;
  readonly readsBack: boolean;
}

export function needsOf(delivery: CloudWatchDelivery): MoreNeeds {
  return { tags: hasTags(delivery), readsBack: delivery.target.exactlyOnce };
}

/** The prefix of log groups that a delivery needs. */
export function groupPrefixOf({ target, tenantId }: CloudWatchDelivery): string {
  return groupPrefix(target.group, tenantId);
}

/** What the role must be allowed: to write below one prefix of log groups. A test compares it with the template in `infra/customer/`. */
export function writeStatement(roleArn: string, prefix: string, { tags, readsBack }: MoreNeeds): Statement {
  const groups = groupsOf(roleArn, '*', prefix);
  return {
    Sid: 'WriteOwnGroups',
    Effect: 'Allow',
    Action: [...LOGS_ACTIONS, ...(tags ? [LOGS_TAG_ACTION] : []), ...(readsBack ? [LOGS_READ_ACTION] : [])],
    // With ":*" and "/*" and not with a bare "*", which would be a neighbour's prefix-other too.
    Resource: [groups, `${groups}:*`, `${groups}/*`],
  };
}

/** What the role must be allowed for receipts that go to a bucket. A test compares it with the template in `infra/customer/`. */
export function receiptStatement(
  roleArn: string,
  { bucket, prefix }: Extract<ReceiptPlace, { kind: 'bucket' }>,
  tenantId: string,
): Statement {
  const [, partition] = roleArn.split(':');
  return {
    Sid: 'WriteReceipts',
    Effect: 'Allow',
    Action: RECEIPT_ACTIONS,
    Resource: [`arn:${partition}:s3:::${bucket}/${tenantFolder(prefix, tenantId)}*`],
  };
}

/** What the policy of a key must allow for the groups of a delivery to be encrypted with it: CloudWatch Logs, for these groups alone. */
export function keyStatement(roleArn: string, region: string, prefix: string): Statement {
  const [, partition] = roleArn.split(':');
  const groups = groupsOf(roleArn, region, prefix);
  return {
    Sid: 'EncryptLogGroups',
    Effect: 'Allow',
    Principal: { Service: `logs.${region}.${partition === 'aws-cn' ? 'amazonaws.com.cn' : 'amazonaws.com'}` },
    Action: LOGS_KEY_ACTIONS,
    Resource: '*',
    Condition: { ArnLike: { 'kms:EncryptionContext:aws:logs:arn': [groups, `${groups}/*`] } },
  };
}

function groupsOf(roleArn: string, region: string, prefix: string): string {
  const [, partition, , , account] = roleArn.split(':');
  return `arn:${partition}:logs:${region}:${account}:log-group:${prefix}`;
}
