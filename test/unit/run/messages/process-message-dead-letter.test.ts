import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failed, keyOf, NOON_MS, s3Event, setUpMessages } from '../../../support/message-scene.ts';

test('what is no notification becomes a dead letter with its body as it is, and only then is deleted', async () => {
  const { run, log, letters, lines, metrics, objects } = setUpMessages();
  const body = '{"secret of a tenant": "text"}';
  await run(body);
  assert.deepEqual(log, ['dead letter', 'remove']);
  assert.deepEqual(letters, [
    {
      body,
      attributes: {
        reason: 'not-a-notification',
        tenant_id: '',
        object: '',
        detail: 'not an S3 notification: the body has neither Records nor detail-type',
      },
    },
  ]);
  assert.deepEqual(await objects(), { dead_letter: 1 });
  assert.deepEqual(
    (await metrics.deadLetters.get()).values.map(({ labels, value }) => [labels.reason, value]),
    [['not-a-notification', 1]],
  );
  assert.doesNotMatch(JSON.stringify(lines), /secret of a tenant/);
  assert.equal(lines.at(-1)?.msg, 'message moved to the dead-letter queue');
});

test('a key that names no tenant does not keep the other objects of its message from being delivered', async () => {
  const { run, log, letters, tasks } = setUpMessages();
  const bad = 'logs/tenant_id=/cluster_id=c1/environment=prod/x.gz';
  await run(s3Event(keyOf('acme'), bad));
  assert.deepEqual(
    tasks.map(({ keyFields }) => keyFields.tenant_id),
    ['acme'],
  );
  assert.deepEqual(log, ['dead letter', 'remove']);
  const { detail, ...rest } = letters[0]?.attributes ?? {};
  assert.deepEqual(rest, {
    reason: 'object-key-invalid',
    tenant_id: 'acme',
    object: `s3://central/${keyOf('acme')}#e1 s3://central/${bad}#e1`,
  });
  assert.match(String(detail), /its \{tenant_id\} is empty/);
});

/** An event beside the creation of acme's object. */
const REMOVAL = { eventName: 'ObjectRemoved:Delete', s3: { bucket: { name: 'central' }, object: { key: 'logs/b' } } };
const withRemoval = () => {
  const { Records } = JSON.parse(s3Event(keyOf('acme')));
  return JSON.stringify({ Records: [REMOVAL, ...Records] });
};

test('an event beside a creation is a dead letter by itself, once the object is delivered', async () => {
  const { run, log, letters, tasks, objects } = setUpMessages();
  await run(withRemoval());
  assert.deepEqual(
    tasks.map(({ keyFields }) => keyFields.tenant_id),
    ['acme'],
  );
  assert.deepEqual(log, ['dead letter', 'remove']);
  assert.deepEqual(letters, [
    {
      body: JSON.stringify({ Records: [REMOVAL] }),
      attributes: {
        reason: 'not-a-notification',
        tenant_id: '',
        object: '',
        detail: 'not an S3 notification: its event is "ObjectRemoved:Delete", not an ObjectCreated event',
      },
    },
  ]);
  assert.deepEqual(await objects(), { done: 1, dead_letter: 1 });
});

test('as long as the object is not delivered, the message stays whole', async () => {
  const { run, log, letters } = setUpMessages({ acme: [failed('ledger-unavailable')] });
  await run(withRemoval());
  assert.deepEqual([letters, log], [[], ['renew 3, failures 1, refused never']]);
});

test('an object that failed for good takes the rest of its message along, in one letter', async () => {
  const { run, letters } = setUpMessages({ acme: [failed('object-corrupt')] });
  const body = withRemoval();
  await run(body);
  assert.deepEqual(
    letters.map(({ body: sent, attributes }) => [sent, attributes.reason]),
    [[body, 'object-corrupt']],
  );
});

test('a message stays where the letter of its rest could not be sent: the ledger knows its object', async () => {
  const { run, log, queue, lines } = setUpMessages();
  queue.error = new Error('no such queue');
  await run(withRemoval());
  assert.deepEqual(log, ['dead letter', 'release 60']);
  assert.equal(
    lines.at(-1)?.msg,
    'a part of a message could not be sent to the dead-letter queue; the message stays in its queue',
  );
});

test('a message with a folder only is acknowledged', async () => {
  const { run, log, tasks } = setUpMessages();
  const record = {
    eventName: 'ObjectCreated:Put',
    s3: { bucket: { name: 'b' }, object: { key: 'logs/', size: 0, eTag: 'e' } },
  };
  await run(JSON.stringify({ Records: [record] }));
  assert.deepEqual([log, tasks], [['remove'], []]);
});

test('a dead letter that cannot be sent keeps the message in its queue', async () => {
  const { run, log, queue, lines, objects } = setUpMessages();
  queue.error = new Error('no such queue');
  await run('garbage');
  assert.deepEqual(log, ['dead letter', 'release 60']);
  assert.deepEqual(await objects(), {});
  assert.deepEqual(
    lines.map(({ level, msg, error, message_id }) => [level, msg, error, message_id]),
    [[50, 'a dead letter could not be sent; the message stays in its queue', 'no such queue', 'm1']],
  );
});

test('a message that was refused for too long becomes a dead letter with tenant, object, reason and detail', async () => {
  const { run, log, letters } = setUpMessages({ acme: [failed('role-refused')] });
  const body = s3Event(keyOf('acme'));
  await run(body, { history: { failures: 0, refusedSinceMs: NOON_MS - 24 * 3_600_000 - 1 } });
  assert.deepEqual(log, ['dead letter', 'remove']);
  assert.deepEqual(letters, [
    {
      body,
      attributes: {
        reason: 'role-refused',
        tenant_id: 'acme',
        object: `s3://central/${keyOf('acme')}#e1`,
        detail: 'it is role-refused',
      },
    },
  ]);
});
