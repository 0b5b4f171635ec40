import type { Config } from '../config/config.ts';
import { BUCKET_DESIGNS, type BucketDesign, bucketLines, STORAGE } from './bucket.ts';
import { OTHER_DESIGNS, type OtherDesign, otherLines } from './elsewhere.ts';
import { PRICES } from './prices.ts';
import { LOGS_COMPRESSION, type Volume, volumeOf, type Workload } from './workload.ts';

/** The ways to get logs to tenants, or at least somewhere. docs/guide/cost.md describes each. */
export const DESIGNS = [...BUCKET_DESIGNS, ...OTHER_DESIGNS] as const;
export type Design = BucketDesign | OtherDesign;

export interface Line {
  readonly component: string;
  /** US dollars a month, in the steady state. */
  readonly usd: number;
}

/** What the tenants pay together for CloudWatch Logs in their own accounts, US dollars a month, by the class of their log groups. */
export interface TenantsUsd {
  readonly standard: number;
  /** undefined where groups of this class cannot be had: centralization and pipelines. */
  readonly infrequentAccess: number | undefined;
}

export interface Estimate {
  readonly design: Design;
  readonly lines: readonly Line[];
  /** Of the distributor: what peaks need. Settings that allow fewer (`distributor.tasksMax`) must be raised. */
  readonly tasks?: number;
  /** Of the platform. */
  readonly usd: number;
  /** The same without what keeps logs in the bucket, for a GB of message text. */
  readonly usdPerGbWithoutStorage: number;
  readonly tenantsUsd: TenantsUsd;
  readonly messageGb: number;
}

/** A month's bill of a design, by component. Steady state: as much leaves the bucket as comes. */
export function estimate(design: Design, workload: Workload, config: Config): Estimate {
  const volume = volumeOf(workload);
  const { lines, tasks } = isOther(design)
    ? { lines: otherLines(design, workload, volume, config) }
    : bucketLines(design, workload, volume, config);
  const sum = (some: readonly Line[]) => some.reduce((total, line) => total + line.usd, 0);
  return {
    design,
    lines,
    ...(tasks === undefined ? {} : { tasks }),
    usd: sum(lines),
    usdPerGbWithoutStorage: sum(lines.filter(({ component }) => component !== STORAGE)) / volume.messageGb,
    tenantsUsd: tenantsUsd(design, volume),
    messageGb: volume.messageGb,
  };
}

function isOther(design: Design): design is OtherDesign {
  return OTHER_DESIGNS.some((other) => other === design);
}

/** Retention of 30 days: a month's logs lie there on average. */
function tenantsUsd(design: Design, { eventGb }: Volume): TenantsUsd {
  if (design === 'central') return { standard: 0, infrequentAccess: 0 };
  const of = (ingestion: number) => eventGb * (ingestion + LOGS_COMPRESSION * PRICES.logsStorage.usd);
  // Features of the class STANDARD only, as far as is known.
  const standardOnly = design === 'centralization' || design === 'pipelines';
  return {
    standard: of(PRICES.logsIngestion.usd),
    infrequentAccess: standardOnly ? undefined : of(PRICES.logsInfrequentAccess.usd),
  };
}
