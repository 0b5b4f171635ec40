import type { StorageConfig } from '../config/config.ts';
import { PRICES } from './prices.ts';
import { DAYS_PER_MONTH } from './workload.ts';

/** S3 bills objects in the archive classes for 40 KB of index on top (S3 pricing): 32 KB in the class, 8 KB in Standard. */
const ARCHIVE_INDEX_GB = 32 / 1024 ** 2;
const ARCHIVE_INDEX_STANDARD_GB = 8 / 1024 ** 2;

/**
 * US dollars a month for a bucket that takes `gb` and `objects` a month and keeps them by the lifecycle, in the steady state. What expires
 * is a noncurrent version for some days, and paid for like before.
 */
export function storage(gb: number, objects: number, config: StorageConfig): number {
  const keptDays = config.retentionDays + config.noncurrentVersionDays;
  const small = (gb * 1024 ** 3) / objects <= config.transitionAboveBytes;
  if (small) return gb * (keptDays / DAYS_PER_MONTH) * PRICES.s3Standard.usd;
  const classes = [
    { from: 0, price: PRICES.s3Standard, archive: false, move: 0 },
    {
      from: config.infrequentAccessDays,
      price: PRICES.s3InfrequentAccess,
      archive: false,
      move: PRICES.s3ToInfrequentAccess.usd,
    },
    { from: config.glacierDays, price: PRICES.s3Glacier, archive: true, move: PRICES.s3ToGlacier.usd },
    { from: config.deepArchiveDays, price: PRICES.s3DeepArchive, archive: true, move: PRICES.s3ToDeepArchive.usd },
  ].filter((stage) => stage.from !== null);
  return classes.reduce((sum, stage, at) => {
    const months = ((classes[at + 1]?.from ?? keptDays) - (stage.from ?? 0)) / DAYS_PER_MONTH;
    const index = stage.archive
      ? objects * (ARCHIVE_INDEX_GB * stage.price.usd + ARCHIVE_INDEX_STANDARD_GB * PRICES.s3Standard.usd)
      : 0;
    return sum + months * (gb * stage.price.usd + index) + objects * stage.move;
  }, 0);
}
