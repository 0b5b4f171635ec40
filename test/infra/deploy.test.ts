import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configOf } from '../../infra/config.ts';
import { type DeployOptions, deploy, RefusedError } from '../../infra/deploy.ts';

/** Terraform and a console that write down what is asked of them. */
function scene({ interactive = true, answer = '', failing = '' } = {}) {
  const calls: string[] = [];
  const questions: string[] = [];
  return {
    calls,
    questions,
    deps: {
      async prepare() {
        calls.push('prepare');
        return {
          async run(args: readonly string[]) {
            calls.push(args.join(' '));
            if (args[0] === failing) throw new Error(`${failing} failed`);
          },
        };
      },
      console: {
        interactive,
        async ask(question: string) {
          questions.push(question);
          return answer;
        },
      },
    },
  };
}

const options = (overrides: Partial<DeployOptions> = {}): DeployOptions => ({
  config: configOf('staging'),
  destroy: false,
  planOnly: false,
  confirmed: false,
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
    const asked = options({ config: configOf('production'), destroy: true, confirmed });
    await assert.rejects(
      deploy(deps, asked),
      (error) => error instanceof RefusedError && /production/.test(error.message),
    );
    assert.deepEqual(calls, []);
  }
});

test('another environment is destroyed by a plan that was shown', async () => {
  const { deps, calls, questions } = scene({ answer: 'staging' });
  await deploy(deps, options({ destroy: true }));
  assert.match(calls[2] ?? '', /^plan .*-destroy/);
  assert.deepEqual(verbs(calls), ['prepare', 'init', 'plan', 'apply']);
  assert.match(questions[0] ?? '', /^Destroy staging/);
});

test('a plan that fails is not applied', async () => {
  const { deps, calls } = scene({ failing: 'plan' });
  await assert.rejects(deploy(deps, options({ confirmed: true })), /plan failed/);
  assert.deepEqual(verbs(calls), ['prepare', 'init', 'plan']);
});

test('the provider is taken from the folder that is given', async () => {
  const { deps, calls } = scene();
  await deploy(deps, options({ planOnly: true, pluginFolder: '/plugins' }));
  assert.match(calls[1] ?? '', /-plugin-dir=\/plugins/);
});
