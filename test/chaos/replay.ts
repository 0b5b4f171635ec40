import { endpointEnvironment, serviceEnvironment } from '../../local/provision/environment.ts';
import { cli } from '../support/cli.ts';
import type { createAim } from './aim.ts';
import { queuedMessages, untilQuiet } from './calm.ts';
import { REPLAYED_TENANT } from './features.ts';
import type { Journal } from './journal.ts';
import { HOME } from './tenants.ts';
import type { Scene } from './trial.ts';

export const REPLAY_ID = 'chaos';
/** Objects are at most a day old. */
const RANGE = '30h';

/**
 * Replays all objects of a tenant with the operator's command, while one more blow falls and a few calls are struck. All else is delivered by
 * then, so that whatever comes to the tenant's logs afterwards is the replay's.
 * @returns where it begins in the journal; undefined: the trial has none
 */
export async function replay(
  scene: Scene,
  { aim, journal }: { readonly aim: ReturnType<typeof createAim>; readonly journal: Journal },
): Promise<number | undefined> {
  const { plan, cloud, deps, pipeline, fleet, say } = scene;
  const planned = plan.features.replay;
  if (!planned || (await queuedMessages(deps, pipeline)) > 0) return undefined;
  const fromOrder = journal.moment();
  say(`replay: ${JSON.stringify(planned)}`);
  aim.add(planned.strike);
  cloud.faults.add(planned.rule);
  const args = [
    'replay',
    '--bucket',
    pipeline.bucket,
    '--tenant',
    REPLAYED_TENANT,
    '--from',
    RANGE,
    '--id',
    REPLAY_ID,
    '--yes',
  ];
  const environment = { ...endpointEnvironment(cloud.url, HOME), ...serviceEnvironment(pipeline) };
  // The SDK asks the environment for credentials, not the command.
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' });
  const { code, err } = await cli(args, { environment });
  if (code !== 0) throw new Error(`the replay could not be announced: ${err}`);
  await untilQuiet(scene);
  await fleet.whole();
  cloud.faults.clear();
  await untilQuiet(scene);
  return fromOrder;
}
