/**
 * Preloaded into a service process: its clock is off by CHAOS_CLOCK_OFFSET_MS, and jumps by CHAOS_CLOCK_STEP_MS once it has
 * run for CHAOS_CLOCK_STEP_AFTER_MS. Node preloads it into worker threads too.
 */
const number = (name: string) => Number(process.env[name] ?? 0);
const offsetMs = number('CHAOS_CLOCK_OFFSET_MS');
const stepMs = number('CHAOS_CLOCK_STEP_MS');
const stepAfterMs = number('CHAOS_CLOCK_STEP_AFTER_MS');

const RealDate = Date;
// The service goes by its host's clock only as it was at the start.
Object.defineProperty(performance, 'timeOrigin', { value: performance.timeOrigin + offsetMs });

/** The process's own age: all its threads see the jump at the same time. */
function skewedNow(): number {
  const ageMs = process.uptime() * 1_000;
  return RealDate.now() + offsetMs + (ageMs >= stepAfterMs ? stepMs : 0);
}

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, self) => Reflect.construct(target, args.length === 0 ? [skewedNow()] : args, self),
  apply: () => new RealDate(skewedNow()).toString(),
  get: (target, name) => (name === 'now' ? skewedNow : Reflect.get(target, name)),
});
