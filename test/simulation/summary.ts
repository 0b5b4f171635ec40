import type { TrialResult } from './trial.ts';

/** Figures of many trials. */
export interface Summary {
  readonly trials: number;
  readonly failed: number;
  readonly events: number;
  readonly lost: number;
  readonly misrouted: number;
  readonly unaccounted: number;
  readonly duplicated: number;
  /** Of these, copies that `exactly_once` had to prevent. */
  readonly duplicated_once: number;
  /** Copies beyond what it can know. */
  readonly duplicated_late: number;
  readonly unexplained: number;
  readonly kills: number;
  readonly terms: number;
  readonly freezes: number;
  /** Batches in doubt that were read back, and those of them of which something was there. */
  readonly read_back: number;
  readonly read_back_found: number;
  readonly receipts: number;
  /** Calls that were struck. */
  readonly struck: number;
  /** Virtual hours of all trials together. */
  readonly hours: number;
  /** The longest from the last stroke until all was done, virtual minutes. */
  readonly calm_minutes_max: number;
}

export const NO_TRIALS: Summary = {
  trials: 0,
  failed: 0,
  events: 0,
  lost: 0,
  misrouted: 0,
  unaccounted: 0,
  duplicated: 0,
  duplicated_once: 0,
  duplicated_late: 0,
  unexplained: 0,
  kills: 0,
  terms: 0,
  freezes: 0,
  read_back: 0,
  read_back_found: 0,
  receipts: 0,
  struck: 0,
  hours: 0,
  calm_minutes_max: 0,
};

export function addTrial(sum: Summary, trial: Omit<TrialResult, 'journal'>): Summary {
  const struck = Object.values(trial.struck).reduce((all, calls) => all + calls, 0);
  return {
    trials: sum.trials + 1,
    failed: sum.failed + (trial.failed ? 1 : 0),
    events: sum.events + trial.events,
    lost: sum.lost + trial.lost,
    misrouted: sum.misrouted + trial.misrouted,
    unaccounted: sum.unaccounted + trial.unaccounted,
    duplicated: sum.duplicated + trial.duplicated,
    duplicated_once: sum.duplicated_once + trial.duplicated_once,
    duplicated_late: sum.duplicated_late + trial.duplicated_late,
    unexplained: sum.unexplained + trial.unexplained + trial.duplicated_after_term,
    kills: sum.kills + trial.kills,
    terms: sum.terms + trial.terms,
    freezes: sum.freezes + trial.freezes,
    read_back: sum.read_back + trial.readBack,
    read_back_found: sum.read_back_found + trial.readBackFound,
    receipts: sum.receipts + trial.receipts,
    struck: sum.struck + struck,
    hours: Math.round((sum.hours + trial.minutes / 60) * 100) / 100,
    calm_minutes_max: Math.max(sum.calm_minutes_max, trial.calmMinutes),
  };
}
