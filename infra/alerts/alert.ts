import type { Metric } from '../values/metric.ts';

/**
 * Something that somebody must hear of, wherever the service runs: as an alarm of CloudWatch, as a rule of Prometheus, or as both.
 * The runbook has a section for each.
 */
export type Alert = Words & Forms;

export interface Words {
  /** Of the alarm: the environment's name comes before it. */
  readonly id: string;
  /** Of the rule, and of the section of docs/guide/operations.md. */
  readonly name: string;
  /** `page` wakes somebody, `ticket` waits for the morning. */
  readonly severity: 'page' | 'ticket';
  /** What happened, in one sentence. */
  readonly summary: string;
  /** What it means, and where to look. */
  readonly description: string;
}

/** At least one form. Where the other cannot be, the reason. */
export type Forms =
  | { readonly cloudwatch: CloudWatchForm; readonly prometheus: PrometheusForm }
  | { readonly cloudwatch: CloudWatchForm; readonly prometheus?: never; readonly noPrometheus: string }
  | { readonly prometheus: PrometheusForm; readonly cloudwatch?: never; readonly noCloudWatch: string };

export interface CloudWatchForm {
  /** One entry, or several that `expression` joins by their keys. */
  readonly metrics: Readonly<Record<string, Metric>>;
  /** Metric math (CloudWatch user guide, "Using math expressions with CloudWatch metrics"). */
  readonly expression?: string;
  readonly comparison: 'GreaterThanThreshold' | 'LessThanThreshold';
  readonly threshold: number;
  readonly periodSeconds: number;
  /** Periods in a row. */
  readonly periods: number;
  readonly missingData: 'notBreaching' | 'breaching';
}

export interface PrometheusForm {
  /** PromQL */
  readonly expr: string;
  /** How long it must hold, such as `5m`; absent: no time. */
  readonly for?: string;
  /** With the labels of the series, where the rule has any: `{{ $labels.tenant }}`. Default: the alert's own. */
  readonly summary?: string;
}

const FIVE_MINUTES = 300;

/** More than nothing in five minutes. */
export const ANY = {
  comparison: 'GreaterThanThreshold',
  threshold: 0,
  periodSeconds: FIVE_MINUTES,
  periods: 1,
  missingData: 'notBreaching',
} as const satisfies Partial<CloudWatchForm>;

/** Where the runbook has the section of an alert. GitHub makes anchors of headings by lower case. */
export function runbookLink(runbookUrl: string, { name }: Pick<Words, 'name'>): string {
  return `${runbookUrl}#${name.toLowerCase()}`;
}
