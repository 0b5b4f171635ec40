import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { createStallWatch, openS3Object } from '../../../service/aws/s3-source.ts';
import type { DistributorError } from '../../../service/base/errors.ts';
import type { ObjectRef } from '../../../service/core/notification.ts';
import { etagOf, LAST_MODIFIED_MS, type S3Fault, type S3Server, startS3 } from '../../support/s3-server.ts';
import { createTestStalls, NO_STALL } from '../../support/stall.ts';
import { until } from '../../support/until.ts';

const MIB = 1024 * 1024;
const never = new AbortController().signal;

const refOf = (bytes: Uint8Array, more: Partial<ObjectRef> = {}): ObjectRef => ({
  bucket: 'central',
  key: 'logs/a',
  version: etagOf(bytes),
  versionId: undefined,
  size: bytes.length,
  createdMs: LAST_MODIFIED_MS - 5,
  ...more,
});

function open({ getObject }: S3Server, ref: ObjectRef, signal = never, watchStall = NO_STALL) {
  const retried: string[] = [];
  const onRetry = (fault: string) => retried.push(fault);
  const opened = openS3Object({ getObject, random: () => 0, onRetry, watchStall }, ref, signal);
  return Object.assign(opened, { retried });
}

function put(s3: S3Server, bytes: Buffer): ObjectRef {
  s3.objects.set('central/logs/a', bytes);
  return refOf(bytes);
}

async function collect(stream: AsyncIterable<Uint8Array>): Promise<Buffer[]> {
  const pieces: Buffer[] = [];
  for await (const piece of stream) pieces.push(Buffer.from(piece));
  return pieces;
}

test('a small object takes one request, and is read from memory after that', async (t) => {
  const s3 = await startS3(t);
  const bytes = randomBytes(5_000);
  const object = await open(s3, put(s3, bytes));
  assert.equal(object.source.size, 5_000);
  assert.equal(object.source.name, 'logs/a');
  assert.equal(object.lastModifiedMs, LAST_MODIFIED_MS);
  assert.deepEqual(Buffer.from(await object.source.read(100, 200, never)), bytes.subarray(100, 200));
  assert.deepEqual(Buffer.concat(await collect(object.source.stream(0, never))), bytes);
  assert.deepEqual(Buffer.concat(await collect(object.source.stream(4_990, never))), bytes.subarray(4_990));
  assert.deepEqual(await collect(object.source.stream(5_000, never)), []);
  assert.deepEqual(s3.requests(), [['GET', '/central/logs/a', 'bytes=0-1048575', `"${etagOf(bytes)}"`]]);
});

test('what was fetched at opening is read again and again, and copied only for who brings memory', async (t) => {
  const s3 = await startS3(t);
  const { source } = await open(s3, put(s3, Buffer.from('abcdef')));
  const own = await source.read(0, 3, never, new Uint8Array(3));
  own.fill(0x78);
  for (let time = 0; time < 2; time++) {
    assert.deepEqual(
      await collect(source.stream(0, never)),
      [Buffer.from('abcdef')],
      'a stream gives back only its own',
    );
  }
  const [first, second] = [await source.read(0, 6, never), await source.read(1, 6, never)];
  assert.equal(Buffer.from(first).toString(), 'abcdef');
  assert.equal(first.buffer, second.buffer);
});

test('ranges beyond the first request are fetched, each for the ETag of the first', async (t) => {
  const s3 = await startS3(t);
  const bytes = randomBytes(3 * MIB);
  const { source } = await open(s3, put(s3, bytes));
  assert.deepEqual(Buffer.from(await source.read(2 * MIB, 2 * MIB + 10, never)), bytes.subarray(2 * MIB, 2 * MIB + 10));
  assert.deepEqual(Buffer.from(await source.read(MIB - 5, MIB + 5, never)), bytes.subarray(MIB - 5, MIB + 5));
  assert.deepEqual(Buffer.from(await source.read(bytes.length - 1, bytes.length, never)), bytes.subarray(-1));
  assert.deepEqual(
    s3.requests().map(([, , range, ifMatch]) => [range, ifMatch]),
    [
      ['bytes=0-1048575', `"${etagOf(bytes)}"`],
      ['bytes=2097152-2097161', `"${etagOf(bytes)}"`],
      ['bytes=1048571-1048580', `"${etagOf(bytes)}"`],
      ['bytes=3145727-3145727', `"${etagOf(bytes)}"`],
    ],
  );
});

