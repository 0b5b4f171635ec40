import type { Config } from '../config/config.ts';
import type { Names } from '../values/names.ts';
import { type Collision, describeCollisions } from './collisions.ts';
import { namesToKeep } from './kept-names.ts';
import { lossesOf, protectedTables } from './losses.ts';
import { type Change, changesOf, stateOf } from './plan.ts';
import { RefusedError } from './refused.ts';
import type { Console, Terraform } from './terraform.ts';

export interface DeployOptions {
  readonly config: Config;
  /** Take everything down in place of bringing it up. */
  readonly destroy: boolean;
  readonly planOnly: boolean;
  /** Nobody needs to be asked. */
  readonly confirmed: boolean;
  /** What runs, keeps data or is trusted may be taken away. */
  readonly removalAllowed: boolean;
  /** Where the provider is, in place of Terraform's registry. */
  readonly pluginFolder: string | undefined;
}

/** What is known once AWS has been asked, and the configuration is written. */
export interface Prepared {
  readonly terraform: Terraform;
  readonly names: Names;
  /** Looks for resources that the changes would create. */
  findCollisions(changes: readonly Change[]): Promise<readonly Collision[]>;
}

const PLAN = 'pipeline.tfplan';

/**
 * Init, plan, ask, apply: exactly what was shown, as the plan is a file. Nothing is prepared before it is clear that
 * the rest may follow, and nothing is applied that would collide, or take away what runs.
 * @throws RefusedError when it must not be done, or nobody can be asked
 */
export async function deploy(
  { prepare, console }: { readonly prepare: () => Promise<Prepared>; readonly console: Console },
  options: DeployOptions,
): Promise<void> {
  refuseAtOnce(console, options);
  const prepared = await prepare();
  const { terraform } = prepared;
  await terraform.run([
    'init',
    '-input=false',
    // The configuration is written anew each time; the lock of its provider goes with it.
    '-reconfigure',
    ...(options.pluginFolder === undefined ? [] : [`-plugin-dir=${options.pluginFolder}`]),
  ]);
  if (!options.destroy && !options.removalAllowed) await refuseOtherNames(prepared);
  await terraform.run(['plan', '-input=false', `-out=${PLAN}`, ...(options.destroy ? ['-destroy'] : [])]);
  const changes = changesOf(await terraform.read(['show', '-json', PLAN]));
  const objections = options.destroy
    ? objectionsToDestroy(changes, options)
    : await objectionsTo(changes, prepared, options);
  if (options.planOnly) {
    for (const objection of objections) console.say(`\nThis would be refused. ${objection}`);
    return;
  }
  if (objections.length > 0) throw new RefusedError(objections.join('\n\n'));
  const losses = lossesOf(changes);
  if (losses.length > 0) console.say(['This takes away:', ...losses].join('\n'));
  if (!options.confirmed) await ask(console, options);
  await apply(terraform, console, options);
}

const whatOf = ({ config }: DeployOptions) => `${config.environment} in ${config.region}`;

function refuseAtOnce(console: Console, options: DeployOptions): void {
  if (options.destroy && options.config.production) {
    throw new RefusedError(
      `${whatOf(options)} is production and is not destroyed. If you mean it, set production: false in a file for ` +
        '--config, deploy that, which lifts the protection of keys, tables and bucket, and destroy it with the same file.',
    );
  }
  if (!options.planOnly && !options.confirmed && !console.interactive) {
    throw new RefusedError('nobody can be asked here: pass --yes, or --plan to look only');
  }
}

/** Before the plan: for production Terraform refuses the plan itself, and does not say how to keep the names. */
async function refuseOtherNames({ terraform, names }: Prepared): Promise<void> {
  const kept = namesToKeep(stateOf(await terraform.read(['show', '-json'])), names);
  if (kept === undefined) return;
  throw new RefusedError(
    'This deployment has tables or roles under other names, and would delete them. To keep them, add this to your ' +
      `file for --config:\n\n${kept}\nIf they may go, with all their items and the trust of customers, pass --allow-removal.`,
  );
}

function objectionsToDestroy(changes: readonly Change[], options: DeployOptions): readonly string[] {
  const tables = protectedTables(changes);
  if (tables.length === 0) return [];
  return [
    `${whatOf(options)} was deployed as production: AWS keeps ${tables.join(' and ')} from being deleted. If you mean ` +
      'it, deploy it with production: false first.',
  ];
}

async function objectionsTo(
  changes: readonly Change[],
  { terraform, findCollisions }: Prepared,
  { removalAllowed }: DeployOptions,
): Promise<readonly string[]> {
  const losses = removalAllowed ? [] : lossesOf(changes);
  const collisions = await findCollisions(changes);
  return [
    ...(losses.length === 0
      ? []
      : [['This deployment would take away:', ...losses, 'If you mean it, pass --allow-removal.'].join('\n')]),
    ...(collisions.length === 0 ? [] : [describeCollisions(collisions, terraform.folder)]),
  ];
}

async function ask(console: Console, options: DeployOptions): Promise<void> {
  const verb = options.destroy ? 'Destroy' : 'Change';
  const answer = await console.ask(
    `${verb} ${whatOf(options)} as planned? Type the name of the environment to go on: `,
  );
  if (answer.trim() !== options.config.environment) throw new RefusedError('nothing was changed');
}

/** What watches spending, and delivers nothing. Accounts of an organization often may not have it. */
const SPENDING = /^aws_(budgets|ce)_/;
const REST = 'rest.tfplan';

/** A deployment of which only the watch over spending is missing has succeeded; the next one tries that again. */
async function apply(terraform: Terraform, console: Console, { destroy }: DeployOptions): Promise<void> {
  try {
    await terraform.run(['apply', '-input=false', PLAN]);
  } catch (error) {
    if (destroy) throw error;
    // Without a look at what is there: that may be refused too.
    await terraform.run(['plan', '-input=false', '-refresh=false', `-out=${REST}`]);
    const missing = changesOf(await terraform.read(['show', '-json', REST]));
    if (missing.length === 0 || !missing.every(({ type }) => SPENDING.test(type))) throw error;
    console.say(
      [
        'Everything is deployed but the watch over spending, which AWS refused (its message stands above):',
        ...missing.map(({ address }) => `  ${address}`),
        'To leave it out, set budget.monthlyUsd and budget.anomalyUsd to null.',
      ].join('\n'),
    );
  }
}
