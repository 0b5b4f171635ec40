import type { PolicyDocument } from '../../policies/document.ts';
import { dataKeyPolicy, logsKeyPolicy, messagingKeyPolicy, receiptKeyPolicy } from '../../policies/keys.ts';
import { getAtt, type Json, toJson } from '../intrinsics.ts';
import { textOf } from '../placeholders.ts';
import { KEPT, type Resource } from '../stack.ts';
import { NAMES } from '../symbolic.ts';

const CONDITION = 'WithOwnKeys';

/** Three keys with their aliases, as constructs/keys.ts makes them. */
export function keyResources(): Readonly<Record<string, Resource>> {
  return {
    ...key('Data', 'bucket, tables, images, delivery stream', dataKeyPolicy(NAMES)),
    ...key('Messaging', 'topics and queues', messagingKeyPolicy(NAMES)),
    ...key('Logs', 'log groups', logsKeyPolicy(NAMES)),
  };
}

function key(kind: string, what: string, policy: PolicyDocument): Readonly<Record<string, Resource>> {
  return {
    [`${kind}Key`]: {
      Type: 'AWS::KMS::Key',
      Condition: CONDITION,
      ...KEPT,
      Properties: {
        Description: `${NAMES.name}: ${what}`,
        EnableKeyRotation: true,
        PendingWindowInDays: 30,
        KeyPolicy: toJson(policy),
      },
    },
    [`${kind}KeyAlias`]: {
      Type: 'AWS::KMS::Alias',
      Condition: CONDITION,
      Properties: { AliasName: `alias/${NAMES.name}-${kind.toLowerCase()}`, TargetKeyId: keyId(kind) },
    },
  };
}

function keyId(kind: string): Json {
  return { Ref: `${kind}Key` };
}

export function keyArn(kind: 'Data' | 'Messaging' | 'Logs'): Json {
  return getAtt(`${kind}Key`, 'Arn');
}

/** ARN of the key that signs receipts: the given one, or the one that is made. */
export function receiptKeyArn(on: { readonly WithReceipts?: boolean; readonly HasReceiptKeyArn?: boolean }) {
  if (!on.WithReceipts) return undefined;
  return on.HasReceiptKeyArn ? textOf('ReceiptKeyArn') : textOf('ReceiptKey.Arn');
}

/** The key that signs receipts, with its alias, as constructs/keys.ts makes it. */
export function receiptKeyResources(): Readonly<Record<string, Resource>> {
  return {
    ReceiptKey: {
      Type: 'AWS::KMS::Key',
      Condition: 'WithReceipts',
      ...KEPT,
      Properties: {
        Description: `${NAMES.name}: receipts`,
        KeySpec: textOf('ReceiptKeySpec'),
        KeyUsage: 'SIGN_VERIFY',
        PendingWindowInDays: 30,
        KeyPolicy: toJson(receiptKeyPolicy(NAMES)),
      },
    },
    ReceiptKeyAlias: {
      Type: 'AWS::KMS::Alias',
      Condition: 'WithReceipts',
      Properties: { AliasName: `alias/${NAMES.name}-receipts`, TargetKeyId: { Ref: 'ReceiptKey' } },
    },
  };
}