test('a sequential read goes in windows with one ahead, and does not fetch again what opening fetched', async (t) => {
  const s3 = await startS3(t);
  const bytes = randomBytes(10 * MIB);
  const { source } = await open(s3, put(s3, bytes));
  const stream = source.stream(0, never)[Symbol.asyncIterator]();
  const ranges = () => s3.requests().map(([, , range]) => range);

  // A piece is good until the next one is asked for.
  const pieces: Buffer[] = [];
  const take = async () => {
    const step = await stream.next();
    if (!step.done) pieces.push(Buffer.from(step.value));
    return !step.done;
  };
  await take();
  assert.equal(pieces[0]?.length, MIB);
  await take();
  assert.ok(ranges().length <= 3, 'the third window is under way at most');
  while (await take());
  assert.ok(Buffer.concat(pieces).equals(bytes));
  assert.deepEqual(ranges(), [
    'bytes=0-1048575',
    `bytes=${MIB}-${5 * MIB - 1}`,
    `bytes=${5 * MIB}-${9 * MIB - 1}`,
    `bytes=${9 * MIB}-${10 * MIB - 1}`,
  ]);
});

test('a sequential read may begin in the middle', async (t) => {
  const s3 = await startS3(t);
  const bytes = randomBytes(2 * MIB);
  const { source } = await open(s3, put(s3, bytes));
  assert.ok(Buffer.concat(await collect(source.stream(1_000, never))).equals(bytes.subarray(1_000)));
  assert.ok(Buffer.concat(await collect(source.stream(MIB + 7, never))).equals(bytes.subarray(MIB + 7)));
});

test('a window that fails reports it when its turn comes, and to nobody if the reader has left', async (t) => {
  const s3 = await startS3(t);
  const { source } = await open(s3, put(s3, randomBytes(2 * MIB)));
  s3.faults.set(2, { kind: 'error', status: 403, code: 'AccessDenied' });
  s3.faults.set(3, { kind: 'error', status: 403, code: 'AccessDenied' });
  const reading = source.stream(0, never)[Symbol.asyncIterator]();
  assert.equal((await reading.next()).value?.length, MIB);
  await assert.rejects(reading.next(), { code: 'object-forbidden' });
  // An unhandled rejection would fail this test's process.
  for await (const piece of source.stream(0, never)) {
    assert.equal(piece.length, MIB);
    break;
  }
});

test('a version id is asked for instead of an ETag, and later reads hold to the ETag all the same', async (t) => {
  const s3 = await startS3(t);
  const bytes = randomBytes(2 * MIB);
  put(s3, bytes);
  const { source } = await open(s3, refOf(bytes, { version: 'v7', versionId: 'v7' }));
  await source.read(MIB, MIB + 1, never);
  assert.deepEqual(
    s3.requests().map(([, path, , ifMatch]) => [path, ifMatch]),
    [
      ['/central/logs/a?versionId=v7', undefined],
      ['/central/logs/a?versionId=v7', `"${etagOf(bytes)}"`],
    ],
  );
});

test('an empty object, whose range S3 calls invalid, is an empty object', async (t) => {
  const s3 = await startS3(t);
  const object = await open(s3, put(s3, Buffer.alloc(0)));
  assert.equal(object.source.size, 0);
  assert.equal(object.lastModifiedMs, LAST_MODIFIED_MS - 5, 'the time of the notification');
  assert.deepEqual(await collect(object.source.stream(0, never)), []);
  assert.deepEqual(await object.source.read(0, 0, never), new Uint8Array(0));
});

test('an endpoint that gives a small object whole, range or not, is understood', async (t) => {
  const s3 = await startS3(t);
  const bytes = randomBytes(300);
  s3.faults.set(1, { kind: 'range ignored' });
  const { source } = await open(s3, put(s3, bytes));
  assert.equal(source.size, 300);
  assert.deepEqual(Buffer.from(await source.read(10, 20, never)), bytes.subarray(10, 20));
});

const PASSING: readonly (readonly [fault: S3Fault, told: string])[] = [
  [{ kind: 'error', status: 503, code: 'SlowDown' }, 'throttle'],
  [{ kind: 'error', status: 500, code: 'InternalError' }, 'transient'],
  [{ kind: 'truncated', bytes: 100 }, 'transient'],
  [{ kind: 'truncated', bytes: 0 }, 'transient'],
  [{ kind: 'reset' }, 'transient'],
  [{ kind: 'shifted', by: 3 }, 'transient'],
];

