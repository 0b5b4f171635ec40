import { setTimeout as delay } from 'node:timers/promises';
import pLimit from 'p-limit';
import { errorFields, type Logger } from '../../base/logger.ts';
import type { Metrics } from '../../base/metrics.ts';
import {
  parseReceipt,
  RECEIPT_VERSION,
  type Receipt,
  receiptDocument,
  receiptHash,
  receiptLine,
  receiptStatement,
} from '../../core/receipt.ts';
import { createReceiptDraft, type ReceiptDraft } from '../../core/receipt-draft.ts';
import type { ReceiptSigner } from '../../core/receipt-key.ts';
import type { FleetLease, HeldLease } from '../../ledger/fleet-lease.ts';
import type { ChainState, PendingReceipt, ReceiptChains } from '../../ledger/receipt-chains.ts';
import type { ReceiptDelivery, WriteReceipt } from './write-receipt.ts';

/**
 * Issues receipts: after each interval one for each delivery that has them, more where one cannot hold all, and one that says nothing where
 * nothing was delivered, so that their end shows. One process of the fleet does it at a time; two that overlap do no harm
 * (ledger/receipt-chains.ts).
 */
export interface ReceiptIssuer {
  /** Runs until the signal aborts. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
  /** How long the receipt that has waited longest is due, seconds; 0 in all processes but the one that issues. */
  readonly behindSeconds: number;
}

export interface ReceiptIssuerDeps {
  readonly lease: FleetLease;
  readonly listDeliveries: (signal: AbortSignal) => Promise<readonly ReceiptDelivery[]>;
  readonly chains: ReceiptChains;
  /** Asked for when there is something to sign. @throws what the holder of the key says */
  readonly signer: () => Promise<ReceiptSigner>;
  readonly write: WriteReceipt;
  readonly intervalMs: number;
  /** The largest event that CloudWatch Logs takes; a receipt is one. */
  readonly eventBytesMax: number;
  readonly metrics: Pick<Metrics, 'receipts' | 'receiptObjects'>;
  readonly logger: Logger;
  /** The table's clock, epoch milliseconds. */
  readonly nowMs: () => number;
}

/** The lease of the work: one process of the fleet issues receipts. */
export const RECEIPT_LEASE = { name: 'log-distributor-receipts', role: 'issuer' };

/** How often it looks who is due; a receipt that could not be written is tried again then. */
const LOOK_EVERY_MS_MAX = 60_000;
const CHAINS_AT_ONCE = 8;
const MARKS_AT_ONCE = 16;
/** Receipts of a delivery in one turn; what is left has its turn after the next interval. */
const RECEIPTS_PER_TURN = 100;
/** Objects that are looked at for one receipt: those of other replays are passed over. */
const LOOKED_AT_MAX = 4_000;
/** Of a document: what a DynamoDB item of 400 KB holds compressed, and CloudWatch Logs takes as one event. */
const DOCUMENT_BYTES_MAX = 350_000;
const EVENT_SLACK_BYTES = 512;

