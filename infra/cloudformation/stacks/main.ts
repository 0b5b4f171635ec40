import { configOf } from '../../config/config.ts';
import { CPU_UNITS, memorySizesOf } from '../choices.ts';
import { equals, type Json, type JsonObject, not, ref, sub } from '../intrinsics.ts';
import type { Parameter } from '../parameter.ts';
import { PARAMETERS } from '../parameter-list.ts';
import { pascalCase } from '../service-settings.ts';
import { declare, inputsOf, nestedTemplate, type Stack, usedBy } from '../stack.ts';
import { coreStack } from './core.ts';
import { DISTRIBUTOR_MAPPINGS, distributorStack } from './distributor.ts';
import { ingestionStack } from './ingestion.ts';
import { outputOf } from './inputs.ts';
import { monitoringStack } from './monitoring.ts';
import { spendingStack } from './spending.ts';

/** The nested stacks, in the order in which they stand in the main template. */
export const NESTED: Readonly<Record<string, Stack>> = {
  core: coreStack(),
  ingestion: ingestionStack(),
  distributor: distributorStack(),
  monitoring: monitoringStack(),
  spending: spendingStack(),
};

/** Terraform's outputs: the name there, the stack that has it here, the condition on which there is one. */
const OUTPUTS: readonly (readonly [name: string, stack: string, condition?: string])[] = [
  ['bucket', 'core'],
  ['hub_topic_arn', 'core'],
  ['queue_url', 'core'],
  ['dead_letter_queue_url', 'core'],
  ['tenant_table', 'core'],
  ['ledger_table', 'core'],
  ['delivery_stream', 'ingestion', 'WithFirehose'],
  ['writer_role_arn', 'ingestion', 'HasWriter'],
  ['repository_url', 'core'],
  ['distributor_role_arn', 'distributor'],
  ['alerts_topic_arn', 'monitoring'],
];

/** The template that is deployed: parameters with their rules, the nested stacks, the outputs. */
export function mainTemplate(): JsonObject {
  const stacks = Object.fromEntries(
    Object.entries(NESTED).map(([name, stack]) => [stackId(name), nested(name, stack)]),
  );
  const outputs = Object.fromEntries(
    OUTPUTS.map(([name, stack, condition]) => [pascalCase(name), output(name, stack, condition)]),
  );
  const { conditions } = usedBy({ ...stacks, ...outputs });
  const defaults = configOf('any');
  return {
    AWSTemplateFormatVersion: '2010-09-09',
    Description: 'Log distributor: the whole pipeline. Made from infra/ by npm run synth -- --cloudformation',
    Metadata: { 'AWS::CloudFormation::Interface': { ParameterGroups: groups() } },
    Parameters: Object.fromEntries(
      PARAMETERS.map((parameter) => {
        const { Type, Description, ...constraints } = declare(parameter);
        const value = parameter.of ? { Default: parameter.of(defaults) } : {};
        return [parameter.name, { Type, Description, ...value, ...constraints }];
      }),
    ),
    Rules: RULES,
    Mappings: DISTRIBUTOR_MAPPINGS,
    Conditions: conditions,
    Resources: stacks,
    Outputs: outputs,
  };
}

function stackId(name: string): string {
  return `${pascalCase(name)}Stack`;
}

function nested(name: string, stack: Stack): JsonObject {
  const template = nestedTemplate(stack);
  const inputs = inputsOf(stack, new Set(Object.keys(template.Parameters ?? {})));
  const parameters = Object.keys(template.Parameters ?? {}).map((parameter) => [
    parameter,
    inputs[parameter]?.value ?? ref(parameter),
  ]);
  return {
    Type: 'AWS::CloudFormation::Stack',
    ...(stack.condition === undefined ? {} : { Condition: stack.condition }),
    Properties: {
      TemplateURL: sub(
        `https://\${TemplateBucket}.s3.\${AWS::Region}.\${AWS::URLSuffix}/\${TemplatePrefix}${name}.yaml`,
      ),
      Parameters: Object.fromEntries(parameters),
    },
  };
}

