import type { FaultRule } from 'embedded-aws/faults/rule';
import type { LogLine } from '../../../local/service-process.ts';
import { compare, type Found } from '../../../local/workload/compare.ts';
import { createTally } from '../../../local/workload/tally.ts';
import { createLags, type LagQuantiles } from './lag.ts';
import { createWriter, type Writer } from './load.ts';
import { openStage, type Stage } from './stage.ts';
import { DRAIN_SECONDS_MAX, delivered, round, show, until, untilDelivered, writeQuietly } from './steps.ts';
import { type Cast, castOf, silentCast } from './tenants.ts';

/** What quiet tenants notice while the accounts of others, or the region of others, do not answer. */

export interface SilentOptions {
  readonly quietTenants: number;
  /** Objects a second of all quiet tenants together. */
  readonly quietObjectsPerSecond: number;
  readonly silentTenants: number;
  readonly kinds: readonly SilentKind[];
  /** Of each of the two measurements of a kind. */
  readonly seconds: number;
  /** `PROBE_SECONDS` of the services. */
  readonly probeSeconds: number;
}

/** How the silent ones fail. `region`: all calls to CloudWatch Logs in a region in which all of them are. */
export const SILENT_KINDS = ['half-open', 'reset', '503', 'region'] as const;
export type SilentKind = (typeof SILENT_KINDS)[number];

interface KindResult {
  readonly quiet_p99_alone_ms: number;
  readonly quiet_p99_ms: number;
  readonly ratio: number;
  /** From the first call without an answer until the log names the first of the tenants, and the last. */
  readonly first_report_s: number;
  readonly all_reported_s: number;
  /** From the end of the trouble until everything is delivered. */
  readonly recovered_s: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly misrouted: number;
}

export interface SilentResult extends Pick<KindResult, 'first_report_s' | 'recovered_s'> {
  readonly silent: number;
  readonly probe_s: number;
  /** The worst of all kinds, as are the two times. */
  readonly ratio: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly misrouted: number;
  readonly kinds: Readonly<Record<string, KindResult>>;
}

const QUIET_EVENTS_PER_OBJECT = 100;
const SILENT_OBJECTS = 12;
const SILENT_EVENTS_PER_OBJECT = 20;
const WARM_UP_SECONDS = 8;
const REGION = 'eu-west-1';

export async function runSilent(options: SilentOptions, say: (text: string) => void): Promise<SilentResult> {
  const kinds: Record<string, KindResult> = {};
  for (const kind of options.kinds) kinds[kind] = await runKind(options, kind, (text) => say(`${kind}: ${text}`));
  const results = Object.values(kinds);
  const worst = (name: keyof KindResult) => Math.max(...results.map((result) => result[name]));
  const sum = (name: keyof KindResult) => results.reduce((total, result) => total + result[name], 0);
  return {
    silent: options.silentTenants,
    probe_s: options.probeSeconds,
    ratio: worst('ratio'),
    first_report_s: worst('first_report_s'),
    recovered_s: worst('recovered_s'),
    lost: sum('lost'),
    duplicated: sum('duplicated'),
    misrouted: sum('misrouted'),
    kinds,
  };
}

