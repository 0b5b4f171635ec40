/**
 * The clocks of a running service. Neither is the host's, which somebody may set: a wait that is measured on that one ends hours
 * late when it is set back, or at once. `Date.now` is for the command line.
 */

/** Milliseconds since the process or the thread began. For durations. */
export const monotonicMs = (): number => performance.now();

/**
 * Epoch milliseconds, as the host's clock was when the process or the thread began. Where AWS's own clock is known, that is better
 * (ledger/table-clock.ts). Whole, as the ledger keeps times and the layout of batches names them.
 */
export const steadyMs = (): number => Math.round(performance.timeOrigin + performance.now());