for (const [fault, told] of PASSING) {
  test(`a range that meets ${JSON.stringify(fault)} is asked for again, and arrives whole`, async (t) => {
    const s3 = await startS3(t);
    const bytes = randomBytes(1_500_000);
    s3.faults.set(1, fault);
    s3.faults.set(3, fault);
    const opening = open(s3, put(s3, bytes));
    const { source } = await opening;
    assert.ok(Buffer.from(await source.read(0, 1_000, never)).equals(bytes.subarray(0, 1_000)));
    assert.ok(Buffer.from(await source.read(1_100_000, 1_200_000, never)).equals(bytes.subarray(1_100_000, 1_200_000)));
    assert.deepEqual(opening.retried, [told, told]);
    assert.equal(s3.received.length, 4);
  });
}

const FINAL: readonly (readonly [status: number, name: string, code: string, message: RegExp, requests: number])[] = [
  [404, 'NoSuchKey', 'object-gone', /does not exist\. AWS: NoSuchKey$/, 1],
  [404, 'NoSuchBucket', 'object-gone', /does not exist\. AWS: NoSuchBucket$/, 1],
  [404, 'NoSuchVersion', 'object-gone', /does not exist\. AWS: NoSuchVersion$/, 1],
  [405, 'MethodNotAllowed', 'object-gone', /does not exist\. AWS: MethodNotAllowed$/, 1],
  [412, 'PreconditionFailed', 'object-gone', /was overwritten; its successor has a message of its own/, 1],
  [
    403,
    'InvalidObjectState',
    'object-archived',
    /is archived\. .* Restore it, then redrive the message\. AWS: InvalidObjectState$/,
    1,
  ],
  [403, 'AccessDenied', 'object-forbidden', /may not be read\. .*The task role needs s3:GetObject/, 1],
  [400, 'KMS.DisabledException', 'object-forbidden', /may not be read/, 1],
  [400, 'ExpiredToken', 'object-forbidden', /may not be read/, 1],
  [400, 'InvalidRequest', 'object-request-rejected', /cannot be read\. AWS: InvalidRequest$/, 1],
  [400, 'InvalidArgument', 'object-unreadable', /could not be read/, 1],
  [503, 'SlowDown', 'object-unreadable', /could not be read\. AWS: SlowDown$/, 6],
];

for (const [status, name, code, message, requests] of FINAL) {
  test(`${name} means ${code}, when opening and when reading on`, async (t) => {
    const s3 = await startS3(t);
    const ref = put(s3, randomBytes(2 * MIB));
    const fault: S3Fault = { kind: 'error', status, code: name };
    for (let n = 1; n <= requests; n++) s3.faults.set(n, fault);
    for (let n = 1; n <= requests; n++) s3.faults.set(requests + 1 + n, fault);
    const refused = (error: DistributorError) => {
      assert.equal(error.code, code);
      assert.match(error.message, message);
      assert.ok(error.message.startsWith(`s3://central/logs/a#${ref.version} `));
      return true;
    };
    await assert.rejects(open(s3, ref), refused);
    assert.equal(s3.received.length, requests);
    const { source } = await open(s3, ref);
    await assert.rejects(source.read(MIB, MIB + 10, never), refused);
    assert.equal(s3.received.length, 2 * requests + 1);
  });
}

test('an object that is overwritten while it is read is noticed, never mixed', async (t) => {
  const s3 = await startS3(t);
  const { source } = await open(s3, put(s3, randomBytes(2 * MIB)));
  put(s3, randomBytes(2 * MIB));
  await assert.rejects(source.read(MIB, MIB + 10, never), { code: 'object-gone' });
});

test('a range that the object does not have is the fault of what refers to it', async (t) => {
  const s3 = await startS3(t);
  const { source } = await open(s3, put(s3, Buffer.from('abcdef')));
  for (const [start, end] of [
    [0, 7],
    [-1, 3],
    [5, 2],
  ] as const) {
    await assert.rejects(source.read(start, end, never), { code: 'object-corrupt', message: / of 6$/ });
  }
});

