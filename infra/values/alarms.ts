import { type Alert, type CloudWatchForm, runbookLink } from '../alerts/alert.ts';
import { deliveryAlerts } from '../alerts/delivery.ts';
import { ingestionAlerts, tableAlerts } from '../alerts/ingestion.ts';
import { queueAlerts } from '../alerts/queue.ts';
import { tenantAlerts } from '../alerts/tenants.ts';
import type { Config } from '../config/config.ts';
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

/** The alerts that CloudWatch can watch. */
export function alarmsOf(config: Config, names: Names): readonly Alarm[] {
  return alertsOf(config, names).flatMap((alert) =>
    alert.cloudwatch === undefined
      ? []
      : [{ ...alert.cloudwatch, id: alert.id, description: descriptionOf(alert, config.alerts.runbookUrl) }],
  );
}

function descriptionOf(alert: Alert, runbookUrl: string): string {
  const { severity, summary, description } = alert;
  return `${summary} ${description} Severity: ${severity}. Runbook: ${runbookLink(runbookUrl, alert)}`;
}
