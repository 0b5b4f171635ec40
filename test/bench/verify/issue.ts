import { readFile } from 'node:fs/promises';
import type { ReceiptKeys } from '../../../local/receipt-keys.ts';
import { type Cell, HOUR_MS, keyOf } from '../../../service/core/books.ts';
import { addDigests, digestOf, NO_DIGEST } from '../../../service/core/digest.ts';
import { receiptDocument, receiptHash, receiptLine, receiptStatement } from '../../../service/core/receipt.ts';
import { createReceiptDraft } from '../../../service/core/receipt-draft.ts';
import { createLocalSigner } from '../../../service/core/receipt-key.ts';
import { receiptKey } from '../../../service/core/receipt-place.ts';
import type { Delivered } from './events.ts';

export interface IssueOptions {
  readonly group: string;
  readonly account: string;
  readonly region: string;
  readonly keys: ReceiptKeys;
}

/** An object has books of so many cells at most (service/core/books.ts). */
const CELLS_OF_OBJECT = 500;
const INTERVAL_SECONDS = 3_600;

/** Receipts of what was delivered, as the service draws them up, one for each object, and their keys in a bucket. */
export async function issueReceipts(
  delivered: Delivered,
  { group, account, region, keys }: IssueOptions,
): Promise<{ key: string; document: string }[]> {
  const signer = createLocalSigner(await readFile(keys.privateKeyFile, 'utf8'));
  const cells = cellsOf(delivered, group);
  const issued: { key: string; document: string }[] = [];
  let previous: string | null = null;
  for (let at = 0; at < cells.length; at += CELLS_OF_OBJECT) {
    const part = cells.slice(at, at + CELLS_OF_OBJECT);
    const read = part.reduce((sum, { events }) => sum + events, 0);
    const draft = createReceiptDraft(1_000_000);
    const counts = { read, delivered: read, filtered: 0, rejected: 0, quarantined: 0 };
    draft.add({ id: `s3://central/logs/${at}#v1`, counts, books: { cells: part, covered: true } });
    const number = issued.length + 1;
    const line = receiptLine({
      version: 1,
      tenant: 'acme',
      delivery: 'cloudwatch',
      account,
      region,
      number,
      // So that all events are of objects that were done by then.
      issued: new Date(Date.now() + 2 * INTERVAL_SECONDS * 1000).toISOString(),
      interval: INTERVAL_SECONDS,
      previous,
      key: signer.keyId,
      ...draft.content(),
    });
    previous = receiptHash(line);
    const document = receiptDocument(line, await signer.sign(receiptStatement(line)));
    issued.push({ key: receiptKey('', 'acme', 'cloudwatch', { number, hash: previous }), document });
  }
  return issued;
}

function cellsOf(delivered: Delivered, group: string): Cell[] {
  const cells = new Map<string, Cell>();
  for (const [stream, events] of delivered) {
    for (const { timestamp, message } of events) {
      const text = Buffer.from(message);
      const hour = Math.floor(timestamp / HOUR_MS);
      const key = keyOf({ group, stream, hour });
      const before = cells.get(key) ?? { group, stream, hour, events: 0, bytes: 0, digest: NO_DIGEST };
      const digest = addDigests(before.digest, digestOf(text, timestamp));
      cells.set(key, { ...before, events: before.events + 1, bytes: before.bytes + text.length, digest });
    }
  }
  return [...cells.values()];
}
