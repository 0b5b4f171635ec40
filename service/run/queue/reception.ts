/**
 * Whether the queue can be read, as its last receives went. A long poll answers after 20 s at the latest, so one that is
 * silent for longer is not about to bring anything.
 */
export interface Reception {
  /** A receive has begun. @returns what to tell of its end; one that was given up by a stop has no end */
  begin(): { succeeded(): void; failed(message: string): void };
  look(): ReceptionView;
}

export interface ReceptionView {
  /**
   * `starting`: no receive has ended yet; `receiving`: the last one was answered; `full`: none is under way, as there is no room
   * for further messages; `failing`: none has been answered since `sinceMs`.
   */
  readonly state: 'starting' | 'receiving' | 'full' | 'failing';
  readonly sinceMs: number;
  /** Of what is failing: why. */
  readonly message: string;
}

/** A long poll and what a slow network adds. */
const SILENT_MS = 25_000;
/** Between two receives a busy service has no room for a moment. */
const FULL_MS = 10_000;

/** @param nowMs epoch milliseconds */
export function createReception(nowMs: () => number): Reception {
  /** When each receive that is under way began. */
  const underWay = new Set<{ readonly beganMs: number }>();
  let answeredMs: number | undefined;
  let failure: { readonly sinceMs: number; message: string } | undefined;
  let lastMs = nowMs();

  const silentSinceMs = () => {
    const oldestMs = Math.min(...[...underWay].map(({ beganMs }) => beganMs));
    const since = Math.max(oldestMs, answeredMs ?? 0);
    return nowMs() - since > SILENT_MS && Number.isFinite(oldestMs) ? since : undefined;
  };

  return {
    begin() {
      const receive = { beganMs: nowMs() };
      underWay.add(receive);
      const end = () => {
        underWay.delete(receive);
        lastMs = nowMs();
      };
      return {
        succeeded() {
          end();
          answeredMs = nowMs();
          failure = undefined;
        },
        failed(message) {
          end();
          failure = { sinceMs: failure?.sinceMs ?? receive.beganMs, message };
        },
      };
    },
    look() {
      if (failure) return { state: 'failing', ...failure };
      const silentMs = silentSinceMs();
      if (silentMs !== undefined) return { state: 'failing', sinceMs: silentMs, message: 'The queue does not answer.' };
      if (answeredMs === undefined) return { state: 'starting', sinceMs: lastMs, message: '' };
      if (underWay.size === 0 && nowMs() - lastMs > FULL_MS) return { state: 'full', sinceMs: lastMs, message: '' };
      return { state: 'receiving', sinceMs: answeredMs, message: '' };
    },
  };
}
