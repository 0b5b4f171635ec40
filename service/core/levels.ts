/** Log levels by severity. The names of syslog, of the usual libraries, and klog's single letters. */
const RANKS: Readonly<Record<string, number>> = {
  trace: 0,
  verbose: 0,
  debug: 1,
  d: 1,
  info: 2,
  information: 2,
  informational: 2,
  i: 2,
  notice: 3,
  warn: 4,
  warning: 4,
  w: 4,
  error: 5,
  err: 5,
  e: 5,
  fatal: 6,
  critical: 6,
  crit: 6,
  f: 6,
  alert: 7,
  emergency: 8,
  emerg: 8,
  panic: 8,
};

/** A level's severity, growing; null for a name that nobody knows, which no filter may drop. */
export function levelRank(name: string): number | null {
  return RANKS[name.trim().toLowerCase()] ?? null;
}