export function createReceiptIssuer(deps: ReceiptIssuerDeps): ReceiptIssuer {
  const { intervalMs, chains, nowMs, logger, metrics } = deps;
  const bytesMax = Math.min(DOCUMENT_BYTES_MAX, deps.eventBytesMax - EVENT_SLACK_BYTES);
  /** Since when a receipt of the delivery is due, epoch milliseconds. */
  const dueSince = new Map<string, number>();
  /** When the last receipt of a delivery was drawn up, as far as this process knows: before the next interval its chain is not read. */
  const issuedMs = new Map<string, number>();
  const intervalOf = (ms: number) => Math.floor(ms / intervalMs);

  const carryOut = async (delivery: ReceiptDelivery, pending: PendingReceipt, held: HeldLease) => {
    const name = nameOf(delivery);
    const { objects } = parseReceipt(pending.document).receipt;
    held.check();
    await deps.write(delivery, pending, held.signal);
    const limit = pLimit(MARKS_AT_ONCE);
    await limit.map(objects, async ({ id }) => {
      held.check();
      await chains.mark(name, id, pending.number);
    });
    await chains.finish(name, pending);
    metrics.receipts.inc({ outcome: 'issued' });
    metrics.receiptObjects.inc(objects.length);
  };

  const drawUp = async (delivery: ReceiptDelivery, state: ChainState, draft: ReceiptDraft): Promise<PendingReceipt> => {
    const signer = await deps.signer();
    const issuedMs = nowMs();
    const number = state.number + 1;
    const receipt: Receipt = {
      version: RECEIPT_VERSION,
      tenant: delivery.tenantId,
      delivery: delivery.type,
      account: delivery.accountId,
      region: delivery.region,
      number,
      issued: new Date(issuedMs).toISOString(),
      interval: Math.ceil(intervalMs / 1000),
      previous: state.hash,
      key: signer.keyId,
      ...draft.content(),
    };
    const line = receiptLine(receipt);
    const document = receiptDocument(line, await signer.sign(receiptStatement(line)));
    return { number, hash: receiptHash(line), issuedMs, document };
  };

  /** @returns whether there is more for another receipt */
  const collect = async (name: string, draft: ReceiptDraft, held: HeldLease): Promise<boolean> => {
    let lookedAt = 0;
    let passedOver = false;
    for await (const object of chains.due(name)) {
      held.check();
      const outcome = draft.add(object);
      if (outcome === 'no room' || ++lookedAt >= LOOKED_AT_MAX) return true;
      if (outcome === 'of another replay') passedOver = true;
    }
    return passedOver;
  };

  const settle = (name: string, state: ChainState) => {
    dueSince.delete(name);
    issuedMs.set(name, state.issuedMs);
  };

  const issue = async (delivery: ReceiptDelivery, held: HeldLease) => {
    const name = nameOf(delivery);
    held.check();
    if (intervalOf(nowMs()) <= intervalOf(issuedMs.get(name) ?? Number.NEGATIVE_INFINITY)) return;
    // Until all of its steps are done.
    issuedMs.delete(name);
    let state = await chains.read(name);
    if (state.pending) {
      await carryOut(delivery, state.pending, held);
      state = await chains.read(name);
    }
    const now = nowMs();
    if (state.number > 0 && intervalOf(now) <= intervalOf(state.issuedMs)) return settle(name, state);
    dueSince.set(name, state.number > 0 ? (intervalOf(state.issuedMs) + 1) * intervalMs : (dueSince.get(name) ?? now));
    for (let more = true, count = 0; more && count < RECEIPTS_PER_TURN; count++) {
      const draft = createReceiptDraft(bytesMax);
      more = await collect(name, draft, held);
      const pending = await drawUp(delivery, state, draft);
      if (!(await chains.begin(name, state, pending))) return;
      await carryOut(delivery, pending, held);
      state = { ...pending, pending: undefined };
    }
    settle(name, state);
  };

  const turn = async (delivery: ReceiptDelivery, held: HeldLease) => {
    try {
      await issue(delivery, held);
    } catch (error) {
      if (held.signal.aborted) return;
      metrics.receipts.inc({ outcome: 'failed' });
      const { tenantId: tenant, type } = delivery;
      logger.warn(
        { ...errorFields(error), tenant, delivery: type },
        'a receipt could not be issued; it is tried again',
      );
    }
  };

  const work = async (held: HeldLease) => {
    logger.info({ interval_seconds: intervalMs / 1000 }, 'this process issues the receipts from now on');
    try {
      while (!held.signal.aborted) {
        const deliveries = await deps.listDeliveries(held.signal);
        const listed = new Set(deliveries.map(nameOf));
        for (const known of [dueSince, issuedMs])
          for (const name of known.keys()) if (!listed.has(name)) known.delete(name);
        await pLimit(CHAINS_AT_ONCE).map(deliveries, (delivery) => turn(delivery, held));
        await delay(Math.min(LOOK_EVERY_MS_MAX, intervalMs / 4), undefined, { signal: held.signal }).catch(() => {});
      }
    } finally {
      // Another process may issue the next ones.
      dueSince.clear();
      issuedMs.clear();
    }
  };

  return {
    run: (signal) => deps.lease.run(work, signal),
    get behindSeconds() {
      const first = Math.min(nowMs(), ...dueSince.values());
      return (nowMs() - first) / 1000;
    },
  };
}

function nameOf({ tenantId, type }: ReceiptDelivery): string {
  return `${tenantId}/${type}`;
}
