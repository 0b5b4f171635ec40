/** What we say, and a kilobyte of what AWS says. */
const LENGTH_MAX = 1_600;

/**
 * The message of an error for people who may see that something is wrong, but not how customers are configured: of ARNs only
 * service and account remain, of an external id nothing.
 */
export function withoutSecrets(message: string): string {
  const shown = message
    .replace(/\barn:aws[a-z-]*:([a-z0-9-]*):[a-z0-9-]*:(\d*):[^\s,;"')]*/g, (_, service: string, account: string) => {
      return account === '' ? `(${service})` : `(${service}, account ${account})`;
    })
    // The value as core/item.ts shows it: JSON, or the beginning of some.
    .replace(
      /\b(external_id: [^"]*?) \(got (?:"(?:[^"\\]|\\.)*(?:"|\u2026)|[^)]*)\)/gs,
      '$1 (got a value that is not shown)',
    );
  return shown.length <= LENGTH_MAX ? shown : `${shown.slice(0, LENGTH_MAX).toWellFormed()}…`;
}
