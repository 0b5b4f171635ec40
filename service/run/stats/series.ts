import { present } from '../../base/present.ts';

/**
 * An amount over the last ten minutes, in slots of ten seconds. Nothing happens while nobody adds or looks: slots that have
 * passed meanwhile are cleared by whoever comes next. Half a kilobyte, whatever is added.
 */
export interface Series {
  add(amount: number): void;
  /** Amount per second of each full slot, the oldest first; [] when all are nought. The slot that is not over is left out. */
  rates(): readonly number[];
}

export const SLOT_SECONDS = 10;
const SLOTS = 60;

/** @param nowMs epoch milliseconds: slots of all series, and of all processes, begin together */
export function createSeries(nowMs: () => number): Series {
  // One more than is shown, for the slot that is not over.
  const amounts = new Float64Array(SLOTS + 1);
  let slot = slotAt(nowMs());

  const moveOn = () => {
    const now = slotAt(nowMs());
    // A clock that is set back leaves the slot where it is.
    for (let gone = Math.min(now - slot, amounts.length); gone > 0; gone--)
      amounts[(now - gone + 1) % amounts.length] = 0;
    slot = Math.max(slot, now);
  };

  return {
    add(amount) {
      moveOn();
      const at = slot % amounts.length;
      amounts[at] = present(amounts[at], 'a slot') + amount;
    },
    rates() {
      moveOn();
      const rates = Array.from({ length: SLOTS }, (_, at) => {
        const amount = present(amounts[(slot - SLOTS + at) % amounts.length], 'a slot');
        return Math.round((amount / SLOT_SECONDS) * 10) / 10;
      });
      return rates.some((rate) => rate > 0) ? rates : [];
    },
  };
}

/** When the last full slot ended, epoch milliseconds. */
export function endOfLastSlotMs(nowMs: number): number {
  return slotAt(nowMs) * SLOT_SECONDS * 1000;
}

function slotAt(ms: number): number {
  return Math.floor(ms / (SLOT_SECONDS * 1000));
}
