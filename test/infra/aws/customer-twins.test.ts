import assert from 'node:assert/strict';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { accepts, readTemplate, TEMPLATE_ACCOUNT } from '../../support/template.ts';
import { asEnvironment, credentialsOf } from '../support/accounts.ts';
import { type CustomerModule, customerModule, type Plan } from '../support/customer-module.ts';
import { startMoto } from '../support/moto.ts';
import { findTerraform } from '../support/terraform.ts';
import {
  ACCOUNT_TWIN,
  BUCKET_TWIN,
  comparable,
  madeByModule,
  madeByTemplate,
  type Twin,
  variableOf,
  variablesOf,
} from '../support/twins.ts';

/** Template and module of the customer make the same of the same values: compared as values, without creating anything. */
const REQUIRED = {
  TenantId: 'acme',
  ExternalId: 'between-acme-and-the-platform',
  DistributorRoleArn: 'arn:aws:iam::111111111111:role/log-distributor-production-task',
};
const KEY = `arn:aws:kms:us-east-1:${TEMPLATE_ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab`;
const BOUNDARY = `arn:aws:iam::${TEMPLATE_ACCOUNT}:policy/boundary`;
const ROLE = { RolePath: '/platform/logs/', PermissionsBoundaryArn: BOUNDARY };

const CASES: readonly { readonly twin: Twin; readonly given: readonly Readonly<Record<string, string>>[] }[] = [
  {
    twin: ACCOUNT_TWIN,
    given: [
      REQUIRED,
      { ...REQUIRED, LogGroup1: 'checkout', LogGroup2: 'shop/cart' },
      {
        ...REQUIRED,
        ...ROLE,
        LogGroupPrefix: '/logs/of.acme',
        LogGroup3: 'checkout',
        RetentionDays: '14',
        LogGroupClass: 'INFREQUENT_ACCESS',
        KmsKeyArn: KEY,
        TagLogGroups: 'true',
        ExactlyOnce: 'true',
      },
    ],
  },
  {
    twin: BUCKET_TWIN,
    given: [
      { ...REQUIRED, BucketName: 'acme-lake' },
      { ...REQUIRED, BucketName: 'acme-lake', CreateBucket: 'true' },
      {
        ...REQUIRED,
        ...ROLE,
        BucketName: 'acme.lake',
        BucketPrefix: 'logs/in/',
        KmsKeyArn: KEY,
        BucketOwnerFullControl: 'true',
        CreateBucket: 'true',
        RetentionDays: '0',
      },
    ],
  },
];

/** Values at the edges of what each parameter takes, and beyond. Whether one is right is for the template to say. */
const PROBES: Readonly<Record<string, readonly string[]>> = {
  TenantId: ['a', 'a/b', '', '-a', `a${'b'.repeat(45)}`, `a${'b'.repeat(46)}`, `a${'b'.repeat(48)}`, 'a b'],
  ExternalId: [
    'x'.repeat(16),
    'x'.repeat(15),
    'x'.repeat(1224),
    'x'.repeat(1225),
    'sixteen characters',
    '',
    'a_+=,.@:/-0123456789',
  ],
  DistributorRoleArn: [
    'arn:aws-cn:iam::111111111111:role/a/b',
    'arn:aws:iam::111111111111:user/x',
    'arn:aws:iam::1:role/x',
    '',
    '*',
  ],
  LogGroupPrefix: ['/a', '', 'a', '/', '/logs/', '/a b', '/a:b'],
  RetentionDays: ['30', '2', '0', '-1', '365', '3653', '99999', '100000', '12.5'],
  LogGroupClass: ['STANDARD', 'INFREQUENT_ACCESS', 'DELIVERY', ''],
  KmsKeyArn: ['', KEY, `arn:aws:kms:us-east-1:${TEMPLATE_ACCOUNT}:alias/x`, 'x'],
  TagLogGroups: ['true', 'false', 'maybe'],
  ExactlyOnce: ['true', 'false', 'maybe'],
  RolePath: ['/', '/a/', '/a/b/', '', 'a', '/a', 'a/', '//', `/${'a'.repeat(510)}/`, `/${'a'.repeat(511)}/`, '/a b/'],
  PermissionsBoundaryArn: [
    '',
    BOUNDARY,
    'arn:aws:iam::aws:policy/PowerUserAccess',
    'arn:aws:iam::1:policy/x',
    'boundary',
  ],
  BucketName: [
    'abc',
    'ab',
    'a.b',
    'a..b',
    'A-b-c',
    '-abc',
    'abc-',
    'abc.',
    'a-b',
    'a'.repeat(63),
    'a'.repeat(64),
    'a-.b',
    '',
  ],
  BucketPrefix: ['', 'a', 'a/', '/a', 'a*', `a${'b'.repeat(255)}`, `a${'b'.repeat(256)}`, 'tenant=a/b.c_d-e/'],
  BucketOwnerFullControl: ['true', 'false', 'maybe'],
  CreateBucket: ['true', 'false', 'maybe'],
};
/** Tried one by one in the list of the module, which has no empty names. */
const GROUP_PROBES = ['a', 'a/b', 'a b', 'a:b', 'x'.repeat(256), 'x'.repeat(257)];

const found = await findTerraform();
const moto = typeof found === 'string' ? undefined : await startMoto();
const skip = (typeof found === 'string' && `left out: ${found}`) || (!moto && 'left out: there is no moto_server here');
const modules = new Map<Twin, CustomerModule>();

