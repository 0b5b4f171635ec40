import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startMoto } from '../support/moto.ts';
import { synthesis } from '../support/synth.ts';
import { findTerraform } from '../support/terraform.ts';

const terraform = await findTerraform();
const LEFT_OUT = [
  'aws_budgets_budget',
  'aws_ce_anomaly_monitor',
  'aws_ce_anomaly_subscription',
  'aws_sqs_queue_redrive_allow_policy',
  'aws_appautoscaling_target',
  'aws_appautoscaling_policy',
];
test('probe', async (t) => {
  if (typeof terraform === 'string') return t.skip(`left out: ${terraform}`);
  const moto = await startMoto();
  assert.ok(moto);
  const it = await synthesis('staging', {}, { providerVersion: terraform.providerVersion, emulated: true });
  await it.leaveOut(LEFT_OUT);
  await terraform.init(it.folder);
  try {
    const t0 = Date.now();
    console.log(
      await terraform.run(
        it.folder,
        ['apply', '-auto-approve', '-input=false', '-no-color', '-parallelism=20'],
        moto.environment,
      ),
    );
    console.log('apply', Date.now() - t0);
  } finally {
    await moto.stop();
    console.log(it.folder);
  }
});
