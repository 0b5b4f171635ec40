import { partitionOfRegion } from '../values/partition.ts';
import type { Config } from './config.ts';

/** Storage classes bill so many days at least (S3 pricing): who moves or deletes earlier pays for the rest. */
const GLACIER_DAYS_BILLED = 90;
const DEEP_ARCHIVE_DAYS_BILLED = 180;
/** Blocks that are nobody's on the internet (RFC 1918, RFC 6598). */
const PRIVATE = /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.)/;

/** What can be, and is probably not meant: a sentence for each. */
export function warningsOf(config: Config): readonly string[] {
  const { environment, production, storage, distributor, network, writers, alerts, budget } = config;
  const partition = partitionOfRegion(config.region);
  const { glacierDays, deepArchiveDays, retentionDays } = storage;
  const warnings: [setting: string, holds: boolean, sentence: string, got: unknown][] = [
    [
      'production',
      environment === 'production' && !production,
      'nothing protects this environment from being destroyed',
      production,
    ],
    [
      'storage.deepArchiveDays',
      !storage.intelligentTiering &&
        glacierDays !== null &&
        deepArchiveDays !== null &&
        deepArchiveDays < glacierDays + GLACIER_DAYS_BILLED,
      `Glacier bills ${GLACIER_DAYS_BILLED} days for what leaves it earlier; glacierDays is ${glacierDays}`,
      deepArchiveDays,
    ],
    [
      'storage.retentionDays',
      !storage.intelligentTiering &&
        deepArchiveDays !== null &&
        retentionDays < deepArchiveDays + DEEP_ARCHIVE_DAYS_BILLED,
      `Deep Archive bills ${DEEP_ARCHIVE_DAYS_BILLED} days for what leaves it earlier; deepArchiveDays is ${deepArchiveDays}`,
      retentionDays,
    ],
    [
      'network.cidr',
      network.existing === undefined && !PRIVATE.test(network.cidr),
      'is not a private block: addresses there that belong to others cannot be reached',
      network.cidr,
    ],
    [
      'writers.externalId',
      writers.externalId !== undefined && writers.principals.length === 0,
      'has no effect, because writers.principals names nobody',
      writers.externalId,
    ],
    [
      'writers.principals',
      writers.principals.some((arn) => arn.endsWith(':root')),
      'lets everybody of an account write whom that account allows to; name a role',
      writers.principals,
    ],
    [
      'distributor.spotOnly',
      production && distributor.spotOnly,
      'delivers nothing while Fargate Spot has no capacity',
      distributor.spotOnly,
    ],
    [
      'alerts.emails',
      production && alerts.emails.length === 0,
      'is empty: alarms reach only those who subscribe to the topic',
      alerts.emails,
    ],
    [
      'budget',
      partition !== 'aws' && (budget.monthlyUsd !== null || budget.anomalyUsd !== null),
      `${partition} may lack Budgets or anomaly detection; monthlyUsd: null and anomalyUsd: null leave them out`,
      budget,
    ],
    [
      'budget.alertPercents',
      budget.monthlyUsd !== null && budget.alertPercents.length === 0,
      'is empty: the budget alerts nobody',
      budget.alertPercents,
    ],
  ];
  return warnings.flatMap(([setting, holds, sentence, got]) =>
    holds ? [`${setting}: ${sentence} (got ${JSON.stringify(got)})`] : [],
  );
}
