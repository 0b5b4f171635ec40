import { stringify } from 'yaml';
import { runbookLink } from '../alerts/alert.ts';
import { configOf } from '../config/config.ts';
import { alertsOf } from '../values/alarms.ts';
import { namesOf } from '../values/names.ts';

const HEADER = `# Made by npm run docs of infra/alerts/, from which the alarms of CloudWatch are made too. \`severity: page\` wakes somebody,
# \`ticket\` waits for the morning. For links to your own copy of the runbook: npm run --silent alerts -- --runbook-url URL
`;

/**
 * The alerts that Prometheus can watch, as a file of rules, with the thresholds of an environment that sets none.
 * @param runbookUrl what the links of the rules begin with; absent: the runbook's path in this repository
 */
export function alertRules(runbookUrl?: string): string {
  const config = configOf('production', runbookUrl === undefined ? {} : { alerts: { runbookUrl } });
  const names = namesOf(config, { partition: 'aws', region: config.region, accountId: '' });
  const rules = alertsOf(config, names).flatMap((alert) => {
    const { name, severity, description, prometheus } = alert;
    if (prometheus === undefined) return [];
    const { expr, for: time, summary = alert.summary } = prometheus;
    return [
      {
        alert: name,
        expr,
        ...(time === undefined ? {} : { for: time }),
        labels: { severity },
        annotations: { summary, description, runbook_url: runbookLink(config.alerts.runbookUrl, alert) },
      },
    ];
  });
  return `${HEADER}${stringify({ groups: [{ name: 'log-distributor', rules }] }, { lineWidth: 0 })}`;
}
