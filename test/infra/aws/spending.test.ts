import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { configOf, type Overrides } from '../../../infra/config/config.ts';
import { deploy } from '../../../infra/deploy/deploy.ts';
import { stateOf } from '../../../infra/deploy/plan.ts';
import type { Terraform } from '../../../infra/deploy/terraform.ts';
import { namesOf } from '../../../infra/values/names.ts';
import { type DenyingProxy, denyingProxy } from '../support/denying.ts';
import { startMoto } from '../support/moto.ts';
import { type Synthesis, synthesis } from '../support/synth.ts';
import { findTerraform } from '../support/terraform.ts';

/** A deployment into an account that may use neither Budgets nor Cost Explorer: moto, with their calls refused. */
const SETTINGS: Overrides = { encryptWithOwnKeys: false };
/** The alerts topic, and what reports to it. */
const KEPT = ['aws_sns_topic', 'aws_budgets_budget', 'aws_ce_anomaly_monitor', 'aws_ce_anomaly_subscription'];

const found = await findTerraform();
const terraform = typeof found === 'string' ? undefined : found;
const moto = terraform ? await startMoto() : undefined;
const skip = terraform ? (moto ? false : 'left out: there is no moto_server here') : `left out: ${found}`;

let proxy: DenyingProxy | undefined;
let it: Synthesis | undefined;
before(async () => {
  if (!terraform || !moto) return;
  proxy = await denyingProxy(moto.url, /^(AWSBudgetServiceGateway|AWSInsightsIndexService)\./);
  it = await synthesis('staging', SETTINGS, { providerVersion: terraform.providerVersion, emulated: true });
  await it.leaveOut(it.types.filter((type) => !KEPT.includes(type)));
});
after(async () => {
  await proxy?.stop();
  await moto?.stop();
  await it?.remove();
});

test('an account that refuses budget and anomaly detection gets everything else, and the deployment succeeds', {
  skip,
  timeout: 600_000,
}, async () => {
  assert.ok(terraform && moto && proxy && it);
  const config = configOf('staging', SETTINGS);
  const said: string[] = [];
  const environment = { ...moto.environment, AWS_ENDPOINT_URL: proxy.url };
  const { folder } = it;
  const read = (args: readonly string[]) => terraform.run(folder, args, environment);
  const cli: Terraform = {
    folder,
    read,
    async run(args) {
      await read(args);
    },
  };
  const deployOnce = () =>
    deploy(
      {
        prepare: async () => ({
          terraform: cli,
          names: namesOf(config, { partition: 'aws', region: config.region, accountId: '123456789012' }),
          findCollisions: async () => [],
        }),
        console: { interactive: false, ask: async () => '', say: (text) => said.push(text) },
      },
      {
        config,
        destroy: false,
        planOnly: false,
        confirmed: true,
        removalAllowed: false,
        pluginFolder: terraform.pluginFolder,
      },
    );
  await deployOnce();
  assert.match(said.join(), /^Everything is deployed but the watch over spending, which AWS refused/);
  assert.match(said.join(), /aws_budgets_budget[\s\S]*aws_ce_anomaly_monitor/);
  assert.ok(proxy.denied.includes('AWSBudgetServiceGateway.CreateBudget'), proxy.denied.join());
  assert.ok(proxy.denied.includes('AWSInsightsIndexService.CreateAnomalyMonitor'), proxy.denied.join());
  const topics = stateOf(await cli.read(['show', '-json'])).filter(({ type }) => type === 'aws_sns_topic');
  assert.deepEqual(topics.map(({ values }) => values.name).sort(), [
    'log-distributor-staging-alerts',
    'log-distributor-staging-objects',
  ]);
  // And the next one is no different.
  await deployOnce();
  assert.equal(said.length, 2);
});
