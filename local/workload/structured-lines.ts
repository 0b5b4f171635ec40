import type { Random } from './random.ts';
import { type LineMaker, severity } from './text-lines.ts';

const EVENTS = [
  'order placed',
  'stock reserved',
  'price "recomputed"',
  'coupon applied\tonce',
  'C:\\carts\\restore failed',
];

/** What a service with a JSON logger prints: escapes inside, nesting, now and then a long text. */
export const jsonLine: LineMaker = (random, timeMs) => {
  const level = severity(random);
  const line = {
    time: new Date(timeMs).toISOString(),
    level,
    logger: `com.example.${random.pick(['checkout', 'cart', 'price'])}`,
    msg: random.pick(EVENTS),
    order: { id: random.uuid(), items: random.between(1, 12), total: random.below(100_000) / 100, currency: 'EUR' },
    user: `user-${random.below(50_000)}`,
    duration_ms: random.below(2_000),
    ...(level === 'error' ? { error: `timeout after ${random.below(30)} s\n  at store.read\n  at cart.load` } : {}),
    ...(random.chance(0.04) ? { payload: random.hex(random.between(300, 900)) } : {}),
  };
  return { message: JSON.stringify(line), severity: level };
};

const VERBS = ['get', 'list', 'watch', 'create', 'update', 'delete'];
const RESOURCES = ['pods', 'secrets', 'configmaps', 'deployments', 'leases'];

/** An audit event of a Kubernetes API server. */
export const auditLine: LineMaker = (random, timeMs) => {
  const verb = random.pick(VERBS);
  const resource = random.pick(RESOURCES);
  const namespace = random.pick(['shop', 'billing', 'kube-system']);
  const name = `${resource}-${random.hex(8)}`;
  const allowed = !random.chance(0.03);
  const event = {
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: 'Metadata',
    auditID: random.uuid(),
    stage: 'ResponseComplete',
    requestURI: `/api/v1/namespaces/${namespace}/${resource}/${name}`,
    verb,
    user: { username: `system:serviceaccount:${namespace}:deployer`, groups: ['system:authenticated'] },
    sourceIPs: [`10.0.${random.below(256)}.${random.below(256)}`],
    objectRef: { resource, namespace, name, apiVersion: 'v1' },
    responseStatus: { metadata: {}, code: allowed ? 200 : 403 },
    stageTimestamp: new Date(timeMs).toISOString(),
    annotations: { 'authorization.k8s.io/decision': allowed ? 'allow' : 'forbid' },
  };
  return { message: JSON.stringify(event), severity: allowed ? 'info' : 'warn' };
};

const EXCEPTIONS = [
  'java.net.SocketTimeoutException: Read timed out',
  'java.sql.SQLTransientConnectionException: pool-1 - Connection is not available, request timed out after 30000ms.',
  'java.lang.IllegalStateException: payment \'\u00a0\' has no "amount"',
];
const FRAMES = [
  'com.example.payments.PaymentService.capture(PaymentService.java:%)',
  'com.example.payments.RetryTemplate.execute(RetryTemplate.java:%)',
  'org.springframework.web.servlet.FrameworkServlet.service(FrameworkServlet.java:%)',
  'java.base/java.util.concurrent.ThreadPoolExecutor.runWorker(ThreadPoolExecutor.java:%)',
  'jdk.internal.reflect.GeneratedMethodAccessor%.invoke(Unknown Source)',
];

/** A Java application: one line mostly, a stack trace of many lines when something went wrong. */
export const javaLine: LineMaker = (random, timeMs) => {
  const level = severity(random);
  const stamp = new Date(timeMs).toISOString().replace('T', ' ').replace('Z', '');
  const head = `${stamp} ${level.toUpperCase().padEnd(5)} [http-nio-8080-exec-${random.below(64)}] c.e.payments.PaymentService`;
  if (level !== 'error') {
    return {
      message: `${head} - captured payment ${random.uuid()} for order ${random.below(10_000_000)}`,
      severity: level,
    };
  }
  const frames = Array.from({ length: random.between(6, 14) }, () => frame(random));
  return { message: `${head} - capture failed\n${random.pick(EXCEPTIONS)}\n${frames.join('\n')}`, severity: level };
};

function frame(random: Random): string {
  return `\tat ${random.pick(FRAMES).replace('%', () => String(random.between(10, 999)))}`;
}
