import type { Message } from '@aws-sdk/client-sqs';
import { marshall } from '@aws-sdk/util-dynamodb';
import { AwsError } from '../../embedded-aws/http/aws-error.ts';
import type { LogsAction } from '../../embedded-aws/logs/action.ts';
import { createLogGroup, describeLogGroups, putRetentionPolicy } from '../../embedded-aws/logs/groups.ts';
import { putLogEvents } from '../../embedded-aws/logs/put.ts';
import { EVENT_BYTES_MAX } from '../../embedded-aws/logs/put-limits.ts';
import { getLogEvents } from '../../embedded-aws/logs/read.ts';
import { createLogsStore } from '../../embedded-aws/logs/store.ts';
import { createLogStream } from '../../embedded-aws/logs/streams.ts';
import type { TenantSpec } from '../../local/provision/tenant.ts';
import type { SqsApi } from '../../service/aws/api.ts';
import { parseReceiptPlace, tenantFolder } from '../../service/core/receipt-place.ts';
import { MAX_RECEIVE_COUNT } from '../../service/core/receives.ts';
import { LEDGER_TABLE_KEYS, TENANT_TABLE_KEYS } from '../../service/core/tables.ts';
import { awsError } from './models/answers.ts';
import { createKeys } from './models/keys.ts';
import { createObjects } from './models/objects.ts';
import { createQueues } from './models/queues.ts';
import { createRoles } from './models/roles.ts';
import { createTables } from './models/tables.ts';
import { createTenantBuckets } from './models/tenant-buckets.ts';
import type { Network } from './network.ts';
import type { Witness } from './witness.ts';
import { type World, worldNow } from './world.ts';

/** All of AWS in a world: queues, tables, objects and roles are models; CloudWatch Logs is that of the embedded AWS. */
export interface Cloud extends ReturnType<typeof createCloud> {
  readonly network: Network;
  readonly witness: Witness;
}

export const QUEUE_URL = 'https://sqs.us-east-1.amazonaws.com/000000000000/log-objects';
export const DEAD_LETTERS_URL = 'https://sqs.us-east-1.amazonaws.com/000000000000/log-objects-dead-letters';
export const TENANT_TABLE = 'tenant-configurations';
export const LEDGER_TABLE = 'delivery-ledger';
export const BUCKET = 'central-logs';
export const RECEIPT_KEY = 'arn:aws:kms:us-east-1:000000000000:key/00000000-0000-0000-0000-000000000001';

const LOGS_ACTIONS: Readonly<Record<string, LogsAction>> = {
  PutLogEvents: putLogEvents,
  CreateLogGroup: createLogGroup,
  CreateLogStream: createLogStream,
  PutRetentionPolicy: putRetentionPolicy,
  DescribeLogGroups: describeLogGroups,
  GetLogEvents: getLogEvents,
};

export interface CloudOptions {
  /** The share of messages that are handed out although somebody has them. Default: none. */
  readonly redeliveries?: number;
  /** How long it takes until CloudWatch Logs shows what it has accepted, milliseconds, drawn for each call. Default: no time. */
  readonly visibleAfterMs?: () => number;
  /** How far the index of the ledger is behind it, milliseconds, drawn for each change. Default: not at all. */
  readonly indexLagMs?: () => number;
}

