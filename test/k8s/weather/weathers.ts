import type { FaultRule } from 'embedded-aws/faults/rule';
import type { Overlay } from '../support/vector-config.ts';
import type { Change, PodPlan } from './node.ts';

/** What happens in a run, and when. Seconds are counted from the beginning of the load. */
export interface Weather {
  readonly name: string;
  readonly overlay: Overlay;
  readonly pods: readonly PodPlan[];
  /** Default 1; the pods are dealt out. */
  readonly nodes?: number;
  readonly settings?: Readonly<Record<string, string>>;
  /** What is changed in the rendered configuration. */
  readonly changes?: readonly Change[];
  /** Instead of `SCALED`. */
  readonly scaled?: Change;
  readonly faults?: readonly { readonly atS: number; readonly rule: FaultRule }[];
  /** When Vector is ended, how, and for how long it is away. */
  readonly ends?: readonly {
    readonly atS: number;
    readonly signal: 'SIGKILL' | 'SIGTERM';
    readonly awaySeconds: number;
  }[];
  /** When pods are deleted from the API. */
  readonly deletions?: readonly { readonly atS: number; readonly pod: string }[];
  /** Share of records that Firehose refuses, by chance. */
  readonly firehoseRefuses?: number;
  /** When Firehose refuses the collector's role, and for how long. */
  readonly firehoseDenies?: readonly { readonly atS: number; readonly seconds: number }[];
  /** How long nothing may come before Vector counts as done. Default 20 s. */
  readonly lingerS?: number;
  /** Pods whose lines' waits are reported: those that run before a flood, and those that begin in it. */
  readonly quiet?: { readonly before: readonly string[]; readonly during: readonly string[] };
}

/** Batches are closed after 5 s instead of 5 minutes, so that a run of a minute has many of them. */
export const SCALED: Change = ['timeout_secs: 300', 'timeout_secs: 5'];

const KB = 1_000;
const NAMED = ['acme-shop', 'globex-web', 'initech-core'] as const;

interface Shape {
  readonly lines: number;
  readonly perSecond: number;
  readonly lineLength?: number;
  readonly longShare?: number;
  readonly rotateBytes?: number;
}

/** Three pods of each tenant, and one without: `lines` and `perSecond` are of all together. */
function pods({ lines, perSecond, lineLength = 200, longShare = 0.005, rotateBytes = 256 * KB }: Shape): PodPlan[] {
  const names = [...NAMED, ...NAMED, ...NAMED, 'unclaimed'];
  return names.map((namespace, at) => ({
    namespace,
    name: `pod-${at}`,
    lines: lines / names.length,
    linesPerSecond: perSecond / names.length,
    lineLength,
    longShare,
    rotateBytes,
  }));
}

/** S3 takes nothing for so long. */
function outage(atS: number, seconds: number): NonNullable<Weather['faults']>[number] {
  const effect = { kind: 'error', code: 'ServiceUnavailable', status: 503 } as const;
  return { atS, rule: { service: 's3', action: 'PutObject', forMs: seconds * 1000, effect } };
}

const MINUTE: Shape = { lines: 60_000, perSecond: 1_000 };

/** Each file is rotated every 20 s: one that nobody reads is not compressed before a collector that was away is back. */
const SLOW_ROTATION: Shape = { ...MINUTE, rotateBytes: 1_200 * KB };

/** Ten quiet pods that run before the flood, and ten that start in it. */
const QUIET = Array.from({ length: 20 }, (_, at) => `quiet-${at}`);

function flood(name: string, changes: readonly Change[]): Weather {
  const quiet = QUIET.map((pod, at) => ({
    namespace: NAMED[at % NAMED.length] ?? '',
    name: pod,
    lines: at < 10 ? 900 : 720,
    linesPerSecond: 10,
    lineLength: 200,
    longShare: 0,
    rotateBytes: 10_000 * KB,
    startS: at < 10 ? 0 : 18,
  }));
  const loud = {
    namespace: 'acme-shop',
    name: 'loud',
    lines: 500_000,
    linesPerSecond: 50_000,
    lineLength: 200,
    longShare: 0,
    rotateBytes: 10_486 * KB,
    startS: 10,
  };
  return {
    name,
    overlay: 's3',
    pods: [...quiet, loud],
    changes,
    quiet: { before: QUIET.slice(0, 10), during: QUIET.slice(10) },
    settings: { NAMESPACE_LINES_PER_SECOND: '1000000' },
  };
}

/**
 * A backlog of many tenants on one node, as far as the sink knows: it has one open batch for each tenant, cluster and environment.
 * Batches of 8 MB instead of 32, closed after a minute, so that a minute's lines fill all of them.
 */
function manyBatches(batches: number): Weather {
  const clusters = Array.from({ length: batches }, (_, at) => `cluster-${at}`);
  return {
    name: `backlog of ${batches} batches`,
    overlay: 's3',
    settings: { CLUSTERS: clusters.join() },
    scaled: ['timeout_secs: 300', 'timeout_secs: 60'],
    changes: [['max_bytes: 32000000', 'max_bytes: 8000000']],
    pods: clusters.map((cluster) => ({
      namespace: 'globex-web',
      name: cluster,
      labels: { 'log-distributor/cluster': cluster },
      lines: 20_000,
      linesPerSecond: 10_000 / batches,
      lineLength: 200,
      longShare: 0,
      rotateBytes: 10_486 * KB,
    })),
    faults: [outage(5, (20_000 * batches) / 10_000)],
  };
}

