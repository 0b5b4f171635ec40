/**
 * Sums over all tenants.
 *
 * @typedef {import('../../stats/tenant-stats.ts').TenantStatus} TenantStatus
 */

/** @param {readonly TenantStatus[]} tenants */
export function totalsOf(tenants) {
  /** @param {(tenant: TenantStatus) => number} amount */
  const sum = (amount) => tenants.reduce((total, tenant) => total + amount(tenant), 0);
  const expiries = tenants.flatMap(({ parked }) => parked.first_dead_letter_at ?? []);
  return {
    events: sum(({ events }) => events),
    filtered: sum(({ filtered }) => filtered),
    rejected: sum(({ rejected }) => rejected),
    quarantined: sum(({ quarantined }) => quarantined),
    dead_letters: sum(({ dead_letters }) => dead_letters),
    /** A message with objects of two tenants counts for both. */
    parked: sum(({ parked }) => parked.messages),
    parkedTenants: sum(({ parked }) => (parked.messages > 0 ? 1 : 0)),
    /** RFC 3339: times of the same length order as their text does. */
    firstDeadLetterAt: expiries.sort()[0] ?? null,
  };
}
