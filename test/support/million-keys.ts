import type { Call, S3Api } from '../../service/aws/api.ts';
import { checkBucket } from '../../service/reconcile/check.ts';
import { createPending, createTally } from '../../service/reconcile/tally.ts';
import { setUpReconcile } from './reconcile-scene.ts';

/**
 * A program for a process of its own, whose heap is limited: compares a bucket of a million objects, and as many keys that are no
 * logs, with a ledger that lacks one in two hundred. Prints what it found, and its peak memory.
 */
const COUNT = 1_000_000;
const LOST_EVERY = 200;
const PAGE = 1_000;
const NOW_MS = Date.UTC(2026, 0, 31, 12);
const FOREIGN = 'logs/tenant_id=';
const OURS = 'logs/tenant_id=acme/';

/** Keys are numbers behind a prefix; `~` sorts them behind all tenants. */
const keyOf = (prefix: string, n: number) => `${prefix}${prefix === FOREIGN ? '~' : ''}${String(n).padStart(8, '0')}`;

async function list(_operation: string, input: { Prefix?: string; KeyMarker?: string; Delimiter?: string }) {
  const prefix = input.Delimiter === '/' ? FOREIGN : OURS;
  const from = input.KeyMarker === undefined ? 0 : Number(input.KeyMarker.slice(-8)) + 1;
  const count = Math.min(PAGE, COUNT - from);
  const Versions = Array.from({ length: count }, (_, at) => ({
    Key: keyOf(prefix, from + at),
    ETag: '"e1"',
    VersionId: 'null',
    Size: 10,
    LastModified: new Date(NOW_MS - 3_600_000),
  }));
  const IsTruncated = from + count < COUNT;
  return {
    Versions,
    // The tenant's folder is the first row of all.
    CommonPrefixes: input.Delimiter === '/' && from === 0 ? [{ Prefix: OURS }] : [],
    IsTruncated,
    NextKeyMarker: IsTruncated ? keyOf(prefix, from + count - 1) : undefined,
  };
}

const { deps } = setUpReconcile(list as unknown as Call<S3Api>, NOW_MS);
const readStates: typeof deps.readStates = async (keys) =>
  new Map(
    keys.flatMap(({ object, delivery }) => {
      const n = Number(object.slice(-'00000000#e1'.length, -'#e1'.length));
      return n % LOST_EVERY === 0 ? [] : [[`${object}\n${delivery}`, 'done'] as const];
    }),
  );
const tally = createTally();
const range = { fromMs: NOW_MS - 7_200_000, toMs: NOW_MS, graceMs: 900_000, lateMs: 0 };
let lost = 0;
for await (const some of checkBucket({ ...deps, readStates }, range, tally, createPending())) lost += some.length;
const { counts, listCalls } = tally;
console.log(JSON.stringify({ lost, listCalls, ...counts, peakMb: Math.round(process.resourceUsage().maxRSS / 1024) }));
