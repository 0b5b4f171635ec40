import type { Random } from './random.ts';
import type { Severity } from './record.ts';

/** One log line, as an application prints it. It never contains invalid UTF-16. */
export interface Line {
  readonly message: string;
  readonly severity: Severity;
}

/** Makes one line for this time (epoch milliseconds). */
export type LineMaker = (random: Random, timeMs: number) => Line;

/** Mostly harmless, as logs are. */
export function severity(random: Random): Severity {
  const dice = random.below(100);
  if (dice < 12) return 'debug';
  if (dice < 86) return 'info';
  return dice < 95 ? 'warn' : 'error';
}

const PATHS = [
  '/',
  '/api/v1/orders',
  '/api/v1/orders/',
  '/api/v1/cart',
  '/login',
  '/assets/app.js',
  '/health',
  '/search?q=',
];
const AGENTS = [
  'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1',
  'curl/8.7.1',
  'kube-probe/1.30',
  'okhttp/4.12.0',
];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** nginx, log format `combined` with the request time behind it. */
export const nginxLine: LineMaker = (random, timeMs) => {
  const status = random.pick([200, 200, 200, 200, 201, 204, 301, 304, 404, 499, 502]);
  const path = random.pick(PATHS);
  const target = path.endsWith('/') || path.endsWith('=') ? `${path}${random.hex(12)}` : path;
  const address = `10.${random.below(256)}.${random.below(256)}.${random.below(256)}`;
  const iso = new Date(timeMs).toISOString();
  const time = `${iso.slice(8, 10)}/${MONTHS[Number(iso.slice(5, 7)) - 1]}/${iso.slice(0, 4)}:${iso.slice(11, 19)} +0000`;
  const request = `${random.pick(['GET', 'GET', 'GET', 'POST', 'PUT'])} ${target} HTTP/1.1`;
  const seconds = (random.below(3_000) / 1_000).toFixed(3);
  return {
    message: `${address} - - [${time}] "${request}" ${status} ${random.below(90_000)} "https://shop.example.com/" "${random.pick(AGENTS)}" rt=${seconds}`,
    severity: status >= 500 ? 'error' : status >= 400 ? 'warn' : 'info',
  };
};

const KLOG_TEXTS = [
  'Successfully assigned %/% to node',
  'Scheduler cache updated for pod %/%',
  'Unable to schedule pod; no fit; waiting" pod="%/%" err="0/12 nodes are available: 12 Insufficient cpu',
  'Adding pod %/% to the active queue',
];

/** klog, the format of Kubernetes components: `I0624 12:00:00.000000       1 file.go:123] text`. */
export const klogLine: LineMaker = (random, timeMs) => {
  const level = severity(random);
  const iso = new Date(timeMs).toISOString();
  const stamp = `${iso.slice(5, 7)}${iso.slice(8, 10)} ${iso.slice(11, 23)}${String(random.below(1_000)).padStart(3, '0')}`;
  const text = random
    .pick(KLOG_TEXTS)
    .replaceAll('%', () => `${random.pick(['shop', 'billing', 'kube-system'])}-${random.hex(6)}`);
  const letter = level === 'debug' ? 'I' : level.charAt(0).toUpperCase();
  const place = `${random.pick(['schedule_one', 'eventhandlers', 'reflector'])}.go:${random.between(40, 990)}`;
  return {
    message: `${letter}${stamp}       1 ${place}] "${text}" attempt=${random.below(9)}`,
    severity: level === 'debug' ? 'info' : level,
  };
};

/** logfmt, with a quoted value here and there. */
export const logfmtLine: LineMaker = (random, timeMs) => {
  const level = severity(random);
  const query = random.pick(['red shoes', 'usb-c cable', 'say \\"cheese\\"', 'lamp', 'a=b&c=d']);
  return {
    message: `ts=${new Date(timeMs).toISOString()} level=${level} caller=search.go:${random.between(10, 400)} msg="query done" query="${query}" hits=${random.below(5_000)} shard=${random.below(16)} took=${random.below(900)}ms trace_id=${random.hex(32)}`,
    severity: level,
  };
};

const WORDS = [
  'Zahlung bestätigt für Straße 7 in Köln',
  '注文が確定しました。配送先：東京都千代田区',
  'Заказ передан в доставку, спасибо!',
  'تم تأكيد الطلب بنجاح',
  'Pago rechazado: límite superado — señal de alerta',
  'η παραγγελία ολοκληρώθηκε',
  '🚚 livraison prévue à Besançon 🎉',
];

/** Text in many scripts, with characters outside the basic plane. */
export const unicodeLine: LineMaker = (random, timeMs) => {
  const level = severity(random);
  const words = Array.from({ length: random.between(1, 4) }, () => random.pick(WORDS)).join(' · ');
  return {
    message: `${new Date(timeMs).toISOString()} [${level}] ${words} (№ ${random.below(1_000_000)}, ${random.below(99_999) / 100} €)`,
    severity: level,
  };
};

/** ASCII of exactly this many bytes: the load of benchmarks, where the mix would only blur the figures. */
export function plainLine(bytes: number): LineMaker {
  return (random, timeMs) => {
    const head = `${new Date(timeMs).toISOString()} INFO request ${random.hex(16)} `;
    const filler = random.pick(FILLERS);
    return { message: (head + filler.repeat(Math.ceil(bytes / filler.length))).slice(0, bytes), severity: 'info' };
  };
}

const FILLERS = [
  'handled by worker after a short wait in the queue, result stored, ',
  'upstream answered in time and the response was passed on unchanged; ',
  'cache miss for key, value fetched from the store and kept for later - ',
];
