import type { Verdict } from './judge/judge.ts';
import type { TrialPlan } from './plan.ts';
import type { StormCounts } from './storm.ts';

/** A feature of a trial, and how often it came to something. */
export interface Least {
  readonly feature: string;
  readonly happened: number;
}

/** What less than half of a plan came to, and features that came to nothing: such a trial proves little, and says so. */
export function shortOf(
  { strikes, weather, silences }: Pick<TrialPlan, 'strikes' | 'weather' | 'silences'>,
  { idle_rules }: Pick<StormCounts, 'idle_rules'>,
  hits: number,
  features: readonly Least[],
): string[] {
  const rules = weather.length + silences.length;
  return [
    ...(rules - idle_rules < rules / 2 ? [`${idle_rules} of ${rules} rules struck no call`] : []),
    ...(hits < strikes.length / 2 ? [`${hits} of ${strikes.length} blows fell`] : []),
    ...features.filter(({ happened }) => happened === 0).map(({ feature }) => `${feature} came to nothing`),
  ];
}

/** The features of a trial that must have come to something. */
export function leastOf(
  { features: { unannounced, progress, rejected, copied, refused, split, replay } }: Pick<TrialPlan, 'features'>,
  verdict: Pick<Verdict, 'reconciled' | 'progress' | 'rejected_in_bucket' | 'copied_whole' | 'parts' | 'replayed'>,
  storms: Pick<StormCounts, 'refused'>,
): Least[] {
  const all = [
    { feature: 'reconcile', of: unannounced, happened: verdict.reconciled },
    { feature: 'progress_events', of: progress, happened: verdict.progress },
    { feature: 'rejected_events', of: rejected, happened: verdict.rejected_in_bucket },
    { feature: 's3', of: copied, happened: verdict.copied_whole },
    { feature: 'refused', of: refused, happened: storms.refused },
    { feature: 'split_events', of: split ? ['hooli'] : [], happened: verdict.parts },
    { feature: 'replay', of: replay ? ['hooli'] : [], happened: verdict.replayed },
  ];
  return all.filter(({ of }) => of.length > 0);
}
