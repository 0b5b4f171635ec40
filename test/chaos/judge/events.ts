import type { Put } from '../journal.ts';
import { fateOf, markOf, type TrueRecord } from '../objects.ts';
import type { DeliveryTruth } from '../tenants.ts';
import type { Evidence, FoundEvent, JudgedObject, Notes } from './evidence.ts';

export interface FoundDelivery {
  readonly object: JudgedObject;
  readonly truth: DeliveryTruth;
  /** For each record the calls that brought it; undefined where none may. */
  readonly copies: (Put[] | undefined)[];
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
  const deliveries = new Map<string, FoundDelivery>();
  for (const object of objects) {
    const tenant = tenants.find(({ tenantId }) => tenantId === object.tenantId);
    for (const truth of tenant?.truths ?? []) {
      const copies = object.records.map((record) => (fateOf(record, truth).kind === 'delivered' ? [] : undefined));
      deliveries.set(`${object.number} ${truth.name}`, { object, truth, copies });
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
    const { message, mark } = truth?.format === 'record' ? readRecord(event.message) : readMessage(event.message);
    const delivery = truth && mark && deliveries.get(`${mark.object} ${truth.name}`);
    const record = mark && delivery?.object.records[mark.record];
    const copies = mark && delivery?.copies[mark.record];
    const put = puts.get(event.requestId);
    if (truth && record && copies && put && record.message === message && isInPlace(event, record, truth)) {
      copies.push(put);
    } else {
      misrouted++;
      const { account, region, group, stream, timestamp } = event;
      note(`misrouted: in ${account} ${region} ${group} ${stream} at ${timestamp}: ${event.message.slice(-80)}`);
    }
  }
  return { deliveries, said, misrouted };
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
