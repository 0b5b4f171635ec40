import type { LogGroupClass } from '@aws-sdk/client-cloudwatch-logs';
import { USD } from '../../core/prices.ts';

/**
 * What a GB of events costs when a log group of a class takes it, in dollars: list prices of us-east-1
 * (https://aws.amazon.com/cloudwatch/pricing/). A class whose price AWS does not list there has none here.
 */
const INGESTION_USD_PER_GB: Readonly<Partial<Record<LogGroupClass, number>>> = {
  STANDARD: USD.logsIngestion,
  INFREQUENT_ACCESS: USD.logsInfrequentAccess,
};

/** What to do about a group whose class is not the one that the item asks for, and what that brings. */
export interface OtherClass {
  readonly detail: string;
  readonly advice: string;
}

/** @returns undefined where the group has the class, or the item asks for none */
export function compareClass(wanted: LogGroupClass | undefined, found: LogGroupClass): OtherClass | undefined {
  if (wanted === undefined || wanted === found) return undefined;
  return {
    detail: `the item says ${wanted}, which applies only to groups that the service creates. ${worthOf(wanted, found)}`,
    advice: `AWS fixes the class when it creates a group. Deliver to a group of another name (log_group_name), or delete this one once nobody needs its events: the service then creates it with the class ${wanted}. To keep the group as it is, set log_group_class to ${found}`,
  };
}

function worthOf(wanted: LogGroupClass, found: LogGroupClass): string {
  const [to, from] = [INGESTION_USD_PER_GB[wanted], INGESTION_USD_PER_GB[found]];
  if (to === undefined || from === undefined) return 'Compare what the two cost, and what they can do.';
  const difference = dollars(Math.abs(from - to));
  return to < from
    ? `A GB costs ${dollars(from)} here and ${dollars(to)} there: ${difference} a GB would be saved, at the list prices of us-east-1.`
    : `A GB costs ${difference} less here, at the list prices of us-east-1, and the group lacks some features of CloudWatch Logs.`;
}

function dollars(usd: number): string {
  return `$${usd.toFixed(2)}`;
}
