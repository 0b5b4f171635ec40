import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { createQueueCalls, createReceiveCalls } from '../../../service/aws/calls.ts';
import { createQueue, type QueueMessage } from '../../../service/aws/queue.ts';
import { type History, NO_HISTORY } from '../../../service/core/history.ts';
import { placeOf, startAws } from '../../support/aws.ts';
import { startServer } from '../../support/server.ts';

const MESSAGE: QueueMessage = {
  id: 'm',
  receipt: 'r',
  body: 'b',
  receiveCount: 1,
  sentMs: 0,
  history: NO_HISTORY,
};
const never = new AbortController().signal;
/** SQS answers with it, and the SDK compares. */
const md5 = (text: string) => createHash('md5').update(text).digest('hex');

/** A queue and its dead-letter queue on a real SQS of this process. */
async function onSqs(t: TestContext) {
  const { server, place } = await startAws(t);
  server.createQueue('logs');
  server.createQueue('dead');
  const queue = createQueue({
    sqs: createQueueCalls(place),
    receiver: createReceiveCalls(place),
    queueUrl: `${place.endpointUrl}/000000000000/logs`,
    deadLetterQueueUrl: `${place.endpointUrl}/000000000000/dead`,
    nowMs: Date.now,
  });
  return { server, queue };
}

/** A queue on a server that answers as the test says, for what a healthy SQS does not do. */
async function onServer(t: TestContext, answer: (call: Record<string, unknown>) => unknown) {
  const calls: Record<string, unknown>[] = [];
  const { url } = await startServer(t, ({ headers, body }, response) => {
    const call = { action: String(headers['x-amz-target']).split('.')[1], ...JSON.parse(body.toString()) };
    calls.push(call);
    const content = answer(call);
    if (content !== undefined) {
      response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(content));
    }
  });
  const queueUrl = `${url}/000000000000/logs`;
  const [sqs, receiver] = [createQueueCalls(placeOf(url)), createReceiveCalls(placeOf(url))];
  return {
    queue: createQueue({ sqs, receiver, queueUrl, deadLetterQueueUrl: `${url}/x/dead`, nowMs: () => 777 }),
    calls,
    queueUrl,
  };
}

test('a message comes with its body, its receive count and its time, and comes again when it is made visible', async (t) => {
  const { server, queue } = await onSqs(t);
  const before = Date.now();
  server.sendMessage('logs', '{"Records":[]}');
  const [first, ...more] = await queue.receive(10, 30, never);
  assert.ok(first && more.length === 0);
  assert.equal(first.body, '{"Records":[]}');
  assert.equal(first.receiveCount, 1);
  assert.ok(first.sentMs >= before && first.sentMs <= Date.now());

  assert.deepEqual(await queue.changeVisibility([{ receipt: first.receipt, seconds: 0 }]), []);
  const [second] = await queue.receive(10, 30, never);
  assert.ok(second);
  assert.deepEqual([second.id, second.receiveCount, second.sentMs], [first.id, 2, first.sentMs]);

  assert.deepEqual(await queue.remove([second.receipt]), []);
  assert.deepEqual(server.inspectQueue('logs')?.messages, { ready: [], delayed: [], inflight: [] });
});

test('a receive asks for what there is room for, ten at most, and for what the verdict needs to know', async (t) => {
  const { queue, calls, queueUrl } = await onServer(t, () => ({}));
  assert.deepEqual(await queue.receive(3, 120, never), []);
  await queue.receive(50, 120, never);
  assert.deepEqual(calls[0], {
    action: 'ReceiveMessage',
    QueueUrl: queueUrl,
    MaxNumberOfMessages: 3,
    WaitTimeSeconds: 20,
    VisibilityTimeout: 120,
    MessageSystemAttributeNames: ['ApproximateReceiveCount', 'SentTimestamp'],
    MessageAttributeNames: ['log_distributor_failures', 'log_distributor_refused_since'],
  });
  assert.equal(calls[1]?.MaxNumberOfMessages, 10);
});

