import type { Chunk } from './chunk.ts';

/** Why a record is not delivered but kept in quarantine: what its line there says. */

/** The destination does not take the record's time. Such records are counted as rejected, all others as quarantined. */
export type Rejection = 'too_old' | 'too_new' | 'expired';
export const QUARANTINE_REASONS = [
  'unparsable',
  'foreign_tenant',
  'too_old',
  'too_new',
  'expired',
] as const satisfies readonly ('unparsable' | 'foreign_tenant' | Rejection)[];
export type QuarantineReason = (typeof QUARANTINE_REASONS)[number];

/** Records of a chunk that are not sent, for one reason. */
export interface Refusal {
  readonly reason: QuarantineReason;
  /** Their numbers in the chunk, ascending. */
  readonly records: readonly number[];
}

/** True of CloudWatch Logs' own refusals and of ours that anticipate them. */
const REJECTIONS: Readonly<Record<Rejection, string>> = {
  too_old: 'CloudWatch Logs takes no event that is more than 14 days old',
  too_new: 'CloudWatch Logs takes no event whose timestamp is more than 2 hours ahead',
  expired: 'CloudWatch Logs takes no event that is older than the retention of its log group',
};

export function isRejection(reason: QuarantineReason): reason is Rejection {
  return Object.hasOwn(REJECTIONS, reason);
}

/** Why CloudWatch Logs takes no such event, as a sentence without its full stop. */
export function sayRejection(reason: Rejection): string {
  return REJECTIONS[reason];
}

/** The sentence for a person. */
export function detailOf(reason: QuarantineReason, { unparsable }: Chunk, record: number): string {
  if (isRejection(reason)) return REJECTIONS[reason];
  if (reason === 'unparsable') return unparsable.get(record) ?? '';
  return 'customer_tenant names another tenant than the object key';
}

/** How many of a chunk's records are counted as quarantined, and how many as rejected. */
export function countRefusals(refusals: readonly Refusal[]): {
  readonly quarantined: number;
  readonly rejected: number;
} {
  let quarantined = 0;
  let rejected = 0;
  for (const { reason, records } of refusals) {
    if (isRejection(reason)) rejected += records.length;
    else quarantined += records.length;
  }
  return { quarantined, rejected };
}
