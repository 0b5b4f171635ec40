import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Overrides } from '../../../infra/config/config.ts';
import { createClients } from '../../../infra/deploy/account.ts';
import { type Collision, collisionsOf, PROBED_TYPES } from '../../../infra/deploy/collisions.ts';
import { lossesOf } from '../../../infra/deploy/losses.ts';
import { changesOf } from '../../../infra/deploy/plan.ts';
import { startMoto } from '../support/moto.ts';
import { type Synthesis, synthesis } from '../support/synth.ts';
import { findTerraform } from '../support/terraform.ts';

/**
 * Several environments and regions in one account. Left out is what moto cannot hold (apply.test.ts has the reasons),
 * what the provider waits a minute for, and the network, which has no names that could collide.
 */
const LEFT_OUT = [
  'aws_budgets_budget',
  'aws_ce_anomaly_monitor',
  'aws_s3_bucket_policy',
  'aws_s3_bucket_lifecycle_configuration',
  'aws_sqs_queue_redrive_allow_policy',
  'aws_vpc',
  'aws_internet_gateway',
];
const ACCOUNT = '123456789012';
const WRITERS: Overrides = {
  writers: { principals: [`arn:aws:iam::${ACCOUNT}:role/collector`], externalId: 'between-cluster-and-platform' },
};
const DEPLOYMENTS: readonly [environment: string, region: string][] = [
  ['staging', 'us-east-1'],
  ['production', 'us-east-1'],
  ['staging', 'eu-west-1'],
];

const found = await findTerraform();
const terraform = typeof found === 'string' ? undefined : found;
const moto = terraform ? await startMoto() : undefined;
const skip = terraform ? (moto ? false : 'left out: there is no moto_server here') : `left out: ${found}`;
/** Three times the waits of the provider, which are the same on an emulator: 25 s for each queue. */
const SLOW = { skip, timeout: 600_000 };

const all: Synthesis[] = [];
/** Found before anything was applied, by deployment. */
let collisions: readonly (readonly Collision[])[] = [];

async function synthesized(environment: string, region: string): Promise<Synthesis> {
  assert.ok(terraform);
  // Only production has keys of ours: they are what it must keep, and take a quarter of a minute.
  const overrides = { ...WRITERS, region, encryptWithOwnKeys: environment === 'production' };
  const it = await synthesis(environment, overrides, { providerVersion: terraform.providerVersion, emulated: true });
  all.push(it);
  await it.leaveOut(LEFT_OUT);
  await terraform.init(it.folder);
  return it;
}

/** What the plan of a configuration without a state would collide with. */
async function collisionsIn(it: Synthesis, region: string): Promise<readonly Collision[]> {
  assert.ok(terraform && moto);
  await terraform.run(it.folder, ['plan', '-input=false', '-out=it.tfplan'], moto.environment);
  const plan = changesOf(await terraform.run(it.folder, ['show', '-json', 'it.tfplan'], moto.environment));
  return collisionsOf(plan, createClients(region, moto.url), { partition: 'aws', region, accountId: ACCOUNT });
}

before(async () => {
  if (!terraform || !moto) return;
  Object.assign(process.env, moto.environment);
  for (const [environment, region] of DEPLOYMENTS) await synthesized(environment, region);
  collisions = await Promise.all(DEPLOYMENTS.map(([, region], at) => collisionsIn(synthesisAt(at), region)));
  const apply = ['apply', '-input=false', '-no-color', '-parallelism=20', 'it.tfplan'];
  await Promise.all(DEPLOYMENTS.map((_, at) => terraform.run(synthesisAt(at).folder, apply, moto.environment)));
}, SLOW);
after(async () => {
  await moto?.stop();
  for (const it of all) await it.remove();
});

function synthesisAt(at: number): Synthesis {
  const it = all[at];
  assert.ok(it);
  return it;
}

test('staging and production, and staging in a second region, are applied to one account', SLOW, (t) => {
  assert.deepEqual(collisions, [[], [], []]);
  t.diagnostic(`resources: ${all.map(({ count }) => count).join(', ')}`);
});

test(
  'what exists already is found before anything is applied: everything that is looked up by its name',
  SLOW,
  async (t) => {
    const again = await synthesized('staging', 'us-east-1');
    const collided = await collisionsIn(again, 'us-east-1');
    const wanted = PROBED_TYPES.flatMap((type) => again.resources(type));
    assert.ok(wanted.length >= 14, String(wanted.length));
    assert.equal(collided.length, wanted.length);
    assert.deepEqual(
      [...new Set(collided.map(({ address }) => address.split('.')[0] ?? ''))].sort(),
      [...PROBED_TYPES].sort(),
    );
    for (const { what, where } of collided) assert.match(where, /^arn:aws:|^http|^account/, what);
    t.diagnostic(collided.map(({ what, where }) => `${what}: ${where}`).join('\n'));
  },
);

test('one is destroyed, and nothing of the others is touched', SLOW, async () => {
  assert.ok(terraform && moto);
  const { folder } = synthesisAt(0);
  await terraform.run(folder, ['plan', '-destroy', '-input=false', '-out=end.tfplan'], moto.environment);
  const end = changesOf(await terraform.run(folder, ['show', '-json', 'end.tfplan'], moto.environment));
  const losses = lossesOf(end).join('\n');
  for (const what of [
    'delivery-ledger: the table',
    `logs-${ACCOUNT}-us-east-1: the bucket`,
    'us-east-1-task: the role',
  ]) {
    assert.ok(losses.includes(what), `${what} in\n${losses}`);
  }
  await terraform.run(
    folder,
    ['apply', '-input=false', '-no-color', '-parallelism=20', 'end.tfplan'],
    moto.environment,
  );
  const left = await Promise.all(
    [1, 2].map(async (at) => {
      const other = synthesisAt(at).folder;
      await terraform.run(other, ['plan', '-input=false', '-out=left.tfplan'], moto.environment);
      return changesOf(await terraform.run(other, ['show', '-json', 'left.tfplan'], moto.environment));
    }),
  );
  // Whatever was missing would be created. moto gives back a queue's redrive policy with other blanks.
  assert.deepEqual(
    left.flat().filter(({ type, creates, deletes }) => creates || deletes || type !== 'aws_sqs_queue'),
    [],
  );
});

test('production cannot be planned away', SLOW, async () => {
  assert.ok(terraform && moto);
  const destroy = ['plan', '-destroy', '-input=false', '-no-color'];
  await assert.rejects(terraform.run(synthesisAt(1).folder, destroy, moto.environment), /lifecycle.prevent_destroy/);
});
