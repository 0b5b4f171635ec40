import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RoleSessions, SessionCredentials } from '../../../service/aws/roles.ts';
import { DistributorError } from '../../../service/base/errors.ts';
import { createMetrics } from '../../../service/base/metrics.ts';
import { placeKey } from '../../../service/core/place.ts';
import { callTenant, type TenantCall } from '../../../service/delivery/attempts.ts';
import type { CallWatch } from '../../../service/delivery/call-watch.ts';
import { CLOUDWATCH_LOGS } from '../../../service/destination/cloudwatch/target.ts';
import { awsError } from '../../support/aws-error.ts';
import { createFreeRateLimiter } from '../../support/rate-limiter.ts';
import { NEVER } from '../../support/stop-signals.ts';
import { until } from '../../support/until.ts';

const PATIENCE_MS = 30_000;
const CREDENTIALS: SessionCredentials = {
  accessKeyId: 'a',
  secretAccessKey: 's',
  sessionToken: 't',
  expiration: new Date(0),
};

/** A call whose attempts take what the test says, on a clock of its own. */
function setUp(
  attempts: readonly { readonly error?: Error; readonly ms: number }[],
  sessions?: Partial<RoleSessions>,
  more: Pick<TenantCall<string>, 'known' | 'inTurn'> = {},
) {
  const now = { ms: 0 };
  const told: string[] = [];
  const admitted: string[] = [];
  const watch: CallWatch = {
    begin: (type, place) => ({
      asked: () => told.push(`${type} asked ${place.service.id}`),
      answered: () => told.push(`${type} answered by ${place.service.id}`),
      suspended: () => told.push(`${type} suspended at ${place.service.id}`),
      failed: (fault) => told.push(`${type} ${fault} at ${place.service.id}`),
      [Symbol.dispose]: () => {},
    }),
    admit: (place) => {
      admitted.push(placeKey(place));
    },
  };
  let made = 0;
  const call = () =>
    callTenant(
      {
        sessions: {
          credentials: async () => CREDENTIALS,
          invalidate: () => {},
          cached: 0,
          ...sessions,
        },
        stsRegion: 'us-east-1',
        rateLimiter: createFreeRateLimiter(),
        metrics: createMetrics(),
        patienceMs: PATIENCE_MS,
        // Backoff waits are as short as they get.
        random: () => 0,
        nowMs: () => now.ms,
      },
      {
        service: CLOUDWATCH_LOGS,
        role: { roleArn: 'r', externalId: undefined, tags: {} },
        region: 'eu-west-1',
        rateLimited: { tenantId: 'acme', type: 'cloudwatch', destination: 'd', bytes: 1, bytesPerSecondMax: undefined },
        watch,
        ...more,
        attempt: async () => {
          const { error, ms } = attempts[Math.min(made, attempts.length - 1)] ?? { ms: 0 };
          made++;
          now.ms += ms;
          if (error) throw error;
          return 'done';
        },
      },
      NEVER,
    );
  return { call, told, admitted, attempts: () => made };
}

const timeout = () => new DOMException('no answer', 'TimeoutError');

test('a request that was silent for as long as it may be is not repeated', async () => {
  const { call, attempts } = setUp([{ error: timeout(), ms: PATIENCE_MS }]);
  await assert.rejects(call(), { name: 'TimeoutError' });
  assert.equal(attempts(), 1);
});

test('failures that come fast are repeated until the patience is used up, by time, not by number', async () => {
  const { call, attempts } = setUp([{ error: awsError('InternalFailure', 500), ms: 10_001 }]);
  await assert.rejects(call(), { name: 'InternalFailure' });
  assert.equal(attempts(), 3);
});

test('what is known before an attempt makes it unnecessary, and ends the trouble', async () => {
  let asked = 0;
  const known = async () => (++asked === 2 ? 'known' : undefined);
  const { call, attempts, told } = setUp([{ error: awsError('InternalFailure', 500), ms: 1 }], undefined, { known });
  assert.equal(await call(), 'known');
  assert.equal(attempts(), 1);
  assert.equal(told.at(-1), 'cloudwatch answered by logs');
});

test('while it is found out what became of an attempt, that attempt waits for no answer', async () => {
  let asked = 0;
  const known: TenantCall<string>['known'] = async (onLook) => {
    if (++asked === 2) onLook();
    return undefined;
  };
  const reset = Object.assign(new Error('reset'), { code: 'ECONNRESET' });
  const { call, told } = setUp([{ error: reset, ms: 1 }, { ms: 1 }], undefined, { known });
  await call();
  assert.deepEqual(
    told.filter((line) => line.endsWith('logs')),
    ['asked', 'ECONNRESET at', 'suspended at', 'asked', 'answered by'].map((what) => `cloudwatch ${what} logs`),
  );
});

test('an attempt that waits for its turn has not asked yet', async () => {
  const turn = Promise.withResolvers<void>();
  const inTurn: TenantCall<string>['inTurn'] = async (attempt) => {
    await turn.promise;
    return attempt();
  };
  const { call, told } = setUp([{ ms: 1 }], undefined, { inTurn });
  const done = call();
  await until(() => told.includes('cloudwatch answered by sts'));
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(told.includes('cloudwatch asked logs'), false);
  turn.resolve();
  await done;
  assert.deepEqual(told.slice(-2), ['cloudwatch asked logs', 'cloudwatch answered by logs']);
});

test('an answer begins the patience anew', async () => {
  const failing = { error: awsError('InternalFailure', 500), ms: 20_000 };
  const throttled = { error: awsError('ThrottlingException', 400), ms: 0 };
  const { call, attempts } = setUp([failing, throttled, failing, { ms: 0 }]);
  assert.equal(await call(), 'done');
  assert.equal(attempts(), 4);
});

test('the watch hears of every request, of failures that say nothing of the tenant, and of answers, also refusals', async () => {
  const reset = Object.assign(new Error('reset'), { code: 'ECONNRESET' });
  const { call, told } = setUp([
    { error: reset, ms: 0 },
    { error: awsError('AccessDeniedException', 400), ms: 0 },
  ]);
  await assert.rejects(call(), { name: 'AccessDeniedException' });
  const asked = ['cloudwatch asked sts', 'cloudwatch answered by sts', 'cloudwatch asked logs'];
  assert.deepEqual(told, [...asked, 'cloudwatch ECONNRESET at logs', ...asked, 'cloudwatch answered by logs']);
});

test('a place that does not answer is not called', async () => {
  const { call, attempts, admitted } = setUp([{ ms: 0 }], {
    credentials: async (_, admit) => {
      admit?.();
      return CREDENTIALS;
    },
  });
  await call();
  assert.deepEqual([admitted, attempts()], [['sts/us-east-1', 'logs/eu-west-1'], 1]);
});

test('a role that cannot be assumed is the last word', async () => {
  const { call, attempts } = setUp([{ ms: 0 }], {
    credentials: () => Promise.reject(new DistributorError('role-unavailable', 'no')),
  });
  await assert.rejects(call(), { code: 'role-unavailable' });
  assert.equal(attempts(), 0);
});
