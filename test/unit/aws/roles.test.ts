import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createStsCalls } from '../../../service/aws/calls.ts';
import { createRoleSessions, type RoleRequest, type RoleSessionsDeps } from '../../../service/aws/roles.ts';
import { DistributorError } from '../../../service/base/errors.ts';
import { placeOf } from '../../support/aws.ts';
import { awsError } from '../../support/aws-error.ts';
import { createFakeSts } from '../../support/sts.ts';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const ACME: RoleRequest = {
  roleArn: 'arn:aws:iam::111122223333:role/logs',
  externalId: 'acme-1',
  tags: { tenant_id: 'acme', cluster_id: 'c1' },
};

function setUp({
  sessionsMax,
  lifeMs,
  skewMs = 0,
}: {
  readonly sessionsMax?: number;
  readonly lifeMs?: number;
  readonly skewMs?: number;
} = {}) {
  const now = { ms: Date.UTC(2026, 0, 31) };
  const sts = createFakeSts(() => now.ms, lifeMs);
  const outcomes: string[] = [];
  const sessions = createRoleSessions({
    sts: sts.sts,
    nowMs: () => now.ms - Date.UTC(2026),
    epochMs: () => now.ms + skewMs,
    onAssume: (outcome) => outcomes.push(outcome),
    ...(sessionsMax === undefined ? {} : { sessionsMax }),
  });
  return { ...sts, now, outcomes, sessions };
}

/** Lets everything that is only waiting for promises run. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

test('a role is assumed with its external id, an hour, a session name and tags for the customer to test', async () => {
  const { sessions, calls, outcomes } = setUp();
  const credentials = await sessions.credentials(ACME);
  assert.deepEqual(calls, [
    {
      RoleArn: 'arn:aws:iam::111122223333:role/logs',
      RoleSessionName: 'log-distributor-acme',
      DurationSeconds: 3_600,
      ExternalId: 'acme-1',
      Tags: [
        { Key: 'tenant_id', Value: 'acme' },
        { Key: 'cluster_id', Value: 'c1' },
      ],
    },
  ]);
  assert.deepEqual(credentials, {
    accessKeyId: 'acme_1',
    secretAccessKey: 'secret',
    sessionToken: 'token',
    expiration: new Date(Date.UTC(2026, 0, 31, 1)),
  });
  assert.deepEqual(outcomes, ['ok']);
});

test('without an external id none is sent, and without a tenant the session is the platform', async () => {
  const { sessions, calls } = setUp();
  await sessions.credentials({ roleArn: ACME.roleArn, externalId: undefined, tags: {} });
  assert.ok(!('ExternalId' in (calls[0] ?? {})));
  assert.equal(calls[0]?.RoleSessionName, 'log-distributor-platform');
  assert.deepEqual(calls[0]?.Tags, []);
});

test('session names and tag values hold only what STS takes', async () => {
  const { sessions, calls } = setUp();
  await sessions.credentials({ ...ACME, tags: { tenant_id: 'ä corp/x:1&"<', cluster_id: 'x'.repeat(300) } });
  assert.equal(calls[0]?.RoleSessionName, 'log-distributor-__corp_x_1___');
  assert.deepEqual(calls[0]?.Tags, [
    { Key: 'tenant_id', Value: 'ä corp/x:1___' },
    { Key: 'cluster_id', Value: 'x'.repeat(256) },
  ]);
  await sessions.credentials({ ...ACME, tags: { tenant_id: 'y'.repeat(200) } });
  assert.equal(calls[1]?.RoleSessionName?.length, 64);
});

test('a session is kept for its role, external id and tags, and for none else', async () => {
  const { sessions, calls } = setUp();
  const others: RoleRequest[] = [
    { ...ACME, roleArn: `${ACME.roleArn}2` },
    { ...ACME, externalId: 'acme-2' },
    { ...ACME, externalId: undefined },
    { ...ACME, tags: { tenant_id: 'acme', cluster_id: 'c2' } },
    { ...ACME, tags: { tenant_id: 'acme' } },
  ];
  const first = await sessions.credentials(ACME);
  for (const request of others) assert.notEqual(await sessions.credentials(request), first);
  assert.equal(calls.length, 6);
  assert.equal(await sessions.credentials({ ...ACME, tags: { cluster_id: 'c1', tenant_id: 'acme' } }), first);
  assert.equal(calls.length, 6);
  assert.equal(sessions.cached, 6);
});

test('callers at the same time share one call', async () => {
  const { sessions, calls, hold, letGo } = setUp();
  hold();
  const all = Promise.all([1, 2, 3].map(() => sessions.credentials(ACME)));
  await settle();
  letGo();
  const [a, b, c] = await all;
  assert.equal(calls.length, 1);
  assert.ok(a === b && b === c);
});

test("a failure at the same time is everybody's, and the next caller after its time tries again", async () => {
  const { sessions, calls, failures, now, hold, letGo } = setUp();
  failures.push(awsError('ServiceUnavailable', 503));
  hold();
  const all = Promise.allSettled([sessions.credentials(ACME), sessions.credentials(ACME)]);
  await settle();
  letGo();
  assert.deepEqual(
    (await all).map((result) => result.status),
    ['rejected', 'rejected'],
  );
  assert.equal(calls.length, 1);
  now.ms += 2_000;
  assert.equal((await sessions.credentials(ACME)).accessKeyId, 'acme_2');
});

test('in the last quarter of its life a session is renewed in the background while it still serves', async () => {
  const { sessions, calls, now, hold, letGo } = setUp();
  const first = await sessions.credentials(ACME);
  now.ms += 45 * MINUTE_MS;
  assert.equal(await sessions.credentials(ACME), first, 'exactly a quarter is left: not yet');
  await settle();
  assert.equal(calls.length, 1);

  now.ms += 1;
  hold();
  assert.equal(await sessions.credentials(ACME), first);
  assert.equal(await sessions.credentials(ACME), first);
  assert.equal(calls.length, 2, 'one renewal, however many ask');
  letGo();
  await settle();
  assert.equal((await sessions.credentials(ACME)).accessKeyId, 'acme_2');
  assert.equal(calls.length, 2);
});

test('a renewal that fails costs nobody anything as long as the session lives', async () => {
  const { sessions, calls, failures, now, outcomes } = setUp();
  const first = await sessions.credentials(ACME);
  failures.push(awsError('AccessDenied', 403));
  now.ms += 50 * MINUTE_MS;
  assert.equal(await sessions.credentials(ACME), first);
  await settle();
  assert.equal(await sessions.credentials(ACME), first);
  await settle();
  assert.equal(calls.length, 2, 'the refusal is remembered, not asked for again at once');
  now.ms += 5 * MINUTE_MS - 1;
  await sessions.credentials(ACME);
  await settle();
  assert.equal(calls.length, 2);
  now.ms += 1;
  await sessions.credentials(ACME);
  await settle();
  assert.equal(calls.length, 3);
  assert.deepEqual(outcomes, ['ok', 'refused', 'ok']);
});

test('a renewal that STS could not answer is tried again soon', async () => {
  const { sessions, calls, failures, now } = setUp();
  await sessions.credentials(ACME);
  failures.push(awsError('ServiceUnavailable', 503));
  now.ms += 50 * MINUTE_MS;
  await sessions.credentials(ACME);
  await settle();
  now.ms += 2_000;
  await sessions.credentials(ACME);
  await settle();
  assert.equal(calls.length, 3);
});

test('a session with less than a minute left serves nobody', async () => {
  const { sessions, now } = setUp();
  await sessions.credentials(ACME);
  now.ms += 59 * MINUTE_MS;
  assert.equal((await sessions.credentials(ACME)).accessKeyId, 'acme_2');
});

/** Long enough for all objects that wait for the same role to share one call. */
const REMEMBERED_MS = 2_000;
const FAILURES: readonly (readonly [name: string, code: string, outcome: string])[] = [
  ['AccessDenied', 'role-refused', 'refused'],
  ['ValidationError', 'role-refused', 'refused'],
  ['NoSuchEntity', 'role-refused', 'refused'],
  ['Throttling', 'role-unavailable', 'failed'],
  ['ServiceUnavailable', 'role-unavailable', 'failed'],
  ['ECONNRESET', 'role-unavailable', 'failed'],
  // Ours, not the customer's.
  ['ExpiredToken', 'role-unavailable', 'failed'],
];

