import { setTimeout as delay } from 'node:timers/promises';

/** Far beyond what any condition takes here: reached only by a test that fails. */
const DEADLINE_MS = 20_000;

/** Resolves once the condition holds, with its value. @throws Error when it does not within the deadline */
export async function until<T>(condition: () => T | Promise<T>, what = 'the condition'): Promise<NonNullable<T>> {
  const giveUpMs = performance.now() + DEADLINE_MS;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (performance.now() > giveUpMs) throw new Error(`${what} did not come true within ${DEADLINE_MS} ms`);
    await delay(2);
  }
}
