import { setTimeout as delay } from 'node:timers/promises';

/** Far beyond what any condition takes here, also behind a lease of a minute: reached only by a test that fails. */
const DEADLINE_MS = 150_000;
/** Looked at often at first, as most conditions hold at once, and then seldom enough to cost nothing. */
const WAIT_MS = { first: 2, longest: 50 };

/** Resolves once the condition holds, with its value. @throws Error when it does not within the deadline */
export async function until<T>(condition: () => T | Promise<T>, what = 'the condition'): Promise<NonNullable<T>> {
  const giveUpMs = performance.now() + DEADLINE_MS;
  for (let waitMs = WAIT_MS.first; ; waitMs = Math.min(WAIT_MS.longest, waitMs * 1.5)) {
    const value = await condition();
    if (value) return value;
    if (performance.now() > giveUpMs) throw new Error(`${what} did not come true within ${DEADLINE_MS} ms`);
    await delay(waitMs);
  }
}
