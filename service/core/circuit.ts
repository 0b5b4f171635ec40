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
  /** One object is trying now. */
  readonly probing: boolean;
}

/** The time between two probes doubles from the first value to the cap. */
export interface ProbeTimes {
  readonly firstMs: number;
  readonly capMs: number;
}

/** The circuit after trouble: opened, or open for longer. */
export function opened(before: Circuit | undefined, sinceMs: number, nowMs: number, times: ProbeTimes): Circuit {
  const intervalMs = before ? Math.min(times.capMs, before.intervalMs * 2) : times.firstMs;
  return { sinceMs: before?.sinceMs ?? sinceMs, againAtMs: nowMs + intervalMs, intervalMs, probing: false };
}

/** Whether nobody may try now. */
export function isHeld({ probing, againAtMs }: Circuit, nowMs: number): boolean {
  return probing || nowMs < againAtMs;
}
