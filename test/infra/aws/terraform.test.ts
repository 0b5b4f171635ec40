import assert from 'node:assert/strict';
import { test } from 'node:test';
import { customerModule } from '../support/customer-module.ts';
import { EVERYTHING, everythingIn } from '../support/everything.ts';
import { type Synthesis, synthesis } from '../support/synth.ts';
import { findTerraform } from '../support/terraform.ts';

const terraform = await findTerraform();

/** Shapes that differ in which resources there are at all. */
const SHAPES: readonly [name: string, synthesize: (providerVersion: string) => Promise<Synthesis>][] = [
  ['economy', (providerVersion) => synthesis('economy', {}, { providerVersion })],
  ['production, with everything', (providerVersion) => synthesis('production', EVERYTHING, { providerVersion })],
  [
    'production in GovCloud',
    (providerVersion) => synthesis('production', everythingIn('us-gov-west-1', 'aws-us-gov'), { providerVersion }),
  ],
  [
    'production in China',
    (providerVersion) => synthesis('production', everythingIn('cn-north-1', 'aws-cn'), { providerVersion }),
  ],
  [
    'staging without Firehose, with keys of AWS, in a VPC that exists',
    (providerVersion) =>
      synthesis(
        'staging',
        {
          encryptWithOwnKeys: false,
          ingestion: { firehose: false },
          network: { existing: { vpcId: 'vpc-1', privateSubnetIds: ['subnet-1', 'subnet-2'] } },
          storage: { intelligentTiering: true },
        },
        { providerVersion, imageTag: undefined },
      ),
  ],
];

for (const [name, synthesize] of SHAPES) {
  test(`the AWS provider finds the configuration of ${name} valid`, async (t) => {
    if (typeof terraform === 'string') return t.skip(`left out: ${terraform}`);
    const it = await synthesize(terraform.providerVersion);
    try {
      await terraform.init(it.folder);
      const { valid, diagnostics } = JSON.parse(await terraform.run(it.folder, ['validate', '-json']));
      assert.deepEqual(diagnostics, []);
      assert.equal(valid, true);
      t.diagnostic(`${it.count} resources, provider ${terraform.version}`);
    } finally {
      await it.remove();
    }
  });
}

for (const name of ['terraform', 'terraform-bucket'] as const) {
  test(`the customer's module ${name} is valid, and formatted`, async (t) => {
    if (typeof terraform === 'string') return t.skip(`left out: ${terraform}`);
    await using module = await customerModule(name, terraform, {});
    await terraform.run(module.folder, ['fmt', '-check', '-diff']);
    const { diagnostics } = JSON.parse(await terraform.run(module.folder, ['validate', '-json']));
    assert.deepEqual(diagnostics, []);
  });
}