function quietPod(namespace: string, name: string): PodPlan {
  const rates = { lines: 100, linesPerSecond: 10, lineLength: 200, longShare: 0, rotateBytes: 10_486 * KB };
  return { namespace, name, ...rates };
}

export const WEATHERS: readonly Weather[] = [
  { name: 'good', overlay: 's3', pods: pods(MINUTE) },
  { name: 'good, Parquet', overlay: 's3-parquet', pods: pods(MINUTE) },
  {
    name: 'two kills',
    overlay: 's3',
    pods: pods(SLOW_ROTATION),
    ends: [
      { atS: 25, signal: 'SIGKILL', awaySeconds: 2 },
      { atS: 47, signal: 'SIGKILL', awaySeconds: 2 },
    ],
  },
  {
    name: 'two kills, files rotated meanwhile',
    overlay: 's3',
    pods: pods(SLOW_ROTATION),
    ends: [
      { atS: 19, signal: 'SIGKILL', awaySeconds: 2 },
      { atS: 39, signal: 'SIGKILL', awaySeconds: 2 },
    ],
  },
  {
    name: 'S3 away for 40 s',
    overlay: 's3',
    pods: pods({ lines: 120_000, perSecond: 2_000 }),
    faults: [outage(10, 40)],
  },
  {
    name: 'S3 away for 3 min',
    overlay: 's3',
    pods: pods({ lines: 120_000, perSecond: 1_000 }),
    faults: [outage(10, 180)],
  },
  {
    name: 'S3 away, pods deleted',
    overlay: 's3',
    pods: pods({ lines: 120_000, perSecond: 4_000 }).map((pod) => ({ ...pod, removeAfterS: 10 })),
    faults: [outage(10, 60)],
    deletions: Array.from({ length: 10 }, (_, at) => ({ atS: 32, pod: `pod-${at}` })),
  },
  {
    name: 'buffer full, pods deleted',
    overlay: 's3',
    settings: { BUFFER_BYTES: '268435488' },
    // 480 MB in long lines, which do not fit.
    pods: pods({ lines: 12_000, perSecond: 400, longShare: 0.6, rotateBytes: 1_000_000 * KB }).map((pod) => ({
      ...pod,
      removeAfterS: 10,
    })),
    faults: [outage(5, 75)],
    deletions: Array.from({ length: 10 }, (_, at) => ({ atS: 35, pod: `pod-${at}` })),
  },
  {
    name: 'S3 away, two kills',
    overlay: 's3',
    pods: pods(SLOW_ROTATION),
    faults: [outage(10, 50)],
    ends: [
      { atS: 25, signal: 'SIGKILL', awaySeconds: 2 },
      { atS: 47, signal: 'SIGKILL', awaySeconds: 2 },
    ],
  },
  {
    name: 'S3 away, two updates',
    overlay: 's3',
    // A node whose collector ends takes up to a minute: files are rotated as seldom as 10 MiB would be.
    pods: pods({ lines: 120_000, perSecond: 600, rotateBytes: 5_000 * KB }),
    faults: [outage(10, 160)],
    ends: [
      { atS: 20, signal: 'SIGTERM', awaySeconds: 2 },
      { atS: 100, signal: 'SIGTERM', awaySeconds: 2 },
    ],
  },
  {
    name: 'five nodes, updated twice at once',
    overlay: 's3',
    nodes: 5,
    pods: pods(SLOW_ROTATION),
    ends: [
      { atS: 20, signal: 'SIGTERM', awaySeconds: 1 },
      { atS: 40, signal: 'SIGTERM', awaySeconds: 1 },
    ],
  },
  { name: 'good, Firehose', overlay: 'firehose', pods: pods(MINUTE) },
  { name: 'Firehose refuses 0.5 %', overlay: 'firehose', pods: pods(MINUTE), firehoseRefuses: 0.005 },
  {
    name: 'Firehose refuses 0.5 %, aggregated',
    overlay: 'firehose-aggregated',
    pods: pods(MINUTE),
    firehoseRefuses: 0.005,
  },
  manyBatches(10),
  manyBatches(40),
  flood('flood', []),
  flood('flood, `oldest_first: false`', [['oldest_first: true', 'oldest_first: false']]),
];

/**
 * Everything that is counted as lost, dropped or refused, once, and then silence for longer than Vector keeps a series: 20 s here
 * instead of 300.
 */
export const LOSSES: Weather = {
  name: 'losses',
  overlay: 'firehose',
  settings: { NAMESPACE_LINES_PER_SECOND: '50' },
  changes: [['data_dir: /var/lib/log-collection', 'data_dir: /var/lib/log-collection\nexpire_metrics_secs: 20']],
  pods: [
    ...pods({ lines: 6_000, perSecond: 200, longShare: 0 }),
    // A namespace that is above its limit, a label that samples, and one that names a cluster that nobody knows.
    { ...quietPod('acme-shop', 'loud'), lines: 4_000, linesPerSecond: 400 },
    { ...quietPod('initech-core', 'sampled'), labels: { 'log-distributor/sample': '10' } },
    { ...quietPod('globex-web', 'stranger'), labels: { 'log-distributor/cluster': 'unknown' } },
  ],
  firehoseDenies: [{ atS: 15, seconds: 3 }],
  lingerS: 60,
};

/** For a test: half a minute of load in each. */
const HALF: Shape = { lines: 9_000, perSecond: 300, longShare: 0.02, rotateBytes: 64 * KB };
export const SHORT: readonly Weather[] = [
  { name: 'good weather', overlay: 's3', pods: pods(HALF) },
  { name: 'S3 away for 10 s, Parquet', overlay: 's3-parquet', pods: pods(HALF), faults: [outage(5, 10)] },
];
