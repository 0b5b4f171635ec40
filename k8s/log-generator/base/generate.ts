/**
 * Writes log lines of many shapes to standard output, each with its own time. Needs nothing but Node 26; runs from a
 * ConfigMap.
 *
 *     LINES_PER_SECOND=5 SHAPES=json,klog LINES=100 node generate.ts
 *
 * LINES_PER_SECOND: default 5. SHAPES: names of SHAPES below, default all. LINES: ends after so many, default never.
 */

type Shape = (iso: string, count: number) => string;

const LEVELS = ['INFO', 'INFO', 'INFO', 'WARN', 'ERROR'] as const;
const level = (count: number) => LEVELS[count % LEVELS.length] ?? 'INFO';

/** `iso` is the time of the line, 2026-11-23T02:11:26.816Z. */
const SHAPES: Readonly<Record<string, Shape>> = {
  rfc3339: (iso, count) => `${iso} ${level(count)} order ${count} placed`,
  json: (iso, count) =>
    JSON.stringify({ ts: Date.parse(iso) / 1000, level: level(count).toLowerCase(), msg: `order ${count}\tplaced` }),
  audit: (iso, count) =>
    JSON.stringify({
      kind: 'Event',
      apiVersion: 'audit.k8s.io/v1',
      level: 'Metadata',
      auditID: `00000000-0000-4000-8000-${String(count).padStart(12, '0')}`,
      verb: 'get',
      stageTimestamp: iso,
    }),
  klog: (iso, count) =>
    `${level(count).charAt(0)}${iso.slice(5, 7)}${iso.slice(8, 10)} ${iso.slice(11, 23)}000       1 controller.go:116] ` +
    `"Synced" key="shop/order-${count}"`,
  go: (iso, count) =>
    `${iso.slice(0, 19).replaceAll('-', '/').replace('T', ' ')}.${iso.slice(20, 23)}000 order ${count}`,
  logfmt: (iso, count) => `ts=${iso} level=${level(count).toLowerCase()} msg="order placed" order=${count}`,
  java: (iso, count) => `${iso.slice(0, 23).replace('T', ' ')} ${level(count)} [main] c.e.Orders - zażółć №${count} 🚚`,
  nginx: (_iso, count) => `10.0.0.${count % 256} - - "GET /orders/${count} HTTP/1.1" 200 512`,
};

function chosenShapes(names: string): Shape[] {
  return names.split(',').map((name) => {
    const shape = SHAPES[name];
    if (!shape) throw new Error(`SHAPES: must be among ${Object.keys(SHAPES).join(', ')} (got "${name}")`);
    return shape;
  });
}

function positive(name: string, otherwise: number): number {
  const value = Number(process.env[name] ?? otherwise);
  if (!(value > 0)) throw new Error(`${name}: must be a number above 0 (got "${process.env[name]}")`);
  return value;
}

const shapes = chosenShapes(process.env.SHAPES ?? Object.keys(SHAPES).join(','));
const intervalMs = 1000 / positive('LINES_PER_SECOND', 5);
const lines = positive('LINES', Number.POSITIVE_INFINITY);

let count = 0;
const timer = setInterval(() => {
  const shape = shapes[count % shapes.length];
  if (shape) process.stdout.write(`${shape(new Date().toISOString(), count)}\n`);
  count++;
  if (count >= lines) clearInterval(timer);
}, intervalMs);
process.on('SIGTERM', () => clearInterval(timer));
