import { createRetention, type GroupPlace, type Retention, type RetentionDebts } from '../../service/aws/retention.ts';

export interface MemoryDebts extends RetentionDebts {
  /** `account/region/group` of all that is owed. */
  readonly owed: Set<string>;
  /** Every note, in the order in which they came. */
  readonly notes: readonly string[];
  /** The same record for another process. */
  as(owner: string): RetentionDebts;
}

/** A record that processes of this test share. */
export function createMemoryDebts(): MemoryDebts {
  const owed = new Set<string>();
  const notedBy = new Map<string, string>();
  const notes: string[] = [];
  const keyOf = ({ accountId, region, group }: GroupPlace) => `${accountId}/${region}/${group}`;
  const settle = async (place: GroupPlace) => {
    owed.delete(keyOf(place));
    notedBy.delete(keyOf(place));
  };
  const as = (owner: string): RetentionDebts => ({
    async note(place) {
      notes.push(keyOf(place));
      owed.add(keyOf(place));
      notedBy.set(keyOf(place), notedBy.get(keyOf(place)) ?? owner);
    },
    async claim(place) {
      notes.push(keyOf(place));
      owed.add(keyOf(place));
      notedBy.set(keyOf(place), owner);
    },
    async withdraw(place) {
      if (notedBy.get(keyOf(place)) === owner) await settle(place);
    },
    isOwed: async (place) => owed.has(keyOf(place)),
    settle,
  });
  return { owed, notes, as, ...as('this process') };
}

/** Retention as the service keeps it, by the machine's clock. */
export function createTestRetention(debts: RetentionDebts = createMemoryDebts()): Retention {
  return createRetention({ debts, onRefused: () => {}, nowMs: () => performance.now() });
}
