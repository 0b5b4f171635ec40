import type { Finding, Preflight } from './preflight.ts';

/** Whether the queues and the tables can be used; asked at most every few seconds, however often somebody looks. */
export interface Probe {
  /** @returns what keeps the service from working; [] when nothing does */
  ask(): Promise<readonly Problem[]>;
  /** What the last look found, at once; the next look begins when that is not fresh. */
  look(): ProbeView;
}

export interface Problem extends Finding {
  /** When it was first found, of an unbroken row of looks; epoch milliseconds. */
  readonly sinceMs: number;
}

export interface ProbeView {
  readonly problems: readonly Problem[];
  /** When AWS was asked for what is shown; undefined before the first answer. Epoch milliseconds. */
  readonly askedMs: number | undefined;
}

export interface ProbeDeps {
  readonly preflight: Preflight;
  /** Epoch milliseconds. */
  readonly nowMs: () => number;
}

/** A service that does not answer for so long is away. */
export const LOOK_TIMEOUT_MS = 5_000;
const FRESH_MS = 5_000;

export function createProbe({ preflight, nowMs }: ProbeDeps): Probe {
  let view: ProbeView = { problems: [], askedMs: undefined };
  let looking: Promise<readonly Problem[]> | undefined;
  let beganMs = Number.NEGATIVE_INFINITY;

  const begin = async () => {
    const askedMs = nowMs();
    const findings = await preflight(AbortSignal.timeout(LOOK_TIMEOUT_MS));
    const problems = findings.map((finding) => {
      const before = view.problems.find(({ about, kind }) => about === finding.about && kind === finding.kind);
      return { ...finding, sinceMs: before?.sinceMs ?? askedMs };
    });
    view = { problems, askedMs };
    return problems;
  };

  const ask = () => {
    if (!looking || Math.abs(nowMs() - beganMs) > FRESH_MS) {
      beganMs = nowMs();
      looking = begin();
    }
    return looking;
  };

  return {
    ask,
    look() {
      // A preflight never rejects.
      void ask();
      return view;
    },
  };
}
