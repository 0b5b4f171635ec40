import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configOf } from '../../infra/config/config.ts';
import type { Collision } from '../../infra/deploy/collisions.ts';
import { type DeployOptions, deploy } from '../../infra/deploy/deploy.ts';
import { RefusedError } from '../../infra/deploy/refused.ts';
import { namesOf } from '../../infra/values/names.ts';

interface Planned {
  readonly type: string;
  readonly actions: readonly string[];
  readonly before?: Readonly<Record<string, unknown>>;
}

interface Scene {
  readonly interactive?: boolean;
  readonly answer?: string;
  readonly failing?: string;
  readonly planned?: readonly Planned[];
  /** What is still to do after an apply that failed. */
  readonly missing?: readonly Planned[];
  readonly state?: readonly { readonly address: string; readonly name: string }[];
  readonly collisions?: readonly Collision[];
}

const NAMES = namesOf(configOf('staging'), { partition: 'aws', region: 'us-east-1', accountId: '1'.repeat(12) });

/** The JSON of a plan as Terraform prints it, as far as it is read. */
function planJson(planned: readonly Planned[]): string {
  const changes = planned.map(({ type, actions, before = null }, at) => {
    const address = `${type}.it_${at}`;
    return { address, type, mode: 'managed', change: { actions, before, after: null } };
  });
  return JSON.stringify({ format_version: '1.2', resource_changes: changes });
}

function stateJson(state: Scene['state'] = []): string {
  const resources = state.map(({ address, name }) => ({ address, type: address.split('.')[0], values: { name } }));
  return JSON.stringify({ format_version: '1.0', values: { root_module: { resources } } });
}

/** Terraform and a console that write down what is asked of them. */
function scene({ interactive = true, answer = '', failing = '', ...given }: Scene = {}) {
  const calls: string[] = [];
  const questions: string[] = [];
  const said: string[] = [];
  const terraform = {
    folder: '/synth',
    async run(args: readonly string[]) {
      calls.push(args.join(' '));
      if (args[0] === failing) throw new Error(`${failing} failed`);
    },
    async read([, , plan]: readonly string[]) {
      if (plan === undefined) return stateJson(given.state);
      return planJson((plan.startsWith('rest') ? given.missing : given.planned) ?? []);
    },
  };
  return {
    calls,
    questions,
    said,
    deps: {
      async prepare() {
        calls.push('prepare');
        return { terraform, names: NAMES, findCollisions: async () => given.collisions ?? [] };
      },
      console: {
        interactive,
        async ask(question: string) {
          questions.push(question);
          return answer;
        },
        say: (text: string) => said.push(text),
      },
    },
  };
}

const options = (overrides: Partial<DeployOptions> = {}): DeployOptions => ({
  config: configOf('staging'),
  destroy: false,
  planOnly: false,
  confirmed: false,
  removalAllowed: false,
  pluginFolder: undefined,
  ...overrides,
});
const verbs = (calls: readonly string[]) => calls.map((call) => call.split(' ')[0]);

test('what was planned is applied when the name of the environment is typed, and nothing else', async () => {
  const { deps, calls, questions } = scene({ answer: 'staging\n' });
  await deploy(deps, options());
  assert.deepEqual(verbs(calls), ['prepare', 'init', 'plan', 'apply']);
  const plan = /-out=(\S+)/.exec(calls[2] ?? '')?.[1];
  assert.ok(plan && calls[3]?.endsWith(` ${plan}`), calls.join('\n'));
  assert.match(questions[0] ?? '', /Change staging in us-east-1/);
});

test('nothing is applied when another name is typed', async () => {
  const { deps, calls } = scene({ answer: 'yes' });
  await assert.rejects(deploy(deps, options()), RefusedError);
  assert.deepEqual(verbs(calls), ['prepare', 'init', 'plan']);
});

test('nobody is asked who has confirmed already', async () => {
  const { deps, calls, questions } = scene({ interactive: false });
  await deploy(deps, options({ confirmed: true }));
  assert.deepEqual(verbs(calls), ['prepare', 'init', 'plan', 'apply']);
  assert.deepEqual(questions, []);
});

