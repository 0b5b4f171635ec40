import { RECEIVES_MAX, RENEW_AT_RECEIVES } from '../core/receives.ts';
import type { HeldMessage } from './in-hand.ts';
import type { Surplus } from './surplus.ts';

/**
 * How many messages of one tenant may be in hand. What is received beyond goes back to the queue: not a failure, and
 * room for the receive loop to find other tenants' messages behind it.
 */
export interface Admission {
  /** @param tenants whose objects the message announces */
  admit(held: HeldMessage, tenants: ReadonlySet<string>): Admitted | HandedBack;
}

export interface Admitted {
  readonly kind: 'admitted';
  /** To be called once the message is done with. */
  leave(): void;
}

export interface HandedBack {
  readonly kind: 'handed back';
  /** Resolves when the queue has it. */
  readonly given: Promise<void>;
}

/**
 * Messages away from which on further ones are sent anew with a delay: a received message that is invisible counts to the
 * 120,000 that a queue may have in flight (SQS quotas), a delayed new one does not.
 */
const AWAY_MAX = 20_000;

export function createAdmission({
  messagesMax,
  surplus,
}: {
  /** Messages of one tenant. */
  readonly messagesMax: number;
  readonly surplus: Surplus;
}): Admission {
  const inHand = new Map<string, number>();
  const add = (tenant: string, messages: 1 | -1) => {
    const sum = (inHand.get(tenant) ?? 0) + messages;
    if (sum > 0) inHand.set(tenant, sum);
    else inHand.delete(tenant);
  };

  return {
    admit(held, tenants) {
      const full = [...tenants].filter((tenant) => (inHand.get(tenant) ?? 0) >= messagesMax);
      // A message of several tenants waits for none of them: S3 makes no such messages, and to split them is not ours.
      const surplusOfAll = full.length > 0 && full.length === tenants.size;
      if (surplusOfAll && held.message.receiveCount < RECEIVES_MAX) {
        const seconds = Math.max(...full.map((tenant) => surplus.handBack(tenant)));
        return { kind: 'handed back', given: putBack(held, seconds, surplus.away > AWAY_MAX) };
      }
      for (const tenant of tenants) add(tenant, 1);
      return {
        kind: 'admitted',
        leave: () => {
          for (const tenant of tenants) add(tenant, -1);
        },
      };
    },
  };
}

/** Gives a message back that has not failed: as it is, or as a new one before its receives are used up. */
export function putBack(held: HeldMessage, seconds: number, anew = false): Promise<void> {
  const { receiveCount, history } = held.message;
  return anew || receiveCount >= RENEW_AT_RECEIVES ? held.renew(history, seconds) : held.release(seconds);
}