test('what SQS leaves out of a message has a harmless value', async (t) => {
  const { queue } = await onServer(t, () => ({
    Messages: [{ MessageId: 'm', ReceiptHandle: 'r', Body: 'b', MD5OfBody: md5('b') }],
  }));
  assert.deepEqual(await queue.receive(1, 120, never), [
    { id: 'm', receipt: 'r', body: 'b', receiveCount: 1, sentMs: 777, history: NO_HISTORY },
  ]);
});

test('an abort ends a long poll at once', async (t) => {
  const abort = new AbortController();
  const { queue, calls } = await onServer(t, () => {
    abort.abort();
    return undefined;
  });
  await assert.rejects(queue.receive(1, 120, abort.signal), { name: 'AbortError' });
  assert.equal(calls.length, 1);
});

/** Answers a batch: the given receipts fail, the others do not. */
const failing =
  (...receipts: string[]) =>
  (call: Record<string, unknown>) => {
    const entries = call.Entries as { Id: string; ReceiptHandle: string }[];
    const [failed, fine] = [true, false].map((fails) =>
      entries.filter(({ ReceiptHandle }) => receipts.includes(ReceiptHandle) === fails),
    );
    return {
      Successful: fine?.map(({ Id }) => ({ Id })),
      Failed: failed?.map(({ Id }) => ({ Id, Code: 'InternalError', SenderFault: false })),
    };
  };

const receipts = (count: number) => Array.from({ length: count }, (_, at) => `r${at}`);

test('removals go out in batches of ten, and the receipts that SQS would not take come back', async (t) => {
  const { queue, calls } = await onServer(t, failing('r3', 'r12', 'r22'));
  assert.deepEqual(await queue.remove(receipts(23)), ['r3', 'r12', 'r22']);
  assert.deepEqual(
    calls.map(({ action, Entries }) => [
      action,
      ...(Entries as { ReceiptHandle: string }[]).map((e) => e.ReceiptHandle),
    ]),
    [
      ['DeleteMessageBatch', ...receipts(10)],
      ['DeleteMessageBatch', ...receipts(20).slice(10)],
      ['DeleteMessageBatch', ...receipts(23).slice(20)],
    ],
  );
  for (const { Entries } of calls) {
    const ids = (Entries as { Id: string }[]).map(({ Id }) => Id);
    assert.equal(new Set(ids).size, ids.length);
  }
});

test('changes of visibility go out in batches of ten with their own seconds, and failures come back', async (t) => {
  const { queue, calls } = await onServer(t, failing('r10'));
  const changes = receipts(11).map((receipt, at) => ({ receipt, seconds: at * 60 }));
  assert.deepEqual(await queue.changeVisibility(changes), ['r10']);
  const sent = calls.flatMap(({ Entries }) => Entries as { ReceiptHandle: string; VisibilityTimeout: number }[]);
  assert.deepEqual(
    sent.map(({ ReceiptHandle, VisibilityTimeout }) => ({ receipt: ReceiptHandle, seconds: VisibilityTimeout })),
    changes,
  );
  assert.deepEqual(
    calls.map(({ action, Entries }) => [action, (Entries as unknown[]).length]),
    [
      ['ChangeMessageVisibilityBatch', 10],
      ['ChangeMessageVisibilityBatch', 1],
    ],
  );
});

test('nothing to change is no call', async (t) => {
  const { queue, calls } = await onServer(t, () => ({}));
  assert.deepEqual([await queue.remove([]), await queue.changeVisibility([])], [[], []]);
  assert.deepEqual(calls, []);
});

