/**
 * The condition of a tenant in a word, how urgent it is, and the section of the runbook that helps.
 *
 * @typedef {import('../../stats/tenant-stats.ts').TenantStatus} TenantStatus
 * @typedef {{ readonly rank: number, readonly word: string, readonly tone: 'bad' | 'warn' | 'good' | 'none', readonly section?: string }} Condition
 */
import { formatSeconds, secondsBetween } from './text.js';

/** Firehose buffers for up to 15 minutes, but before the announcement: so much delay after it is not ordinary. */
const BEHIND_SECONDS = 900;
/**
 * The watermark of a queue that keeps up may be this old: it is the oldest evidence of a minute, which is a minute old at most
 * (run/queue/watermark.ts).
 */
const KEEPING_UP_SECONDS = 120;
/** The alert LogParkedMessagesExpire warns as early. */
const EXPIRES_SOON_SECONDS = 4 * 3_600;
/** Tenants of a higher rank are in trouble. */
const TROUBLE_RANK = 1;
/** A minute. */
const LATELY_SLOTS = 6;

/**
 * @param {TenantStatus} tenant
 * @param {string} now the service's time, RFC 3339
 * @returns {Condition}
 */
export function conditionOf(tenant, now) {
  const { circuits, parked } = tenant;
  const expires = parked.first_dead_letter_at;
  if (expires !== null && secondsBetween(expires, now) < EXPIRES_SOON_SECONDS)
    return { rank: 8, word: 'dead letters soon', tone: 'bad', section: 'LogParkedMessagesExpire' };
  const open = circuits.filter(({ state }) => state === 'open' || state === 'probing');
  if (open.some(({ code }) => code.endsWith('-refused')))
    return { rank: 7, word: 'refused', tone: 'bad', section: 'LogTenantRefusesUs' };
  if (open.length > 0) return { rank: 6, word: 'no answer', tone: 'bad', section: 'LogDestinationSilent' };
  if (circuits.some(({ state }) => state === 'unanswered'))
    return { rank: 5, word: 'waiting for an answer', tone: 'warn', section: 'LogDestinationSilent' };
  const throttled = circuits.length > 0 || tenant.trouble?.code === 'destination-throttled';
  if (tenant.trouble && !throttled)
    return { rank: 4, word: 'failing', tone: 'bad', section: failureSection(tenant.trouble) };
  if (behindSeconds(tenant, now) > BEHIND_SECONDS)
    return { rank: 3, word: 'behind', tone: 'warn', section: 'LogTenantBehind' };
  if (throttled) return { rank: 2, word: 'throttled', tone: 'warn', section: 'LogTenantThrottled' };
  if (notDelivered(tenant) > 0)
    return { rank: 1, word: 'not all delivered', tone: 'warn', section: notDeliveredSection(tenant) };
  if (parked.messages > 0) return { rank: 1, word: 'parked', tone: 'warn', section: 'LogTenantBehind' };
  if (tenant.notices.length > 0) return { rank: 1, word: 'needs attention', tone: 'warn' };
  const lately = tenant.bytes_per_second.slice(-LATELY_SLOTS);
  if (tenant.waiting + tenant.in_flight > 0 || lately.some((rate) => rate > 0))
    return { rank: 0, word: 'delivering', tone: 'good' };
  return { rank: 0, word: 'idle', tone: 'none' };
}

/**
 * @param {TenantStatus} tenant
 * @param {string} now
 */
export function isInTrouble(tenant, now) {
  return conditionOf(tenant, now).rank > TROUBLE_RANK;
}

/** @param {NonNullable<TenantStatus['trouble']>} trouble */
function failureSection({ code }) {
  return code === 'nothing-delivered' ? 'LogQuarantineGrowing' : 'LogObjectsRetried';
}

/** @param {TenantStatus} tenant */
function notDeliveredSection({ dead_letters, quarantined }) {
  if (dead_letters > 0) return 'LogDeadLetters';
  return quarantined > 0 ? 'LogQuarantineGrowing' : 'LogEventsRejected';
}

/**
 * @param {string} readUpTo up to when the queue is read, RFC 3339
 * @param {string} now
 */
export function isKeepingUp(readUpTo, now) {
  return secondsBetween(now, readUpTo) <= KEEPING_UP_SECONDS;
}

/**
 * Up to when a tenant's logs are delivered. The watermark of a queue that keeps up is a minute or two old, although nothing
 * waits; the objects that are known to be undelivered say more then.
 * @param {Pick<TenantStatus, 'delivered_up_to' | 'oldest_undelivered_at'>} tenant
 * @param {string} now
 */
export function deliveredUpToText({ delivered_up_to: upTo, oldest_undelivered_at: oldest }, now) {
  if (upTo === null) return 'not known';
  if (!isKeepingUp(upTo, now)) return `${formatSeconds(secondsBetween(now, upTo))} ago`;
  return oldest === null ? 'up to date' : `${formatSeconds(secondsBetween(now, oldest))} ago`;
}

/**
 * @param {TenantStatus} tenant
 * @param {string} now
 * @returns {number} the age of the tenant's watermark; 0 if it is not known
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
    parked: ({ parked }) => parked.messages,
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
