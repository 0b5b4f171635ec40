import type { TenantSpec } from '../../../local/provision/tenant.ts';
import { createRandom } from '../../../local/workload/random.ts';
import { EUROPE, HOME } from '../../chaos/tenants.ts';
import { buildTenant } from '../../support/tenant.ts';

/** How much runs, of what. */
export interface ScaleSize {
  readonly tenants: number;
  readonly tasks: number;
  readonly hours: number;
  /** Message text of all tenants in a day, TB (10^12 bytes). */
  readonly terabytesPerDay: number;
  /** A collector closes a tenant's object after this, or when it has so many bytes of messages, whichever comes first. */
  readonly closeSeconds: number;
  readonly objectBytesMax: number;
}

export interface ScaleTenant extends TenantSpec {
  readonly number: number;
  /** Of its messages. */
  readonly bytesPerSecond: number;
  /** Whether its objects are closed by time, not by size. */
  readonly isSmall: boolean;
  readonly region: string;
}

/** An object as it arrives. */
export interface Arrival {
  readonly number: number;
  readonly tenant: ScaleTenant;
  /** Of its messages. */
  readonly bytes: number;
}

const DAY_SECONDS = 86_400;
const ACCOUNT_MIN = 600_000_000_000;
/** One tenant of so many has its log groups in the other region. */
const ABROAD_EVERY = 10;
/** How far the time between two objects is off, at most. */
const JITTER = 0.1;

/**
 * Tenants whose sizes follow Zipf's law: the n-th largest writes an n-th of what the largest does. Of 10,000 tenants the largest
 * has a tenth of everything, and the smaller half of them has 7 %.
 */
export function tenantsOf(size: ScaleSize): readonly ScaleTenant[] {
  const bytesPerSecond = (size.terabytesPerDay * 1e12) / DAY_SECONDS;
  let harmonic = 0;
  for (let rank = 1; rank <= size.tenants; rank++) harmonic += 1 / rank;
  return Array.from({ length: size.tenants }, (_, number) => {
    const region = number % ABROAD_EVERY === ABROAD_EVERY - 1 ? EUROPE : HOME;
    const spec = buildTenant(`tenant-${number}`, String(ACCOUNT_MIN + number), { target_region: region });
    const own = bytesPerSecond / (number + 1) / harmonic;
    return { ...spec, number, region, bytesPerSecond: own, isSmall: own * size.closeSeconds < size.objectBytesMax };
  });
}

/** Draws when a tenant's objects are closed: the same whatever else happens. */
export interface Collector {
  /** Until the first object, milliseconds. */
  readonly firstMs: number;
  /** The object that is closed now, and how long until the next. */
  close(): { readonly bytes: number; readonly nextMs: number };
}

export function createCollector(seed: string, tenant: ScaleTenant, size: ScaleSize): Collector {
  const random = createRandom(`${seed}/arrivals/${tenant.tenantId}`);
  const seconds = Math.min(size.closeSeconds, size.objectBytesMax / tenant.bytesPerSecond);
  return {
    firstMs: random.uniform() * seconds * 1000,
    close() {
      const factor = 1 + (random.uniform() * 2 - 1) * JITTER;
      return { bytes: tenant.bytesPerSecond * seconds * factor, nextMs: seconds * 1000 * factor };
    },
  };
}
