import type { ObservedCall } from 'embedded-aws/observer';
import type { Fleet } from './fleet.ts';
import type { Strike, TrialPlan } from './plan.ts';

/** Counts calls for the strikes that wait for one, and strikes the caller. */
export function createAim({ strikes }: TrialPlan) {
  let fleet: Fleet | undefined;
  const waiting = strikes.flatMap((strike) =>
    strike.when.kind === 'call' ? [{ strike, when: strike.when, seen: 0 }] : [],
  );
  return {
    at(target: Fleet) {
      fleet = target;
    },
    /** One more, whose calls are counted from now on. */
    add(strike: Strike) {
      if (strike.when.kind === 'call') waiting.push({ strike, when: strike.when, seen: 0 });
    },
    onExecuted({ service, action }: ObservedCall, caller: string) {
      if (!fleet) return;
      for (const one of waiting) {
        if (one.when.service !== service || one.when.action !== action) continue;
        if (++one.seen === one.when.nth) fleet.strike(one.strike, caller);
      }
    },
  };
}
