import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import {
  type CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  DeleteLogGroupCommand,
  DeleteLogStreamCommand,
  DescribeLogGroupsCommand,
  DescribeLogStreamsCommand,
  FilterLogEventsCommand,
  GetLogEventsCommand,
  ListTagsForResourceCommand,
  PutLogEventsCommand,
  PutRetentionPolicyCommand,
  TagResourceCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { CreateRoleCommand, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { AWS_LOGS_QUOTAS } from '../../../../embedded-aws/logs/quotas.ts';
import { awsError, openCloud, TEST_REGION } from '../../../support/cloud.ts';

const NOW = Date.UTC(2026, 5, 15, 12);
let world: Awaited<ReturnType<typeof openCloud>>;
let accounts = 300_000_000_000;
before(async () => {
  world = await openCloud({ nowMs: () => NOW }, NOW - Date.now());
});
after(() => world.close());

/** An account of its own, so that tests do not meet. */
function newAccount(region = TEST_REGION) {
  const account = String(++accounts);
  return { account, ...world.as(account, region) };
}

const put = (logs: CloudWatchLogsClient, group: string, stream: string, ...events: [number, string][]) =>
  logs.send(
    new PutLogEventsCommand({
      logGroupName: group,
      logStreamName: stream,
      logEvents: events.map(([timestamp, message]) => ({ timestamp, message })),
    }),
  );
async function create(logs: CloudWatchLogsClient, group: string, ...streams: string[]) {
  await logs.send(new CreateLogGroupCommand({ logGroupName: group }));
  for (const stream of streams)
    await logs.send(new CreateLogStreamCommand({ logGroupName: group, logStreamName: stream }));
}
const held = (account: string) =>
  [...world.cloud.logs.read({ account })].map(({ timestamp, message }) => [timestamp, message]);

test('an account holds what was put into it, and nothing of others', async () => {
  const [one, other] = [newAccount(), newAccount()];
  await create(one.logs, '/g', 's');
  await put(one.logs, '/g', 's', [NOW, 'a "quoted" \\ line\n\u0001'], [NOW + 1, '😀 ü']);
  assert.deepEqual(held(one.account), [
    [NOW, 'a "quoted" \\ line\n\u0001'],
    [NOW + 1, '😀 ü'],
  ]);
  await assert.rejects(put(other.logs, '/g', 's', [NOW, 'x']), awsError('ResourceNotFoundException'));
  assert.deepEqual(held(other.account), []);
});

test('regions of one account are apart', async () => {
  const { account, logs } = newAccount('eu-west-1');
  await create(logs, '/g', 's');
  await assert.rejects(put(world.as(account).logs, '/g', 's', [NOW, 'x']), awsError('ResourceNotFoundException'));
});

test('events that are rejected are not stored, the others are', async () => {
  const { account, logs } = newAccount();
  await create(logs, '/g', 's');
  await logs.send(new PutRetentionPolicyCommand({ logGroupName: '/g', retentionInDays: 1 }));
  const dayAgo = NOW - 24 * 3600_000;
  const answer = await put(logs, '/g', 's', [dayAgo - 2, 'a'], [dayAgo - 1, 'b'], [dayAgo, 'c'], [NOW - 3, 'd']);
  assert.deepEqual(answer.rejectedLogEventsInfo, { expiredLogEventEndIndex: 2 });
  const ahead = await put(logs, '/g', 's', [NOW, 'e'], [NOW + 2 * 3600_000 + 1, 'f']);
  assert.deepEqual(ahead.rejectedLogEventsInfo, { tooNewLogEventStartIndex: 1 });
  assert.deepEqual(
    held(account).map(([, message]) => message),
    ['c', 'd', 'e'],
  );
});

test('a refused call stores nothing', async () => {
  const { account, logs } = newAccount();
  await create(logs, '/g', 's');
  await assert.rejects(
    put(logs, '/g', 's', [NOW, 'a'], [NOW - 1, 'b']),
    awsError('InvalidParameterException', { status: 400 }),
  );
  assert.deepEqual(held(account), []);
});

test('a missing group and a missing stream are told apart', async () => {
  const { logs } = newAccount();
  await assert.rejects(
    put(logs, '/g', 's', [NOW, 'x']),
    awsError('ResourceNotFoundException', { message: 'log group does not exist' }),
  );
  await assert.rejects(
    logs.send(new CreateLogStreamCommand({ logGroupName: '/g', logStreamName: 's' })),
    awsError('ResourceNotFoundException'),
  );
  await create(logs, '/g');
  await assert.rejects(
    put(logs, '/g', 's', [NOW, 'x']),
    awsError('ResourceNotFoundException', { message: 'log stream does not exist' }),
  );
});

test('what exists cannot be created again', async () => {
  const { logs } = newAccount();
  await create(logs, '/g', 's');
  await assert.rejects(
    create(logs, '/g'),
    awsError('ResourceAlreadyExistsException', { message: 'log group already exists' }),
  );
  await assert.rejects(
    logs.send(new CreateLogStreamCommand({ logGroupName: '/g', logStreamName: 's' })),
    awsError('ResourceAlreadyExistsException', { message: 'log stream already exists' }),
  );
});

const NAMES: readonly (readonly [group: string, stream: string, fits: boolean])[] = [
  ['/tenant-logs/a_b.c#1', 'cluster-env-2026-06-15', true],
  ['g'.repeat(512), 's'.repeat(512), true],
  ['a', 'with space/[$LATEST]#ü', true],
  ['g'.repeat(513), 's', false],
  ['with space', 's', false],
  ['with:colon', 's', false],
  ['', 's', false],
  ['a', 's'.repeat(513), false],
  ['a', 'with:colon', false],
  ['a', 'with*star', false],
  ['a', '', false],
];
for (const [group, stream, fits] of NAMES) {
  test(`the group ${group.slice(0, 20) || '(empty)'} (${group.length}) with the stream ${stream.slice(0, 20) || '(empty)'} (${stream.length}) is ${fits ? 'taken' : 'refused'}`, async () => {
    const { logs } = newAccount();
    if (fits) return create(logs, group, stream);
    await assert.rejects(
      create(logs, group, stream),
      awsError('InvalidParameterException', { message: '1 validation error detected' }),
    );
  });
}

test("retention takes AWS's numbers of days only", async () => {
  const { logs } = newAccount();
  await create(logs, '/g');
  const set = (retentionInDays: number) =>
    logs.send(new PutRetentionPolicyCommand({ logGroupName: '/g', retentionInDays }));
  await set(30);
  await assert.rejects(set(31), awsError('InvalidParameterException'));
  const { logGroups } = await logs.send(new DescribeLogGroupsCommand({}));
  assert.equal(logGroups?.[0]?.retentionInDays, 30);
});

test('groups are described by prefix, in order and page by page', async () => {
  const { logs, account } = newAccount();
  for (const name of ['/b', '/a/2', '/a/1', '/a/3', '/ab']) await create(logs, name);
  const first = await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: '/a/', limit: 2 }));
  const second = await logs.send(
    new DescribeLogGroupsCommand({ logGroupNamePrefix: '/a/', limit: 2, nextToken: first.nextToken }),
  );
  const names = [first, second].map(({ logGroups }) => logGroups?.map(({ logGroupName }) => logGroupName));
  assert.deepEqual(names, [['/a/1', '/a/2'], ['/a/3']]);
  assert.equal(second.nextToken, undefined);
  assert.equal(second.logGroups?.[0]?.arn, `arn:aws:logs:us-east-1:${account}:log-group:/a/3:*`);
});

