/**
 * How a tenant fares, in a word, and how urgent that is.
 *
 * @typedef {import('../../stats/tenant-stats.ts').TenantStatus} TenantStatus
 * @typedef {{ readonly rank: number, readonly word: string, readonly tone: 'bad' | 'warn' | 'good' | 'none' }} Condition
 */
import { secondsBetween } from './text.js';

/** Firehose buffers for up to 15 minutes, which are before the announcement: beyond it this much is no ordinary wait. */
const BEHIND_SECONDS = 900;
/** A minute. */
const LATELY_SLOTS = 6;

/**
 * @param {TenantStatus} tenant
 * @param {string} now the service's time, RFC 3339
 * @returns {Condition}
 */
export function conditionOf(tenant, now) {
  const { circuits } = tenant;
  const open = circuits.filter(({ state }) => state === 'open' || state === 'probing');
  if (open.some(({ code }) => code.endsWith('-refused'))) return { rank: 7, word: 'refused', tone: 'bad' };
  if (open.length > 0) return { rank: 6, word: 'no answer', tone: 'bad' };
  if (circuits.some(({ state }) => state === 'unanswered'))
    return { rank: 5, word: 'waits for an answer', tone: 'warn' };
  const throttled = circuits.length > 0 || tenant.trouble?.code === 'destination-throttled';
  if (tenant.trouble && !throttled) return { rank: 4, word: 'failing', tone: 'bad' };
  if (behindSeconds(tenant, now) > BEHIND_SECONDS) return { rank: 3, word: 'behind', tone: 'warn' };
  if (throttled) return { rank: 2, word: 'throttled', tone: 'warn' };
  if (notDelivered(tenant) > 0) return { rank: 1, word: 'not all delivered', tone: 'warn' };
  if (tenant.notices.length > 0) return { rank: 1, word: 'needs attention', tone: 'warn' };
  const lately = tenant.bytes_per_second.slice(-LATELY_SLOTS);
  if (tenant.waiting + tenant.in_flight > 0 || lately.some((rate) => rate > 0))
    return { rank: 0, word: 'delivering', tone: 'good' };
  return { rank: 0, word: 'idle', tone: 'none' };
}

/**
 * @param {TenantStatus} tenant
 * @param {string} now
 * @returns {number} how long ago that is up to which everything is delivered; 0 where it is not known
 */
export function behindSeconds({ delivered_up_to: upTo }, now) {
  return upTo === null ? 0 : Math.max(0, secondsBetween(now, upTo));
}

/** @param {TenantStatus} tenant */
export function notDelivered({ quarantined, rejected, dead_letters }) {
  return quarantined + rejected + dead_letters;
}

/** @param {TenantStatus} tenant */
export function rateOf({ bytes_per_second: rates }) {
  return rates.at(-1) ?? 0;
}

/**
 * Orders by how urgent they are, and within that by name.
 * @param {string} order
 * @param {string} now
 * @returns {(a: TenantStatus, b: TenantStatus) => number}
 */
export function compareBy(order, now) {
  /** @type {Readonly<Record<string, (tenant: TenantStatus) => number>>} */
  const keys = {
    trouble: (tenant) => conditionOf(tenant, now).rank,
    behind: (tenant) => behindSeconds(tenant, now),
    rate: rateOf,
  };
  const key = keys[order] ?? (() => 0);
  return (a, b) => key(b) - key(a) || a.tenant.localeCompare(b.tenant);
}

/**
 * @param {TenantStatus} tenant
 * @param {string} text in lower case
 */
export function matches({ tenant, trouble, circuits, notices }, text) {
  const reasons = [trouble, ...circuits, ...notices].flatMap((reason) => (reason ? [reason.code, reason.message] : []));
  return [tenant, ...reasons].some((part) => part.toLowerCase().includes(text));
}
