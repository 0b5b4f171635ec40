import type { DeliveryTruth } from '../tenants.ts';
import type { FoundDelivery } from './events.ts';
import type { Evidence, JudgedObject, Notes } from './evidence.ts';

/** The lease of a delivery when something happened: the one that was taken last before. */
export function createLeases({ acquisitions }: Evidence) {
  const takings = Map.groupBy(acquisitions, ({ object, delivery }) => `${object} ${delivery}`);
  return ({ id }: JudgedObject, { name }: DeliveryTruth, at: number) =>
    takings.get(`${id} ${name}`)?.findLast(({ order }) => order < at);
}

/** Nobody may deliver what another process has taken the lease of since. Copies of it would be a matter of luck. */
export function checkLeases(evidence: Evidence, deliveries: Iterable<FoundDelivery>, note: Notes): void {
  const { processes, callsOutliveHalts } = evidence;
  const leaseAt = createLeases(evidence);
  const excused = new Set(processes.filter(({ halted }) => halted && callsOutliveHalts).map(({ name }) => name));
  for (const { object, truth, events } of deliveries) {
    for (const put of new Set(events.flatMap(({ copies }) => copies))) {
      // What left in time arrives whenever it does.
      const holder = leaseAt(object, truth, put.sent ?? put.order)?.process;
      if (holder !== put.process && !excused.has(put.process)) {
        note(`delivered by ${put.process} while ${holder} had the lease: ${object.id} for ${truth.name}`);
      }
    }
  }
}
