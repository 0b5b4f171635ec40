import type { AwsAnswer } from '../base/aws-answer.ts';
import type { TableKeys } from '../core/tables.ts';

/** What a call was for: it decides who must change what. */
export type Purpose =
  /** The central bucket, with the task role. */
  | { readonly kind: 'read-object'; readonly bucket: string }
  | { readonly kind: 'write-quarantine'; readonly bucket: string }
  /** The customer's side, with the tenant's role. */
  | ({ readonly kind: 'write-destination' } & DestinationWords)
  | { readonly kind: 'assume-role'; readonly tenantId: string | undefined }
  | {
      readonly kind: 'use-table';
      /** The setting that names it. */
      readonly setting: 'TENANT_CONFIG_TABLE' | 'LEDGER_TABLE';
      readonly table: string;
      readonly keys: TableKeys;
    }
  | { readonly kind: 'sign-receipts' }
  | { readonly kind: 'use-queue'; readonly setting: 'SQS_QUEUE_URL' | 'DLQ_URL'; readonly action: string };

/** What a kind of destination says of the place that it writes to. */
export interface DestinationWords {
  /** `the bucket`. */
  readonly thing: string;
  /** What the tenant's role must be allowed, as a sentence. */
  readonly needs: string;
  /**
   * What helps against an answer that means something in particular there; undefined: nothing more than elsewhere.
   * @param explained AWS said more than that access is denied
   */
  readonly advise: (answer: AwsAnswer, explained: boolean) => string | undefined;
}

const TABLE_ACTIONS = {
  TENANT_CONFIG_TABLE:
    'dynamodb:Query and dynamodb:DescribeTable (with canaries and progress events dynamodb:Scan too)',
  LEDGER_TABLE: 'dynamodb:GetItem, dynamodb:UpdateItem and dynamodb:DescribeTable',
} as const;

/** Who calls, whose organization that belongs to, what is encrypted there, and what the caller needs. */
export interface Party {
  readonly caller: string;
  readonly organization: string;
  readonly thing: string;
  readonly needs: string;
}

export function partyOf(purpose: Purpose): Party {
  const task = { caller: 'the task role', organization: 'your organization' };
  const tenant = { caller: "the tenant's role", organization: "the customer's organization" };
  switch (purpose.kind) {
    case 'read-object':
      return {
        ...task,
        thing: 'the object',
        needs: 'The task role needs s3:GetObject on the bucket and kms:Decrypt on its key.',
      };
    case 'write-quarantine':
      return {
        ...task,
        thing: 'the bucket',
        needs:
          'The task role needs s3:PutObject below QUARANTINE_PREFIX and kms:GenerateDataKey on the key of the bucket.',
      };
    case 'write-destination':
      return { ...tenant, thing: purpose.thing, needs: purpose.needs };
    case 'assume-role':
      return {
        ...task,
        thing: 'the role',
        needs: 'Both the policies of the task role and the trust policy of the role must allow sts:AssumeRole.',
      };
    case 'use-table':
      return {
        ...task,
        thing: 'the table',
        needs: `The task role needs ${TABLE_ACTIONS[purpose.setting]} on the table, and kms:Decrypt on its key.`,
      };
    case 'sign-receipts':
      return {
        ...task,
        thing: 'the receipts',
        needs: 'The task role needs kms:Sign and kms:GetPublicKey on the key of RECEIPT_KEY.',
      };
    case 'use-queue':
      return {
        ...task,
        thing: 'the queue',
        needs: `The task role needs ${purpose.action} on the queue of ${purpose.setting}, and kms:Decrypt and kms:GenerateDataKey on its key.`,
      };
  }
}