before(async () => {
  if (!moto || typeof found === 'string') return;
  const environment = { ...moto.environment, ...asEnvironment(await credentialsOf(moto.url, TEMPLATE_ACCOUNT)) };
  for (const { twin } of CASES) modules.set(twin, await customerModule(twin.module, found, environment));
});
after(async () => {
  for (const module of modules.values()) await module[Symbol.asyncDispose]();
  await moto?.stop();
});

for (const { twin, given } of CASES) {
  const plans = new Map<unknown, Promise<Plan>>();
  /** A plan takes seconds, and two tests look at the first. */
  const plan = (parameters: Readonly<Record<string, string>> | undefined) => {
    const module = modules.get(twin);
    assert.ok(module && parameters);
    const planned = plans.get(parameters) ?? module.plan(variablesOf(twin, parameters));
    plans.set(parameters, planned);
    return planned;
  };

  for (const parameters of given) {
    const names = Object.keys(parameters).filter((name) => !(name in REQUIRED));
    test(`${twin.module} makes what ${twin.template} makes with ${names.join(', ') || 'the required values'}`, {
      skip,
    }, async () => {
      const template = (await readTemplate(twin.template)).evaluate(parameters);
      const { resources } = await plan(parameters);
      assert.deepEqual(await madeByModule(resources), madeByTemplate(template.resources));
    });
  }

  test(`${twin.module} has the parameters, defaults and outputs of ${twin.template}`, { skip }, async () => {
    const template = await readTemplate(twin.template);
    const { defaults, variables, outputs } = await plan(given[0]);
    const parameters = Object.keys(template.parameters);
    assert.deepEqual([...new Set(parameters.map((name) => variableOf(twin, name)))].sort(), [...variables].sort());
    for (const name of parameters.filter((each) => !(each in twin.otherwise))) {
      // CloudFormation has texts for what Terraform has as numbers and truth values.
      const own = defaults[variableOf(twin, name)];
      assert.equal(own === undefined ? undefined : String(own), template.parameters[name]?.Default?.toString(), name);
    }
    const made = Object.keys(template.evaluate(given[0] ?? {}).outputs);
    assert.deepEqual([...outputs].sort(), made.map((name) => variableOf(twin, name)).sort());
  });

  test(`${twin.module} refuses the values that ${twin.template} refuses, and no others`, { skip }, async () => {
    assert.ok(typeof found !== 'string');
    const { parameters } = await readTemplate(twin.template);
    // Variables alone need no provider, so Terraform judges them at once.
    const folder = await mkdtemp(join(tmpdir(), 'log-distributor-variables-'));
    try {
      const module = modules.get(twin) as CustomerModule;
      await copyFile(join(module.folder, 'variables.tf'), join(folder, 'variables.tf'));
      const refusedBy = async (variables: Readonly<Record<string, string>>) => {
        const args = Object.entries(variables).map(([name, value]) => `-var=${name}=${value}`);
        const answer = await found.run(folder, ['plan', '-input=false', '-no-color', ...args]).catch(String);
        // A validation names the block of its variable, a value of the wrong type the variable.
        return new Set(
          [...answer.matchAll(/variable "(\w+)" \{|for var\.(\w+)/g)].map(([, block, value]) => block ?? value),
        );
      };
      const names = Object.keys(parameters);
      const rounds = Math.max(...names.map((name) => PROBES[name]?.length ?? 0), GROUP_PROBES.length);
      let refusals = 0;
      for (let round = 0; round < rounds; round += 1) {
        const probes: [name: string, value: string][] = [];
        for (const name of names) {
          const value = (name.startsWith('LogGroup') && /\d$/.test(name) ? GROUP_PROBES : PROBES[name])?.[round];
          if (value !== undefined) probes.push([name, value]);
        }
        const refused = await refusedBy({
          ...variablesOf(twin, REQUIRED),
          ...(twin === BUCKET_TWIN ? { bucket_name: 'abc' } : {}),
          ...variablesOf(twin, Object.fromEntries(probes)),
        });
        for (const [name, value] of probes) {
          const parameter = parameters[name];
          assert.ok(parameter);
          const wanted = !accepts(parameter, value);
          assert.equal(refused.has(variableOf(twin, name)), wanted, `${name}: ${JSON.stringify(value)}`);
          if (wanted) refusals += 1;
        }
      }
      assert.ok(refusals >= names.length, `only ${refusals} refusals`);
      for (const name of names) assert.ok(name in PROBES || name in twin.otherwise, `${name} is not probed`);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
}

test("the module's stack makes the bucket of the template, and both keep it when they are removed", async () => {
  const given = { BucketName: 'acme-lake', KmsKeyArn: KEY, RetentionDays: '30' };
  const own = (await readTemplate('terraform-bucket/bucket.yaml')).evaluate(given).resources;
  const { Role: _, ...customer } = (await readTemplate('customer-bucket.yaml')).evaluate({
    ...REQUIRED,
    ...given,
    CreateBucket: 'true',
  }).resources;
  assert.deepEqual(comparable(own), comparable(customer));
  assert.deepEqual(Object.keys(own), ['Bucket', 'BucketPolicy']);
  for (const { DeletionPolicy, UpdateReplacePolicy } of Object.values(own)) {
    assert.deepEqual([DeletionPolicy, UpdateReplacePolicy], ['Retain', 'Retain']);
  }
});
