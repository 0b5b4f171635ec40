import { type Logger, pino } from 'pino';

export type { Logger };

const SECRETS = ['secretAccessKey', 'sessionToken', 'credentials', '$response'];

/**
 * The service's logger: JSON lines on standard output, one sentence in `msg`, data in fields. Never given an event's
 * text or a credential; `redact` is only the net under that rule.
 */
export function createLogger(level: string, fields: Record<string, string | number> = {}): Logger {
  return pino({
    level,
    base: { service: 'log-distributor', ...fields },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: {
      paths: SECRETS.flatMap((name) => [name, `*.${name}`]),
      censor: '[hidden]',
    },
  });
}

/** What of an error goes into a log line: never the request or response that SDK errors carry. */
export function errorFields(error: unknown): { error: string; code?: string; cause?: string } {
  if (!(error instanceof Error)) return { error: String(error) };
  const code = 'code' in error && typeof error.code === 'string' ? { code: error.code } : {};
  const cause = error.cause instanceof Error ? { cause: `${error.cause.name}: ${error.cause.message}` } : {};
  return { error: error.message, ...code, ...cause };
}
