import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LocalTerraform } from './terraform.ts';

/** Both modules of the customer, which are folders of `infra/customer/`. */
export type ModuleName = 'terraform' | 'terraform-bucket';

/** A module in a folder of its own, so that Terraform leaves nothing in the repository. */
export interface CustomerModule extends AsyncDisposable {
  readonly folder: string;
  /** What it would create, without creating anything. */
  plan(variables: Variables): Promise<Plan>;
  apply(variables: Variables): Promise<Readonly<Record<string, unknown>>>;
  destroy(variables: Variables): Promise<void>;
}

export type Variables = Readonly<Record<string, string>>;

export interface Plan {
  readonly resources: readonly PlannedResource[];
  /** Of the variables that have one. */
  readonly defaults: Readonly<Record<string, unknown>>;
  readonly variables: readonly string[];
  readonly outputs: readonly string[];
}

export interface PlannedResource {
  readonly type: string;
  readonly values: Readonly<Record<string, unknown>>;
}

export async function customerModule(
  name: ModuleName,
  terraform: LocalTerraform,
  environment: Readonly<Record<string, string>>,
): Promise<CustomerModule> {
  const folder = await mkdtemp(join(tmpdir(), 'log-distributor-customer-'));
  await cp(fileURLToPath(new URL(`../../../infra/customer/${name}`, import.meta.url)), folder, { recursive: true });
  await terraform.init(folder);
  const run = (args: readonly string[]) => terraform.run(folder, args, environment);
  const quiet = ['-input=false', '-no-color'];
  return {
    folder,
    async plan(variables) {
      await run(['plan', ...quiet, '-out=plan', ...given(variables)]);
      const { planned_values: planned, configuration } = JSON.parse(await run(['show', '-json', 'plan']));
      const { variables: declared, outputs }: Configuration = configuration.root_module;
      return {
        resources: planned.root_module.resources,
        defaults: Object.fromEntries(
          Object.entries(declared).flatMap(([variable, it]) => ('default' in it ? [[variable, it.default]] : [])),
        ),
        variables: Object.keys(declared),
        outputs: Object.keys(outputs),
      };
    },
    async apply(variables) {
      await run(['apply', '-auto-approve', ...quiet, ...given(variables)]);
      const outputs: Record<string, { value: unknown }> = JSON.parse(await run(['output', '-json']));
      return Object.fromEntries(Object.entries(outputs).map(([output, { value }]) => [output, value]));
    },
    async destroy(variables) {
      await run(['destroy', '-auto-approve', ...quiet, ...given(variables)]);
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

interface Configuration {
  readonly variables: Readonly<Record<string, { readonly default?: unknown }>>;
  readonly outputs: Readonly<Record<string, unknown>>;
}

function given(variables: Variables): readonly string[] {
  return Object.entries(variables).map(([name, value]) => `-var=${name}=${value}`);
}
