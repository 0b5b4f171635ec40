import type { Counts } from './counts.ts';

/** What became of records, told while it happens: a part of an object's counts, and the bytes of what was delivered. */
export interface Accounted extends Omit<Counts, 'read'> {
  /** UTF-8 bytes of delivered messages. */
  readonly messageBytes: number;
}

export const NOTHING_ACCOUNTED: Accounted = { delivered: 0, filtered: 0, rejected: 0, quarantined: 0, messageBytes: 0 };

export function addAccounted(a: Accounted, b: Partial<Accounted>): Accounted {
  return {
    delivered: a.delivered + (b.delivered ?? 0),
    filtered: a.filtered + (b.filtered ?? 0),
    rejected: a.rejected + (b.rejected ?? 0),
    quarantined: a.quarantined + (b.quarantined ?? 0),
    messageBytes: a.messageBytes + (b.messageBytes ?? 0),
  };
}

/** Records in all. */
export function recordsOf({ delivered, filtered, rejected, quarantined }: Accounted): number {
  return delivered + filtered + rejected + quarantined;
}