test('without a terminal nothing begins unless it is confirmed or only planned', async () => {
  const { deps, calls } = scene({ interactive: false });
  await assert.rejects(deploy(deps, options()), /pass --yes, or --plan/);
  assert.deepEqual(calls, []);
  await deploy(deps, options({ planOnly: true }));
  assert.deepEqual(verbs(calls), ['prepare', 'init', 'plan']);
});

test('production is not destroyed, confirmed or not, and not even planned', async () => {
  for (const confirmed of [false, true]) {
    const { deps, calls } = scene({ answer: 'production' });
    const asked = options({ config: configOf('production'), destroy: true, confirmed, removalAllowed: true });
    await assert.rejects(
      deploy(deps, asked),
      (error: unknown) => error instanceof RefusedError && /production/.test(error.message),
    );
    assert.deepEqual(calls, []);
  }
});

const TABLE = { type: 'aws_dynamodb_table', actions: ['delete'], before: { name: 'delivery-ledger' } };

test('another environment is destroyed by a plan that was shown, and by a list of what goes', async () => {
  const { deps, calls, questions, said } = scene({ answer: 'staging', planned: [TABLE] });
  await deploy(deps, options({ destroy: true }));
  assert.match(calls[2] ?? '', /^plan .*-destroy/);
  assert.deepEqual(verbs(calls), ['prepare', 'init', 'plan', 'apply']);
  assert.match(questions[0] ?? '', /^Destroy staging/);
  assert.deepEqual(said, ['This takes away:\n  delivery-ledger: the table with its items']);
});

test('what was deployed as production is not destroyed under settings that have forgotten it', async () => {
  const before = { name: 'delivery-ledger', deletion_protection_enabled: true };
  const { deps, calls } = scene({ planned: [{ ...TABLE, before }] });
  await assert.rejects(
    deploy(deps, options({ destroy: true, confirmed: true, removalAllowed: true })),
    (error: unknown) => error instanceof RefusedError && /deployed as production.*delivery-ledger/.test(error.message),
  );
  assert.deepEqual(verbs(calls), ['prepare', 'init', 'plan']);
});

const SERVICE = { type: 'aws_ecs_service', actions: ['delete'], before: { name: 'log-distributor' } };
const REPLACED_QUEUE = { type: 'aws_sqs_queue', actions: ['delete', 'create'], before: { name: 'delivery' } };
/** Of every deployment: a new revision takes the place of the old one. */
const NEW_TASK = { type: 'aws_ecs_task_definition', actions: ['create', 'delete'], before: { family: 'x' } };

test('a deployment that takes away what runs is refused, confirmed or not, with what would go', async () => {
  const { deps, calls } = scene({ planned: [SERVICE, REPLACED_QUEUE, NEW_TASK] });
  await assert.rejects(deploy(deps, options({ confirmed: true })), (error: unknown) => {
    assert.ok(error instanceof RefusedError);
    assert.deepEqual(error.message.split('\n'), [
      'This deployment would take away:',
      '  log-distributor: the service with its running tasks; nothing is delivered without them',
      '  delivery: the queue with its messages (a new one takes its place)',
      'If you mean it, pass --allow-removal.',
    ]);
    return true;
  });
  assert.deepEqual(verbs(calls), ['prepare', 'init', 'plan']);
});

test('with --allow-removal it goes on, and still shows what goes', async () => {
  const { deps, calls, said } = scene({ planned: [SERVICE] });
  await deploy(deps, options({ confirmed: true, removalAllowed: true }));
  assert.deepEqual(verbs(calls), ['prepare', 'init', 'plan', 'apply']);
  assert.match(said.join(), /^This takes away:\n {2}log-distributor: the service/);
});

test('a plan shows what would be refused, and changes nothing', async () => {
  const { deps, calls, said } = scene({ planned: [SERVICE] });
  await deploy(deps, options({ planOnly: true }));
  assert.deepEqual(verbs(calls), ['prepare', 'init', 'plan']);
  assert.match(said.join(), /This would be refused. This deployment would take away:\n {2}log-distributor/);
});

