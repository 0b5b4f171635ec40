import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { CliRun } from '../../../support/cli.ts';
import {
  GROUP,
  newSigner,
  RECEIPT_GROUP,
  type ReceiptScene,
  startReceiptScene,
  type TestEvent,
} from '../../../support/receipts.ts';

/** `receipts verify` on the embedded AWS: the customer's account, and no service. */

interface Verified {
  readonly verified: boolean;
  readonly events: number;
  readonly receipts: number;
  readonly problems: readonly { readonly number: number | null; readonly problem: string }[];
  readonly uncovered: readonly string[];
  readonly differences: readonly {
    readonly stream: string;
    readonly hour: string;
    readonly kind: string;
    readonly events: number;
  }[];
}

const resultOf = (run: CliRun) => run.json() as Verified;
const differencesOf = (run: CliRun) =>
  resultOf(run).differences.map(({ stream, kind, events }) => [stream, kind, events]);
const problemsOf = (run: CliRun) => resultOf(run).problems.map(({ number, problem }) => [number, problem]);

const eventsOf = ({ hourMs }: ReceiptScene, count: number, text = 'event'): TestEvent[] =>
  Array.from({ length: count }, (_, at) => ({ timestamp: hourMs + at, message: `${text} ${at} é` }));

for (const place of ['s3://acme-receipts', `log-group:${RECEIPT_GROUP}`]) {
  test(`what was delivered is verified, by receipts in ${place}`, async (t) => {
    const scene = await startReceiptScene(t, { place });
    const [a, b] = [eventsOf(scene, 500, 'a'), eventsOf(scene, 300, 'b')];
    await scene.put('a', a);
    await scene.put('b', b);
    // The same stream and hour in two receipts, and one that says nothing.
    await scene.issue({ streams: { a: a.slice(0, 200) } });
    await scene.issue({ streams: { a: a.slice(200), b } });
    await scene.issue();
    const run = await scene.verify();
    assert.equal(run.code, 0, run.out + run.err);
    const { verified, events, receipts, differences, problems } = resultOf(run);
    assert.deepEqual(
      { verified, events, receipts, differences, problems },
      {
        verified: true,
        events: 800,
        receipts: 3,
        differences: [],
        problems: [],
      },
    );
  });
}

test('each kind of change is named with its stream and hour, and nothing else is', async (t) => {
  const scene = await startReceiptScene(t);
  const streams = ['whole', 'dropped', 'repeated', 'altered', 'foreign', 'from', 'to', 'gone'];
  const all = Object.fromEntries(streams.map((stream) => [stream, eventsOf(scene, 50, stream)]));
  const twice = { timestamp: scene.hourMs + 1, message: 'twice in the object' };
  all.whole?.push(twice, twice);
  await scene.issue({ streams: all });
  await scene.issue();
  const [moved] = all.from ?? [];
  assert.ok(moved);
  await scene.put('whole', all.whole ?? []);
  await scene.put('dropped', (all.dropped ?? []).slice(1));
  await scene.put('repeated', all.repeated ?? []);
  await scene.put('repeated', (all.repeated ?? []).slice(10, 20));
  await scene.put('altered', [...(all.altered ?? []).slice(1), { timestamp: scene.hourMs, message: 'altered 0 e' }]);
  await scene.put('foreign', [...(all.foreign ?? []), { timestamp: scene.hourMs + 7, message: 'foreign' }]);
  await scene.put('from', (all.from ?? []).slice(1));
  await scene.put('to', [...(all.to ?? []), moved]);
  const run = await scene.verify();
  assert.equal(run.code, 1);
  assert.deepEqual(problemsOf(run), []);
  assert.deepEqual(differencesOf(run), [
    ['altered', 'altered', 0],
    ['dropped', 'missing', 1],
    ['foreign', 'extra', 1],
    ['from', 'moved', 1],
    ['gone', 'missing', 50],
    ['repeated', 'repeated', 10],
    ['to', 'moved', 1],
  ]);
  const hour = new Date(scene.hourMs).toISOString().slice(0, 13);
  assert.ok(resultOf(run).differences.every((difference) => difference.hour === hour));
});

test('an event in an hour of which no receipt speaks is found', async (t) => {
  const scene = await startReceiptScene(t);
  const events = eventsOf(scene, 5);
  await scene.put('a', [...events, { timestamp: scene.hourMs + 3_600_000, message: 'later' }]);
  await scene.issue({ streams: { a: events } });
  assert.deepEqual(differencesOf(await scene.verify()), [['a', 'extra', 1]]);
});

