import { createHash } from 'node:crypto';
import type { DecodeLimits, Decoder } from '../core/chunk.ts';
import { type Delivery, layoutOf } from '../core/delivery.ts';

/**
 * What the numbers of batches depend on, as the ledger keeps it beside them: a hash of all that is the same for the whole object,
 * and `@` with the time by which events of the chunk at hand were found too old or too new to be sent, where any were. A process
 * that finds another hash, or does not know of the time, starts the chunk anew.
 */

/** Part of the hash: raise it with every change that moves the boundaries of chunks or batches; a test knows them. */
export const LAYOUT_VERSION = 2;

const JUDGED_MARK = '@';

export interface LayoutLimits {
  readonly eventBytesMax: number;
  readonly decodeLimits: DecodeLimits;
}

export function objectLayout(
  delivery: Delivery,
  { format }: Pick<Decoder, 'format'>,
  { eventBytesMax, decodeLimits }: LayoutLimits,
): string {
  return hash([LAYOUT_VERSION, format, layoutOf(delivery), eventBytesMax, decodeLimits]);
}

/** The part of the layout that is known before the object is opened. */
export function deliverySetup(delivery: Delivery, { eventBytesMax, decodeLimits }: LayoutLimits): string {
  return hash([LAYOUT_VERSION, layoutOf(delivery), eventBytesMax, decodeLimits]);
}

function hash(parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
}

/** @param judgedMs undefined: no event of the chunk was left out for its time */
export function chunkLayout(objectLayout: string, judgedMs: number | undefined): string {
  return judgedMs === undefined ? objectLayout : `${objectLayout}${JUDGED_MARK}${judgedMs}`;
}

export function parseLayout(layout: string): { readonly objectLayout: string; readonly judgedMs: number | undefined } {
  const [objectLayout = '', judged = ''] = layout.split(JUDGED_MARK);
  return { objectLayout, judgedMs: /^\d{1,15}$/.test(judged) ? Number(judged) : undefined };
}
