import { decodeBooks } from '../../../service/core/books.ts';
import { fateOf, type TrueRecord } from '../objects.ts';
import { type DeliveryTruth, duesOf } from '../tenants.ts';
import { dueCells, sumUp } from './books.ts';
import type { Evidence, LedgerItem, Notes } from './evidence.ts';

/** The ledger must say of every delivery that it is done, with the right counts; quarantine must hold what they say. */
export function checkBooks({ objects, tenants, ledger, quarantine, receipted }: Evidence, note: Notes): number {
  const items = new Map(ledger.map((item) => [`${item.object} ${item.delivery}`, item]));
  const kept = new Map(
    quarantine.map((line) => [`${line.object} ${line.delivery} ${line.record} ${line.reason}`, line]),
  );
  let wrong = 0;
  for (const object of objects) {
    const tenant = tenants.find(({ tenantId }) => tenantId === object.tenantId);
    for (const truth of tenant?.truths ?? []) {
      const item = items.get(`${object.id} ${truth.name}`);
      if (item?.state === 'done' && truth.booked && !areBooked(object.records, truth, item)) {
        wrong++;
        note(`other books than what was delivered: ${object.id} for ${truth.name}`);
      }
    }
    for (const truth of tenant ? duesOf(tenant) : []) {
      const due = { read: object.records.length, delivered: 0, filtered: 0, rejected: 0, quarantined: 0 };
      for (const [at, record] of object.records.entries()) {
        const fate = fateOf(record, truth);
        due[fate.kind]++;
        if (!('reason' in fate) || (truth.rejectedTo && fate.kind === 'rejected')) continue;
        const line = kept.get(`${object.id} ${truth.name} ${at} ${fate.reason}`);
        if (line && (truth.format === 'record' || line.message === record.message)) continue;
        wrong++;
        note(`not in quarantine as ${fate.reason}: record ${at} of ${object.id} for ${truth.name}`);
      }
      const item = items.get(`${object.id} ${truth.name}`);
      if (item?.state === 'done' && truth.booked && receipted && item.receipt === undefined) {
        wrong++;
        note(`in no receipt: ${object.id} for ${truth.name}`);
      }
      if (item?.state !== 'done') note(`not done but ${item?.state}: ${object.id} for ${truth.name}`);
      for (const [outcome, number] of Object.entries(due)) {
        const counted = item?.state === 'done' ? (item.counts[outcome] ?? 0) : 0;
        if (counted === number) continue;
        wrong += Math.abs(counted - number);
        note(`${outcome} is ${counted} and should be ${number}: ${object.id} for ${truth.name}`);
      }
    }
  }
  return wrong;
}

/** Whether the books have each event of the object once, whatever a crash repeated, in its stream and hour. */
function areBooked(records: readonly TrueRecord[], truth: DeliveryTruth, { books }: LedgerItem): boolean {
  const { cells, covered } = decodeBooks(books ?? new Uint8Array(0));
  return covered && sumUp(cells) === sumUp(dueCells(records, truth));
}

/** Dead letters are the garbage, each at least once, with its reason, and nothing else. */
export function checkLetters({ garbage, deadLetters }: Evidence, ended: boolean, note: Notes): number {
  const missing = garbage.filter((body) => ended && !deadLetters.some((letter) => letter.body === body));
  const others = deadLetters.filter(({ body, reason }) => !garbage.includes(body) || reason !== 'not-a-notification');
  for (const body of missing) note(`no dead letter of ${JSON.stringify(body)}`);
  for (const { body, reason } of others) note(`a dead letter with the reason ${reason}: ${body.slice(0, 300)}`);
  return missing.length + others.length;
}
