/**
 * The accounting of an object's records. Every record that is read ends in exactly one of the other four; an object is
 * done only when the sum says so.
 */
export interface Counts {
  readonly read: number;
  /** Accepted by the destination. */
  readonly delivered: number;
  /** Not wanted: a filter of the delivery, or an empty message, which the destination cannot store. */
  readonly filtered: number;
  /** Too old, too new or expired: the destination refused it, or surely would have; kept in quarantine. */
  readonly rejected: number;
  /** Refused by us (unparsable, another tenant's); kept in quarantine. */
  readonly quarantined: number;
}

export const NO_COUNTS: Counts = { read: 0, delivered: 0, filtered: 0, rejected: 0, quarantined: 0 };

export function addCounts(a: Counts, b: Partial<Counts>): Counts {
  return {
    read: a.read + (b.read ?? 0),
    delivered: a.delivered + (b.delivered ?? 0),
    filtered: a.filtered + (b.filtered ?? 0),
    rejected: a.rejected + (b.rejected ?? 0),
    quarantined: a.quarantined + (b.quarantined ?? 0),
  };
}

/** Records that are in quarantine. */
export function keptBack({ rejected, quarantined }: Counts): number {
  return rejected + quarantined;
}

/** Records that are in no outcome; 0 when the books balance. */
export function unaccounted(counts: Counts): number {
  return counts.read - counts.delivered - counts.filtered - counts.rejected - counts.quarantined;
}
