import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type ConfigArguments, configOfArguments } from '../../infra/config/arguments.ts';
import { configOf } from '../../infra/config/config.ts';
import { ConfigError } from '../../infra/config/problems.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'log-distributor-config-'));
});
after(() => rm(folder, { recursive: true, force: true }));

async function fileOf(yaml: string): Promise<string> {
  const file = join(folder, `${crypto.randomUUID()}.yaml`);
  await writeFile(file, yaml);
  return file;
}

function problemsOf(given: ConfigArguments): readonly string[] {
  try {
    configOfArguments(given);
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.problems;
  }
}

test('the file of --config says what differs from the file of its environment', async () => {
  const config = await fileOf('environment: production\nstorage:\n  quarantineRetentionDays: 10\n');
  const wanted = configOf('production', { storage: { quarantineRetentionDays: 10 } });
  assert.deepEqual(configOfArguments({ config }), wanted);
  assert.deepEqual(configOfArguments({ config, environment: 'production' }), wanted);
});

test('options of the command line come before the file', async () => {
  const config = await fileOf(
    'project: logs\nregion: eu-west-1\nwriters:\n  eks:\n    oidcIssuer: https://a.example.com\n    namespace: vector\n',
  );
  const options = {
    environment: 'staging',
    project: 'mine',
    region: 'us-west-2',
    'eks-oidc-issuer': 'https://b.example.com',
  };
  const { project, region, writers } = configOfArguments({ config, ...options }) ?? configOf('staging');
  assert.deepEqual([project, region], ['mine', 'us-west-2']);
  assert.deepEqual(writers.eks, { oidcIssuer: 'https://b.example.com', namespace: 'vector', serviceAccount: 'vector' });
});

test('without a file and an option nothing names the environment, unless the command has one of its own', () => {
  assert.equal(configOfArguments({}), undefined);
  assert.equal(configOfArguments({}, 'staging')?.environment, 'staging');
});

const MISTAKEN: readonly [environment: string, meant: string | undefined][] = [
  ['prod', 'production'],
  ['prd', 'production'],
  ['productoin', 'production'],
  ['stagin', 'staging'],
  ['dev', 'development'],
  ['qa', undefined],
];
for (const [environment, meant] of MISTAKEN) {
  test(`${environment} is not taken for a new environment without protection`, () => {
    const [problem = '', ...others] = problemsOf({ environment });
    assert.deepEqual(others, []);
    assert.match(problem, /^environment: is none of .*--new-environment.*\(got "/);
    assert.equal(/did you mean (\w+)\?/.exec(problem)?.[1], meant);
    assert.equal(configOfArguments({ environment, 'new-environment': true })?.environment, environment);
  });
}

test('a file makes an environment known when it says whether that is production', async () => {
  const silent = await fileOf('environment: live\n');
  assert.equal(problemsOf({ config: silent }).length, 1);
  const explicit = await fileOf('environment: live\nproduction: true\n');
  assert.equal(configOfArguments({ config: explicit })?.production, true);
});

test('the file of one environment is not used for another', async () => {
  const config = await fileOf('environment: staging\n');
  assert.deepEqual(problemsOf({ config, environment: 'production' }), [
    `environment of ${config}: must be that of --environment, which is production (got "staging")`,
  ]);
});

test('every problem of file and options is told at once', async () => {
  const config = await fileOf('environment: staging\nbudget:\n  monthlyUsd: -5\ncolour: blue\n');
  const problems = problemsOf({ config, environment: 'prod', region: 'mars' });
  assert.deepEqual(
    problems.map((problem) => problem.split(':')[0]),
    ['environment', `environment of ${config}`, 'region', 'budget.monthlyUsd', 'colour'],
  );
});

test('a file that is not there, is not YAML or holds no settings is told by its name', async () => {
  const missing = join(folder, 'missing.yaml');
  const [problem = ''] = problemsOf({ config: missing });
  assert.ok(problem.startsWith(`${missing}: cannot be read: ENOENT`), problem);
  const twice = await fileOf('environment: staging\nenvironment: production\n');
  assert.match(problemsOf({ config: twice }).join(), /is not YAML: Map keys must be unique/);
  const list = await fileOf('- environment\n');
  assert.deepEqual(problemsOf({ config: list }), [`${list}: must be settings by their names (got ["environment"])`]);
});
