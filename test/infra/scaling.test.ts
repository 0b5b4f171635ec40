import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { configOf } from '../../infra/config/config.ts';
import { backlogPerTask, oldestWorkable, SATURATED_SHARE } from '../../infra/values/backlog.ts';
import { namesOf } from '../../infra/values/names.ts';
import { evaluateMath } from '../support/metric-math.ts';
import { unknownIn } from '../support/promql.ts';

/** The rule of autoscaling on recorded situations: as metric math on ECS, and as PromQL on Kubernetes. */

const config = configOf('any', { distributor: { tasksMin: 2, tasksMax: 20 } });
const { tasksMin, tasksMax, backlogPerTask: target, scaleOutAgeSeconds } = config.distributor;
const names = namesOf(config, { partition: 'aws', region: 'us-east-1', accountId: '111111111111' });
const metrics = backlogPerTask(config, names);

interface Situation {
  readonly name: string;
  readonly running: number;
  /** Messages that the queue shows; undefined: SQS publishes nothing. */
  readonly visible: number | undefined;
  /** What the tasks report, one by one; fewer than run: the others' collectors are silent. */
  readonly tasks: readonly { readonly saturated: 0 | 1; readonly workable: number; readonly ageSeconds: number }[];
  readonly outcome: 'more' | 'same' | 'fewer allowed';
}

const idle = { saturated: 0, workable: 0, ageSeconds: 0 } as const;
const busy = (workable: number, ageSeconds = 30) => ({ saturated: 1, workable, ageSeconds }) as const;
const times = <T>(count: number, task: T): T[] => Array<T>(count).fill(task);

const SITUATIONS: readonly Situation[] = [
  { name: 'nothing to do', running: 6, visible: 0, tasks: times(6, idle), outcome: 'fewer allowed' },
  {
    name: 'a throttled tenant with 10,000 messages in the queue, and idle tasks',
    running: 3,
    visible: 10_000,
    tasks: times(3, idle),
    outcome: 'fewer allowed',
  },
  {
    name: 'the same, and one of three tasks has a moment of work for others',
    running: 3,
    visible: 10_000,
    tasks: [busy(4), idle, idle],
    outcome: 'fewer allowed',
  },
  {
    name: 'a refused tenant whose messages are all parked',
    running: 4,
    visible: 0,
    tasks: times(4, idle),
    outcome: 'fewer allowed',
  },
  { name: 'a true backlog in the queue', running: 3, visible: 10_000, tasks: times(3, busy(20)), outcome: 'more' },
  {
    name: 'a flood of one tenant that the tasks have handed back, so that the queue shows nothing',
    running: 3,
    visible: 0,
    tasks: times(3, busy(2_000)),
    outcome: 'more',
  },
  {
    name: 'all tasks saturated, and a queue that is read as it fills',
    running: 8,
    visible: 10,
    tasks: times(8, busy(20)),
    outcome: 'same',
  },
  { name: 'a backlog that shrinks', running: 20, visible: 400, tasks: times(20, busy(20)), outcome: 'same' },
  {
    name: 'few messages that have waited long for capacity: large objects',
    running: 4,
    visible: 0,
    tasks: times(4, busy(5, 1_200)),
    outcome: 'more',
  },
  { name: 'no task reports, and the queue is deep', running: 3, visible: 10_000, tasks: [], outcome: 'more' },
  { name: 'no task reports, and the queue is empty', running: 3, visible: 0, tasks: [], outcome: 'same' },
  { name: 'one task of four reports', running: 4, visible: 5_000, tasks: [busy(20)], outcome: 'more' },
];

/** What CloudWatch makes of the reports of a minute. */
function dataOf({ running, visible, tasks }: Situation): Record<string, number | undefined> {
  const average = (values: readonly number[]) =>
    values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    running,
    waiting: visible,
    saturated: average(tasks.map(({ saturated }) => saturated)),
    workable: average(tasks.map(({ workable }) => workable)),
  };
}

function loadOf(situation: Situation): number | undefined {
  const data = dataOf(situation);
  for (const metric of metrics) {
    if ('expression' in metric) data[metric.id] = evaluateMath(metric.expression, data);
    else assert.ok(metric.id in data, metric.id);
  }
  return data.load;
}

/** Tasks that target tracking and the step by age want (Application Auto Scaling user guide, "How target tracking scaling works"). */
function wantedOnEcs(situation: Situation): number {
  const { running, tasks } = situation;
  const load = loadOf(situation);
  const byLoad = load === undefined ? running : Math.ceil((Math.max(1, running) * load) / target);
  const age = Math.max(0, ...tasks.map(({ ageSeconds }) => ageSeconds));
  const byAge = age > scaleOutAgeSeconds ? Math.ceil(running * 1.5) : 0;
  return Math.min(tasksMax, Math.max(tasksMin, byLoad, byAge));
}

function assertThen({ running, outcome }: Situation, wanted: number): void {
  const sentence = `${wanted} are wanted where ${running} run`;
  if (outcome === 'more') assert.ok(wanted > running, sentence);
  if (outcome === 'same') assert.equal(wanted, running, sentence);
  if (outcome === 'fewer allowed') assert.ok(wanted < running, sentence);
}

