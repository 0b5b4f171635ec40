import { createRetention, type GroupPlace, type Retention, type RetentionDebts } from '../../service/aws/retention.ts';

export interface MemoryDebts extends RetentionDebts {
  /** `account/region/group` of all that is owed. */
  readonly owed: Set<string>;
  /** Every note, in the order in which they came. */
  readonly notes: readonly string[];
}

/** A record that one process keeps. */
export function createMemoryDebts(): MemoryDebts {
  const owed = new Set<string>();
  const notes: string[] = [];
  const keyOf = ({ accountId, region, group }: GroupPlace) => `${accountId}/${region}/${group}`;
  return {
    owed,
    notes,
    async note(place) {
      notes.push(keyOf(place));
      const isNew = !owed.has(keyOf(place));
      owed.add(keyOf(place));
      return isNew;
    },
    isOwed: async (place) => owed.has(keyOf(place)),
    async settle(place) {
      owed.delete(keyOf(place));
    },
  };
}

/** Retention as the service keeps it, by the machine's clock. */
export function createTestRetention(debts: RetentionDebts = createMemoryDebts()): Retention {
  return createRetention({ debts, onRefused: () => {}, nowMs: () => performance.now() });
}
