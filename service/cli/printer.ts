import { createStyle, formatCount, type Style, type Terminal } from './terminal.ts';

/**
 * What a command says. Its result goes to standard output, as text or as one JSON document; everything said on the way goes
 * to standard error, so that a pipe gets nothing but the result.
 */
export interface Printer {
  readonly json: boolean;
  readonly style: Style;
  /** The command's result; said once. */
  result(data: unknown, text: (style: Style) => string): void;
  /** A sentence on the way. */
  note(text: string): void;
  /** A bar on a terminal, nothing elsewhere. */
  progress(label: string, total: number): Progress;
}

export interface Progress {
  update(done: number, note?: string): void;
  /** Takes the bar away. */
  end(): void;
}

const BAR_WIDTH = 24;
const CLEAR_LINE = '\r\u001b[K';

export interface PrinterDeps {
  readonly out: Terminal;
  readonly err: Terminal;
  readonly json: boolean;
  readonly noColor: string | undefined;
}

export function createPrinter({ out, err, json, noColor }: PrinterDeps): Printer {
  const style = createStyle(out, noColor);
  return {
    json,
    style,
    result(data, text) {
      out.write(json ? `${JSON.stringify(data, jsonValue, 2)}\n` : text(style));
    },
    note(text) {
      err.write(`${text}\n`);
    },
    progress(label, total) {
      if (err.isTTY !== true) return { update() {}, end() {} };
      return {
        update(done, note = '') {
          const part = total === 0 ? 1 : Math.min(1, done / total);
          const filled = Math.round(part * BAR_WIDTH);
          const bar = '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled);
          const line = `${label} ${bar} ${formatCount(done)} of ${formatCount(total)} ${note}`;
          err.write(`${CLEAR_LINE}${line.slice(0, (err.columns ?? 80) - 1)}`);
        },
        end() {
          err.write(CLEAR_LINE);
        },
      };
    },
  };
}

/** String sets of the tenant table are lists for everybody else. */
function jsonValue(_key: string, value: unknown): unknown {
  return value instanceof Set ? [...value] : value;
}
