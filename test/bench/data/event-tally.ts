import { fingerprint } from '../../../local/workload/tally.ts';
import type { EventTally } from '../sink/calls.ts';

const MODULUS = 2 ** 53;

export const NO_EVENTS: EventTally = { events: 0, messageBytes: 0, digest: 0 };

/** Adds up events one by one. */
export function createEventTally(): { add(timestampMs: number, message: string): void; read(): EventTally } {
  let events = 0;
  let messageBytes = 0;
  let digest = 0;
  return {
    add(timestampMs, message) {
      events++;
      messageBytes += Buffer.byteLength(message);
      digest = addModulo(digest, fingerprint(timestampMs, message));
    },
    read: () => ({ events, messageBytes, digest }),
  };
}

/** The events of both. */
export function addTallies(a: EventTally, b: EventTally): EventTally {
  return {
    events: a.events + b.events,
    messageBytes: a.messageBytes + b.messageBytes,
    digest: addModulo(a.digest, b.digest),
  };
}

/** Of two numbers below 2^53, without the sum that a double could not hold. */
function addModulo(a: number, b: number): number {
  const room = MODULUS - a;
  return b < room ? a + b : b - room;
}
