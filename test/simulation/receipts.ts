import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { type Cell, HOUR_MS } from '../../service/core/books.ts';
import { parseDigest } from '../../service/core/digest.ts';
import type { Receipt } from '../../service/core/receipt.ts';
import { parseReceiptPlace, RECEIPT_STREAM, receiptFolder } from '../../service/core/receipt-place.ts';
import { dueCells, sumUp } from '../chaos/judge/books.ts';
import type { JudgedObject } from '../chaos/judge/evidence.ts';
import type { ChaosTenant, DeliveryTruth } from '../chaos/tenants.ts';
import { type Cloud, LEDGER_TABLE, RECEIPT_KEY } from './cloud.ts';

/** Receipts of a trial, compared with what was delivered; written apart from the service's own verification on purpose. */

type Found = Pick<Cloud, 'objects' | 'logs' | 'keys' | 'tables'>;
type Note = (sentence: string) => void;

/** Whether no object waits for a receipt. */
export function isReceipted({ tables }: Pick<Found, 'tables'>): boolean {
  return tables.all(LEDGER_TABLE).every((item) => item.receipt_due === undefined);
}

/** @returns how many receipts there are */
export function judgeReceipts(
  found: Found,
  tenants: readonly ChaosTenant[],
  objects: readonly JudgedObject[],
  note: Note,
): number {
  const { PublicKey = '' } = found.keys.GetPublicKey({ KeyId: RECEIPT_KEY });
  const key = createPublicKey({ key: Buffer.from(PublicKey, 'base64'), format: 'der', type: 'spki' });
  let count = 0;
  for (const tenant of tenants) {
    for (const truth of tenant.truths.filter(({ booked }) => booked)) {
      const complain = (what: string) => note(`receipts of ${truth.name}: ${what}`);
      const chain = chainOf(documentsOf(found, tenant, truth), key, complain);
      count += chain.length;
      const own = objects.filter(({ tenantId }) => tenantId === tenant.tenantId);
      compareObjects(chain, own, complain);
      const due = own.flatMap(({ records }) => dueCells(records, truth));
      if (sumUp(chain.flatMap(cellsOf)) !== sumUp(due)) complain('other events than those that were due');
    }
  }
  return count;
}

/** As they stand in the tenant's bucket, or in the stream of its log group. */
function documentsOf({ objects, logs }: Found, tenant: ChaosTenant, { name }: DeliveryTruth): string[] {
  const type = name.slice(tenant.tenantId.length + 1);
  const item = tenant.deliveries.find((delivery) => delivery.type === type);
  const place = parseReceiptPlace(String(item?.receipts));
  if (place?.kind === 'bucket') {
    const folder = receiptFolder(place.prefix, tenant.tenantId, type);
    const all = [...objects.all(place.bucket)].filter(([key]) => key.startsWith(folder));
    return all.map(([, body]) => body.toString());
  }
  const events = [...logs.read({ account: tenant.accountId })];
  return events
    .filter(({ group, stream }) => group === place?.group && stream === RECEIPT_STREAM)
    .map(({ message }) => message);
}

/** The receipts in order, each once, after a look at their signatures and links. */
function chainOf(documents: readonly string[], key: KeyObject, complain: Note): Receipt[] {
  const hashes = new Map<number, string>();
  const receipts: Receipt[] = [];
  for (const document of new Set(documents)) {
    const [line = '', second = '{}'] = document.split('\n');
    const receipt: Receipt = JSON.parse(line);
    const hash = createHash('sha256').update(line).digest('hex');
    const statement = `log distributor receipt 1 sha256 ${hash}`;
    const signature = Buffer.from(JSON.parse(second).signature, 'base64');
    if (!verify(null, Buffer.from(statement), key, signature)) complain(`receipt ${receipt.number} is not signed`);
    if (hashes.has(receipt.number)) complain(`two receipts have the number ${receipt.number}`);
    hashes.set(receipt.number, hash);
    receipts.push(receipt);
  }
  receipts.sort((a, b) => a.number - b.number);
  for (const [at, { number, previous }] of receipts.entries()) {
    if (number !== at + 1) complain(`receipt ${at + 1} is missing`);
    if (previous !== (hashes.get(number - 1) ?? null)) complain(`receipt ${number} does not follow the one before`);
  }
  return receipts;
}

/** Every object is in one receipt, with its counts. */
function compareObjects(chain: readonly Receipt[], objects: readonly JudgedObject[], complain: Note): void {
  const listed = chain.flatMap((receipt) => receipt.objects);
  const byId = Map.groupBy(listed, ({ id }) => id);
  for (const { id, records } of objects) {
    const [first, ...more] = byId.get(id) ?? [];
    if (!first) complain(`${id} is in none`);
    else if (more.length > 0) complain(`${id} is in ${more.length + 1}`);
    else if (first.read !== records.length || !first.covered) complain(`${id} has read ${first.read}`);
  }
  const known = new Set(objects.map(({ id }) => id));
  for (const id of byId.keys()) if (!known.has(id)) complain(`${id} was never there`);
}

function cellsOf({ streams }: Receipt): Cell[] {
  return streams.flatMap(({ group, stream, hours }) =>
    hours.map(({ hour, events, bytes, digest }): Cell => {
      const parsed = parseDigest(digest);
      if (!parsed) throw new Error(`a digest of ${digest}`);
      return { group, stream, hour: Date.parse(`${hour}:00:00Z`) / HOUR_MS, events, bytes, digest: parsed };
    }),
  );
}
