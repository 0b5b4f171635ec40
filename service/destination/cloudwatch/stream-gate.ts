/** Lets the calls of one object to a log stream pass several at a time, or one piece of work alone, while no call is under way. */
export interface StreamGate {
  pass<T>(stream: string, call: () => Promise<T>): Promise<T>;
  alone<T>(stream: string, work: () => Promise<T>): Promise<T>;
}

interface Gate {
  readonly underWay: Set<Promise<unknown>>;
  /** Until whoever is alone, or waits for it, is done; undefined: nobody is. */
  closed: Promise<void> | undefined;
}

export function createStreamGate(): StreamGate {
  // An object has a bounded number of streams, and its gate ends with it.
  const gates = new Map<string, Gate>();
  const gateOf = (stream: string): Gate => {
    const gate = gates.get(stream) ?? { underWay: new Set(), closed: undefined };
    gates.set(stream, gate);
    return gate;
  };

  return {
    async pass(stream, call) {
      const gate = gateOf(stream);
      while (gate.closed) await gate.closed;
      const running = call();
      gate.underWay.add(running);
      try {
        return await running;
      } finally {
        gate.underWay.delete(running);
      }
    },
    async alone(stream, work) {
      const gate = gateOf(stream);
      const before = gate.closed;
      const { promise: over, resolve } = Promise.withResolvers<void>();
      gate.closed = over;
      try {
        await before;
        await Promise.allSettled(gate.underWay);
        return await work();
      } finally {
        if (gate.closed === over) gate.closed = undefined;
        resolve();
      }
    },
  };
}