for (const [name, code, outcome] of FAILURES) {
  test(`${name} is ${code}, and is remembered for a moment`, async () => {
    const { sessions, calls, failures, now, outcomes } = setUp();
    failures.push(awsError(name, name === 'NoSuchEntity' ? 404 : undefined));
    const failed = (error: unknown) => {
      assert.ok(error instanceof DistributorError);
      assert.equal(error.code, code);
      assert.match(error.message, /role\/logs for acme/);
      assert.ok(error.message.includes(name));
      return true;
    };
    await assert.rejects(sessions.credentials(ACME), failed);
    now.ms += REMEMBERED_MS - 1;
    await assert.rejects(sessions.credentials(ACME), failed);
    assert.equal(calls.length, 1);
    now.ms += 1;
    assert.equal((await sessions.credentials(ACME)).accessKeyId, 'acme_2');
    assert.deepEqual(outcomes, [outcome, 'ok']);
  });
}

test('a broken role of one tenant does not touch another', async () => {
  const { sessions, failures } = setUp();
  failures.push(awsError('AccessDenied', 403));
  await assert.rejects(sessions.credentials(ACME), { code: 'role-refused' });
  const globex = { ...ACME, tags: { tenant_id: 'globex' } };
  assert.equal((await sessions.credentials(globex)).accessKeyId, 'globex_2');
});

