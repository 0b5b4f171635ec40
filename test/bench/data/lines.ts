import type { Random } from '../../../local/workload/random.ts';
import { jsonLine } from '../../../local/workload/structured-lines.ts';
import { type LineMaker, severity, unicodeLine } from '../../../local/workload/text-lines.ts';

/** The kinds of lines that are measured. */
export const LINES = {
  /** ASCII, 250 bytes each. */
  'plain-250': plainLine(250),
  /** ASCII, 80 bytes each. */
  'plain-80': plainLine(80),
  /** Objects of a JSON logger: every quote in them is escaped on its way. Some 270 bytes. */
  json: jsonLine,
  /** Text in many scripts, with characters outside the basic plane. Some 190 bytes. */
  unicode: unicodeLine,
} as const satisfies Record<string, LineMaker>;

export type LineKind = keyof typeof LINES;

/**
 * A service's text log, cut to so many bytes. Sentences recur and what is in them does not, so that gzip makes messages
 * five to six times smaller, as it does real ones; lines of mere filler would shrink 17 times and be inflated for nothing.
 */
function plainLine(bytes: number): LineMaker {
  return (random, timeMs) => {
    const level = severity(random);
    const head = `${new Date(timeMs).toISOString()} ${level.toUpperCase()}`;
    let message = `${head} [worker-${random.below(16)}] ${random.pick(LOGGERS)} - `;
    while (message.length < bytes) message += sentence(random);
    return { message: message.slice(0, bytes), severity: level };
  };
}

const LOGGERS = ['orders.OrderService', 'cart.CartStore', 'auth.TokenFilter', 'http.AccessLog', 'db.ConnectionPool'];

const SENTENCES = [
  'accepted request # from 10.%.%.% in %% ms; ',
  'order #-# moved from state PENDING to CONFIRMED, total %%.% EUR; ',
  'cache miss for key session:#, read %%% bytes from replica-%; ',
  'connection % to postgres://db-%.internal:5432/shop was idle for %% s and is returned to the pool; ',
  'retrying call to inventory-% after status 50% (attempt % of 5), trace #; ',
  'user #: token expires in %%% s, refreshed; ',
  'published event # to partition % at offset %%%; ',
  'GET /api/v1/products/# answered 200 with %%% bytes; ',
];

function sentence(random: Random): string {
  return random.pick(SENTENCES).replace(/[#%]/g, (mark) => (mark === '#' ? random.hex(8) : String(random.below(100))));
}
