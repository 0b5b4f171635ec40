import type { TenantSpec } from '../provision/tenant.ts';
import { isWanted, type Wanted } from '../workload/filter.ts';
import type { LogRecord, Severity } from '../workload/record.ts';
import { createTally, type Tally } from '../workload/tally.ts';

/** What must be in each tenant's account, kept while objects are written. */
export interface Expected {
  readonly tallies: ReadonlyMap<string, Tally>;
  /** Records that were written. */
  readonly written: number;
  /** Of these, the ones that a filter of their tenant drops. */
  readonly filtered: number;
  add(tenantId: string, records: readonly LogRecord[]): void;
}

export function createExpected(tenants: readonly TenantSpec[]): Expected {
  const tallies = new Map(tenants.map(({ tenantId }) => [tenantId, createTally()]));
  const wanted = new Map(tenants.map((tenant) => [tenant.tenantId, wantedBy(tenant)]));
  let written = 0;
  let filtered = 0;
  return {
    tallies,
    get written() {
      return written;
    },
    get filtered() {
      return filtered;
    },
    add(tenantId, records) {
      const tally = tallies.get(tenantId);
      const filter = wanted.get(tenantId);
      if (!tally || !filter) throw new Error(`no tenant ${tenantId}`);
      for (const record of records) {
        written++;
        if (isWanted(record, filter)) tally.add(record.timestamp, record.message);
        else filtered++;
      }
    },
  };
}

/** The filter of the tenant's one delivery, in the words of the workload. */
function wantedBy({ deliveries: [delivery] }: TenantSpec): Wanted {
  if (!delivery) return {};
  const { desired_logs: applications, min_log_level: level } = delivery;
  return {
    ...(Array.isArray(applications) ? { applications } : {}),
    ...(typeof level === 'string' ? { minLevel: level.toLowerCase() as Severity } : {}),
  };
}
