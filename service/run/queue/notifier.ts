import { EventEmitter, once } from 'node:events';

/** Wakes whoever waits for something to change. Waiting leaves nothing behind, however often it is done. */
export interface Bell {
  ring(): void;
  /** Resolves with the next ring, or when the signal aborts. */
  heard(signal: AbortSignal): Promise<void>;
}

export function createBell(): Bell {
  const emitter = new EventEmitter();
  const done = () => {};
  return {
    ring() {
      emitter.emit('ring');
    },
    heard: (signal) => once(emitter, 'ring', { signal }).then(done, done),
  };
}
