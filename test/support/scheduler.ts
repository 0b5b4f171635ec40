import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { createScheduler, type SchedulerLimits, type Stay } from '../../service/run/schedule/scheduler.ts';

/** A scheduler whose jobs run until the test ends them, and note when they began. */
export function setUpScheduler(slots: number, memoryBytes = 1_000, more: Partial<SchedulerLimits> = {}) {
  const now = { ms: 0 };
  const scheduler = createScheduler({ slots, memoryBytes, nowMs: () => now.ms, ...more });
  const begun: string[] = [];
  const open = new Map<string, PromiseWithResolvers<string>>();
  const stays = new Map<string, Stay>();
  /** By tenant: what is said of its jobs instead of running them. */
  const instead = new Map<string, string>();
  const submit = (name: string, tenant = name, memoryBytes = 0, bytes = 0) => {
    const gate = Promise.withResolvers<string>();
    open.set(name, gate);
    return scheduler.submit(
      tenant,
      { memoryBytes, bytes, waitingBytes: memoryBytes / 2 },
      {
        run: (stay) => {
          begun.push(name);
          stays.set(name, stay);
          return gate.promise;
        },
        instead: () => instead.get(tenant) ?? null,
      },
    );
  };
  const end = async (name: string) => {
    open.get(name)?.resolve(name);
    await turn();
  };
  const stay = (name: string): Stay => {
    const found = stays.get(name);
    assert.ok(found, `${name} is not running`);
    return found;
  };
  return { scheduler, begun, submit, end, open, stay, instead, now };
}
