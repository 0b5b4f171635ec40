import { NAME_LIMITS, namesOf } from '../values/names.ts';
import { literalFolderOf } from '../values/object-layout.ts';
import { partitionOfRegion } from '../values/partition.ts';
import { RECORD_COLUMNS } from '../values/record.ts';
import type { Config } from './config.ts';
import { type Problem, problem } from './problems.ts';
import { serviceProblems } from './service.ts';

/** Memory in MB that Fargate has for each size of CPU: from, to, step (ECS developer guide, "Task size"). */
export const FARGATE_MEMORY: Readonly<Record<number, readonly [from: number, to: number, step: number]>> = {
  512: [1024, 4096, 1024],
  1024: [2048, 8192, 1024],
  2048: [4096, 16_384, 1024],
  4096: [8192, 30_720, 1024],
  8192: [16_384, 61_440, 4096],
  16384: [32_768, 122_880, 8192],
};
/** S3 keeps an object in Standard-IA for so long before Glacier takes it (S3 user guide, "Lifecycle transitions"). */
const INFREQUENT_ACCESS_STAY_DAYS = 30;

/** Settings that are right by themselves and wrong together. Checked before anything is synthesized. */
export function contradictionsOf(config: Config): readonly Problem[] {
  return [
    ...nameProblems(config),
    ...keyTemplateProblems(config),
    ...partitionValueProblems(config),
    ...storageProblems(config),
    ...taskProblems(config),
    ...networkProblems(config),
    ...writerProblems(config),
    ...serviceProblems(config),
  ];
}

/** Project, environment and region are part of every name, and AWS has limits for those. */
function nameProblems(config: Config): readonly Problem[] {
  const partition = partitionOfRegion(config.region);
  const names = namesOf(config, { partition, region: config.region, accountId: '0'.repeat(12) });
  const made = ({ of }: (typeof NAME_LIMITS)[number]) =>
    of !== 'accessLogBucket' || config.storage.accessLogRetentionDays !== null;
  const long = NAME_LIMITS.filter(made).filter(({ of, lengthMax }) => names[of].length > lengthMax);
  const excess = Math.max(...long.map(({ of, lengthMax }) => names[of].length - lengthMax));
  const problems =
    long.length > 0
      ? [
          problem(
            ['project', 'environment', 'region', 'names'],
            `must be shorter by ${excess} characters`,
            config.project,
          ),
        ]
      : [];
  if (names.tenantTable !== names.ledgerTable) return problems;
  const rule = 'must be another table than names.tenantTable';
  return [...problems, problem(['names.ledgerTable', 'names.tenantTable'], rule, names.ledgerTable)];
}

