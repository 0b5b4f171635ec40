import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type SynthOptions, synthesize } from '../../../infra/app.ts';
import { configOf } from '../../../infra/config/config.ts';
import type { Place } from '../../../infra/values/names.ts';
import { partitionOfRegion } from '../../../infra/values/partition.ts';

/** A resource as it stands in the configuration: attributes by name, some of them references like `${aws_x.y.arn}`. */
export type Resource = Readonly<Record<string, unknown>>;

/** A synthesized configuration in a folder of its own. */
export interface Synthesis {
  readonly folder: string;
  /** What its names and ARNs are made of: references where only AWS knows. */
  readonly place: Place;
  /** All resources of a type, by the name of the resource in the configuration. */
  resources(type: string): readonly Resource[];
  /** All resources, by address: `aws_x.y`. */
  readonly all: readonly (readonly [address: string, Resource])[];
  /** Data sources of a type. */
  data(type: string): readonly Resource[];
  readonly outputs: Readonly<Record<string, string>>;
  /** How the account stands in ARNs: a reference. */
  readonly accountId: string;
  /** The one resource of a type. */
  only(type: string): Resource;
  readonly types: readonly string[];
  /** As Terraform's commands take them: `aws_sqs_queue.delivery_queue_0A1B2C3D`. */
  readonly addresses: readonly string[];
  readonly count: number;
  /** Takes resources of these types out of the file, and whatever refers to them. @returns what was taken out, by address */
  leaveOut(types: readonly string[]): Promise<readonly string[]>;
  remove(): Promise<void>;
}

/** How Terraform's JSON spells the account, which is known later. */
const ACCOUNT = `\${${'data.aws_caller_identity.caller.account_id'}}`;

interface Configuration {
  readonly resource: Record<string, Record<string, Resource>>;
  readonly data: Record<string, Record<string, Resource>>;
  readonly output?: Record<string, { readonly value: string }>;
  readonly terraform: { readonly required_providers: Record<string, { readonly version: string }> };
}

export async function synthesis(
  environment: string,
  overrides: Parameters<typeof configOf>[1] = {},
  options: Partial<SynthOptions> = {},
): Promise<Synthesis> {
  const outputFolder = await mkdtemp(join(tmpdir(), 'log-distributor-infra-'));
  const config = configOf(environment, overrides);
  const folder = synthesize(config, {
    outputFolder,
    imageTag: '0.1.0',
    stateBucket: undefined,
    providerVersion: undefined,
    emulated: false,
    ...options,
  });
  const file = join(folder, 'cdk.tf.json');
  const { resource: all, output = {}, ...rest }: Configuration = JSON.parse(await readFile(file, 'utf8'));
  const resources = (type: string) => Object.values(all[type] ?? {});
  return {
    folder,
    get all() {
      return Object.entries(all).flatMap(([type, ofType]) =>
        Object.entries(ofType).map(([name, resource]) => [`${type}.${name}`, resource] as const),
      );
    },
    data: (type) => Object.values(rest.data[type] ?? {}),
    outputs: Object.fromEntries(Object.entries(output).map(([name, { value }]) => [name, value])),
    accountId: ACCOUNT,
    place: {
      partition: partitionOfRegion(config.region),
      region: config.region,
      accountId: ACCOUNT,
    },
    resources,
    only(type) {
      const [one, ...others] = resources(type);
      if (!one || others.length > 0) throw new Error(`${others.length + (one ? 1 : 0)} resources of type ${type}`);
      return one;
    },
    get types() {
      return Object.keys(all);
    },
    get addresses() {
      return Object.entries(all).flatMap(([type, ofType]) => Object.keys(ofType).map((name) => `${type}.${name}`));
    },
    get count() {
      return Object.values(all).reduce((sum, ofType) => sum + Object.keys(ofType).length, 0);
    },
    async leaveOut(types) {
      for (const type of types) if (!(type in all)) throw new Error(`nothing of type ${type} to leave out`);
      const out = new Set<string>();
      const take = (unwanted: (address: string, resource: Resource) => boolean) => {
        let taken = false;
        for (const [type, ofType] of Object.entries(all)) {
          for (const [name, resource] of Object.entries(ofType)) {
            if (!unwanted(`${type}.${name}`, resource)) continue;
            delete ofType[name];
            out.add(`${type}.${name}`);
            taken = true;
          }
          if (Object.keys(ofType).length === 0) delete all[type];
        }
        return taken;
      };
      take((address) => types.some((type) => address.startsWith(`${type}.`)));
      while (take((_, resource) => [...out].some((address) => JSON.stringify(resource).includes(`\${${address}.`)))) {
        // Until nothing refers to anything that is out.
      }
      const left = Object.entries(output).filter(
        ([, value]) => ![...out].some((address) => JSON.stringify(value).includes(`\${${address}.`)),
      );
      await writeFile(file, JSON.stringify({ ...rest, output: Object.fromEntries(left), resource: all }, null, 2));
      return [...out];
    },
    remove: () => rm(outputFolder, { recursive: true, force: true }),
  };
}
