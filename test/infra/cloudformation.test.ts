import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { PARAMETERS } from '../../infra/cloudformation/parameter-list.ts';
import { parametersOf } from '../../infra/cloudformation/parameters.ts';
import { generatedFiles } from '../../infra/cloudformation/templates.ts';
import { configOf } from '../../infra/config/config.ts';
import { knownEnvironments } from '../../infra/config/file.ts';
import { ConfigError } from '../../infra/config/problems.ts';
import { refusals } from './support/cloudformation/evaluate.ts';
import { evaluateDeployment, readTemplate } from './support/cloudformation/stacks.ts';
import { run } from './support/terraform.ts';

const FOLDER = fileURLToPath(new URL('../../infra/cloudformation/', import.meta.url));
const PLACE = { partition: 'aws', region: 'us-east-1', accountId: '111111111111' };
const STACKS = ['main', 'core', 'ingestion', 'distributor', 'monitoring', 'spending'];
const DEPLOYMENT = { Environment: 'staging', TemplateBucket: 'templates', TemplatePrefix: 'prefix/' };

test('the committed templates and parameters are what the source makes', () => {
  for (const [path, text] of generatedFiles()) {
    assert.equal(readFileSync(`${FOLDER}${path}`, 'utf8'), text, `${path}: npm run synth -- --cloudformation`);
  }
});

test("the templates are within CloudFormation's limits", () => {
  // CloudFormation quotas: bytes of a template in S3, parameters, resources, outputs, mappings.
  for (const name of STACKS) {
    const template = readTemplate(name);
    assert.ok(readFileSync(`${FOLDER}templates/${name}.yaml`).length <= 1_048_576, name);
    assert.ok(Object.keys(template.Parameters).length <= 200, name);
    assert.ok(Object.keys(template.Resources).length <= 500, name);
    assert.ok(Object.keys(template.Outputs ?? {}).length <= 200, name);
    assert.ok(Object.keys(template.Mappings ?? {}).length <= 200, name);
    for (const id of [...Object.keys(template.Parameters), ...Object.keys(template.Resources)]) {
      assert.match(id, /^[a-zA-Z0-9]{1,255}$/, name);
    }
  }
});

test('every nested stack is given its parameters, and nothing else', () => {
  const main = readTemplate('main');
  for (const name of STACKS.slice(1)) {
    const id = `${name.charAt(0).toUpperCase()}${name.slice(1)}Stack`;
    const given = Object.keys(main.Resources[id]?.Properties?.Parameters ?? {});
    assert.deepEqual(given.sort(), Object.keys(readTemplate(name).Parameters).sort(), name);
  }
});

for (const environment of knownEnvironments()) {
  test(`the file of parameters of ${environment} says what its settings say`, () => {
    const list: readonly { ParameterKey: string; ParameterValue: string }[] = JSON.parse(
      readFileSync(`${FOLDER}parameters/${environment}.json`, 'utf8'),
    );
    const given = Object.fromEntries(list.map((it) => [it.ParameterKey, it.ParameterValue]));
    const all = { ...DEPLOYMENT, ...given, Environment: environment };
    assert.deepEqual(refusals(readTemplate('main'), all, PLACE), []);
    const wanted = parametersOf(configOf(environment));
    const defaults = readTemplate('main').Parameters;
    for (const [name, value] of Object.entries(wanted)) {
      assert.equal(all[name as keyof typeof all] ?? String(defaults[name]?.Default), value, name);
    }
    assert.ok(evaluateDeployment(all, PLACE).resources.length > 40);
  });
}

