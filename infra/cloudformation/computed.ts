import { alarmsOf } from '../alarms.ts';
import { configOf } from '../config.ts';
import { namesOf } from '../names.ts';
import { serviceEnvironment } from '../service-environment.ts';

/** The service's environment for a size of task, of which the mappings take what follows from the size. */
export function computedSettings(size: {
  readonly cpuUnits: number;
  readonly memoryMb: number;
}): Readonly<Record<string, string>> {
  const config = configOf('any', { distributor: size });
  const names = namesOf(config, { partition: 'aws', region: config.region, accountId: '' });
  return serviceEnvironment(config, names, { queue: '', deadLetterQueue: '' });
}

/** The threshold of the alarm `firehose-late` for an interval of the buffer. */
export function lateSeconds(bufferIntervalSeconds: number): number {
  const config = configOf('any', { ingestion: { bufferIntervalSeconds } });
  const names = namesOf(config, { partition: 'aws', region: config.region, accountId: '' });
  const alarm = alarmsOf(config, names).find(({ id }) => id === 'firehose-late');
  if (!alarm) throw new Error('there is no alarm firehose-late');
  return alarm.threshold;
}