async function runKind(options: SilentOptions, kind: SilentKind, say: (text: string) => void): Promise<KindResult> {
  const silent = silentCast(options.silentTenants, kind === 'region' ? REGION : undefined);
  const cast = { ...castOf(options.quietTenants), silent };
  const writersOf = (tenants: Cast['quiet'], events: number) =>
    tenants.map(({ tenantId }) => createWriter(tenantId, events));
  const quiet = writersOf(cast.quiet, QUIET_EVENTS_PER_OBJECT);
  const troubled = writersOf(silent, SILENT_EVENTS_PER_OBJECT);
  const lags = createLags();
  const reports = createReports();
  const listen = (line: LogLine) => {
    lags.add(line);
    reports.add(line);
  };
  await using stage = await openStage(cast, [], listen, { PROBE_SECONDS: String(options.probeSeconds) });
  await stage.startServices();
  const quietly = (seconds: number) => writeQuietly(stage, quiet, options.quietObjectsPerSecond, seconds);

  // Everybody has delivered before it begins: nobody can be told apart by being unknown.
  await Promise.all([quietly(WARM_UP_SECONDS), writeAll(stage, troubled, 1)]);
  await untilDelivered(lags, 'quiet-', quiet);
  await untilDelivered(lags, 'silent-', troubled);
  const alone = await measure(lags, options, quietly);
  say(`alone: ${show(alone)}`);

  for (const rule of rulesOf(kind, silent)) stage.cloud.faults.add(rule);
  reports.begin();
  const [beside] = await Promise.all([measure(lags, options, quietly), writeAll(stage, troubled, SILENT_OBJECTS)]);
  say(`beside ${silent.length} silent tenants: ${show(beside)}`);

  stage.cloud.faults.clear();
  const endedMs = performance.now();
  stage.delayAnswers();
  const due = troubled.reduce((sum, { objects }) => sum + objects, 0);
  const recovered = await until(() => reports.delivered() >= due, DRAIN_SECONDS_MAX + 4 * options.probeSeconds);
  const recoveredSeconds = (performance.now() - endedMs) / 1000;
  say(
    `${reports.delivered()} of ${due} objects of the silent tenants are delivered after ${round(recoveredSeconds)} s`,
  );
  await stage.stopServices();
  return {
    quiet_p99_alone_ms: round(alone.created.p99),
    quiet_p99_ms: round(beside.created.p99),
    ratio: round(beside.created.p99 / alone.created.p99),
    first_report_s: round(reports.firstSeconds()),
    all_reported_s: round(reports.lastSeconds(silent.length)),
    recovered_s: recovered ? round(recoveredSeconds) : Number.POSITIVE_INFINITY,
    ...balance(stage, cast, [...quiet, ...troubled]),
  };
}

async function measure(
  lags: ReturnType<typeof createLags>,
  { quietObjectsPerSecond, seconds }: SilentOptions,
  quietly: (seconds: number) => Promise<void>,
): Promise<LagQuantiles> {
  lags.reset();
  await quietly(seconds);
  return delivered(lags, 'quiet-', () => lags.count('quiet-') >= Math.floor(quietObjectsPerSecond * seconds));
}

async function writeAll(stage: Stage, writers: readonly Writer[], each: number): Promise<void> {
  for (let at = 0; at < each; at++) for (const writer of writers) await stage.put(writer);
}

function rulesOf(kind: SilentKind, tenants: Cast['quiet']): FaultRule[] {
  const effects = {
    'half-open': { kind: 'half-open' },
    reset: { kind: 'reset' },
    '503': { kind: 'error', code: 'ServiceUnavailableException', status: 503 },
    region: { kind: 'half-open' },
  } as const;
  const effect = effects[kind];
  if (kind === 'region') return [{ service: 'logs', resource: `:${REGION}:`, effect }];
  return tenants.map(({ accountId: account }) => ({ service: 'logs', action: 'PutLogEvents', account, effect }));
}

/** What the services' logs say of the silent tenants. */
function createReports() {
  let sinceMs = 0;
  let count = 0;
  const first = new Map<string, number>();
  return {
    begin() {
      sinceMs = performance.now();
    },
    add({ level, tenant, msg }: LogLine) {
      if (typeof tenant !== 'string' || !tenant.startsWith('silent-')) return;
      if (msg === 'object delivered') count++;
      if (sinceMs > 0 && level === 'warn' && !first.has(tenant)) first.set(tenant, performance.now() - sinceMs);
    },
    delivered: () => count,
    firstSeconds: () => Math.min(...first.values()) / 1000,
    /** Infinite while fewer tenants than `tenants` were named. */
    lastSeconds: (tenants: number) =>
      first.size < tenants ? Number.POSITIVE_INFINITY : Math.max(...first.values()) / 1000,
  };
}

/** Every event of every tenant is in its account once. */
function balance(
  stage: Stage,
  cast: Cast & { readonly silent: Cast['quiet'] },
  writers: readonly Writer[],
): Pick<KindResult, 'lost' | 'duplicated' | 'misrouted'> {
  const tenants = [...cast.quiet, ...cast.silent];
  const byAccount = new Map(tenants.map((tenant) => [tenant.accountId, tenant]));
  const found = new Map<string, Found>(
    tenants.map(({ tenantId }) => [tenantId, { inside: createTally(), outside: createTally() }]),
  );
  for (const event of stage.cloud.logs.read()) {
    const tenant = byAccount.get(event.account);
    const tally = found.get(tenant?.tenantId ?? '');
    tally?.[event.group === tenant?.logGroupPrefix ? 'inside' : 'outside'].add(event.timestamp, event.message);
  }
  const { lost, duplicated, misrouted, unexpected } = compare(
    new Map(writers.map(({ tenantId, tally }) => [tenantId, tally])),
    found,
  );
  return { lost, duplicated, misrouted: misrouted + unexpected };
}
