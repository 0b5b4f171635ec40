/**
 * Works one item ahead of the consumer, so that producing the next overlaps with using this one. At most two items
 * exist at a time. When the consumer leaves, the producer is told to.
 */
export async function* readAhead<T>(items: AsyncIterator<T, void, undefined>): AsyncGenerator<T, void, undefined> {
  let next: Promise<IteratorResult<T, void>> | undefined;
  const request = () => {
    const pending = items.next();
    // Its failure is reported when its turn comes.
    pending.catch(() => {});
    return pending;
  };
  try {
    next = request();
    for (;;) {
      const current = await next;
      if (current.done) return;
      next = request();
      yield current.value;
    }
  } finally {
    await next?.catch(() => {});
    await items.return?.();
  }
}