test('repeated events are told, and are trouble only where the tenant has exactly_once', async (t) => {
  const scene = await startReceiptScene(t);
  const events = eventsOf(scene, 20);
  // Copies within the object, beside those that a crash made.
  const doubled = [...events, ...events.slice(0, 3)];
  await scene.put('a', doubled);
  await scene.put('a', events.slice(0, 10));
  await scene.issue({ streams: { a: doubled } });
  await scene.issue();
  const lenient = await scene.verify();
  assert.deepEqual([lenient.code, differencesOf(lenient)], [0, [['a', 'repeated', 10]]]);
  const strict = await scene.verify(['--exactly-once']);
  assert.deepEqual([strict.code, resultOf(strict).verified], [1, false]);
});

test('an altered receipt, a missing one and one of an unknown key are named, and are not believed', async (t) => {
  const scene = await startReceiptScene(t);
  const [a, b] = [eventsOf(scene, 10, 'a'), eventsOf(scene, 10, 'b')];
  await scene.put('a', a);
  await scene.put('b', b);
  await scene.issue({ streams: { a } });
  await scene.issue({ streams: { b: b.slice(1) }, tamper: (text) => text.replace('"events":9', '"events":8') });
  await scene.issue({ tamper: () => undefined });
  await scene.issue({ signer: newSigner() });
  await scene.issue({ tamper: () => 'nothing\n' });
  await scene.issue();
  const run = await scene.verify();
  assert.equal(run.code, 1);
  assert.deepEqual(
    problemsOf(run).map(([number, problem]) => `${number}: ${problem}`.replace(/id \w+/, 'id …')),
    [
      '2: its signature does not fit: it was altered, or another key has signed it',
      '4: no public key of the file has the id …, which signed it',
      'null: it is not a receipt',
      '4: receipt 3 is missing before it',
      '6: receipt 5 is missing before it',
    ],
  );
  // Of `b` no receipt that is believed speaks; it is not looked at, and the receipt that spoke of it is named.
  assert.deepEqual(differencesOf(run), []);
});

test('after the key was rotated, old and new receipts are verified with the keys of both', async (t) => {
  const scene = await startReceiptScene(t);
  const next = newSigner();
  const events = eventsOf(scene, 10);
  await scene.put('a', events);
  await scene.issue({ streams: { a: events.slice(0, 5) } });
  await scene.issue({ streams: { a: events.slice(5) }, signer: next });
  const both = join(scene.folder, 'both.pem');
  await writeFile(both, `${scene.signer.publicKey}${next.publicKey}`);
  const run = await scene.verify(['--public-key', both]);
  assert.deepEqual([run.code, resultOf(run).verified], [0, true]);
  assert.equal((await scene.verify()).code, 1);
});

test("a replay's events are in receipts of their own, and count", async (t) => {
  const scene = await startReceiptScene(t);
  const events = eventsOf(scene, 10);
  await scene.put('a', events);
  await scene.put('a', events);
  await scene.issue({ streams: { a: events } });
  await scene.issue({ streams: { a: events }, replay: 'again' });
  const run = await scene.verify();
  assert.deepEqual([run.code, resultOf(run).events], [0, 20]);
  const list = await scene.run([
    'receipts',
    'list',
    '--receipts',
    's3://acme-receipts',
    '--tenant',
    'acme',
    '--from',
    '9h',
  ]);
  assert.match(list.out, /\b1 .*\b10\b.*\n.*\b2 .*again/);
});

test('what may belong to an object that no receipt can have yet is not settled, and is no trouble', async (t) => {
  const scene = await startReceiptScene(t);
  const events = eventsOf(scene, 10);
  await scene.put('a', events);
  // Issued just now, so that the last three events may be of an object that is still being delivered.
  await scene.issue({ streams: { a: events.slice(0, 7) }, issuedMs: Date.now() });
  const run = await scene.verify();
  assert.deepEqual([run.code, differencesOf(run)], [0, [['a', 'unsettled', 3]]]);
  await scene.issue({ streams: { a: events.slice(7) } });
  assert.deepEqual(differencesOf(await scene.verify()), []);
});