test('streams are described with the times of their events', async () => {
  const { logs } = newAccount();
  await create(logs, '/g', 'old', 'new', 'empty');
  await put(logs, '/g', 'old', [NOW - 900, 'a'], [NOW - 800, 'b']);
  await put(logs, '/g', 'old', [NOW - 1000, 'late']);
  await put(logs, '/g', 'new', [NOW, 'c']);
  const input = { logGroupName: '/g', orderBy: 'LastEventTime', descending: true } as const;
  const { logStreams } = await logs.send(new DescribeLogStreamsCommand(input));
  assert.deepEqual(
    logStreams?.map((one) => [one.logStreamName, one.firstEventTimestamp, one.lastEventTimestamp]),
    [
      ['new', NOW, NOW],
      ['old', NOW - 1000, NOW - 800],
      ['empty', undefined, undefined],
    ],
  );
});

test('GetLogEvents reads forward and backward, by time, and ends where its token stays', async () => {
  const { logs } = newAccount();
  await create(logs, '/g', 's');
  await put(logs, '/g', 's', [NOW - 30, '2'], [NOW - 20, '4'], [NOW - 10, '6']);
  await put(logs, '/g', 's', [NOW - 40, '1'], [NOW - 30, '3'], [NOW - 15, '5']);
  const read = async (input: { startFromHead?: boolean; nextToken?: string | undefined }) => {
    const page = await logs.send(
      new GetLogEventsCommand({ logGroupName: '/g', logStreamName: 's', limit: 4, ...input }),
    );
    return { text: page.events?.map(({ message }) => message).join(''), ...page };
  };
  const first = await read({ startFromHead: true });
  const second = await read({ startFromHead: true, nextToken: first.nextForwardToken });
  const third = await read({ startFromHead: true, nextToken: second.nextForwardToken });
  assert.deepEqual([first.text, second.text, third.text], ['1234', '56', '']);
  assert.equal(third.nextForwardToken, second.nextForwardToken);
  const last = await read({});
  const before = await read({ nextToken: last.nextBackwardToken });
  assert.deepEqual([last.text, before.text], ['3456', '12']);
  await put(logs, '/g', 's', [NOW, '7']);
  assert.equal((await read({ startFromHead: true, nextToken: third.nextForwardToken })).text, '7');
});

