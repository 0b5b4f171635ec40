import type { Put } from '../journal.ts';
import { fateOf, markOf, type TrueRecord } from '../objects.ts';
import type { DeliveryTruth } from '../tenants.ts';
import type { Evidence, FoundEvent, JudgedObject, Notes } from './evidence.ts';
import { addPart, joinParts, type Parts, readPart } from './parts.ts';

export interface FoundDelivery {
  readonly object: JudgedObject;
  readonly truth: DeliveryTruth;
  /** Every event that must be there: one for each record, or for each part of one that is longer than an event may be. */
  readonly events: readonly DueEvent[];
}

export interface DueEvent {
  readonly record: number;
  /** It is a part of the record. */
  readonly part: boolean;
  /** Of its text. */
  readonly bytes: number;
  /** The calls that brought it. */
  readonly copies: readonly Put[];
}

/** An event of the service's own, where it is due. */
export interface ServiceEvent {
  readonly event: FoundEvent;
  readonly tenantId: string;
  readonly truth: DeliveryTruth;
}

/** Puts every event to the record that it is a copy of; what is a copy of none, or stands elsewhere, is misrouted. */
export function sortEvents({ objects, tenants, events, puts }: Evidence, note: Notes) {
  const byAccount = new Map(tenants.map((tenant) => [tenant.accountId, tenant]));
  const sorted = new Map<string, Sorted>();
  for (const object of objects) {
    const tenant = tenants.find(({ tenantId }) => tenantId === object.tenantId);
    for (const truth of tenant?.truths ?? []) {
      const copies = object.records.map((record) => (fateOf(record, truth).kind === 'delivered' ? [] : undefined));
      sorted.set(nameOf(object.number, truth, object.replayedFrom !== undefined), {
        object,
        truth,
        copies,
        parts: new Map(),
      });
    }
  }
  const said: ServiceEvent[] = [];
  let misrouted = 0;
  for (const event of events) {
    const tenant = byAccount.get(event.account);
    const own = tenant?.truths.find((truth) => isSaid(event, truth));
    if (tenant && own) {
      said.push({ event, tenantId: tenant.tenantId, truth: own });
      continue;
    }
    const truth = tenant?.truths.find(({ groupPrefix }) => `${event.group}/`.startsWith(`${groupPrefix}/`));
    const put = puts.get(event.requestId);
    if (truth && put && putToRecord(sorted, event, truth, put)) continue;
    misrouted++;
    const { account, region, group, stream, timestamp } = event;
    note(`misrouted: in ${account} ${region} ${group} ${stream} at ${timestamp}: ${event.message.slice(-80)}`);
  }
  const deliveries = new Map([...sorted].map(([name, one]) => [name, toFound(one, note)]));
  return { deliveries, said, misrouted };
}

interface Sorted extends Pick<FoundDelivery, 'object' | 'truth'> {
  /** For each record the calls that brought it; undefined where none may. */
  readonly copies: (Put[] | undefined)[];
  /** Of records that came in parts. */
  readonly parts: Map<number, Parts>;
}

function nameOf(object: number, { name }: DeliveryTruth, isReplay: boolean): string {
  return `${object} ${name}${isReplay ? ' again' : ''}`;
}

/** @returns false for a copy of none, or in another place */
function putToRecord(sorted: ReadonlyMap<string, Sorted>, event: FoundEvent, truth: DeliveryTruth, put: Put): boolean {
  const part = readPart(event.message);
  const whole = truth.format === 'record' ? readRecord : readMessage;
  const { message, mark } = part ? { message: part.text, mark: part.mark } : whole(event.message);
  const again = mark && sorted.get(nameOf(mark.object, truth, true));
  const isReplayed = again && put.order > (again.object.replayedFrom ?? Number.POSITIVE_INFINITY);
  const one = mark && (isReplayed ? again : sorted.get(nameOf(mark.object, truth, false)));
  const record = mark && one?.object.records[mark.record];
  const copies = mark && one?.copies[mark.record];
  if (!record || !copies || !isInPlace(event, record, truth)) return false;
  if (part) return addPart(one.parts, record, mark.record, part, put);
  if (record.message !== message) return false;
  copies.push(put);
  return true;
}

function toFound({ object, truth, copies, parts }: Sorted, note: Notes): FoundDelivery {
  const events = copies.flatMap((puts, record): readonly DueEvent[] => {
    if (puts === undefined) return [];
    const message = object.records[record]?.message ?? '';
    const whole = { record, part: false, bytes: Buffer.byteLength(message), copies: puts };
    const some = parts.get(record);
    if (!some) return [whole];
    const joined = joinParts(some, record, message);
    if (!joined) note(`parts that do not make up record ${record} of ${object.id} for ${truth.name}`);
    return joined ?? [whole];
  });
  return { object, truth, events };
}

/** Anywhere else it is a payload, and one that nobody wrote. */
function isSaid({ region, group, stream }: FoundEvent, truth: DeliveryTruth): boolean {
  return group === truth.serviceGroup && region === truth.region && truth.serviceStreams.includes(stream);
}

function isInPlace(event: FoundEvent, record: TrueRecord, { region, placeOf }: DeliveryTruth): boolean {
  const { group, stream } = placeOf(record);
  const { timestamp } = record;
  const due = { region, group, stream, timestamp };
  return Object.entries(due).every(([name, value]) => event[name as keyof typeof due] === value);
}

function readMessage(message: string) {
  return { message, mark: markOf(message) };
}

export function readRecord(json: string) {
  const { message, file } = JSON.parse(json);
  return { message: String(message), mark: markOf(String(file)) };
}
