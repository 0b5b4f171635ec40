import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import {
  CreateRoleCommand,
  EntityAlreadyExistsException,
  PutRolePolicyCommand,
  UpdateAssumeRolePolicyCommand,
} from '@aws-sdk/client-iam';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { marshall } from '@aws-sdk/util-dynamodb';
import {
  BUCKET_ACTIONS,
  LOGS_ACTIONS,
  LOGS_READ_ACTION,
  LOGS_TAG_ACTION,
  RECEIPT_ACTIONS,
  TAG_KEYS,
} from '../../service/core/permissions.ts';
import { parseReceiptPlace, tenantFolder } from '../../service/core/receipt-place.ts';
import { provisionBucket } from './bucket.ts';
import type { ProvisionDeps } from './deps.ts';

/** A tenant: an account with a role for the distributor, and what the tenant table says of its deliveries. */
export interface TenantSpec {
  readonly tenantId: string;
  readonly accountId: string;
  readonly externalId: string;
  /** Log groups with this name or below it can be written, no others. */
  readonly logGroupPrefix: string;
  /** A bucket of the tenant, for deliveries of type `s3`: objects below the prefix can be written. Default: none. */
  readonly bucket?: { readonly name: string; readonly prefix: string };
  /** Attributes of the tenant's items beside the keys, account, role and external id; one item for each `type`. */
  readonly deliveries: readonly DeliverySpec[];
}

export type DeliverySpec = Readonly<Record<string, unknown>> & {
  /** `cloudwatch` or `s3`, or one of them with `#name`. */
  readonly type: string;
};

const POLICY_NAME = 'WriteLogs';

/** Creates the tenant's role and items, or brings them up to date. @returns the role's ARN */
export async function provisionTenant(
  deps: ProvisionDeps,
  tenant: TenantSpec,
  { tenantTable }: { readonly tenantTable: string },
): Promise<string> {
  const { Account: platform = '' } = await deps.sts.send(new GetCallerIdentityCommand({}));
  const roleArn = await provisionRole(deps, tenant, platform);
  if (tenant.bucket) await provisionBucket(deps.s3Of(tenant.accountId), tenant.bucket.name, deps.region);
  for (const { bucket, region = deps.region } of receiptBuckets(tenant))
    await provisionBucket(deps.s3Of(tenant.accountId, region), bucket, region);
  for (const delivery of tenant.deliveries) {
    const item = {
      tenant_id: tenant.tenantId,
      account_id: tenant.accountId,
      log_distribution_role_arn: roleArn,
      external_id: tenant.externalId,
      enabled: true,
      ...delivery,
    };
    await deps.dynamo.send(
      new PutItemCommand({ TableName: tenantTable, Item: marshall(item, { removeUndefinedValues: true }) }),
    );
  }
  return roleArn;
}

async function provisionRole(deps: ProvisionDeps, tenant: TenantSpec, platform: string): Promise<string> {
  const iam = deps.iam(tenant.accountId);
  const name = `LogDistribution-${tenant.tenantId}`;
  const trust = JSON.stringify(trustPolicy(tenant, platform));
  try {
    await iam.send(new CreateRoleCommand({ RoleName: name, AssumeRolePolicyDocument: trust }));
  } catch (error) {
    if (!(error instanceof EntityAlreadyExistsException)) throw error;
    await iam.send(new UpdateAssumeRolePolicyCommand({ RoleName: name, PolicyDocument: trust }));
  }
  const policy = JSON.stringify(writePolicy(tenant));
  await iam.send(new PutRolePolicyCommand({ RoleName: name, PolicyName: POLICY_NAME, PolicyDocument: policy }));
  return `arn:aws:iam::${tenant.accountId}:role/${name}`;
}

/** The platform, with the tenant's external id, for a session that is tagged with the tenant. */
function trustPolicy({ tenantId, externalId }: TenantSpec, platform: string) {
  const principal = { AWS: `arn:aws:iam::${platform}:root` };
  const tagged = { 'aws:RequestTag/tenant_id': tenantId };
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'DistributorAssumes',
        Effect: 'Allow',
        Principal: principal,
        Action: 'sts:AssumeRole',
        Condition: { StringEquals: { 'sts:ExternalId': externalId, ...tagged } },
      },
      {
        Sid: 'DistributorTagsSession',
        Effect: 'Allow',
        Principal: principal,
        Action: 'sts:TagSession',
        Condition: {
          StringEquals: tagged,
          'ForAllValues:StringEquals': { 'aws:TagKeys': TAG_KEYS },
        },
      },
    ],
  };
}

/** `:*` is the group itself, `/*` everything below; `prefix*` would also be a neighbour's `prefix-other`. */
function writePolicy(tenant: TenantSpec) {
  const { tenantId, accountId, logGroupPrefix, bucket, deliveries } = tenant;
  const arn = `arn:aws:logs:*:${accountId}:log-group:${logGroupPrefix}`;
  const hasTags = deliveries.some((delivery) => delivery.log_group_tags !== undefined);
  const readsBack = deliveries.some((delivery) => delivery.exactly_once === true);
  const statement = {
    Sid: 'WriteOwnGroups',
    Effect: 'Allow',
    Action: [...LOGS_ACTIONS, ...(hasTags ? [LOGS_TAG_ACTION] : []), ...(readsBack ? [LOGS_READ_ACTION] : [])],
    // Tags are asked for on the name alone.
    Resource: [...(hasTags ? [arn] : []), `${arn}:*`, `${arn}/*`],
  };
  const objects = bucket && {
    Sid: 'WriteOwnBucket',
    Effect: 'Allow',
    Action: BUCKET_ACTIONS,
    Resource: [`arn:aws:s3:::${bucket.name}/${bucket.prefix}*`],
  };
  const receipts = receiptBuckets(tenant).map((place, at) => ({
    Sid: `WriteReceipts${at}`,
    Effect: 'Allow',
    Action: RECEIPT_ACTIONS,
    Resource: `arn:aws:s3:::${place.bucket}/${tenantFolder(place.prefix, tenantId)}*`,
  }));
  return { Version: '2012-10-17', Statement: [statement, ...(objects ? [objects] : []), ...receipts] };
}

/** Buckets of the tenant that its receipts go to, in the regions of the deliveries. */
function receiptBuckets({ deliveries }: TenantSpec) {
  return deliveries.flatMap(({ receipts: place, target_region: region }) => {
    const parsed = typeof place === 'string' ? parseReceiptPlace(place) : undefined;
    if (parsed?.kind !== 'bucket') return [];
    return [{ ...parsed, region: typeof region === 'string' ? region : undefined }];
  });
}
