import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { createMetrics } from '../../../../service/base/metrics.ts';
import { encodeBooks } from '../../../../service/core/books.ts';
import { NO_DIGEST } from '../../../../service/core/digest.ts';
import { linkOf, parseReceipt } from '../../../../service/core/receipt.ts';
import { chainProblems } from '../../../../service/core/receipt-chain.ts';
import { createLocalSigner, readPublicKeys, signatureProblem } from '../../../../service/core/receipt-key.ts';
import type { FleetLease, HeldLease } from '../../../../service/ledger/fleet-lease.ts';
import { createReceiptChains } from '../../../../service/ledger/receipt-chains.ts';
import { createReceiptIssuer } from '../../../../service/run/receipts/issuer.ts';
import { hasReceipts } from '../../../../service/run/receipts/write-receipt.ts';
import { buildDelivery } from '../../../support/delivery.ts';
import { LEDGER_TABLE, startDynamo } from '../../../support/dynamo.ts';
import { createTestLogger } from '../../../support/logger.ts';
import { until } from '../../../support/until.ts';

const HOUR_MS = 3_600_000;
const NAME = 'acme/cloudwatch';
const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const signer = createLocalSigner(pem);

/** One tenant with receipts, a real ledger, and a place for receipts in which a number is written once. */
async function setUp(t: TestContext) {
  const dynamo = await startDynamo(t);
  const delivery = buildDelivery({ receipts: 's3://acme-receipts' });
  assert.ok(hasReceipts(delivery));
  const written = new Map<number, string>();
  /** `left`: calls until the process dies. */
  const state = { nowMs: 500_000 * HOUR_MS, left: Number.POSITIVE_INFINITY, down: false, deliveries: [delivery] };
  const { logger, lines } = createTestLogger();
  const metrics = createMetrics();

  /** Runs a process until its work is done for now, or until it dies: as if killed, nothing is done after that. */
  const runOnce = async (calls: number) => {
    const dead = new AbortController();
    let left = calls;
    const step = () => {
      dead.signal.throwIfAborted();
      if (left-- > 0) return;
      dead.abort(new Error('the process died'));
      dead.signal.throwIfAborted();
    };
    const held: HeldLease = { signal: dead.signal, saved: '', check: step, save: async () => {} };
    const lease: FleetLease = { run: (work) => work(held) };
    let rounds = 0;
    const issuer = createReceiptIssuer({
      lease,
      listDeliveries: async () => {
        if (rounds++ > 0) dead.abort();
        return rounds === 1 ? state.deliveries : [];
      },
      chains: createReceiptChains({
        table: LEDGER_TABLE,
        dynamo: async (operation, input, options) => {
          step();
          const answer = await dynamo.calls(operation, input, options);
          // It may also die when the call was executed, and before it learns of that.
          step();
          return answer;
        },
      }),
      signer: async () => signer,
      async write(_delivery, { number, document }) {
        step();
        if (state.down) throw new Error('the bucket refuses');
        // As with If-None-Match.
        if (!written.has(number)) written.set(number, document);
        step();
      },
      intervalMs: 40,
      eventBytesMax: 1_000_000,
      metrics,
      logger,
      nowMs: () => state.nowMs,
    });
    await issuer.run(dead.signal).catch(() => {});
    return { died: left < 0, behindSeconds: issuer.behindSeconds };
  };
  let objects = 0;
  const finish = async (count: number, replay = '') => {
    for (let at = 0; at < count; at++) {
      const cell = { group: '/acme', stream: 's', hour: 499_999, events: 2, bytes: 10, digest: NO_DIGEST };
      await dynamo.put(LEDGER_TABLE, {
        object: `s3://b/${String(++objects).padStart(6, '0')}#1${replay}`,
        delivery: NAME,
        state: 'done',
        counts: { read: 3, delivered: 2, filtered: 1, rejected: 0, quarantined: 0 },
        books: encodeBooks({ cells: [cell], covered: true }),
        receipt_due: NAME,
      });
    }
  };
  /** Everything that is promised of the receipts so far. */
  const receipts = () => {
    const documents = [...written].sort(([a], [b]) => a - b).map(([, text]) => parseReceipt(text));
    assert.deepEqual(chainProblems(documents.map(linkOf)), []);
    const keys = readPublicKeys(signer.publicKey);
    for (const document of documents) assert.equal(signatureProblem(document, keys), undefined);
    const found = documents.map(({ receipt }) => receipt);
    const ids = found.flatMap((receipt) => receipt.objects.map(({ id }) => id));
    assert.equal(new Set(ids).size, ids.length, 'an object is in two receipts');
    return { found, objects: ids.length };
  };
  return { ...dynamo, state, runOnce, finish, receipts, written, lines, metrics, finished: () => objects };
}

