/**
 * Works one item ahead of the consumer, so that producing the next overlaps with using this one. At most two items
 * exist at a time. When the consumer leaves, the producer is told to.
 */
export async function* readAhead<T>(items: AsyncGenerator<T, void, undefined>): AsyncGenerator<T, void, undefined> {
  const request = () => {
    const pending = items.next();
    // Its failure is reported when its turn comes.
    pending.catch(() => {});
    return pending;
  };
  try {
    for (let next = request(); ; ) {
      const current = await next;
      if (current.done) return;
      next = request();
      yield current.value;
    }
  } finally {
    // A generator ends after what it was asked for last.
    await items.return();
  }
}
