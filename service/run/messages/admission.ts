import { RECEIVES_MAX, RENEW_AT_RECEIVES } from '../../core/receives.ts';
import type { HandBacks } from '../queue/hand-backs.ts';
import type { MessageInFlight } from '../queue/in-flight.ts';

/**
 * How many messages of one tenant may be in flight. What is received beyond goes back to the queue: not a failure, and
 * room for the receive loop to find other tenants' messages behind it. A tenant that has yet to show that its destinations
 * answer may have one, and only while there is a place for it.
 */
export interface Admission {
  /** @param tenants whose objects the message announces, and that may be delivered now */
  admit(message: MessageInFlight, tenants: ReadonlySet<string>): Admitted | HandedBack;
}

export interface Admitted {
  readonly kind: 'admitted';
  /** To be called once the message is done with. */
  leave(): void;
}

export interface HandedBack {
  readonly kind: 'handed back';
  readonly reason: 'surplus' | 'trial';
  /** Resolves when the queue has it. */
  readonly given: Promise<void>;
}

export interface AdmissionDeps {
  /** Messages of one tenant. */
  readonly messagesMax: number;
  readonly handBacks: Pick<HandBacks, 'handBack'>;
  readonly onTrial: (tenant: string) => boolean;
  /** Whether there is a place for one more object on trial. */
  readonly hasPlace: () => boolean;
}

/** A trial ends within a tenth of a second, or shows that it will take long; SQS counts in seconds. */
const TRIAL_SECONDS = 1;

export function createAdmission({ messagesMax, handBacks, onTrial, hasPlace }: AdmissionDeps): Admission {
  const inFlight = new Map<string, number>();
  const messagesOf = (tenant: string) => inFlight.get(tenant) ?? 0;
  const add = (tenant: string, messages: 1 | -1) => {
    const sum = messagesOf(tenant) + messages;
    if (sum > 0) inFlight.set(tenant, sum);
    else inFlight.delete(tenant);
  };
  const isFull = (tenant: string) => messagesOf(tenant) >= messagesMax;
  const triesAlready = (tenant: string) => onTrial(tenant) && (messagesOf(tenant) > 0 || !hasPlace());

  return {
    admit(message, tenants) {
      const all = [...tenants];
      const mayGoBack = all.length > 0 && message.message.receiveCount < RECEIVES_MAX;
      if (mayGoBack && all.every(triesAlready)) {
        return { kind: 'handed back', reason: 'trial', given: putBack(message, TRIAL_SECONDS) };
      }
      // A message of several tenants waits for none of them: S3 makes no such messages, and to split them is not ours.
      if (mayGoBack && all.every(isFull)) {
        const seconds = Math.max(...all.map((tenant) => handBacks.handBack(tenant)));
        return { kind: 'handed back', reason: 'surplus', given: putBack(message, seconds) };
      }
      for (const tenant of all) add(tenant, 1);
      return {
        kind: 'admitted',
        leave: () => {
          for (const tenant of all) add(tenant, -1);
        },
      };
    },
  };
}

/** Gives a message back that has not failed: as it is, or as a new one before its receives are used up. */
export function putBack(inFlight: MessageInFlight, seconds: number): Promise<void> {
  const { receiveCount, history } = inFlight.message;
  return receiveCount >= RENEW_AT_RECEIVES ? inFlight.renew(history, seconds) : inFlight.release(seconds);
}