const FOR_EVER = Number.POSITIVE_INFINITY;

test('after each interval a receipt holds what was done since, and an empty one says that nothing was', async (t) => {
  const { state, runOnce, finish, receipts, ledgerItem } = await setUp(t);
  await finish(3);
  await runOnce(FOR_EVER);
  // Not twice in an interval.
  await runOnce(FOR_EVER);
  state.nowMs += HOUR_MS;
  await runOnce(FOR_EVER);
  const { found } = receipts();
  assert.deepEqual(
    found.map(({ number, counts }) => [number, counts.objects, counts.read, counts.delivered]),
    [
      [1, 3, 9, 6],
      [2, 0, 0, 0],
    ],
  );
  assert.deepEqual(found[0]?.streams, [
    { group: '/acme', stream: 's', hours: [{ hour: '2027-01-15T07', events: 6, bytes: 30, digest: '0'.repeat(32) }] },
  ]);
  const item = await ledgerItem('s3://b/000001#1', NAME);
  assert.deepEqual([item?.receipt, item?.receipt_due], [1, undefined]);
});

test('what one receipt cannot hold is in the next one, at once; replays are in receipts of their own', async (t) => {
  const { runOnce, finish, receipts, finished } = await setUp(t);
  await finish(600);
  await finish(2, '+replay:again');
  await finish(500);
  await finish(1, '+replay:other');
  await runOnce(FOR_EVER);
  const { found, objects } = receipts();
  assert.equal(objects, finished());
  assert.deepEqual(
    found.map(({ replay, counts }) => [replay, counts.objects]),
    [
      [null, 1_000],
      ['again', 2],
      [null, 100],
      ['other', 1],
    ],
  );
});

test('a process that dies anywhere leaves neither an object out nor one in two receipts', async (t) => {
  const { state, runOnce, finish, receipts, finished } = await setUp(t);
  let deaths = 0;
  for (let calls = 1; calls < 60; calls++) {
    state.nowMs += HOUR_MS;
    await finish(2);
    const { died } = await runOnce(calls);
    if (died) deaths++;
    receipts();
    if (calls % 3 > 0) continue;
    // Somebody else goes on, in the same interval.
    await runOnce(FOR_EVER);
  }
  state.nowMs += HOUR_MS;
  await runOnce(FOR_EVER);
  assert.equal(receipts().objects, finished());
  assert.ok(deaths > 20, `only ${deaths} processes died`);
});

test('two processes that overlap issue one chain', async (t) => {
  const { state, runOnce, finish, receipts, finished } = await setUp(t);
  for (let round = 0; round < 10; round++) {
    state.nowMs += HOUR_MS;
    await finish(3);
    await Promise.all([runOnce(FOR_EVER), runOnce(FOR_EVER), runOnce(FOR_EVER)]);
  }
  state.nowMs += HOUR_MS;
  await runOnce(FOR_EVER);
  assert.equal(receipts().objects, finished());
});

test('a receipt that cannot be written waits, is said, and comes as it was signed when it can', async (t) => {
  const { state, runOnce, finish, receipts, lines, metrics, written, ledgerItem } = await setUp(t);
  await finish(1);
  state.down = true;
  const before = state.nowMs;
  await runOnce(FOR_EVER);
  const pending = (await ledgerItem(`receipts:${NAME}`, 'receipts'))?.pending as { number: number };
  assert.deepEqual([written.size, pending.number], [0, 1]);
  assert.match(lines.map(({ msg }) => msg).join('\n'), /a receipt could not be issued/);
  state.nowMs += 5 * HOUR_MS;
  state.down = false;
  await finish(1);
  await runOnce(FOR_EVER);
  const { found } = receipts();
  assert.deepEqual(
    found.map(({ number, counts }) => [number, counts.objects]),
    [
      [1, 1],
      [2, 1],
    ],
  );
  assert.equal(Date.parse(found[0]?.issued ?? ''), before);
  const values = (await metrics.receipts.get()).values.map(({ labels, value }) => [labels.outcome, value]);
  assert.deepEqual(Object.fromEntries(values), { failed: 1, issued: 2 });
});

