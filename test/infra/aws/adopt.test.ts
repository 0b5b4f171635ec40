import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { startMoto } from '../support/moto.ts';
import { synthesis } from '../support/synth.ts';
import { findTerraform } from '../support/terraform.ts';

/** Terraform takes over resources that it did not make, by the names that the settings give them (docs/migration.md). */

/** Kinds that hold data or trust, and that moto can read again. */
const KINDS = [
  'aws_dynamodb_table',
  'aws_sns_topic',
  'aws_sqs_queue',
  'aws_ecr_repository',
  'aws_s3_bucket',
  'aws_iam_role',
];
const WRITERS = {
  writers: { principals: ['arn:aws:iam::123456789012:role/collector'], externalId: 'between-cluster-and-platform' },
};
const TIMEOUT_MS = 600_000;

interface Plan {
  readonly resource_changes: readonly {
    readonly address: string;
    readonly change: { readonly actions: readonly string[]; readonly importing?: { readonly id: string } };
  }[];
}

const found = await findTerraform();
const terraform = typeof found === 'string' ? undefined : found;
const moto = terraform ? await startMoto() : undefined;
const skip = terraform ? (moto ? false : 'left out: there is no moto_server here') : `left out: ${found}`;
after(() => moto?.stop());

test('resources that exist are imported by their names, and none is replaced or deleted', {
  skip,
  timeout: TIMEOUT_MS,
}, async (t) => {
  assert.ok(terraform && moto);
  const { environment } = moto;
  const it = await synthesis('staging', WRITERS, { providerVersion: terraform.providerVersion, emulated: true });
  t.after(() => it.remove());
  const run = (...args: string[]) => terraform.run(it.folder, args, environment);
  await terraform.init(it.folder);
  const { resource } = JSON.parse(await readFile(join(it.folder, 'cdk.tf.json'), 'utf8'));
  const addresses = KINDS.flatMap((kind) => Object.keys(resource[kind]).map((name) => `${kind}.${name}`));
  const page = await readFile(new URL('../../../docs/migration.md', import.meta.url), 'utf8');
  const [, example = ''] = /"to": "([^"]+)"/.exec(page) ?? [];
  assert.ok(addresses.includes(example), example);
  const targets = addresses.map((address) => `-target=${address}`);
  await run('apply', '-auto-approve', '-input=false', '-no-color', '-parallelism=20', ...targets);
  const { values } = JSON.parse(await run('show', '-json'));
  const ids = new Map<string, string>(
    values.root_module.resources.map((one: { address: string; values: { id: string } }) => [
      one.address,
      one.values.id,
    ]),
  );
  await run('state', 'rm', ...addresses);

  const blocks = addresses.map((to) => ({ to, id: ids.get(to) }));
  await writeFile(join(it.folder, 'import.tf.json'), JSON.stringify({ import: blocks }));
  await run('plan', '-input=false', '-no-color', '-out=adopt.plan', ...targets);
  const plan: Plan = JSON.parse(await run('show', '-json', 'adopt.plan'));
  const planned = new Map(plan.resource_changes.map(({ address, change }) => [address, change]));
  for (const address of addresses) {
    const change = planned.get(address);
    assert.equal(change?.importing?.id, ids.get(address), address);
    assert.ok(['no-op', 'update'].includes(change?.actions.join() ?? ''), `${address}: ${change?.actions}`);
  }
  await run('apply', '-input=false', '-no-color', 'adopt.plan');
  const state = (await run('state', 'list')).split('\n');
  for (const address of addresses) assert.ok(state.includes(address), address);
});
