import * as z from 'zod';
import { errorFields, type Logger } from '../base/logger.ts';

/**
 * ECS scale-in protection of the own task: while objects are in flight, scaling in takes another task. Asked for from the
 * ECS agent, and only where there is one (`ECS_AGENT_URI`). Protection that cannot be had costs nothing but a drain.
 */
export interface TaskProtection {
  /** Looks at the work in flight and changes the protection if need be. Call it now and then; never rejects. */
  update(busy: boolean): Promise<void>;
}

export interface TaskProtectionDeps {
  readonly agentUri: string;
  readonly logger: Logger;
  readonly nowMs: () => number;
  readonly fetch: typeof fetch;
}

/** Long enough for an object; renewed while work goes on, and over by itself should the process forget it. */
const EXPIRES_MINUTES = 30;
const RENEW_BEFORE_MS = 10 * 60_000;
/** Objects come and go by the second; the agent allows a call in a few seconds (ECS developer guide, task protection). */
const IDLE_BEFORE_RELEASE_MS = 60_000;
const RETRY_AFTER_MS = 30_000;
const TIMEOUT_MS = 5_000;
/** The agent answers 200 even where ECS has refused, and says so in the body (amazon-ecs-agent, task protection handlers). */
const ANSWER = z.object({ failure: z.object({ Reason: z.string() }).nullish() });

export function createTaskProtection({ agentUri, logger, nowMs, fetch }: TaskProtectionDeps): TaskProtection {
  let protectedUntilMs = 0;
  let lastBusyMs = Number.NEGATIVE_INFINITY;
  let notBeforeMs = 0;
  let changing: Promise<void> | undefined;

  const put = async (enabled: boolean) => {
    const answer = await fetch(`${agentUri}/task-protection/v1/state`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(
        enabled ? { ProtectionEnabled: true, ExpiresInMinutes: EXPIRES_MINUTES } : { ProtectionEnabled: false },
      ),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (!answer.ok) {
      await answer.body?.cancel();
      throw new Error(`the ECS agent answered ${answer.status}`);
    }
    const { failure } = ANSWER.parse(await answer.json());
    if (failure) throw new Error(`the ECS agent answered ${answer.status} with the failure ${failure.Reason}`);
    protectedUntilMs = enabled ? nowMs() + EXPIRES_MINUTES * 60_000 : 0;
  };

  const change = async (enabled: boolean) => {
    try {
      await put(enabled);
    } catch (error) {
      notBeforeMs = nowMs() + RETRY_AFTER_MS;
      logger.warn(errorFields(error), 'scale-in protection of the task could not be changed; trying again');
    }
  };

  return {
    async update(busy) {
      const now = nowMs();
      if (busy) lastBusyMs = now;
      if (changing || now < notBeforeMs) return changing;
      const wanted = busy && protectedUntilMs - now < RENEW_BEFORE_MS;
      const unwanted = !busy && protectedUntilMs > now && now - lastBusyMs > IDLE_BEFORE_RELEASE_MS;
      if (!wanted && !unwanted) return;
      changing = change(wanted);
      await changing;
      changing = undefined;
    },
  };
}
