/**
 * The states of one circuit breaker, as plain data:
 *
 *     closed ── trouble ──▶ open ── its time has come ──▶ probing ── an answer ──▶ closed
 *                            ▲                               │
 *                            └───── trouble again: later ◀───┘
 *
 * Closed is `undefined`. There are no timers: whoever comes asks whether its time has come.
 */
export interface Circuit {
  /** When the trouble began, epoch milliseconds. */
  readonly sinceMs: number;
  /** From when on one object may try. */
  readonly againAtMs: number;
  /** Between the last two tries. */
  readonly intervalMs: number;
  /** When the object that is trying now began to; undefined: none is. */
  readonly probeBeganMs: number | undefined;
}

/** The time between two probes doubles from the first value to the cap. */
export interface ProbeTimes {
  readonly firstMs: number;
  readonly capMs: number;
}

/**
 * The circuit after trouble: opened, or open for longer. The interval counts from the beginning of the probe, so that the time for which
 * a silent destination lets a probe wait is not added to every interval; half of the interval is rest in any case.
 */
export function opened(before: Circuit | undefined, sinceMs: number, nowMs: number, times: ProbeTimes): Circuit {
  const intervalMs = before ? Math.min(times.capMs, before.intervalMs * 2) : times.firstMs;
  const beganMs = before?.probeBeganMs ?? nowMs;
  const againAtMs = Math.max(beganMs + intervalMs, nowMs + intervalMs / 2);
  return { sinceMs: before?.sinceMs ?? sinceMs, againAtMs, intervalMs, probeBeganMs: undefined };
}

/** Whether nobody may try now. */
export function isHeld({ probeBeganMs, againAtMs }: Circuit, nowMs: number): boolean {
  return probeBeganMs !== undefined || nowMs < againAtMs;
}
