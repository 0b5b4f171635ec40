import type { StormCounts } from './storm.ts';
import type { TrialResult } from './trial.ts';

/** All trials together: the last line of `npm run chaos -- --json`. */
export interface Summary {
  readonly trials: number;
  readonly kills: number;
  readonly terms: number;
  readonly halts: number;
  readonly faults: number;
  /** The same by what struck the calls. */
  readonly struck: StormCounts['struck'];
  /** Tenants, regions and STSs that did not answer for a while, and were called. */
  readonly silences: number;
  readonly events: number;
  readonly parts: number;
  readonly replayed: number;
  readonly lost: number;
  readonly misrouted: number;
  readonly duplicated: number;
  readonly duplicated_once: number;
  readonly duplicated_after_term: number;
  readonly duplicated_max_per_kill: number;
  readonly duplicated_bytes_max_per_kill_and_object: number;
  readonly unexplained: number;
  readonly unaccounted: number;
  /** Trials that have each feature. */
  readonly features: Readonly<Record<string, number>>;
  readonly unannounced: number;
  readonly reconciled: number;
  readonly announced_again: number;
  readonly progress: number;
  readonly claims: number;
  readonly rejected_in_bucket: number;
  readonly rejected_in_quarantine: number;
  readonly copied_whole: number;
  readonly copied_records: number;
  readonly refused: number;
  readonly receipts: number;
  /** Events that customers found as their receipts say. */
  readonly verified: number;
  /** Copies that verification told apart. */
  readonly repeated: number;
  /** Seeds of the trials that found anything wrong. */
  readonly failed: readonly string[];
  /** Seeds of the trials that found nothing wrong, and had not ended when their patience did. */
  readonly not_ended: readonly string[];
  /** Seeds of the trials that found nothing wrong, and did too little to prove anything. */
  readonly void: readonly string[];
}

/**
 * What a trial says of the service. `not ended`: something is stuck, or merely late on a machine that is too busy. `void`: hardly
 * anything of its plan happened.
 */
export type Outcome = 'ok' | 'failed' | 'not ended' | 'void';

export function outcomeOf({
  findings,
  unfinished,
  short,
}: Pick<TrialResult, 'findings' | 'unfinished' | 'short'>): Outcome {
  if (findings.length > 0) return 'failed';
  if (unfinished.length > 0) return 'not ended';
  return short.length > 0 ? 'void' : 'ok';
}

export const NO_TRIALS: Summary = {
  trials: 0,
  kills: 0,
  terms: 0,
  halts: 0,
  faults: 0,
  struck: {},
  silences: 0,
  events: 0,
  parts: 0,
  replayed: 0,
  lost: 0,
  misrouted: 0,
  duplicated: 0,
  duplicated_once: 0,
  duplicated_after_term: 0,
  duplicated_max_per_kill: 0,
  duplicated_bytes_max_per_kill_and_object: 0,
  unexplained: 0,
  unaccounted: 0,
  features: {},
  unannounced: 0,
  reconciled: 0,
  announced_again: 0,
  progress: 0,
  claims: 0,
  rejected_in_bucket: 0,
  rejected_in_quarantine: 0,
  copied_whole: 0,
  copied_records: 0,
  refused: 0,
  receipts: 0,
  verified: 0,
  repeated: 0,
  failed: [],
  not_ended: [],
  void: [],
};

export function addTrial(sum: Summary, trial: TrialResult): Summary {
  return {
    trials: sum.trials + 1,
    kills: sum.kills + trial.kills,
    terms: sum.terms + trial.terms,
    halts: sum.halts + trial.halts,
    faults: sum.faults + trial.faults,
    struck: addStruck(sum.struck, trial.struck),
    silences: sum.silences + trial.silences,
    events: sum.events + trial.events,
    parts: sum.parts + trial.parts,
    replayed: sum.replayed + trial.replayed,
    lost: sum.lost + trial.lost,
    misrouted: sum.misrouted + trial.misrouted,
    duplicated: sum.duplicated + trial.duplicated,
    duplicated_once: sum.duplicated_once + trial.duplicated_once,
    duplicated_after_term: sum.duplicated_after_term + trial.duplicated_after_term,
    duplicated_max_per_kill: Math.max(sum.duplicated_max_per_kill, trial.duplicated_max_per_kill),
    duplicated_bytes_max_per_kill_and_object: Math.max(
      sum.duplicated_bytes_max_per_kill_and_object,
      trial.duplicated_bytes_max_per_kill_and_object,
    ),
    unexplained: sum.unexplained + trial.unexplained,
    unaccounted: sum.unaccounted + trial.unaccounted,
    features: addFeatures(sum.features, trial.features),
    unannounced: sum.unannounced + trial.unannounced,
    reconciled: sum.reconciled + trial.reconciled,
    announced_again: sum.announced_again + trial.announced_again,
    progress: sum.progress + trial.progress,
    claims: sum.claims + trial.claims,
    rejected_in_bucket: sum.rejected_in_bucket + trial.rejected_in_bucket,
    rejected_in_quarantine: sum.rejected_in_quarantine + trial.rejected_in_quarantine,
    copied_whole: sum.copied_whole + trial.copied_whole,
    copied_records: sum.copied_records + trial.copied_records,
    refused: sum.refused + trial.refused,
    receipts: sum.receipts + trial.receipts,
    verified: sum.verified + trial.verified,
    repeated: sum.repeated + trial.repeated,
    failed: outcomeOf(trial) === 'failed' ? [...sum.failed, trial.seed] : sum.failed,
    not_ended: outcomeOf(trial) === 'not ended' ? [...sum.not_ended, trial.seed] : sum.not_ended,
    void: outcomeOf(trial) === 'void' ? [...sum.void, trial.seed] : sum.void,
  };
}

/** By the first word of each. */
function addFeatures(sum: Summary['features'], more: TrialResult['features']): Summary['features'] {
  const names = new Set(more.map((feature) => feature.split(' ', 1)[0] ?? feature));
  const all = [...new Set([...Object.keys(sum), ...names])].sort();
  return Object.fromEntries(all.map((name) => [name, (sum[name] ?? 0) + (names.has(name) ? 1 : 0)]));
}

function addStruck(sum: Summary['struck'], more: Summary['struck']): Summary['struck'] {
  const kinds = [...new Set([...Object.keys(sum), ...Object.keys(more)])] as (keyof Summary['struck'])[];
  return Object.fromEntries(kinds.sort().map((kind) => [kind, (sum[kind] ?? 0) + (more[kind] ?? 0)]));
}

/** Exit status of `npm run chaos`: 1 when a trial found something wrong, 3 when none did and one had not ended, or more than half were void. */
export function statusOf({ trials, failed, not_ended, void: voided }: Summary): 0 | 1 | 3 {
  if (failed.length > 0) return 1;
  return not_ended.length > 0 || voided.length > trials / 2 ? 3 : 0;
}
