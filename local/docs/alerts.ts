import { configOf } from '../../infra/config/config.ts';
import { alertsOf } from '../../infra/values/alarms.ts';
import { namesOf } from '../../infra/values/names.ts';
import type { Row } from './table.ts';

/** Every alert with its section, severity and alarms, and whether Prometheus has a rule of that name. */
export function alertRows(): Row[] {
  const config = configOf('production');
  const names = namesOf(config, { partition: 'aws', region: config.region, accountId: '' });
  const byName = Map.groupBy(alertsOf(config, names), ({ name }) => name);
  return [...byName].flatMap(([name, alerts]): Row[] => {
    const [first] = alerts;
    if (!first) return [];
    const alarms = alerts.map(({ id }) => `\`${id}\``).join(', ');
    const alarm = first.cloudwatch === undefined ? `none: ${first.noCloudWatch}` : alarms;
    const rule = first.prometheus === undefined ? `none: ${first.noPrometheus}` : 'yes';
    return [{ key: `[${name}](#${name.toLowerCase()})`, cells: [first.severity, alarm, rule] }];
  });
}
