/** Log levels by growing severity, each with its names: those of syslog, of the usual libraries, and klog's single letters. */
const LEVELS: readonly (readonly string[])[] = [
  ['trace', 'verbose'],
  ['debug', 'd'],
  ['info', 'information', 'informational', 'i'],
  ['notice'],
  ['warn', 'warning', 'w'],
  ['error', 'err', 'e'],
  ['fatal', 'critical', 'crit', 'f'],
  ['alert'],
  ['emergency', 'emerg', 'panic'],
];
const RANKS = new Map(LEVELS.flatMap((names, rank) => names.map((name) => [name, rank] as const)));

/** A level's severity, growing; null for a name that nobody knows, which no filter may drop. */
export function levelRank(name: string): number | null {
  return RANKS.get(name.trim().toLowerCase()) ?? null;
}