test('FilterLogEvents merges streams by time, filters by terms and pages', async () => {
  const { logs } = newAccount();
  await create(logs, '/g', 'a', 'b', 'c');
  await put(logs, '/g', 'a', [NOW - 50, 'ERROR one'], [NOW - 30, 'info three'], [NOW - 10, 'ERROR five']);
  await put(logs, '/g', 'b', [NOW - 40, 'ERROR two'], [NOW - 20, 'error four']);
  await put(logs, '/g', 'c', [NOW - 45, 'ERROR hidden']);
  const found: string[] = [];
  let nextToken: string | undefined;
  do {
    const page = await logs.send(
      new FilterLogEventsCommand({
        logGroupName: '/g',
        logStreamNames: ['a', 'b'],
        filterPattern: 'ERROR',
        limit: 2,
        nextToken,
      }),
    );
    for (const { logStreamName, message } of page.events ?? []) found.push(`${logStreamName} ${message}`);
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  assert.deepEqual(found, ['a ERROR one', 'b ERROR two', 'a ERROR five']);
  const between = await logs.send(
    new FilterLogEventsCommand({ logGroupName: '/g', startTime: NOW - 40, endTime: NOW - 20, filterPattern: '-three' }),
  );
  assert.deepEqual(
    between.events?.map(({ message }) => message),
    ['ERROR two', 'error four'],
  );
});

test('a page holds at most a megabyte, and reading goes on behind it', async () => {
  const { logs } = newAccount();
  await create(logs, '/g', 's');
  for (let i = 0; i < 3; i++) await put(logs, '/g', 's', [NOW + i, `${i}`.repeat(700_000)]);
  const sizes: number[] = [];
  let nextToken: string | undefined;
  for (;;) {
    const page = await logs.send(
      new GetLogEventsCommand({ logGroupName: '/g', logStreamName: 's', startFromHead: true, nextToken }),
    );
    if (page.nextForwardToken === nextToken) break;
    sizes.push(page.events?.length ?? 0);
    nextToken = page.nextForwardToken;
  }
  assert.deepEqual(sizes, [1, 1, 1]);
});

test('deleting takes the events along', async () => {
  const { account, logs } = newAccount();
  await create(logs, '/g', 's', 't');
  await create(logs, '/h', 's');
  for (const [group, stream] of [
    ['/g', 's'],
    ['/g', 't'],
    ['/h', 's'],
  ] as const)
    await put(logs, group, stream, [NOW, group + stream]);
  await logs.send(new DeleteLogStreamCommand({ logGroupName: '/g', logStreamName: 's' }));
  assert.deepEqual(
    held(account).map(([, message]) => message),
    ['/gt', '/hs'],
  );
  await logs.send(new DeleteLogGroupCommand({ logGroupName: '/g' }));
  assert.deepEqual(
    held(account).map(([, message]) => message),
    ['/hs'],
  );
  await create(logs, '/g', 's');
  const { events } = await logs.send(new GetLogEventsCommand({ logGroupName: '/g', logStreamName: 's' }));
  assert.deepEqual(events, []);
});

test('a group has tags', async () => {
  const { account, logs } = newAccount();
  await logs.send(new CreateLogGroupCommand({ logGroupName: '/g', tags: { team: 'a' } }));
  const resourceArn = `arn:aws:logs:us-east-1:${account}:log-group:/g`;
  await logs.send(new TagResourceCommand({ resourceArn, tags: { env: 'b' } }));
  const { tags } = await logs.send(new ListTagsForResourceCommand({ resourceArn }));
  assert.deepEqual(tags, { team: 'a', env: 'b' });
});

test('a body may come compressed', async () => {
  const { account, logs } = newAccount();
  await create(logs, '/g', 's');
  const body = gzipSync(
    JSON.stringify({ logGroupName: '/g', logStreamName: 's', logEvents: [{ timestamp: NOW, message: 'zipped' }] }),
  );
  const stamp = new Date(NOW).toISOString().replace(/[-:]|\.\d+/g, '');
  const scope = `${account}/${stamp.slice(0, 8)}/us-east-1/logs/aws4_request`;
  const answer = await fetch(world.cloud.url, {
    method: 'POST',
    headers: {
      'x-amz-target': 'Logs_20140328.PutLogEvents',
      'content-type': 'application/x-amz-json-1.1',
      'content-encoding': 'gzip',
      'x-amz-date': stamp,
      authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=00`,
    },
    body,
  });
  assert.equal(answer.status, 200, await answer.text());
  assert.deepEqual(held(account), [[NOW, 'zipped']]);
});

const RESOURCES: readonly (readonly [resource: string, group: string, allowed: boolean])[] = [
  ['/t/acme:*', '/t/acme', true],
  ['/t/acme:*', '/t/acme/web', false],
  ['/t/acme/*', '/t/acme/web', true],
  ['/t/acme/*', '/t/acme', false],
  ['/t/acme*', '/t/acme-other', true],
  // AWS asks with an empty stream name, so the bare name of a group matches nothing.
  ['/t/acme', '/t/acme', false],
];
for (const [resource, group, allowed] of RESOURCES) {
  test(`a role that may write to ${resource} ${allowed ? 'may' : 'may not'} create, write and set the retention of ${group}`, async () => {
    const { account, iam } = newAccount();
    const document = (statement: object) =>
      JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', ...statement }] });
    await iam.send(
      new CreateRoleCommand({
        RoleName: 'r',
        AssumeRolePolicyDocument: document({ Principal: { AWS: '000000000000' }, Action: 'sts:AssumeRole' }),
      }),
    );
    const Resource = `arn:aws:logs:*:${account}:log-group:${resource}`;
    await iam.send(
      new PutRolePolicyCommand({
        RoleName: 'r',
        PolicyName: 'p',
        PolicyDocument: document({ Action: 'logs:*', Resource }),
      }),
    );
    const roleArn = { RoleArn: `arn:aws:iam::${account}:role/r` };
    const { logs } = world.as(await world.assume(roleArn));
    const steps = [
      () => logs.send(new CreateLogGroupCommand({ logGroupName: group })),
      () => logs.send(new PutRetentionPolicyCommand({ logGroupName: group, retentionInDays: 7 })),
      () => logs.send(new CreateLogStreamCommand({ logGroupName: group, logStreamName: 's' })),
      () => put(logs, group, 's', [NOW, 'x']),
    ];
    for (const step of steps) {
      if (allowed) await step();
      else
        await assert.rejects(
          step(),
          awsError('AccessDeniedException', { status: 400, message: `:log-group:${group}:log-stream:` }),
        );
    }
  });
}

test("with AWS's quotas, the sixth Describe call of a second is throttled, and only in that account", async () => {
  const limited = await openCloud({ logsQuotas: AWS_LOGS_QUOTAS, nowMs: () => frozen });
  const frozen = Date.now();
  try {
    const { logs } = limited.as('111111111111');
    for (let i = 0; i < 5; i++) await logs.send(new DescribeLogGroupsCommand({}));
    await assert.rejects(logs.send(new DescribeLogGroupsCommand({})), awsError('ThrottlingException'));
    await limited.as('222222222222').logs.send(new DescribeLogGroupsCommand({}));
  } finally {
    await limited.close();
  }
});

test('what is accepted can be read when its delay is over', async () => {
  let nowMs = Date.now();
  const late = await openCloud({ logsVisibleAfterMs: () => 700, nowMs: () => nowMs });
  try {
    const { logs } = late.as('111111111111');
    await create(logs, '/g', 's');
    const logEvents = [{ timestamp: nowMs, message: 'm' }];
    await logs.send(new PutLogEventsCommand({ logGroupName: '/g', logStreamName: 's', logEvents }));
    const read = async () => {
      const got = await logs.send(new GetLogEventsCommand({ logGroupName: '/g', logStreamName: 's' }));
      const filtered = await logs.send(new FilterLogEventsCommand({ logGroupName: '/g' }));
      return [got.events?.length, filtered.events?.length];
    };
    assert.deepEqual(await read(), [0, 0]);
    nowMs += 700;
    assert.deepEqual(await read(), [1, 1]);
  } finally {
    await late.close();
  }
});

test('with a bound, an account lets its oldest events go', async () => {
  const bounded = await openCloud({ logBytesPerAccountMax: 5_000 });
  try {
    const { logs } = bounded.as('111111111111');
    await create(logs, '/g', 's');
    const startMs = Date.now();
    for (let i = 0; i < 10; i++) await put(logs, '/g', 's', [startMs + i, `${i}`.repeat(1_000)]);
    const kept = [...bounded.cloud.logs.read()].map(({ message }) => message.charAt(0));
    assert.deepEqual(kept, ['6', '7', '8', '9']);
    const { events } = await logs.send(
      new GetLogEventsCommand({ logGroupName: '/g', logStreamName: 's', startFromHead: true }),
    );
    assert.deepEqual(
      events?.map(({ message }) => message?.charAt(0)),
      kept,
    );
  } finally {
    await bounded.close();
  }
});
