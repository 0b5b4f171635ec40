import { EventEmitter, once } from 'node:events';

/** Wakes whoever waits for something to change. Waiting leaves nothing behind, however often it is done. */
export interface Notifier {
  notify(): void;
  /** Resolves with the next notification, or when the signal aborts. */
  notified(signal: AbortSignal): Promise<void>;
}

export function createNotifier(): Notifier {
  const emitter = new EventEmitter();
  const done = () => {};
  return {
    notify() {
      emitter.emit('notify');
    },
    notified: (signal) => once(emitter, 'notify', { signal }).then(done, done),
  };
}