test('a message that is sent anew has the same body, counts its receives from the start, and knows its history', async (t) => {
  const { server, queue } = await onSqs(t);
  server.sendMessage('logs', '{"Records":[]}');
  const [first] = await queue.receive(10, 30, never);
  assert.ok(first);
  assert.deepEqual(first.history, NO_HISTORY);
  const history: History = { failures: 3, refusedSinceMs: 1_769_860_800_000 };
  assert.deepEqual(await queue.sendAnew([{ message: first, history, delaySeconds: 0 }]), []);
  assert.deepEqual(await queue.remove([first.receipt]), []);
  const [second, ...more] = await queue.receive(10, 30, never);
  assert.ok(second && more.length === 0);
  assert.deepEqual([second.body, second.receiveCount, second.history], [first.body, 1, history]);
  assert.notEqual(second.id, first.id);
});

test('a message that is sent anew is kept back as long as SQS allows, and no longer', async (t) => {
  const { server, queue } = await onSqs(t);
  server.sendMessage('logs', 'b');
  const [message] = await queue.receive(1, 30, never);
  assert.ok(message);
  for (const delaySeconds of [900, 5_000]) {
    assert.deepEqual(await queue.sendAnew([{ message, history: NO_HISTORY, delaySeconds }]), []);
  }
  const { ready, delayed } = server.inspectQueue('logs')?.messages ?? { ready: [], delayed: [] };
  assert.deepEqual([ready.length, delayed.length], [0, 2]);
  for (const { delayUntil = 0 } of delayed) assert.ok(delayUntil <= Date.now() + 900_000);
});

test('copies go out ten at a time, and fewer where their bodies are large', async (t) => {
  const { queue, calls } = await onServer(t, ({ Entries }) => ({
    Successful: (Entries as { Id: string; MessageBody: string }[]).map(({ Id, MessageBody }) => ({
      Id,
      MessageId: 'm',
      MD5OfMessageBody: md5(MessageBody),
    })),
    Failed: [],
  }));
  const copy = (bytes: number) => ({
    message: { ...MESSAGE, body: 'x'.repeat(bytes) },
    history: NO_HISTORY,
    delaySeconds: 0,
  });
  await queue.sendAnew([...Array.from({ length: 11 }, () => copy(10)), copy(150 * 1024), copy(150 * 1024)]);
  assert.deepEqual(
    calls.map(({ action, Entries }) => [action, (Entries as unknown[]).length]),
    [
      ['SendMessageBatch', 10],
      ['SendMessageBatch', 2],
      ['SendMessageBatch', 1],
    ],
  );
});

test('the receipts of messages that SQS would not take anew come back', async (t) => {
  const { queue } = await onServer(t, () => ({
    Successful: [{ Id: '0', MessageId: 'm', MD5OfMessageBody: md5('b') }],
    Failed: [{ Id: '1', Code: 'InternalError', SenderFault: false }],
  }));
  const copies = ['r1', 'r2'].map((receipt) => ({
    message: { ...MESSAGE, receipt },
    history: NO_HISTORY,
    delaySeconds: 0,
  }));
  assert.deepEqual(await queue.sendAnew(copies), ['r2']);
});

test('a dead letter keeps the body as it is and carries its attributes', async (t) => {
  const { server, queue } = await onSqs(t);
  const body = ' {"not": "a notification", "é": "日本"}\n';
  await queue.sendDeadLetter(body, { reason: 'not-a-notification', tenant_id: '', object: '', detail: 'no Records' });
  const [letter, ...more] = server.inspectQueue('dead')?.messages.ready ?? [];
  assert.deepEqual(more, []);
  assert.equal(letter?.body, body);
  assert.deepEqual(
    Object.fromEntries(
      Object.entries(letter?.messageAttributes ?? {}).map(([name, value]) => [name, value.StringValue]),
    ),
    { reason: 'not-a-notification', detail: 'no Records' },
    'SQS refuses an empty attribute, so there is none',
  );
});

