/**
 * Preloaded into a service process: its clock is off by CHAOS_CLOCK_OFFSET_MS, and jumps by CHAOS_CLOCK_STEP_MS once it has
 * run for CHAOS_CLOCK_STEP_AFTER_MS, or once the file CHAOS_CLOCK_STEP_FILE is there. Node preloads it into worker threads too.
 */
import { existsSync } from 'node:fs';

const number = (name: string) => Number(process.env[name] ?? 0);
const offsetMs = number('CHAOS_CLOCK_OFFSET_MS');
const stepMs = number('CHAOS_CLOCK_STEP_MS');
const stepAfterMs = number('CHAOS_CLOCK_STEP_AFTER_MS');
const stepFile = process.env.CHAOS_CLOCK_STEP_FILE;

const RealDate = Date;
// The service goes by its host's clock only as it was at the start.
Object.defineProperty(performance, 'timeOrigin', { value: performance.timeOrigin + offsetMs });

/** By the process's own age, or by a file: all its threads see the jump at the same time. */
function hasStepped(): boolean {
  return stepFile === undefined ? process.uptime() * 1_000 >= stepAfterMs : existsSync(stepFile);
}

function skewedNow(): number {
  return RealDate.now() + offsetMs + (hasStepped() ? stepMs : 0);
}

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, self) => Reflect.construct(target, args.length === 0 ? [skewedNow()] : args, self),
  apply: () => new RealDate(skewedNow()).toString(),
  get: (target, name) => (name === 'now' ? skewedNow : Reflect.get(target, name)),
});
