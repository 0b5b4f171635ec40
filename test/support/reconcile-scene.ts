import type { Call, S3Api } from '../../service/aws/api.ts';
import { listObjects } from '../../service/aws/list-objects.ts';
import { DistributorError } from '../../service/base/errors.ts';
import type { Delivery } from '../../service/core/delivery.ts';
import { objectId } from '../../service/core/notification.ts';
import { compileKeyTemplate } from '../../service/core/object-key.ts';
import { type EntryStates, stateKey } from '../../service/ledger/entries.ts';
import type { CheckDeps } from '../../service/reconcile/check.ts';

export const TEMPLATE = 'logs/tenant_id={tenant_id}/';
export const BUCKET = 'central';

export interface ReconcileScene {
  readonly deps: CheckDeps;
  /** The ledger: state by `stateKey`. */
  readonly ledger: Map<string, string>;
  /** What the fleet says, to be changed by the test. */
  readonly fleet: { readUpToMs: number | undefined; readonly open: Map<string, number> };
  readonly seen: { reads: number; keys: number };
  set(key: string, delivery: string, state: string): void;
}

/** A comparison with a ledger in memory: who lists, and what the tables say, is the test's. */
export function setUpReconcile(calls: Call<S3Api>, nowMs: number): ReconcileScene {
  const ledger = new Map<string, string>();
  const seen = { reads: 0, keys: 0 };
  const open = new Map<string, number>();
  const fleet: ReconcileScene['fleet'] = { readUpToMs: nowMs, open };
  const signal = new AbortController().signal;
  const delivery = (type: string, enabled = true) => ({ type, enabled }) as Delivery;
  const known: Record<string, readonly Delivery[]> = {
    acme: [delivery('cloudwatch')],
    globex: [delivery('cloudwatch'), delivery('s3'), delivery('s3#off', false)],
    off: [delivery('cloudwatch', false)],
  };
  const failed = (code: 'tenant-unknown' | 'tenant-invalid') => ({
    deliveries: [],
    error: new DistributorError(code, code),
  });
  const deps: CheckDeps = {
    list: (walk, onCall) =>
      listObjects({ s3: calls, bucket: BUCKET, versions: true, random: () => 0, signal, onCall }, walk),
    bucket: BUCKET,
    template: TEMPLATE,
    keyTemplate: compileKeyTemplate(TEMPLATE),
    tenants: {
      lookUp: async (tenant) => {
        const deliveries = known[tenant];
        if (deliveries) return { deliveries, error: undefined };
        return failed(tenant === 'broken' ? 'tenant-invalid' : 'tenant-unknown');
      },
    },
    async readStates(keys): Promise<EntryStates> {
      seen.reads++;
      seen.keys += keys.length;
      const found = keys.map((key) => [stateKey(key), ledger.get(stateKey(key))] as const);
      return new Map(found.filter((pair): pair is [string, string] => pair[1] !== undefined));
    },
    fleet: {
      get readUpToMs() {
        return fleet.readUpToMs;
      },
      openMs: (tenant) => open.get(tenant),
      processes: 1,
    },
  };
  const ref = (key: string) => ({
    bucket: BUCKET,
    key,
    version: 'e1',
    versionId: undefined,
    size: 10,
    createdMs: undefined,
  });
  return {
    deps,
    ledger,
    fleet,
    seen,
    set: (key, name, state) => ledger.set(stateKey({ object: objectId(ref(key)), delivery: name }), state),
  };
}