test('attributes lose the characters that SQS refuses, and are cut to a length', async (t) => {
  const { queue, calls } = await onServer(t, () => ({ MessageId: 'm', MD5OfMessageBody: md5('b') }));
  await queue.sendDeadLetter('b', {
    control: 'a\u0000b\u001fc\td\ne\rf\ufffeg\uffffh',
    half: 'a\ud83cb',
    exact: 'x'.repeat(3_072),
    long: 'y'.repeat(3_073),
    cut: `${'z'.repeat(3_070)}🍵🍵`,
  });
  const attributes = calls[0]?.MessageAttributes as Record<string, { DataType: string; StringValue: string }>;
  assert.deepEqual(
    Object.entries(attributes).map(([name, { DataType, StringValue }]) => [name, DataType, StringValue]),
    [
      ['control', 'String', 'a b c\td\ne\rf g h'],
      ['half', 'String', 'a\ufffdb'],
      ['exact', 'String', 'x'.repeat(3_072)],
      ['long', 'String', `${'y'.repeat(3_071)}…`],
      ['cut', 'String', `${'z'.repeat(3_070)}\ufffd…`],
    ],
  );
});

test('a body that fills the queue to its last byte is a dead letter with as many attributes as still fit', async (t) => {
  const attributes = { reason: 'object-corrupt', tenant_id: 'acme', object: 'o'.repeat(300), detail: 'd'.repeat(300) };
  const sizeOf = (names: readonly (keyof typeof attributes)[]) =>
    names.reduce((sum, name) => sum + name.length + 'String'.length + attributes[name].length, 0);
  const { server, queue } = await onSqs(t);
  // SQS API reference, MessageAttributeValue: 1 MiB for a message with its attributes.
  for (const fit of [[], ['reason'], ['reason', 'tenant_id'], ['reason', 'tenant_id', 'object', 'detail']] as const) {
    const body = 'x'.repeat(1_048_576 - sizeOf(fit));
    await queue.sendDeadLetter(body, attributes);
    const letter = server.inspectQueue('dead')?.messages.ready.at(-1);
    assert.equal(letter?.body.length, body.length);
    assert.deepEqual(Object.keys(letter?.messageAttributes ?? {}), [...fit]);
  }
  await assert.rejects(queue.sendDeadLetter('x'.repeat(1_048_577), attributes), { name: /InvalidParameter/ });
});

test('a dead letter that SQS does not take is an error, so that nobody deletes the message', async (t) => {
  const { place } = await startAws(t);
  const queueUrl = `${place.endpointUrl}/000000000000/nowhere`;
  const sqs = createQueueCalls(place);
  const queue = createQueue({ sqs, receiver: sqs, queueUrl, deadLetterQueueUrl: queueUrl, nowMs: Date.now });
  await assert.rejects(queue.sendDeadLetter('b', {}), { name: /NonExistentQueue|QueueDoesNotExist/ });
});

test('SQS says what the queues are, and an error where there is none', async (t) => {
  const { queue } = await onSqs(t);
  assert.match(await queue.arn('messages', never), /^arn:aws:sqs:us-east-1:0+:logs$/);
  assert.match(await queue.arn('dead letters', never), /^arn:aws:sqs:us-east-1:0+:dead$/);
  const { place } = await startAws(t);
  const queueUrl = `${place.endpointUrl}/000000000000/nowhere`;
  const sqs = createQueueCalls(place);
  const missing = createQueue({ sqs, receiver: sqs, queueUrl, deadLetterQueueUrl: queueUrl, nowMs: Date.now });
  await assert.rejects(missing.arn('messages', never));
});

test('the depth of a queue tells what waits from what is in flight and what is delayed', async (t) => {
  const { server, queue } = await onSqs(t);
  for (const body of ['a', 'b', 'c']) server.sendMessage('logs', body);
  const [held] = await queue.receive(1, 30, never);
  assert.ok(held);
  assert.deepEqual(await queue.sendAnew([{ message: held, history: NO_HISTORY, delaySeconds: 60 }]), []);
  assert.deepEqual(await queue.depth(never), { visible: 2, invisible: 1, delayed: 1 });
});
