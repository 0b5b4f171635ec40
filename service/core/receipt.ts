import { createHash } from 'node:crypto';
import * as z from 'zod';
import { HOUR_MS } from './books.ts';
import type { ReceiptLink } from './receipt-chain.ts';

/**
 * A receipt: what the distributor says that it delivered to a tenant. Two lines of text: the receipt as JSON, and the signature of
 * exactly these bytes. A receipt names the one before it, so that none can be taken out, put in or changed later without its showing.
 */
export interface Receipt {
  readonly version: typeof RECEIPT_VERSION;
  readonly tenant: string;
  /** The delivery's type: `cloudwatch`, `cloudwatch#audit`. */
  readonly delivery: string;
  /** Where the events are. */
  readonly account: string;
  readonly region: string;
  /** From 1, without a gap. */
  readonly number: number;
  /** When it was drawn up, ISO 8601, on the clock of the ledger table. */
  readonly issued: string;
  /** The next one follows after so many seconds, at the latest. */
  readonly interval: number;
  /** `receiptHash` of the receipt before; null for the first. */
  readonly previous: string | null;
  /** The id of the key that signs it (`keyIdOf`). */
  readonly key: string;
  /** The replay whose objects these are; null for objects that arrived by themselves. A receipt has one or the other. */
  readonly replay: string | null;
  /** Sums over the objects. */
  readonly counts: ReceiptCounts;
  readonly objects: readonly ReceiptObject[];
  readonly streams: readonly ReceiptStream[];
}

export interface ReceiptCounts {
  readonly objects: number;
  readonly read: number;
  readonly delivered: number;
  readonly filtered: number;
  readonly rejected: number;
  readonly quarantined: number;
}

export interface ReceiptObject {
  /** As the ledger names it: `s3://bucket/key#version`. */
  readonly id: string;
  readonly read: number;
  readonly delivered: number;
  /** Whether `streams` has its events. Of an object with too many streams and hours, nobody kept them apart. */
  readonly covered: boolean;
}

export interface ReceiptStream {
  readonly group: string;
  readonly stream: string;
  readonly hours: readonly ReceiptHour[];
}

/** The events of one hour, by their timestamps. */
export interface ReceiptHour {
  /** UTC, such as `2026-11-30T21`. */
  readonly hour: string;
  readonly events: number;
  /** UTF-8 bytes of their messages. */
  readonly bytes: number;
  /** The sum of their hashes, 32 hexadecimal digits. */
  readonly digest: string;
}

export const RECEIPT_VERSION = 1;

const COUNT = z.int().nonnegative();
const HASH = z.string().regex(/^[0-9a-f]{64}$/);
const RECEIPT = z.object({
  version: z.literal(RECEIPT_VERSION),
  tenant: z.string().min(1),
  delivery: z.string().min(1),
  account: z.string().regex(/^\d{12}$/),
  region: z.string().min(1),
  number: z.int().positive(),
  issued: z.iso.datetime(),
  interval: z.int().positive(),
  previous: HASH.nullable(),
  key: z.string().min(1),
  replay: z.string().nullable(),
  counts: z.object({
    objects: COUNT,
    read: COUNT,
    delivered: COUNT,
    filtered: COUNT,
    rejected: COUNT,
    quarantined: COUNT,
  }),
  objects: z.array(z.object({ id: z.string(), read: COUNT, delivered: COUNT, covered: z.boolean() })),
  streams: z.array(
    z.object({
      group: z.string().min(1),
      stream: z.string().min(1),
      hours: z.array(
        z.object({
          hour: z.string().regex(/^\d{4}-\d\d-\d\dT\d\d$/),
          events: COUNT,
          bytes: COUNT,
          digest: z.string().regex(/^[0-9a-f]{32}$/),
        }),
      ),
    }),
  ),
});

/** The line that is signed. */
export function receiptLine(receipt: Receipt): string {
  return JSON.stringify(receipt);
}

/** Names a receipt in the next one: SHA-256 of its line, hexadecimal. */
export function receiptHash(line: string): string {
  return createHash('sha256').update(line).digest('hex');
}

/**
 * What the key signs: not the line itself, as KMS signs at most 4,096 bytes (KMS API reference, Sign), and nothing that could be meant
 * for another purpose.
 */
export function receiptStatement(line: string): string {
  return `log distributor receipt ${RECEIPT_VERSION} sha256 ${receiptHash(line)}`;
}

/** The document as it is written for the tenant. */
export function receiptDocument(line: string, signature: Uint8Array): string {
  return `${line}\n${JSON.stringify({ signature: Buffer.from(signature).toString('base64') })}\n`;
}

export interface ReceiptDocument {
  readonly receipt: Receipt;
  readonly line: string;
  readonly signature: Uint8Array;
}

const SIGNATURE = z.object({ signature: z.base64() });

/** Reads a document, and believes it. @throws Error that says what is wrong with it */
export function parseReceipt(document: string): ReceiptDocument {
  const [line = '', second = '', ...rest] = document.split('\n');
  const [value, signed] = [parseJson(line), SIGNATURE.safeParse(parseJson(second))];
  if (value === undefined || rest.some((text) => text !== '')) throw new Error('it is not a receipt');
  if (isNewer(value)) throw new Error('it was made by a newer version of the distributor');
  const parsed = RECEIPT.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Error(`it is not a receipt: ${issue?.path.join('.')} ${issue?.message}`);
  }
  if (!signed.success) throw new Error('it is not signed');
  return { receipt: parsed.data, line, signature: Buffer.from(signed.data.signature, 'base64') };
}

function isNewer(value: unknown): boolean {
  const { version } = Object(value);
  return typeof version === 'number' && version > RECEIPT_VERSION;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Its place in the chain. */
export function linkOf({ receipt, line }: Pick<ReceiptDocument, 'receipt' | 'line'>): ReceiptLink {
  return { number: receipt.number, previous: receipt.previous, hash: receiptHash(line) };
}

/** @param hour whole hours since the epoch */
export function hourName(hour: number): string {
  return new Date(hour * HOUR_MS).toISOString().slice(0, 13);
}

/** Whole hours since the epoch. */
export function hourOf(name: string): number {
  return Date.parse(`${name}:00:00Z`) / HOUR_MS;
}
