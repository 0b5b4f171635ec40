import type { Config } from '../config/config.ts';
import { distributorSettings } from './distributor-settings.ts';
import type { Line } from './model.ts';
import { PRICES } from './prices.ts';
import { SECONDS_PER_MONTH, type Workload } from './workload.ts';

/** The index of what is due is written when an object is done; item and index when it is in a receipt (service/ledger/receipt-chains.ts). */
const WRITES_PER_OBJECT = 3;
/** The item, consistently. What the index answers is small. */
const READS_PER_OBJECT = 1;
/** A receipt is written as pending and as issued: items of its size, compressed, which DynamoDB bills by the KB. */
const WRITES_PER_RECEIPT = 2;
/** Of a receipt, compressed, for each object in it. An assumption. */
const KB_PER_OBJECT = 0.05;
/** The chain, before and after. */
const READS_PER_RECEIPT = 2;

/**
 * What receipts cost the platform in a month where every tenant has them, and each partition is a tenant of its own; no line where they
 * are off. The tenants pay for what is written into their accounts.
 */
export function receiptLines({ partitions }: Workload, objects: number, config: Config): readonly Line[] {
  if (!config.distributor.receipts) return [];
  const { receiptIntervalMs } = distributorSettings(config);
  const receipts = partitions * (SECONDS_PER_MONTH / (receiptIntervalMs / 1000));
  const writes = objects * (WRITES_PER_OBJECT + WRITES_PER_RECEIPT * KB_PER_OBJECT) + receipts * WRITES_PER_RECEIPT;
  const reads = objects * READS_PER_OBJECT + receipts * READS_PER_RECEIPT;
  const usd =
    PRICES.kmsKey.usd +
    receipts * PRICES.kmsSignature.usd +
    writes * PRICES.dynamoWrite.usd +
    reads * PRICES.dynamoRead.usd;
  return [{ component: 'Receipts', usd }];
}