export function createCloud(
  world: World,
  { redeliveries = 0, visibleAfterMs = () => 0, indexLagMs = () => 0 }: CloudOptions = {},
) {
  const nowMs = () => Math.floor(world.nowMs);
  const { random } = world;
  const store = createLogsStore();
  const polls = new Set<(mayTake: boolean) => void>();
  const queues = createQueues({
    nowMs: () => world.nowMs,
    newId: random.uuid,
    pick: random.below,
    onceMore: () => random.chance(redeliveries),
    queues: [
      {
        url: QUEUE_URL,
        arn: 'arn:aws:sqs:us-east-1:000000000000:log-objects',
        redrive: { url: DEAD_LETTERS_URL, maxReceiveCount: MAX_RECEIVE_COUNT },
      },
      { url: DEAD_LETTERS_URL, arn: 'arn:aws:sqs:us-east-1:000000000000:log-objects-dead-letters' },
    ],
  });
  const objects = createObjects(nowMs);
  objects.addBucket(BUCKET, '000000000000');
  const roles = createRoles({ nowMs, newId: random.hex });
  let again = () => {};
  let againMs = Number.POSITIVE_INFINITY;
  /** Offers what is visible to those who wait, who have waited longest first; looks again when the next message turns visible. */
  const offer = () => {
    for (const look of [...polls]) {
      if (!queues.hasVisible(QUEUE_URL)) break;
      look(true);
    }
    const nextMs = polls.size === 0 ? Number.POSITIVE_INFINITY : queues.nextMs(QUEUE_URL);
    if (nextMs === againMs) return;
    again();
    againMs = nextMs;
    if (Number.isFinite(nextMs)) again = world.after(Math.max(1, nextMs - world.nowMs), undefined, offerAgain);
  };
  const offerAgain = () => {
    againMs = Number.POSITIVE_INFINITY;
    offer();
  };
  return {
    queues,
    /** Something may have become visible: long polls look again. */
    stirred: offer,
    /** A long poll: is answered when there is something, or when its time is over. Who has left takes nothing along. */
    poll(
      input: Parameters<SqsApi['ReceiveMessage']>[0],
      answer: (outcome: () => { Messages?: Message[] }) => void,
      isLeft: () => boolean,
    ) {
      const end = (outcome: () => { Messages?: Message[] }) => {
        polls.delete(look);
        over();
        answer(outcome);
      };
      const look = (mayTake: boolean) => {
        if (isLeft()) return end(() => ({}));
        try {
          const Messages = mayTake ? queues.receive(input) : [];
          if (Messages.length > 0 || !mayTake) end(() => ({ Messages }));
        } catch (error) {
          end(() => {
            throw error;
          });
        }
      };
      const over = world.after((input.WaitTimeSeconds ?? 0) * 1000, undefined, () => look(false));
      polls.add(look);
      look(true);
      offer();
    },
    tables: createTables(
      { [TENANT_TABLE]: TENANT_TABLE_KEYS, [LEDGER_TABLE]: LEDGER_TABLE_KEYS },
      { nowMs, indexLagMs },
    ),
    keys: createKeys(RECEIPT_KEY),
    objects,
    roles,
    tenantBuckets: createTenantBuckets(roles, objects),
    logs: store,
    /**
     * @returns besides the answer, from when on reads show what was put
     * @throws as CloudWatch Logs answers
     */
    callLogs(operation: string, accessKeyId: string, region: string, body: Buffer) {
      const { account, logGroupPrefix, readsBack } = roles.session(accessKeyId, 'logs');
      const input = JSON.parse(body.toString());
      const group: string = input.logGroupName ?? '';
      const isOwn = operation === 'DescribeLogGroups' || `${group}/`.startsWith(`${logGroupPrefix}/`);
      if (!isOwn || (operation === 'GetLogEvents' && !readsBack))
        throw awsError('AccessDeniedException', 400, `not authorized to perform logs:${operation} on ${group}`);
      const requestId = random.uuid();
      const call = { input, body, place: { account, region }, store, requestId, nowMs: nowMs() };
      const hiddenMs = operation === 'PutLogEvents' ? visibleAfterMs() : 0;
      try {
        const output = LOGS_ACTIONS[operation]?.run({
          ...call,
          eventBytesMax: EVENT_BYTES_MAX,
          visibleAfterMs: () => hiddenMs,
        });
        return { requestId, seenMs: call.nowMs + hiddenMs, output: output ?? {} };
      } catch (error) {
        throw error instanceof AwsError ? awsError(error.code, error.status, error.message) : error;
      }
    },
    addTenant(tenant: TenantSpec) {
      const roleArn = `arn:aws:iam::${tenant.accountId}:role/LogDistribution-${tenant.tenantId}`;
      const readsBack = tenant.deliveries.some((delivery) => delivery.exactly_once === true);
      const buckets = [...(tenant.bucket ? [tenant.bucket] : []), ...receiptFolders(tenant)];
      for (const { name } of buckets) objects.addBucket(name, tenant.accountId);
      roles.add({ roleArn, readsBack, buckets, ...tenant });
      for (const delivery of tenant.deliveries) {
        const item = {
          tenant_id: tenant.tenantId,
          account_id: tenant.accountId,
          log_distribution_role_arn: roleArn,
          external_id: tenant.externalId,
          enabled: true,
          ...delivery,
        };
        this.tables.put(TENANT_TABLE, marshall(item, { removeUndefinedValues: true }));
      }
    },
  };
}

/** Where a tenant's receipts may be written, in buckets. */
function receiptFolders({ tenantId, deliveries }: TenantSpec) {
  return deliveries.flatMap(({ receipts }) => {
    const place = parseReceiptPlace(String(receipts));
    return place?.kind === 'bucket' ? [{ name: place.bucket, prefix: tenantFolder(place.prefix, tenantId) }] : [];
  });
}

const clouds = new WeakMap<World, Cloud>();

export function setCloud(world: World, cloud: Cloud): void {
  clouds.set(world, cloud);
}

/** That of the world that runs. */
export function theCloud(): Cloud {
  const cloud = clouds.get(worldNow());
  if (!cloud) throw new Error('the world has no cloud');
  return cloud;
}
