/**
 * Which tenants have yet to show that their destinations answer. When several deliveries fall silent at the same time, others
 * may be silent of whom nobody knows yet; a tenant that has been answered since is not one of them.
 */
export interface Trials<D> {
  /** Notes whether a delivery gets no answer now, and whether it is not known yet if one will come. */
  note(delivery: D, state: { readonly silent: boolean; readonly awaited: boolean }): void;
  /** A delivery falls silent. @param answeredMs when anybody on its tenant's side last answered */
  fellSilent(answeredMs: number, sinceMs: number): void;
  forget(delivery: D): void;
  /** @param answeredMs undefined where nobody knows the tenant */
  onTrial(answeredMs: number | undefined): boolean;
}

/** One late answer is nobody's trouble but its own. */
const ONSET_MIN = 3;

export function createTrials<D>(): Trials<D> {
  const silent = new Set<D>();
  const awaited = new Set<D>();
  /** When several fell silent at the same time, for the last time. */
  let onsetMs = Number.NEGATIVE_INFINITY;

  const keep = (set: Set<D>, delivery: D, member: boolean) => {
    if (member) set.add(delivery);
    else set.delete(delivery);
  };
  return {
    note(delivery, state) {
      keep(silent, delivery, state.silent);
      keep(awaited, delivery, state.awaited);
    },
    fellSilent(answeredMs, sinceMs) {
      // One that had no answer since the last onset anyway belongs to that.
      if (awaited.size >= ONSET_MIN && answeredMs >= onsetMs) onsetMs = Math.max(onsetMs, sinceMs);
    },
    forget(delivery) {
      silent.delete(delivery);
      awaited.delete(delivery);
    },
    onTrial: (answeredMs) => silent.size > 0 && (answeredMs === undefined || answeredMs < onsetMs),
  };
}
