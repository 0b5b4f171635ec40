/** A statement of a policy, as it is printed for whoever has to fix a role. */
export type Statement = Readonly<Record<string, unknown>>;

/** One thing that was looked at. A `finding` works, but should not; what is `not tested` may be right or wrong. */
export interface Step {
  readonly step: string;
  readonly outcome: 'ok' | 'finding' | 'failed' | 'not tested';
  readonly ms: number;
  readonly detail: string;
  /** The likely cause of what is not right. */
  readonly cause?: string;
  readonly fix?: Fix;
}

/** How to fix it: a sentence, and what to put where. */
export interface Fix {
  readonly advice: string;
  readonly statements?: readonly Statement[];
}

export type Verdict = Omit<Step, 'step' | 'ms'>;

/** Runs a step and takes its time. What it throws is the caller's. */
export async function timed(step: string, nowMs: () => number, look: () => Promise<Verdict> | Verdict): Promise<Step> {
  const startedMs = nowMs();
  const verdict = await look();
  return { step, ms: Math.round(nowMs() - startedMs), ...verdict };
}

export function notTested(step: string, why: string): Step {
  return { step, outcome: 'not tested', ms: 0, detail: why };
}