test('how long a receipt is due is known while it cannot be issued', async (t) => {
  const { calls } = await startDynamo(t);
  const delivery = buildDelivery({ receipts: 's3://acme-receipts' });
  assert.ok(hasReceipts(delivery));
  let nowMs = 500_000 * HOUR_MS;
  const stop = new AbortController();
  let tries = 0;
  const issuer = createReceiptIssuer({
    lease: { run: (work, signal) => work({ signal, saved: '', check: () => {}, save: async () => {} }) },
    listDeliveries: async () => [delivery],
    chains: createReceiptChains({ table: LEDGER_TABLE, dynamo: calls }),
    signer: async () => signer,
    async write() {
      tries++;
      throw new Error('the bucket refuses');
    },
    intervalMs: 40,
    eventBytesMax: 1_000_000,
    metrics: createMetrics(),
    logger: createTestLogger().logger,
    nowMs: () => nowMs,
  });
  assert.equal(issuer.behindSeconds, 0);
  const running = issuer.run(stop.signal);
  await until(() => tries > 0, 'a receipt was tried');
  nowMs += HOUR_MS;
  assert.equal(issuer.behindSeconds, 3_600);
  await until(() => tries > 2, 'it was tried again');
  assert.equal(issuer.behindSeconds, 3_600);
  stop.abort();
  await running;
  assert.equal(issuer.behindSeconds, 0);
});

/** An issuer of many chains that all were issued at some time, and what it reads. */
function watchReads(t: TestContext, count: number) {
  const state = { nowMs: 500_000 * HOUR_MS, lists: 0, reads: 0, onRead: () => {} };
  const deliveries = Array.from({ length: count }, (_, n) => {
    const delivery = buildDelivery({ tenant_id: `t-${n}`, receipts: 's3://acme-receipts' });
    assert.ok(hasReceipts(delivery));
    return delivery;
  });
  const stop = new AbortController();
  const issuer = createReceiptIssuer({
    lease: {
      run: (work, signal) => work({ signal, saved: '', check: () => signal.throwIfAborted(), save: async () => {} }),
    },
    listDeliveries: async () => {
      state.lists++;
      return deliveries;
    },
    chains: {
      async read() {
        state.reads++;
        state.onRead();
        return { number: 1, hash: '0'.repeat(64), issuedMs: state.nowMs, pending: undefined };
      },
      async *due() {},
      begin: async () => false,
      mark: async () => {},
      finish: async () => {},
    },
    signer: async () => signer,
    write: async () => {},
    intervalMs: 40,
    eventBytesMax: 1_000_000,
    metrics: createMetrics(),
    logger: createTestLogger().logger,
    nowMs: () => state.nowMs,
  });
  const start = () => {
    const running = issuer.run(stop.signal).catch(() => {});
    t.after(async () => {
      stop.abort();
      await running;
    });
    return running;
  };
  return { state, start, stop };
}

test('a chain is read when a receipt may be due, and not at each look', async (t) => {
  const { state, start } = watchReads(t, 20);
  start();
  await until(() => state.lists >= 4, 'it has looked several times');
  assert.equal(state.reads, 20);
  state.nowMs += HOUR_MS;
  const { lists } = state;
  await until(() => state.lists >= lists + 3, 'it has looked again');
  assert.equal(state.reads, 40);
});

test('a process that stops reads no further chain', async (t) => {
  const { state, start, stop } = watchReads(t, 100);
  state.onRead = () => stop.abort();
  await start();
  // As many as it reads at once.
  assert.ok(state.reads <= 8, `${state.reads} were read`);
});
