import type { IamRole } from '@cdktn/provider-aws/lib/iam-role/index.js';
import type { Construct } from 'constructs';
import type { Config } from '../config/config.ts';
import { writerRolePolicy, writerTrust } from '../policies/writer.ts';
import type { Names } from '../values/names.ts';
import type { ObjectLayout } from '../values/object-layout.ts';
import { createRole } from './role.ts';

/** Vector's role; none where the settings name nobody who could be it. */
export function createWriterRole(
  scope: Construct,
  deps: { config: Config; names: Names; layout: ObjectLayout; keyArn: string | undefined },
): IamRole | undefined {
  const { config, names, layout, keyArn } = deps;
  const trust = writerTrust(names, config.writers);
  if (!trust) return undefined;
  const policy = writerRolePolicy(names, layout, config.ingestion.firehose, keyArn);
  return createRole(scope, 'writer-role', { name: names.writerRole, iam: config.iam, trust, policy }).role;
}