test('receipts that end too early, and none at all, are trouble', async (t) => {
  const scene = await startReceiptScene(t);
  const none = await scene.verify();
  assert.deepEqual([none.code, problemsOf(none)], [1, [[null, 'there are no receipts of this time']]]);
  await scene.issue({ issuedMs: scene.hourMs - 3_600_000 });
  const early = await scene.verify();
  assert.equal(early.code, 1);
  assert.match(String(problemsOf(early)[0]?.[1]), /^the receipts end with this one of/);
});

test('a chain whose beginning is gone shows it, and one that is read from its middle does not', async (t) => {
  for (const place of ['s3://acme-receipts', `log-group:${RECEIPT_GROUP}`]) {
    const scene = await startReceiptScene(t, { place });
    await scene.issue({ tamper: () => undefined });
    await scene.issue();
    assert.deepEqual(problemsOf(await scene.verify()), [[2, 'receipt 1 is missing before it']]);
  }
  const scene = await startReceiptScene(t);
  await scene.issue({ tamper: () => undefined });
  await scene.issue({ issuedMs: scene.hourMs - 9 * 3_600_000 });
  await scene.issue();
  assert.deepEqual(problemsOf(await scene.verify()), []);
});

test('the receipt before those of the time is found in a log group, however long ago it was written', async (t) => {
  const scene = await startReceiptScene(t, { place: `log-group:${RECEIPT_GROUP}` });
  const daysAgo = (days: number) => ({
    issuedMs: Date.now() - days * 86_400_000,
    writtenMs: Date.now() - days * 86_400_000,
  });
  await scene.issue({ tamper: () => undefined });
  await scene.issue(daysAgo(9));
  await scene.issue(daysAgo(8));
  // Of another chain in the same group, and nearer.
  await scene.put(
    'log-distributor/receipts',
    [{ timestamp: daysAgo(7).writtenMs, message: 'of another' }],
    RECEIPT_GROUP,
  );
  await scene.issue();
  const run = await scene.verify();
  assert.deepEqual([problemsOf(run), resultOf(run).receipts], [[], 2]);
});

test('two receipts of one number are named, and the events of both count', async (t) => {
  for (const place of ['s3://acme-receipts', `log-group:${RECEIPT_GROUP}`]) {
    const scene = await startReceiptScene(t, { place });
    const events = eventsOf(scene, 10);
    await scene.put('a', events);
    await scene.issue({ streams: { a: events.slice(0, 5) } });
    await scene.issue({ streams: { a: events.slice(5) }, anew: true, change: { previous: null } });
    const run = await scene.verify();
    assert.deepEqual(problemsOf(run), [[1, 'there are two receipts of this number that differ']]);
    assert.deepEqual([run.code, differencesOf(run)], [1, []]);
  }
});

test('an object whose events nobody kept apart is named', async (t) => {
  const scene = await startReceiptScene(t);
  const events = eventsOf(scene, 10);
  await scene.put('a', events);
  await scene.issue({ streams: { a: events.slice(0, 5) } });
  await scene.issue({ streams: { a: events.slice(5) }, covered: false });
  const run = await scene.verify();
  assert.deepEqual([run.code, resultOf(run).uncovered], [1, ['s3://central/logs/2#v1']]);
});

test('receipts of other tenants and deliveries in the same log group are left alone, and one that stands twice counts once', async (t) => {
  const scene = await startReceiptScene(t, { place: `log-group:${RECEIPT_GROUP}` });
  const events = eventsOf(scene, 10);
  await scene.put('a', events);
  await scene.issue({ streams: { a: events } });
  await scene.put(
    'log-distributor/receipts',
    [{ timestamp: Date.now(), message: 'a line of somebody else' }],
    RECEIPT_GROUP,
  );
  const twice: string[] = [];
  await scene.issue({
    tamper: (text) => {
      twice.push(text);
      return text;
    },
  });
  const message = twice[0] ?? '';
  await scene.put('log-distributor/receipts', [{ timestamp: Date.now() + 1, message }], RECEIPT_GROUP);
  const run = await scene.verify();
  assert.deepEqual(problemsOf(run), [[null, 'it is not a receipt']]);
  assert.equal(resultOf(run).receipts, 2);
});

