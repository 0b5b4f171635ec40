import type { Config } from '../config/config.ts';
import { alarmsOf } from './alarms.ts';
import { oldestWorkable, reportedBacklog } from './backlog.ts';
import { EXPORTED_METRICS, type Exported } from './collector.ts';
import type { Names } from './names.ts';

/** The metrics that go to CloudWatch: all, or those that the essential alarms and autoscaling look at. */
export function exportedMetrics(config: Config, names: Names): readonly Exported[] {
  if (!config.alerts.essential) return EXPORTED_METRICS;
  const watched = [
    ...alarmsOf(config, names).flatMap((alarm) => Object.values(alarm.metrics)),
    ...reportedBacklog(config, names),
    oldestWorkable(config, names),
  ].filter(({ namespace }) => namespace === names.metricsNamespace);
  return EXPORTED_METRICS.flatMap((metric) => {
    const uses = watched.filter(({ name }) => name === metric.name);
    if (uses.length === 0) return [];
    const { label, ...plain } = metric;
    const values = uses.flatMap(({ dimensions }) => (label === undefined ? [] : (dimensions[label] ?? [])));
    return values.length === 0 || label === undefined ? [plain] : [{ ...metric, values: [...new Set(values)] }];
  });
}
