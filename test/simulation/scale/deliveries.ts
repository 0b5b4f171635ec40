import { markOf } from '../../chaos/objects.ts';
import type { Cloud } from '../cloud.ts';
import type { Arrivals, Arrived } from './arrivals.ts';
import { RECORDS_PER_OBJECT } from './objects.ts';

/** What CloudWatch Logs has accepted. */
export interface Deliveries {
  /** Whole ones. */
  readonly objects: number;
  /** Records that came twice, and records in another tenant's account. */
  readonly wrong: { readonly repeated: number; readonly misrouted: number };
  /** Objects of which not every record came. */
  lost(): number;
}

const ALL = (1 << RECORDS_PER_OBJECT) - 1;

/** @param onDelivered told of an object when its last record is accepted */
export function watchDeliveries(
  cloud: Pick<Cloud, 'callLogs' | 'roles'>,
  arrivals: Pick<Arrivals, 'get' | 'all'>,
  onDelivered: (object: Arrived) => void,
): Deliveries {
  const wrong = { repeated: 0, misrouted: 0 };
  let objects = 0;
  const take = (account: string, message: string) => {
    const mark = markOf(message);
    const object = mark && arrivals.get(mark.object);
    if (object?.tenant.accountId !== account) {
      wrong.misrouted++;
      return;
    }
    const bit = 1 << (mark?.record ?? 0);
    if (object.delivered & bit) wrong.repeated++;
    object.delivered |= bit;
    if (object.delivered !== ALL || object.isDone) return;
    object.isDone = true;
    objects++;
    onDelivered(object);
  };
  const callLogs = cloud.callLogs.bind(cloud);
  cloud.callLogs = (operation, accessKeyId, region, body) => {
    const done = callLogs(operation, accessKeyId, region, body);
    if (operation !== 'PutLogEvents') return done;
    const account = cloud.roles.accountOf(accessKeyId);
    for (const { message } of JSON.parse(body.toString()).logEvents) take(account, message);
    return done;
  };
  return {
    wrong,
    lost: () => [...arrivals.all].filter(({ isDone }) => !isDone).length,
    get objects() {
      return objects;
    },
  };
}