function output(name: string, stack: string, condition: string | undefined): JsonObject {
  const id = pascalCase(name);
  const description = NESTED[stack]?.outputs[id]?.Description;
  if (description === undefined) throw new Error(`the stack ${stack} has no output ${id}`);
  return {
    Description: description,
    ...(condition ? { Condition: condition } : {}),
    Value: outputOf(pascalCase(stack), id),
  };
}

function groups(): Json {
  const names = [...new Set(PARAMETERS.map(({ group }) => group))];
  const inGroup = (name: string) => PARAMETERS.filter(({ group }: Parameter) => group === name);
  return names.map((name) => ({
    Label: { default: name },
    Parameters: inGroup(name).map((parameter) => parameter.name),
  }));
}

const given = (parameter: string) => not(equals(ref(parameter), ''));

/** What a constraint of a single parameter cannot say. */
const RULES: JsonObject = {
  ...Object.fromEntries(
    CPU_UNITS.map((cpuUnits) => [
      `MemoryFor${cpuUnits}CpuUnits`,
      {
        RuleCondition: equals(ref('CpuUnits'), String(cpuUnits)),
        Assertions: [
          {
            Assert: { 'Fn::Contains': [memorySizesOf(cpuUnits).map(String), ref('MemoryMb')] },
            AssertDescription: `With ${cpuUnits} CPU units MemoryMb must be one of ${memorySizesOf(cpuUnits).join(', ')}`,
          },
        ],
      },
    ]),
  ),
  TwoZonesTwoNatGateways: {
    RuleCondition: equals(ref('AvailabilityZones'), '2'),
    Assertions: [
      {
        Assert: { 'Fn::Contains': [['0', '1', '2'], ref('NatGateways')] },
        AssertDescription: 'NatGateways must be at most AvailabilityZones',
      },
    ],
  },
  ReceiptsForTheirKey: {
    RuleCondition: given('ReceiptKeyArn'),
    Assertions: [
      {
        Assert: equals(ref('Receipts'), 'true'),
        AssertDescription: 'ReceiptKeyArn must be left out unless Receipts is true',
      },
    ],
  },
  TwoTables: {
    RuleCondition: given('TenantTableName'),
    Assertions: [
      {
        Assert: not(equals(ref('TenantTableName'), ref('LedgerTableName'))),
        AssertDescription: 'TenantTableName and LedgerTableName must differ',
      },
    ],
  },
  ExistingVpc: {
    RuleCondition: given('ExistingVpcId'),
    Assertions: [
      {
        Assert: given('ExistingSubnetIds'),
        AssertDescription: 'ExistingSubnetIds must name private subnets of ExistingVpcId',
      },
      ...['InterfaceEndpoints', 'EndpointPolicies', 'NetworkAcls'].map((name) => ({
        Assert: equals(ref(name), 'false'),
        AssertDescription: `${name} are for a VPC of our own only: it must be false with ExistingVpcId`,
      })),
      {
        Assert: not(equals(ref('NatGateways'), '0')),
        AssertDescription: 'Tasks have public addresses only in a VPC of our own: NatGateways must not be 0',
      },
      {
        Assert: equals(ref('FlowLogRetentionDays'), '0'),
        AssertDescription:
          'Flow logs are made only of a VPC of our own: FlowLogRetentionDays must be 0 with ExistingVpcId',
      },
    ],
  },
  WriterExternalId: {
    RuleCondition: given('WriterPrincipals'),
    Assertions: [{ Assert: given('WriterExternalId'), AssertDescription: 'WriterPrincipals need WriterExternalId' }],
  },
  WriterPrincipals: {
    RuleCondition: given('WriterExternalId'),
    Assertions: [
      {
        Assert: given('WriterPrincipals'),
        AssertDescription: 'WriterExternalId needs WriterPrincipals',
      },
    ],
  },
  EksWriter: {
    RuleCondition: given('EksOidcIssuer'),
    Assertions: ['EksNamespace', 'EksServiceAccount'].map((name) => ({
      Assert: given(name),
      AssertDescription: `EksOidcIssuer needs ${name}`,
    })),
  },
};
