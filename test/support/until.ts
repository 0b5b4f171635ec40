import { setTimeout as delay } from 'node:timers/promises';

const PATIENCE_MS = 60_000;
const EVERY_MS = 50;

/**
 * Waits until a condition holds, by looking again and again.
 * @returns what the condition gave, which must be neither false nor undefined
 * @throws Error with the description when it takes more than a minute
 */
export async function until<T>(
  description: string,
  condition: () => Promise<T | false | undefined> | T | false | undefined,
): Promise<T> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  for (;;) {
    const value = await condition();
    if (value !== false && value !== undefined) return value;
    if (performance.now() > deadlineMs) throw new Error(`waited in vain until ${description}`);
    await delay(EVERY_MS);
  }
}
