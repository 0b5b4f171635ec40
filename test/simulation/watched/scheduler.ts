import {
  createScheduler as create,
  type Scheduler,
  type SchedulerLimits,
} from '../../../service/run/schedule/scheduler.ts';
import { watch } from './instruments.ts';

export function createScheduler(limits: SchedulerLimits): Scheduler {
  const scheduler = create(limits);
  watch({ scheduler });
  return scheduler;
}
