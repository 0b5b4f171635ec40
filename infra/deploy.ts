import type { Config } from './config.ts';
import type { Console, Terraform } from './terraform.ts';

/** Something that is not done, whoever asks; the message says why and what to do. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
}

export interface DeployOptions {
  readonly config: Config;
  /** Take everything down in place of bringing it up. */
  readonly destroy: boolean;
  readonly planOnly: boolean;
  /** Nobody needs to be asked. */
  readonly confirmed: boolean;
  /** Where the provider is, in place of Terraform's registry. */
  readonly pluginFolder: string | undefined;
}

const PLAN = 'pipeline.tfplan';

/**
 * Init, plan, ask, apply: exactly what was shown, as the plan is a file. Nothing is prepared before it is clear that
 * the rest may follow.
 * @throws RefusedError for the destruction of production, and when nobody can be asked
 */
export async function deploy(
  { prepare, console }: { readonly prepare: () => Promise<Terraform>; readonly console: Console },
  options: DeployOptions,
): Promise<void> {
  const { config } = options;
  const what = `${config.environment} in ${config.region}`;
  if (options.destroy && config.production) {
    throw new RefusedError(
      `${what} is production and is not destroyed. If you mean it, set production: false in a file for --config, ` +
        'deploy that, which lifts the protection of keys, tables and bucket, and destroy it with the same file.',
    );
  }
  if (!options.planOnly && !options.confirmed && !console.interactive) {
    throw new RefusedError('nobody can be asked here: pass --yes, or --plan to look only');
  }
  const terraform = await prepare();
  await terraform.run([
    'init',
    '-input=false',
    // The configuration is written anew each time; the lock of its provider goes with it.
    '-reconfigure',
    ...(options.pluginFolder === undefined ? [] : [`-plugin-dir=${options.pluginFolder}`]),
  ]);
  await terraform.run(['plan', '-input=false', `-out=${PLAN}`, ...(options.destroy ? ['-destroy'] : [])]);
  if (options.planOnly) return;
  if (!options.confirmed) {
    const verb = options.destroy ? 'Destroy' : 'Change';
    const answer = await console.ask(`${verb} ${what} as planned? Type the name of the environment to go on: `);
    if (answer.trim() !== config.environment) throw new RefusedError('nothing was changed');
  }
  await terraform.run(['apply', '-input=false', PLAN]);
}
