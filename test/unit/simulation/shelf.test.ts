import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom } from '../../../local/workload/random.ts';
import { createShelf } from '../../simulation/models/shelf.ts';

test('a shelf shows what a plain list of the same messages would, whatever is hidden, shown and removed', () => {
  const random = createRandom('shelf');
  const shelf = createShelf<{ readonly id: string; visibleMs: number }>();
  const plain = new Map<string, number>();
  for (let nowMs = 0; nowMs < 5_000; nowMs++) {
    const id = String(random.below(40));
    const message = shelf.get(id);
    if (!message) {
      const visibleMs = nowMs + random.below(20);
      shelf.add({ id, visibleMs });
      plain.set(id, visibleMs);
    } else if (random.chance(0.3)) {
      shelf.remove(message);
      plain.delete(id);
    } else {
      const untilMs = nowMs + random.below(30);
      shelf.hide(message, untilMs);
      plain.set(id, untilMs);
    }
    const visible = [...plain].filter(([, untilMs]) => untilMs <= nowMs).map(([id]) => id);
    const ids = shelf.visible(nowMs).map((one) => one.id);
    assert.deepEqual(ids.toSorted(), visible.toSorted());
    const hidden = [...plain.values()].filter((untilMs) => untilMs > nowMs);
    assert.equal(shelf.nextMs(), Math.min(Number.POSITIVE_INFINITY, ...hidden));
    assert.equal(shelf.all().length, plain.size);
  }
});