test('an abort ends what is under way at once, and is not taken for trouble of S3', async (t) => {
  const s3 = await startS3(t);
  const ref = put(s3, randomBytes(2 * MIB));
  const abort = new AbortController();
  const { source } = await open(s3, ref, abort.signal);
  s3.faults.set(2, { kind: 'silent' });
  const reading = source.read(MIB, MIB + 10, never);
  reading.catch(() => {});
  abort.abort();
  await assert.rejects(reading, { name: 'AbortError' });
  await assert.rejects(open(s3, ref, abort.signal), { name: 'AbortError' });
});

for (const fault of [{ kind: 'silent' }, { kind: 'stalled body', bytes: 100 }] as const) {
  test(`a request that meets ${fault.kind === 'silent' ? 'silence' : 'a body that stops arriving'} is given up and repeated`, async (t) => {
    const s3 = await startS3(t);
    const stalls = createTestStalls();
    const bytes = randomBytes(2 * MIB);
    s3.faults.set(1, fault);
    s3.faults.set(3, fault);
    /** Once the n-th request is there, and what it brings of its body. */
    const stall = async (nth: number) => {
      const touches = stalls.touches();
      await until(() => s3.received.length === nth && (fault.kind === 'silent' || stalls.touches() > touches));
      stalls.stall();
    };
    const opening = open(s3, put(s3, bytes), never, stalls.watchStall);
    await stall(1);
    const { source } = await opening;
    const reading = source.read(MIB, MIB + 500, never);
    await stall(3);
    assert.ok(Buffer.from(await reading).equals(bytes.subarray(MIB, MIB + 500)));
    assert.deepEqual(opening.retried, ['transient', 'transient']);
  });
}

test('an object that never arrives is unreadable after all attempts', async (t) => {
  const s3 = await startS3(t);
  const stalls = createTestStalls();
  for (let n = 1; n <= 6; n++) s3.faults.set(n, { kind: 'silent' });
  const opening = open(s3, put(s3, Buffer.from('abc')), never, stalls.watchStall);
  const refused = assert.rejects(opening, {
    code: 'object-unreadable',
    message: /could not be read\. No answer from AWS \(TimeoutError\)/,
  });
  for (let n = 1; n <= 6; n++) {
    await until(() => s3.received.length === n);
    stalls.stall();
  }
  await refused;
  assert.equal(s3.received.length, 6);
});

test('a request stalls when nothing has arrived for as long as a request may take, at most 20 s', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  for (const [requestTimeoutMs, stallMs] of [
    [7_000, 7_000],
    [60_000, 20_000],
  ] as const) {
    let stalled = 0;
    createStallWatch({ requestTimeoutMs })(() => stalled++);
    t.mock.timers.tick(stallMs - 1);
    assert.equal(stalled, 0);
    t.mock.timers.tick(1);
    assert.equal(stalled, 1);
    createStallWatch({ requestTimeoutMs })(() => stalled++).clear();
    t.mock.timers.tick(stallMs);
    assert.equal(stalled, 1);
  }
});

test('a body that trickles stalls as well: time is won by 64 KiB, not by a byte', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let stalled = 0;
  const watch = createStallWatch({ requestTimeoutMs: 60_000 })(() => stalled++);
  for (let second = 0; second < 19; second++) {
    t.mock.timers.tick(1_000);
    watch.touch(3_000);
  }
  watch.touch(64 * 1024 - 19 * 3_000);
  t.mock.timers.tick(19_999);
  assert.equal(stalled, 0);
  watch.touch(64 * 1024 - 1);
  t.mock.timers.tick(1);
  assert.equal(stalled, 1);
});

test('an endpoint that ignores the range of a later read is refused: its bytes are not those that were asked for', async (t) => {
  const s3 = await startS3(t);
  const bytes = randomBytes(2 * MIB);
  const { source } = await open(s3, put(s3, bytes));
  for (let n = 2; n <= 7; n++) s3.faults.set(n, { kind: 'range ignored' });
  await assert.rejects(source.read(MIB + 10, bytes.length, never), { code: 'object-unreadable' });
});

test('no bytes are no request, wherever they lie', async (t) => {
  const s3 = await startS3(t);
  const { source } = await open(s3, put(s3, randomBytes(2 * MIB)));
  for (const at of [0, MIB + 5, 2 * MIB]) assert.deepEqual(await source.read(at, at, never), new Uint8Array(0));
  assert.equal(s3.received.length, 1);
});
