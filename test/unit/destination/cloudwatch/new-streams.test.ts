import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { LogsSession } from '../../../../service/aws/logs-session.ts';
import { createNewStreams } from '../../../../service/destination/cloudwatch/new-streams.ts';
import { awsError } from '../../../support/aws-error.ts';
import { NEVER } from '../../../support/stop-signals.ts';

const GROUP = '/tenant-logs/acme';

/** A group with streams, and everything that happens to it. */
function setUp(...existing: string[]) {
  const streams = new Set(existing);
  const log: string[] = [];
  const newStreams = createNewStreams();
  const session = {} as LogsSession;
  const behaviour = {
    put: async (_stream: string): Promise<void> => {},
    create: async (_stream: string): Promise<void> => {},
  };
  const put = (stream: string, { group = GROUP, of = session, signals = NEVER } = {}) =>
    newStreams.put(
      of,
      { group, stream },
      {
        put: async () => {
          log.push(`put ${stream}`);
          await behaviour.put(stream);
          if (!streams.has(stream)) throw awsError('ResourceNotFoundException');
          return `stored in ${stream}`;
        },
        create: async () => {
          log.push(`create ${stream}`);
          await behaviour.create(stream);
          const missing = !streams.has(stream);
          streams.add(stream);
          return missing;
        },
        pause: async () => {
          log.push('pause');
        },
      },
      signals,
    );
  return { streams, log, put, behaviour };
}

test('streams that exist take their puts, and no other call is made', async () => {
  const { log, put } = setUp('a', 'b');
  assert.equal(await put('a'), 'stored in a');
  await put('b');
  await put('a');
  assert.deepEqual(log, ['put a', 'put b', 'put a']);
});

test('once a new stream was missing, the next new ones are created before their puts', async () => {
  const { log, put } = setUp();
  for (const stream of ['a', 'b', 'c', 'a']) await put(stream);
  assert.deepEqual(log, ['put a', 'create a', 'put a', 'create b', 'put b', 'create c', 'put c', 'put a']);
});

test('once a new stream was there, the next new ones are put to first again', async () => {
  const { log, put } = setUp('b', 'c');
  for (const stream of ['a', 'b', 'c']) await put(stream);
  assert.deepEqual(log, ['put a', 'create a', 'put a', 'create b', 'put b', 'put c']);
});

test('the first put to a group goes alone, and the others do what it has found out', async () => {
  const { log, put, behaviour } = setUp();
  const answer = Promise.withResolvers<void>();
  behaviour.put = () => answer.promise;
  const puts = ['a', 'a', 'b', 'c'].map((stream) => put(stream));
  await turn();
  assert.deepEqual(log, ['put a']);
  answer.resolve();
  await Promise.all(puts);
  assert.deepEqual(log.slice(0, 3), ['put a', 'create a', 'put a']);
  assert.deepEqual(log.slice(3).sort(), ['create b', 'create c', 'put a', 'put b', 'put c']);
});

test('groups, and sessions of different accounts, know nothing of each other', async () => {
  const { log, put } = setUp();
  await put('a');
  await put('b', { group: '/another' });
  await put('c', { of: {} as LogsSession });
  assert.deepEqual(
    log.filter((line) => line.startsWith('create')),
    ['create a', 'create b', 'create c'],
  );
  assert.deepEqual([log[3], log[6]], ['put b', 'put c']);
});

test('where the first put comes to no answer, nobody who waited for it waits for silence once more', async () => {
  const { log, put, behaviour } = setUp('a', 'b', 'c');
  behaviour.put = async () => {
    throw awsError('TimeoutError');
  };
  const results = await Promise.allSettled(['a', 'b', 'c'].map((stream) => put(stream)));
  assert.deepEqual(
    results.map((result) => result.status === 'rejected' && result.reason.name),
    ['TimeoutError', 'TimeoutError', 'TimeoutError'],
  );
  assert.deepEqual(log, ['put a']);
  behaviour.put = async () => {};
  assert.equal(await put('b'), 'stored in b');
});

test('what is wrong with the first stream says nothing of the others', async () => {
  const { log, put, behaviour } = setUp('a', 'b', 'c');
  behaviour.put = async (stream) => {
    if (stream === 'a') throw awsError('AccessDeniedException');
  };
  const results = await Promise.allSettled(['a', 'b', 'c'].map((stream) => put(stream)));
  assert.deepEqual(
    results.map(({ status }) => status),
    ['rejected', 'fulfilled', 'fulfilled'],
  );
  assert.deepEqual(log, ['put a', 'put b', 'put c']);
});

test('who may not create streams may still write to one that is there', async () => {
  const { log, put, behaviour } = setUp('b', 'c');
  await put('a');
  behaviour.create = async () => {
    throw awsError('AccessDeniedException');
  };
  assert.equal(await put('b'), 'stored in b');
  assert.equal(await put('c'), 'stored in c');
  assert.deepEqual(log.slice(3), ['create b', 'put b', 'put c']);
  await assert.rejects(put('d'), { name: 'AccessDeniedException' });
});

test('a stream that is gone is created again, however well it is known', async () => {
  const { streams, log, put } = setUp('a');
  await put('a');
  streams.delete('a');
  assert.equal(await put('a'), 'stored in a');
  assert.deepEqual(log, ['put a', 'put a', 'create a', 'put a']);
});

test('what is remembered of a session is bounded, and forgetting costs no more than asking anew', async () => {
  const names = Array.from({ length: 20_001 }, (_, at) => `s${at}`);
  const { log, put } = setUp(...names);
  await put('missing');
  for (const name of names) await put(name);
  log.length = 0;
  // Known still, as the last one: no creation before its put, though the last new stream of another group was missing.
  await put('s20000');
  assert.deepEqual(log, ['put s20000']);
  for (let at = 0; at < 1_001; at++) await put('s0', { group: `/group/${at}` });
  log.length = 0;
  await put('new');
  assert.deepEqual(log, ['put new', 'create new', 'put new'], 'the group is one that nothing is known of');
});
