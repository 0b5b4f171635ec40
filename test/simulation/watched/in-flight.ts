import { createInFlight as create, type InFlight, type InFlightDeps } from '../../../service/run/queue/in-flight.ts';
import { watch } from './instruments.ts';

export function createInFlight(deps: InFlightDeps): InFlight {
  const inFlight = create(deps);
  watch({ inFlight });
  return inFlight;
}
