import { type Alert, type CloudWatchForm, runbookLink } from '../alerts/alert.ts';
import { deliveryAlerts } from '../alerts/delivery.ts';
import { ingestionAlerts, tableAlerts } from '../alerts/ingestion.ts';
import { queueAlerts } from '../alerts/queue.ts';
import { tenantAlerts } from '../alerts/tenants.ts';
import type { Config } from '../config/config.ts';
import { scales } from './backlog.ts';
import type { Metric } from './metric.ts';
import type { Names } from './names.ts';

/** Everything that somebody must hear of: the one list of which the alarms and Prometheus' rules are made. */
export function alertsOf(config: Config, names: Names): readonly Alert[] {
  return [
    ...ingestionAlerts(config, names),
    ...queueAlerts(config, names),
    ...deliveryAlerts(config, names),
    ...tenantAlerts(config, names),
    ...tableAlerts(names),
  ];
}

/** An alarm of CloudWatch as a value. */
export interface Alarm extends CloudWatchForm {
  readonly id: string;
  /** What happened, what to do, and where the runbook has more: the text that wakes somebody up. */
  readonly description: string;
}

/** Whether Container Insights is on: autoscaling and an alarm count running tasks, which nothing else publishes. */
export function countsTasks(config: Config): boolean {
  return scales(config) || !config.alerts.essential;
}

/** The alerts that CloudWatch watches: those that it can, or the essential ones of them. */
export function alarmsOf(config: Config, names: Names): readonly Alarm[] {
  return alertsOf(config, names).flatMap((alert) =>
    alert.cloudwatch === undefined || (config.alerts.essential && !isEssential(alert.severity, alert.cloudwatch))
      ? []
      : [{ ...alert.cloudwatch, id: alert.id, description: descriptionOf(alert, config.alerts.runbookUrl) }],
  );
}

/** It wakes somebody, or looks only at what AWS publishes for nothing; Container Insights is billed like metrics of our own. */
function isEssential(severity: Alert['severity'], { metrics }: CloudWatchForm): boolean {
  const isFree = ({ namespace }: Metric) => namespace.startsWith('AWS/');
  return severity === 'page' || Object.values(metrics).every(isFree);
}

function descriptionOf(alert: Alert, runbookUrl: string): string {
  const { severity, summary, description } = alert;
  return `${summary} ${description} Severity: ${severity}. Runbook: ${runbookLink(runbookUrl, alert)}`;
}
