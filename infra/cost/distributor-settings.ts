import { readSettings, type Settings } from '../../service/base/settings.ts';
import type { Config } from '../config/config.ts';

/** Settings that the model looks at: the service's own rules and defaults, and what the configuration says of them. */
export function distributorSettings({ distributor }: Config): Settings {
  const given = Object.entries(distributor.settings).filter(([name]) => /^(RECONCILE|RECEIPT)_/.test(name));
  return readSettings({
    SQS_QUEUE_URL: 'https://queue.invalid/queue',
    DLQ_URL: 'https://queue.invalid/dead-letters',
    RECONCILE_BUCKET: 'central-logs',
    ...Object.fromEntries(given.map(([name, value]) => [name, String(value)])),
  });
}
