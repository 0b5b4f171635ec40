import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CreateLogGroupCommand, CreateLogStreamCommand, PutLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { openCloud } from '../../support/cloud.ts';

let world: Awaited<ReturnType<typeof openCloud>>;
before(async () => {
  world = await openCloud();
});
after(() => world.close());

const request = async (method: string, path: string, body?: string) => {
  const answer = await fetch(`${world.cloud.url}/_cloud/${path}`, { method, ...(body === undefined ? {} : { body }) });
  const text = await answer.text();
  return { status: answer.status, text, json: (): unknown => JSON.parse(text) };
};
async function put(account: string, group: string, messages: readonly string[]): Promise<number> {
  const { logs } = world.as(account);
  const timestamp = Date.now();
  await logs.send(new CreateLogGroupCommand({ logGroupName: group }));
  await logs.send(new CreateLogStreamCommand({ logGroupName: group, logStreamName: 's' }));
  const logEvents = messages.map((message) => ({ timestamp, message }));
  await logs.send(new PutLogEventsCommand({ logGroupName: group, logStreamName: 's', logEvents }));
  return timestamp;
}

test('the cloud says that it is there', async () => {
  assert.deepEqual((await request('GET', 'health')).json(), { status: 'ok' });
});

test('another process sets fault rules, sees how often they struck, and takes them back', async () => {
  const rule = { account: '111111111111', count: 1, effect: { kind: 'throttle' } };
  const added = await request('POST', 'faults', JSON.stringify(rule));
  assert.equal(added.status, 201);
  const { id } = added.json() as { id: string };
  await assert.rejects(put('111111111111', '/faulty', ['x']), { name: 'ThrottlingException' });
  assert.deepEqual((await request('GET', 'faults')).json(), [{ id, rule, matched: 1, struck: 1 }]);
  assert.equal((await request('DELETE', `faults/${id}`)).status, 204);
  assert.equal((await request('DELETE', `faults/${id}`)).status, 404);
  assert.deepEqual(world.cloud.faults.list(), []);
  await request('POST', 'faults', JSON.stringify(rule));
  await request('DELETE', 'faults');
  assert.deepEqual(world.cloud.faults.list(), []);
});

test('what is no rule is refused with what is wrong about it', async () => {
  const wrong = await request('POST', 'faults', '{"effect":{"kind":"throttle"},"probability":7}');
  assert.equal(wrong.status, 400);
  assert.match(wrong.text, /probability/);
  assert.equal((await request('POST', 'faults', 'no json')).status, 400);
});

test('another process reads the counts of calls, and starts them again', async () => {
  await request('DELETE', 'calls');
  await put('222222222222', '/counted', ['x']);
  const call = { service: 'logs', action: 'PutLogEvents', account: '222222222222', outcome: 'ok', count: 1 };
  assert.deepEqual(((await request('GET', 'calls')).json() as unknown[]).at(-1), call);
  assert.equal((await request('DELETE', 'calls')).status, 204);
  assert.deepEqual((await request('GET', 'calls')).json(), []);
});

test('all events of an account come as lines, in the order in which they were accepted', async () => {
  const account = '333333333333';
  const messages = Array.from({ length: 9_000 }, (_, i) => `line ${i} "ü" \n`);
  const timestamp = await put(account, '/tenant-logs/a', messages);
  await put(account, '/other', ['elsewhere']);
  await put('444444444444', '/tenant-logs/a', ['foreign']);
  const { text } = await request('GET', `logs?account=${account}&group=/tenant-logs/`);
  const events: { message: string; sequence: number; requestId: string }[] = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    events.map(({ message }) => message),
    messages,
  );
  const { sequence, requestId, ...first } = events[0] ?? { sequence: -1, requestId: '' };
  assert.deepEqual(first, {
    account,
    region: 'us-east-1',
    group: '/tenant-logs/a',
    stream: 's',
    timestamp,
    message: messages[0],
  });
  assert.ok(events.every((event, i) => event.sequence === sequence + i));
  assert.ok(requestId !== '' && events.every((event) => event.requestId === requestId), 'one call brought them all');
  const all = (await request('GET', 'logs')).text.trimEnd().split('\n');
  assert.ok(all.length > 9_001);
  assert.equal((await request('GET', 'logs?account=999999999999')).text, '');
});

test('what the cloud does not know it says so', async () => {
  assert.equal((await request('GET', 'nothing')).status, 404);
  assert.equal((await request('PUT', 'faults')).status, 404);
});
