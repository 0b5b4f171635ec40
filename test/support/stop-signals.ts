import type { StopSignals } from '../../service/delivery/destination.ts';

/** Nobody stops anything. */
export const NEVER: StopSignals = { drain: new AbortController().signal, abort: new AbortController().signal };
