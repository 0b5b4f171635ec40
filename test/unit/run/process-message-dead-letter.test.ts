import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failed, keyOf, NOON_MS, s3Event, setUpMessages } from '../../support/message-scene.ts';

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