/** Firehose can only write what it can read off a record, and a notification filter must not see the quarantine. */
function keyTemplateProblems({ objectKeyTemplate, quarantinePrefix, ingestion }: Config): readonly Problem[] {
  const problems: Problem[] = [];
  const folder = folderOf(objectKeyTemplate);
  if (folder === '') {
    problems.push(problem('objectKeyTemplate', 'must begin with a literal folder such as logs/', objectKeyTemplate));
  }
  if (folder && quarantinePrefix.startsWith(folder)) {
    const rule = `must not lie under ${folder}, where objectKeyTemplate begins`;
    problems.push(problem(['quarantinePrefix', 'objectKeyTemplate'], rule, quarantinePrefix));
  }
  const placeholders = [...objectKeyTemplate.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
  const known = (name: string) => name === 'tenant_id' || RECORD_COLUMNS.some((column) => column.name === name);
  if (ingestion.firehose && !placeholders.every(known)) {
    const rule = 'must name only fields of a record, because Firehose writes the objects (ingestion.firehose)';
    problems.push(problem(['objectKeyTemplate', 'ingestion.firehose'], rule, objectKeyTemplate));
  }
  return problems;
}

function partitionValueProblems({ objectKeyTemplate, ingestion }: Config): readonly Problem[] {
  return Object.entries(ingestion.partitionValues)
    .filter(([placeholder]) => !objectKeyTemplate.includes(`{${placeholder}}`))
    .map(([placeholder, values]) => {
      const setting = `ingestion.partitionValues.${placeholder}`;
      return problem([setting, 'objectKeyTemplate'], `must be of a placeholder of objectKeyTemplate`, values);
    });
}

/** undefined for a template that the service itself refuses, with its own words. */
function folderOf(template: string): string | undefined {
  try {
    return literalFolderOf(template);
  } catch {
    return undefined;
  }
}

const STAGES = ['infrequentAccessDays', 'glacierDays', 'deepArchiveDays', 'retentionDays'] as const;

/** An object moves on, and goes at last; each stage is named with the one before it. */
function storageProblems({ storage }: Config): readonly Problem[] {
  const stages = STAGES.flatMap((name) => {
    const days = storage[name];
    return days === null ? [] : [{ name, days }];
  });
  return stages.flatMap(({ name, days }, at) => {
    const before = stages[at - 1];
    if (before === undefined) return [];
    const stay = before.name === 'infrequentAccessDays' && name !== 'retentionDays' ? INFREQUENT_ACCESS_STAY_DAYS : 1;
    if (days >= before.days + stay) return [];
    const rule = `must be at least ${before.days + stay}, because ${before.name} is ${before.days}`;
    return [problem([`storage.${name}`, `storage.${before.name}`], rule, days)];
  });
}

function taskProblems({ distributor }: Config): readonly Problem[] {
  const { cpuUnits, memoryMb, tasksMin, tasksMax } = distributor;
  const problems: Problem[] = [];
  const [from, to, step] = FARGATE_MEMORY[cpuUnits] ?? [];
  if (from === undefined || to === undefined || step === undefined) {
    const rule = `must be one of ${Object.keys(FARGATE_MEMORY).join(', ')}`;
    problems.push(problem('distributor.cpuUnits', rule, cpuUnits));
  } else if (memoryMb < from || memoryMb > to || memoryMb % step !== 0) {
    const rule = `must be ${from} to ${to} in steps of ${step}, because distributor.cpuUnits is ${cpuUnits}`;
    problems.push(problem(['distributor.memoryMb', 'distributor.cpuUnits'], rule, memoryMb));
  }
  if (tasksMax < tasksMin) {
    const rule = `must be at least distributor.tasksMin, which is ${tasksMin}`;
    problems.push(problem(['distributor.tasksMax', 'distributor.tasksMin'], rule, tasksMax));
  }
  if (distributor.receiptKeyArn !== undefined && !distributor.receipts) {
    const rule = 'must be left out unless distributor.receipts is true';
    problems.push(problem(['distributor.receiptKeyArn', 'distributor.receipts'], rule, distributor.receiptKeyArn));
  }
  return problems;
}

function networkProblems({ network }: Config): readonly Problem[] {
  const problems: Problem[] = [];
  if (network.natGateways > network.availabilityZones) {
    const rule = `must be at most network.availabilityZones, which is ${network.availabilityZones}`;
    problems.push(problem(['network.natGateways', 'network.availabilityZones'], rule, network.natGateways));
  }
  if (network.existing && network.natGateways === 0) {
    const rule = 'must be at least 1 with network.existing: tasks have public addresses only in a VPC of our own';
    problems.push(problem(['network.natGateways', 'network.existing'], rule, network.natGateways));
  }
  for (const [name, what] of [
    ['interfaceEndpoints', 'endpoints are'],
    ['endpointPolicies', 'endpoints are'],
    ['networkAcls', 'network ACLs are'],
  ] as const) {
    if (network.existing === undefined || !network[name]) continue;
    const rule = `must be false with network.existing: ${what} made only in a VPC of our own`;
    problems.push(problem([`network.${name}`, 'network.existing'], rule, true));
  }
  if (network.existing && network.flowLogRetentionDays !== null) {
    const rule = 'must be null with network.existing: flow logs are made only of a VPC of our own';
    problems.push(problem(['network.flowLogRetentionDays', 'network.existing'], rule, network.flowLogRetentionDays));
  }
  return problems;
}

function writerProblems({ writers }: Config): readonly Problem[] {
  if (writers.principals.length > 0 && writers.externalId === undefined) {
    const rule = 'must be set when writers.principals names somebody';
    return [problem(['writers.externalId', 'writers.principals'], rule, undefined)];
  }
  return [];
}
