import { KmsAlias } from '@cdktn/provider-aws/lib/kms-alias/index.js';
import { KmsKey } from '@cdktn/provider-aws/lib/kms-key/index.js';
import { Construct } from 'constructs';
import type { Config } from '../config/config.ts';
import type { PolicyDocument } from '../policies/document.ts';
import { dataKeyPolicy, logsKeyPolicy, messagingKeyPolicy, receiptKeyPolicy } from '../policies/keys.ts';
import type { Names } from '../values/names.ts';
import { kept } from './kept.ts';

/** ARNs of our keys; all undefined where AWS's own keys encrypt. */
export interface Keys {
  readonly data: string | undefined;
  readonly messaging: string | undefined;
  readonly logs: string | undefined;
}

/** Three keys, for three kinds of user: roles, messaging services, CloudWatch Logs. Each rotates every year. */
export function createKeys(parent: Construct, config: Config, names: Names): Keys {
  if (!config.encryptWithOwnKeys) return { data: undefined, messaging: undefined, logs: undefined };
  const scope = new Construct(parent, 'keys');
  const createKey = (id: string, description: string, document: PolicyDocument): string => {
    const key = new KmsKey(scope, id, {
      description,
      enableKeyRotation: true,
      // The longest there is: whoever deletes a key by mistake has a month to notice (KMS API reference, ScheduleKeyDeletion).
      deletionWindowInDays: 30,
      policy: JSON.stringify(document),
      ...kept(config),
    });
    new KmsAlias(scope, `${id}-alias`, { name: `alias/${names.name}-${id}`, targetKeyId: key.keyId });
    return key.arn;
  };
  return {
    data: createKey('data', `${names.name}: bucket, tables, images, delivery stream`, dataKeyPolicy(names)),
    messaging: createKey('messaging', `${names.name}: topics and queues`, messagingKeyPolicy(names)),
    logs: createKey('logs', `${names.name}: log groups`, logsKeyPolicy(names)),
  };
}

/**
 * The key that signs receipts. KMS rotates no asymmetric key by itself, so it does not say so; another key takes over when
 * `receiptKeyArn` names it (docs/receipts.md).
 * @returns its ARN; undefined where there are no receipts
 */
export function createReceiptKey(parent: Construct, config: Config, names: Names): string | undefined {
  if (!config.distributor.receipts) return undefined;
  const scope = new Construct(parent, 'receipt-key');
  const key = new KmsKey(scope, 'receipts', {
    description: `${names.name}: receipts`,
    customerMasterKeySpec: config.distributor.receiptKeySpec,
    keyUsage: 'SIGN_VERIFY',
    deletionWindowInDays: 30,
    policy: JSON.stringify(receiptKeyPolicy(names)),
    ...kept(config),
  });
  new KmsAlias(scope, 'receipts-alias', { name: `alias/${names.name}-receipts`, targetKeyId: key.keyId });
  return config.distributor.receiptKeyArn ?? key.arn;
}