test('a first hop that is refused is our own trouble: no tenant is told that its role is broken', async () => {
  const refused = awsError('AccessDenied', 403);
  const firstHop = createRoleSessions({
    sts: () => Promise.reject(refused),
    nowMs: () => 0,
    epochMs: () => 0,
    onAssume: () => {},
  });
  const outcomes: string[] = [];
  const hop = { roleArn: 'arn:aws:iam::444455556666:role/hop', externalId: undefined, tags: {} };
  const sessions = createRoleSessions({
    sts: createStsCalls(placeOf('http://127.0.0.1:9'), () => firstHop.credentials(hop)),
    nowMs: () => 0,
    epochMs: () => 0,
    onAssume: (outcome) => outcomes.push(outcome),
  });
  await assert.rejects(sessions.credentials(ACME), (error) => {
    assert.ok(error instanceof DistributorError);
    assert.equal(error.code, 'role-unavailable');
    assert.match(error.message, /^AssumeRole of \S+logs for acme failed: AssumeRole of \S+hop .* refused/);
    return true;
  });
  assert.deepEqual(outcomes, ['failed']);
});

test('an answer without credentials is role-unavailable', async () => {
  const sts = async () => ({ Credentials: { AccessKeyId: 'half' } });
  const sessions = createRoleSessions({
    sts: sts as unknown as RoleSessionsDeps['sts'],
    nowMs: () => 0,
    epochMs: () => 0,
    onAssume: () => {},
  });
  await assert.rejects(sessions.credentials(ACME), { code: 'role-unavailable' });
});

test('credentials that a service refused are forgotten, others that were issued meanwhile stay', async () => {
  const { sessions, calls } = setUp();
  const first = await sessions.credentials(ACME);
  sessions.invalidate(ACME, first);
  assert.equal(sessions.cached, 0);
  const second = await sessions.credentials(ACME);
  assert.equal(second.accessKeyId, 'acme_2');
  sessions.invalidate(ACME, first);
  assert.equal(await sessions.credentials(ACME), second);
  sessions.invalidate({ ...ACME, externalId: 'never seen' }, second);
  assert.equal(calls.length, 2);
});

test('the session that was not used for longest leaves first', async () => {
  const { sessions, calls } = setUp({ sessionsMax: 2 });
  const tenant = (tenant_id: string) => ({ ...ACME, tags: { tenant_id } });
  await sessions.credentials(tenant('a'));
  await sessions.credentials(tenant('b'));
  await sessions.credentials(tenant('a'));
  await sessions.credentials(tenant('c'));
  assert.equal(sessions.cached, 2);
  await sessions.credentials(tenant('a'));
  assert.equal(calls.length, 3, 'a stayed');
  await sessions.credentials(tenant('b'));
  assert.equal(calls.length, 4, 'b had left');
});

test('sessions count as cached as long as they are valid', async () => {
  const { sessions, now } = setUp();
  await sessions.credentials(ACME);
  now.ms += HOUR_MS - 1;
  assert.equal(sessions.cached, 1);
  now.ms += 1;
  assert.equal(sessions.cached, 0);
});

test('a session that is shorter than asked for, or looks so to a clock that is ahead, is not renewed all the time', async () => {
  const { sessions, calls, now } = setUp({ lifeMs: 12 * MINUTE_MS });
  const first = await sessions.credentials(ACME);
  now.ms += 9 * MINUTE_MS;
  assert.equal(await sessions.credentials(ACME), first);
  await settle();
  assert.equal(calls.length, 1);
  now.ms += 1;
  assert.equal(await sessions.credentials(ACME), first);
  await settle();
  assert.equal(calls.length, 2);
});

for (const skewMs of [-3 * HOUR_MS, -HOUR_MS, 56 * MINUTE_MS, HOUR_MS, 3 * HOUR_MS]) {
  test(`on a host whose clock is ${skewMs / MINUTE_MS} minutes ahead a session lasts its hour, and no longer`, async () => {
    const { sessions, calls, now } = setUp({ skewMs });
    const first = await sessions.credentials(ACME);
    now.ms += 40 * MINUTE_MS;
    assert.equal(await sessions.credentials(ACME), first);
    await settle();
    assert.equal(calls.length, 1);
    now.ms += 20 * MINUTE_MS;
    assert.equal(sessions.cached, 0);
    assert.notEqual(await sessions.credentials(ACME), first);
  });
}

test('a tag value that is cut in the middle of a character loses all of it', async () => {
  const { sessions, calls } = setUp();
  // A letter beyond the basic plane: two UTF-16 units, of which the limit leaves one.
  await sessions.credentials({ ...ACME, tags: { tenant_id: `${'x'.repeat(255)}𐐀` } });
  assert.equal(calls[0]?.Tags?.[0]?.Value, 'x'.repeat(255));
});

test('whoever asks is asked back before STS is called, and not while credentials are there', async () => {
  const { sessions, calls, now } = setUp();
  let asked = 0;
  const refuse = () => {
    asked++;
    throw new DistributorError('role-unavailable', 'STS does not answer');
  };
  await assert.rejects(sessions.credentials(ACME, refuse), { message: 'STS does not answer' });
  assert.deepEqual([calls.length, asked], [0, 1]);
  await sessions.credentials(ACME, () => {});
  await sessions.credentials(ACME, refuse);
  assert.deepEqual([calls.length, asked], [1, 1], 'what one was refused is no failure of the role');
  now.ms += 50 * MINUTE_MS;
  await sessions.credentials(ACME, refuse);
  await settle();
  assert.deepEqual([calls.length, asked], [1, 2], 'the renewal in the background asks too');
});