for (const situation of SITUATIONS) {
  test(`on ECS: ${situation.name}: ${situation.outcome}`, () => assertThen(situation, wantedOnEcs(situation)));
}

test('without a running task the queue itself is the load, so that the first one starts', () => {
  const nobody = { name: '', running: 0, visible: 500, tasks: [], outcome: 'more' } as const;
  assert.equal(loadOf(nobody), 500);
});

test('without an answer of SQS nothing is scaled', () => {
  assert.equal(
    loadOf({ name: '', running: 3, visible: undefined, tasks: times(3, busy(20)), outcome: 'same' }),
    undefined,
  );
});

test('target tracking returns one series, and its metrics are those of the service, the queue and the ECS service', () => {
  assert.deepEqual(
    metrics.filter(({ returnData }) => returnData).map(({ id }) => id),
    ['load'],
  );
  const named = metrics.flatMap((metric) => ('metricStat' in metric ? [metric.metricStat.metric.metricName] : []));
  assert.deepEqual(named, [
    'ApproximateNumberOfMessagesVisible',
    'log_distributor_saturated',
    'log_distributor_workable_messages',
    'RunningTaskCount',
  ]);
  assert.equal(oldestWorkable(config, names).name, 'log_distributor_workable_oldest_age_seconds');
});

interface Trigger {
  readonly name: string;
  readonly metadata: { readonly query: string; readonly threshold: string };
}
const scaled = parse(await readFile(new URL('../../k8s/distributor/scaling.yaml', import.meta.url), 'utf8'));
const triggers: readonly Trigger[] = scaled.spec.triggers;

test('Kubernetes has the numbers of ECS', () => {
  const [backlog, saturated, age] = triggers.map(({ metadata }) => metadata);
  assert.equal(Number(backlog?.threshold), target);
  assert.match(backlog?.query ?? '', new RegExp(`>= bool ${SATURATED_SHARE}\\)`));
  assert.match(saturated?.query ?? '', new RegExp(`>= bool ${SATURATED_SHARE}\\)`));
  assert.match(age?.query ?? '', new RegExp(`> bool ${scaleOutAgeSeconds}\\)`));
  for (const { metadata } of triggers) assert.deepEqual(unknownIn(metadata.query), []);
});

const noPromtool =
  spawnSync('promtool', ['--version'], { stdio: 'ignore' }).status === 0 ? false : 'there is no promtool here';

/** What each trigger's query must come to, for one situation. */
function expectedOf({ visible, tasks }: Situation): readonly number[] {
  const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0);
  const saturated = sum(tasks.map((task) => task.saturated)) / tasks.length >= SATURATED_SHARE;
  const old = Math.max(...tasks.map(({ ageSeconds }) => ageSeconds)) > scaleOutAgeSeconds;
  return [
    sum(tasks.map(({ workable }) => workable)) + (saturated ? (visible ?? 0) : 0),
    saturated ? tasks.length : 0,
    old ? 1.5 * tasks.length : 0,
  ];
}

const reporting = SITUATIONS.filter(({ running, tasks }) => tasks.length === running);

for (const situation of reporting) {
  test(`on Kubernetes: ${situation.name}: ${situation.outcome}`, () => {
    // What an HPA wants of an average value for each pod: the sum by the threshold, the largest of all triggers.
    const wanted = expectedOf(situation).map((value, at) =>
      Math.ceil(value / Number(triggers[at]?.metadata.threshold)),
    );
    assertThen(situation, Math.min(tasksMax, Math.max(tasksMin, ...wanted)));
  });
}

test('Prometheus makes of the queries what the situations ask for', { skip: noPromtool }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'log-distributor-scaling-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'rules.yml'), 'groups: []\n');
  const tests = reporting.map((situation) => ({
    name: situation.name,
    interval: '1m',
    input_series: situation.tasks.flatMap(({ saturated, workable, ageSeconds }, at) =>
      Object.entries({
        saturated,
        workable_messages: workable,
        workable_oldest_age_seconds: ageSeconds,
        queue_messages_visible: situation.visible,
      }).map(([name, value]) => ({ series: `log_distributor_${name}{pod="${at}"}`, values: `${value}x5` })),
    ),
    promql_expr_test: triggers.map(({ metadata }, at) => ({
      expr: metadata.query,
      eval_time: '3m',
      exp_samples: [{ labels: '{}', value: expectedOf(situation)[at] }],
    })),
  }));
  // And no answer where no pod reports, so that KEDA falls back.
  tests.push({
    name: 'no pod reports',
    interval: '1m',
    input_series: [],
    promql_expr_test: triggers.map(({ metadata }) => ({ expr: metadata.query, eval_time: '3m', exp_samples: [] })),
  });
  await writeFile(join(folder, 'tests.yml'), JSON.stringify({ rule_files: ['rules.yml'], tests }));
  const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', 'tests.yml'], {
    cwd: folder,
    encoding: 'utf8',
  });
  assert.equal(status, 0, `${stdout}${stderr}`);
});
