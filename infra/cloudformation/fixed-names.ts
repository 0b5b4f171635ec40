import type { Config } from '../config/config.ts';

type NameSetting = keyof Config['names'];

/** A name that may be given in place of the one that is made: the setting, and the parameter, which is empty for the latter. */
interface FixedName {
  readonly name: NameSetting;
  readonly parameter: string;
  readonly description: string;
  readonly allowedPattern: string;
  readonly rule: string;
}

const TABLE = { allowedPattern: '^([a-zA-Z0-9_.-]{3,255})?$', rule: 'must be the name of a DynamoDB table' };
const ROLE = { allowedPattern: '^([\\w+=,.@-]{1,64})?$', rule: 'must be the name of an IAM role' };
const NAMESPACE = { allowedPattern: '^([\\w./#:-]{1,255})?$', rule: 'must be a namespace of CloudWatch metrics' };

const RULES: Readonly<Record<NameSetting, Pick<FixedName, 'allowedPattern' | 'rule' | 'description'>>> = {
  tenantTable: { ...TABLE, description: 'Table of the tenants' },
  ledgerTable: { ...TABLE, description: 'Table of what was delivered' },
  taskRole: { ...ROLE, description: 'The role that customers trust' },
  executionRole: { ...ROLE, description: 'Role by which ECS starts tasks' },
  firehoseRole: { ...ROLE, description: 'Role of Firehose' },
  writerRole: { ...ROLE, description: 'Role of collectors' },
  metricsNamespace: { ...NAMESPACE, description: "Namespace of the service's metrics" },
};

export const FIXED_NAMES: readonly FixedName[] = Object.entries(RULES).map(([name, { description, ...rule }]) => ({
  name: name as NameSetting,
  parameter: `${name.charAt(0).toUpperCase()}${name.slice(1)}Name`,
  description: `${description}; empty: a name of project, environment and region`,
  ...rule,
}));
