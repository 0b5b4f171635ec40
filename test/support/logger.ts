import { pino } from 'pino';
import type { Logger } from '../../service/base/logger.ts';

export interface LogLine {
  readonly level: number;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** A real logger whose lines are kept instead of printed. */
export function createTestLogger(): { readonly logger: Logger; readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  const logger = pino({ level: 'debug', base: null }, { write: (text: string) => lines.push(JSON.parse(text)) });
  return { logger, lines };
}