/** Parameters that must not pass, and what the refusal names. */
const DOUBTFUL: readonly (readonly [parameters: Record<string, string>, refusal: RegExp])[] = [
  [{ Environment: 'Production' }, /^Environment$/],
  [{ Project: '-logs' }, /^Project$/],
  [{ WriterPrincipals: '*', WriterExternalId: 'secret' }, /^WriterPrincipals$/],
  [{ WriterPrincipals: 'arn:aws:iam::222222222222:role/collector' }, /WriterPrincipals need WriterExternalId/],
  [{ WriterExternalId: 'secret' }, /WriterExternalId needs WriterPrincipals/],
  [{ EksOidcIssuer: 'https://oidc.example.com/id/A' }, /EksOidcIssuer needs EksNamespace/],
  [{ VpcCidr: 'nonsense' }, /^VpcCidr$/],
  [{ VpcCidr: '10.0.0.0/8' }, /^VpcCidr$/],
  [{ VpcCidr: '999.0.0.0/16' }, /^VpcCidr$/],
  [{ SettingWorkerThreads: 'many' }, /^SettingWorkerThreads$/],
  [{ BudgetMonthlyUsd: '-5' }, /^BudgetMonthlyUsd$/],
  [{ VisibilityTimeoutSeconds: '99999' }, /^VisibilityTimeoutSeconds$/],
  [{ RetentionDays: '0' }, /^RetentionDays$/],
  [{ InfrequentAccessDays: '7' }, /^InfrequentAccessDays$/],
  [{ CpuUnits: '512', MemoryMb: '8192' }, /With 512 CPU units MemoryMb must be one of 1024, 2048, 3072, 4096/],
  [{ AvailabilityZones: '2', NatGateways: '3' }, /NatGateways must be at most AvailabilityZones/],
  [{ ExistingVpcId: 'vpc-0a1b' }, /ExistingSubnetIds must name private subnets/],
  [
    { ExistingVpcId: 'vpc-0a1b', ExistingSubnetIds: 'subnet-0a,subnet-0b', InterfaceEndpoints: 'true' },
    /must be false with ExistingVpcId/,
  ],
  [{ ImageTag: 'a b' }, /^ImageTag$/],
  [{ LogRetentionDays: '31' }, /^LogRetentionDays$/],
  [{ TenantTableName: 'logs', LedgerTableName: 'logs' }, /TenantTableName and LedgerTableName must differ/],
];

test('parameters that could not work are refused before anything is made', () => {
  for (const [parameters, refusal] of DOUBTFUL) {
    const found = refusals(readTemplate('main'), { ...DEPLOYMENT, ...parameters }, PLACE);
    assert.ok(
      found.some((text) => refusal.test(text)),
      `${JSON.stringify(parameters)}: ${found.join('; ') || 'accepted'}`,
    );
  }
  assert.deepEqual(refusals(readTemplate('main'), DEPLOYMENT, PLACE), []);
});

test('settings that parameters cannot express are told, all of them', () => {
  const config = configOf('staging', {
    alerts: { emails: Array.from({ length: 10 }, (_, at) => `reader-${at}@example.com`) },
    network: { metricsSources: ['10.0.0.0/16', '10.1.0.0/16', '10.2.0.0/16', '10.3.0.0/16'] },
    budget: { alertPercents: [10, 20, 30, 40] },
    ingestion: { bufferIntervalSeconds: 61 },
  });
  const told = [
    /4 entries in network.metricsSources, at most 3$/,
    /4 entries up to 100 in budget.alertPercents, at most 3$/,
    /BufferIntervalSeconds: must be one of .* \(got 61\)$/,
  ];
  assert.throws(
    () => parametersOf(config),
    (error) => {
      assert.ok(error instanceof ConfigError);
      assert.equal(error.problems.length, told.length, error.message);
      for (const [at, problem] of error.problems.entries()) assert.match(problem, told[at] ?? /nothing more/);
      return true;
    },
  );
});

test('every parameter has a description that a form can show', () => {
  for (const { name, description } of PARAMETERS) assert.match(description, /^\S.{5,}[^.]$/, name);
});

test('cfn-lint has nothing to say about the templates', async (t) => {
  const lint = await run('cfn-lint', ['--version'], {}).catch(() => undefined);
  if (lint === undefined) return t.skip('left out: there is no cfn-lint here');
  const files = (names: readonly string[]) => names.map((name) => `${FOLDER}templates/${name}.yaml`);
  await run('cfn-lint', ['--', ...files(STACKS)], {});
  // Schemas of resources differ by partition, and the types of this one are not there.
  const elsewhere = STACKS.filter((name) => name !== 'spending');
  await run('cfn-lint', ['--regions', 'us-gov-west-1', '--', ...files(elsewhere)], {});
});

test('shellcheck has nothing to say about deploy.sh', async (t) => {
  const check = await run('shellcheck', ['--version'], {}).catch(() => undefined);
  if (check === undefined) return t.skip('left out: no shellcheck');
  await run('shellcheck', [`${FOLDER}deploy.sh`], {});
});
