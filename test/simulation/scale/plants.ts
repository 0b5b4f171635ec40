import type { Plant } from '../replace.ts';

/** Faults that the limits of a process must find. */
export const SCALE_PLANTS: Readonly<Record<string, readonly Plant[]>> = {
  /** Objects start whatever memory they take. */
  'memory-unbounded': [
    {
      file: 'service/run/schedule/scheduler.ts',
      find: 'holding.jobs < bound.jobs && holding.memoryBytes + memoryBytes <= bound.memoryBytes',
      replace: 'holding.jobs < bound.jobs',
    },
  ],
  /** Messages are received whether there is room for them or not. */
  'messages-unbounded': [
    {
      file: 'service/compose/receiving.ts',
      find: '+ Math.min(LEAVING_MAX, inFlight.leaving) - inFlight.size',
      replace: '',
    },
  ],
};