test('a new task definition, what is changed in place and what is new take nothing away', async () => {
  const changed = { ...TABLE, actions: ['update'] };
  const { deps, calls, said } = scene({ planned: [NEW_TASK, changed, { ...SERVICE, actions: ['create'] }] });
  await deploy(deps, options({ confirmed: true }));
  assert.deepEqual(verbs(calls), ['prepare', 'init', 'plan', 'apply']);
  assert.deepEqual(said, []);
});

test('tables and roles under the names of an older version are kept, by settings that the refusal spells out', async () => {
  const state = [
    { address: 'aws_dynamodb_table.tables_tenants_0A1B', name: 'tenant-configurations' },
    { address: 'aws_dynamodb_table.tables_ledger_0A1B', name: NAMES.ledgerTable },
    { address: 'aws_iam_role.distributor_task-role_0A1B', name: 'log-distributor-staging-task' },
  ];
  const { deps, calls } = scene({ state });
  await assert.rejects(deploy(deps, options({ confirmed: true })), (error: unknown) => {
    assert.ok(error instanceof RefusedError);
    const yaml = 'names:\n  tenantTable: tenant-configurations\n  taskRole: log-distributor-staging-task\n';
    assert.ok(error.message.includes(yaml), error.message);
    return true;
  });
  assert.deepEqual(verbs(calls), ['prepare', 'init']);
  const again = scene({ state });
  await deploy(again.deps, options({ confirmed: true, removalAllowed: true }));
  assert.deepEqual(verbs(again.calls), ['prepare', 'init', 'plan', 'apply']);
});

test('what exists already is told before anything is applied: what, where, and what to do', async () => {
  const found = {
    address: 'aws_sqs_queue.q',
    what: 'queue delivery',
    where: 'https://sqs/q',
    importId: 'https://sqs/q',
  };
  const { deps, calls } = scene({ collisions: [found] });
  await assert.rejects(deploy(deps, options({ confirmed: true, removalAllowed: true })), (error: unknown) => {
    assert.ok(error instanceof RefusedError);
    assert.match(
      error.message,
      /queue delivery \(https:\/\/sqs\/q\)\n.*-chdir=\/synth import aws_sqs_queue.q https:\/\/sqs\/q/,
    );
    assert.match(error.message, /choose another --project/);
    return true;
  });
  assert.deepEqual(verbs(calls), ['prepare', 'init', 'plan']);
});

test('a plan that fails is not applied', async () => {
  const { deps, calls } = scene({ failing: 'plan' });
  await assert.rejects(deploy(deps, options({ confirmed: true })), /plan failed/);
  assert.deepEqual(verbs(calls), ['prepare', 'init', 'plan']);
});

const BUDGET = { type: 'aws_budgets_budget', actions: ['create'] };
const MONITOR = { type: 'aws_ce_anomaly_monitor', actions: ['create'] };

test('a deployment that lacks nothing but budget and anomaly detection has succeeded, and says so', async () => {
  const { deps, said } = scene({ failing: 'apply', missing: [BUDGET, MONITOR] });
  await deploy(deps, options({ confirmed: true }));
  assert.match(said.join(), /aws_budgets_budget.it_0\n {2}aws_ce_anomaly_monitor.it_1\n/);
  assert.match(said.join(), /set budget.monthlyUsd and budget.anomalyUsd to null/);
});

test('a deployment that lacks anything else has failed', async () => {
  for (const missing of [[BUDGET, { type: 'aws_sqs_queue', actions: ['create'] }], []]) {
    const { deps } = scene({ failing: 'apply', missing });
    await assert.rejects(deploy(deps, options({ confirmed: true })), /apply failed/);
  }
});

test('the provider is taken from the folder that is given', async () => {
  const { deps, calls } = scene();
  await deploy(deps, options({ planOnly: true, pluginFolder: '/plugins' }));
  assert.match(calls[1] ?? '', /-plugin-dir=\/plugins/);
});