test('a verification that was interrupted continues where it stood, by the same receipts', async (t) => {
  const scene = await startReceiptScene(t);
  const streams = Object.fromEntries(['a', 'b', 'c'].map((stream) => [stream, eventsOf(scene, 10, stream)]));
  for (const [stream, events] of Object.entries(streams)) await scene.put(stream, events);
  await scene.issue({ streams });
  await scene.issue();
  const state = join(scene.folder, 'state');
  const fault = { kind: 'error', code: 'AccessDeniedException', status: 400 } as const;
  scene.cloud.faults.add({ service: 'logs', action: 'GetLogEvents', resource: 'log-stream:c', effect: fault });
  const stopped = await scene.verify(['--state', state]);
  assert.equal(stopped.code, 1);
  assert.match(stopped.err, /not permitted/);
  scene.cloud.faults.clear();
  const reads = () => scene.cloud.calls.count({ action: 'GetLogEvents', outcome: 'ok' });
  const before = reads();
  // What comes later is not what was asked.
  await scene.put('a', [{ timestamp: scene.hourMs, message: 'later' }]);
  const run = await scene.verify(['--state', state]);
  assert.equal(run.code, 0, run.out + run.err);
  assert.ok(reads() - before <= 3, `${reads() - before} reads`);
  assert.match((await scene.verify(['--state', state, '--tenant', 'globex'])).err, /another verification/);
});

test('a group of another class cannot be verified, and the command says why', async (t) => {
  const scene = await startReceiptScene(t);
  await scene.createGroup('/acme/cheap', 'INFREQUENT_ACCESS');
  const events = eventsOf(scene, 3);
  await scene.issue({
    change: {
      streams: [
        {
          group: '/acme/cheap',
          stream: 'a',
          hours: [
            { hour: new Date(scene.hourMs).toISOString().slice(0, 13), events: 3, bytes: 9, digest: '0'.repeat(32) },
          ],
        },
      ],
    },
    streams: { a: events },
  });
  const run = await scene.verify();
  assert.equal(run.code, 1);
  assert.match(run.err, /not of the class STANDARD/);
});

test('what is asked wrongly is a usage error', async (t) => {
  const scene = await startReceiptScene(t);
  const wrong: readonly (readonly [readonly string[], RegExp])[] = [
    [['--receipts', 'acme'], /--receipts: must be s3:/],
    [['--public-key', join(scene.folder, 'none')], /--public-key/],
    [['--from', '2026-11-30', '--to', '2026-11-29'], /no whole hour/],
  ];
  for (const [args, message] of wrong) {
    const run = await scene.verify(args);
    assert.deepEqual([run.code, message.test(run.err)], [2, true], run.err);
  }
});

test('the texts say it to people', async (t) => {
  const scene = await startReceiptScene(t);
  const events = eventsOf(scene, 10);
  await scene.put('a', events.slice(1));
  await scene.issue({ streams: { a: events } });
  await scene.issue();
  const from = new Date(scene.hourMs).toISOString();
  const to = new Date(scene.hourMs + 3_600_000).toISOString();
  const args = ['--receipts', 's3://acme-receipts', '--tenant', 'acme', '--public-key', scene.keyFile];
  const run = await scene.run(['receipts', 'verify', ...args, '--from', from, '--to', to]);
  assert.match(run.out, /2 receipts, 1 to 2/);
  assert.match(run.out, new RegExp(`${GROUP} +a +10 +9 +missing +1 events are missing`));
  assert.match(run.out, /not verified/);
});

test('a tenant that was renamed, or is gone, is verified under each name for its own hours', async (t) => {
  const scene = await startReceiptScene(t, { place: `log-group:${RECEIPT_GROUP}` });
  const before = eventsOf(scene, 20, 'before');
  const after = before.map(({ timestamp }, at) => ({ timestamp: timestamp + 3_600_000, message: `after ${at}` }));
  await scene.put('a', [...before, ...after]);
  await scene.issue({ streams: { a: before }, issuedMs: scene.hourMs + 3_600_000 });
  await scene.issue({ streams: { a: after }, change: { tenant: 'acme-two', number: 1, previous: null } });
  const renamed = new Date(scene.hourMs + 3_600_000).toISOString();
  const old = await scene.verify(['--to', renamed]);
  assert.deepEqual([old.code, resultOf(old).events, problemsOf(old)], [0, 20, []], old.out);
  const renewed = await scene.verify(['--tenant', 'acme-two', '--from', renamed]);
  assert.deepEqual([renewed.code, resultOf(renewed).events, problemsOf(renewed)], [0, 20, []], renewed.out);
  const across = await scene.verify(['--tenant', 'acme-two']);
  assert.deepEqual([across.code, differencesOf(across)], [1, [['a', 'extra', 20]]]);
});
