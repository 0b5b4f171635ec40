import { type Config, configOf } from '../config/config.ts';
import { alarmsOf } from '../values/alarms.ts';
import { namesOf } from '../values/names.ts';
import { serviceEnvironment } from '../values/service-environment.ts';

/** An environment with the defaults. */
const DEFAULTS: Config = configOf('any');
const NAMES = namesOf(DEFAULTS, { partition: 'aws', region: DEFAULTS.region, accountId: '' });

/** The service's environment for a size of task, of which the mappings take what follows from the size. */
export function computedSettings(size: {
  readonly cpuUnits: number;
  readonly memoryMb: number;
}): Readonly<Record<string, string>> {
  const config = { ...DEFAULTS, distributor: { ...DEFAULTS.distributor, ...size } };
  return serviceEnvironment(config, NAMES, { queue: '', deadLetterQueue: '' });
}

/** The threshold of the alarm `firehose-late` for an interval of the buffer. */
export function lateSeconds(bufferIntervalSeconds: number): number {
  const config = { ...DEFAULTS, ingestion: { ...DEFAULTS.ingestion, bufferIntervalSeconds } };
  const alarm = alarmsOf(config, NAMES).find(({ id }) => id === 'firehose-late');
  if (!alarm) throw new Error('there is no alarm firehose-late');
  return alarm.threshold;
}
