/** Figures as people read them. */

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];
const number = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });

/**
 * @param {number} count
 * @returns {string} `1,234`; from a million on `1.2 M`
 */
export function formatCount(count) {
  return count < 1e6 ? Math.round(count).toLocaleString('en') : `${number.format(count / 1e6)} M`;
}

/**
 * @param {number} bytes
 * @returns {string} in decimal units: `1.2 MB`
 */
export function formatBytes(bytes) {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  return `${number.format(bytes / 1000 ** power)} ${UNITS[power]}`;
}

/**
 * @param {number} seconds
 * @returns {string} with one or two units: `0.4 s`, `3 min`, `2 h 5 min`, `4 d`
 */
export function formatSeconds(seconds) {
  if (seconds < 10) return `${number.format(Math.max(0, seconds))} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d`;
}

/**
 * @param {string} time RFC 3339
 * @returns {string} the time of day in UTC, with the date where it is another day than `now`'s
 */
export function formatTime(time, now = new Date().toISOString()) {
  const [date, clock = ''] = time.split('T');
  const shown = `${clock.slice(0, 8)} UTC`;
  return now.startsWith(date ?? '') ? shown : `${date} ${shown}`;
}

const local = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'long' });

/**
 * @param {string} time RFC 3339
 * @returns {string} date and time in UTC, and in the reader's own time zone
 */
export function formatMoment(time) {
  return `${time.slice(0, 19).replace('T', ' ')} UTC (local time: ${local.format(new Date(time))})`;
}

/**
 * @param {string} later RFC 3339
 * @param {string} earlier RFC 3339
 * @returns {number} seconds from one to the other
 */
export function secondsBetween(later, earlier) {
  return (Date.parse(later) - Date.parse(earlier)) / 1000;
}
