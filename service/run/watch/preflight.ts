import type { TableDescription } from '@aws-sdk/client-dynamodb';
import type { Call, DynamoApi } from '../../aws/api.ts';
import type { Purpose } from '../../aws/purpose.ts';
import type { Queue } from '../../aws/queue.ts';
import { explainFailure } from '../../aws/words.ts';
import type { Settings } from '../../base/settings.ts';
import { LEDGER_TABLE_KEYS, type TableKeys, TENANT_TABLE_KEYS } from '../../core/tables.ts';

/** Something without which the service cannot work. */
export interface Finding {
  /** The setting that names what it is about. */
  readonly about: Named;
  /** `wrong`: it will never work like this, somebody must change a setting; `away`: it may come back by itself. */
  readonly kind: 'wrong' | 'away';
  /** A sentence with the remedy; of what is wrong, in the form of a wrong setting. */
  readonly message: string;
}

type Named = 'SQS_QUEUE_URL' | 'DLQ_URL' | 'TENANT_CONFIG_TABLE' | 'LEDGER_TABLE';

export interface PreflightDeps {
  readonly dynamo: Call<DynamoApi>;
  readonly queue: Pick<Queue, 'arn'>;
  readonly settings: Pick<
    Settings,
    'region' | 'endpointUrl' | 'queueUrl' | 'deadLetterQueueUrl' | 'tenantTable' | 'ledgerTable'
  >;
}

/** Looks at the queues and the tables: what AWS says that they are, not how the settings spell them. Never rejects. */
export type Preflight = (signal: AbortSignal) => Promise<readonly Finding[]>;

export function createPreflight({ dynamo, queue, settings }: PreflightDeps): Preflight {
  const describe = async (name: string, abortSignal: AbortSignal) =>
    (await dynamo('DescribeTable', { TableName: name }, { abortSignal })).Table;

  return async (signal) => {
    const { tenantTable, ledgerTable } = settings;
    const tenantPurpose = tablePurpose('TENANT_CONFIG_TABLE', tenantTable, TENANT_TABLE_KEYS);
    const ledgerPurpose = tablePurpose('LEDGER_TABLE', ledgerTable, LEDGER_TABLE_KEYS);
    const [queueArn, deadLetterArn, tenants, ledger] = await Promise.all([
      look(queuePurpose('SQS_QUEUE_URL'), 'the queue', queue.arn('messages', signal)),
      look(queuePurpose('DLQ_URL'), 'the dead-letter queue', queue.arn('dead letters', signal)),
      look(tenantPurpose, `the table ${tenantTable}`, describe(tenantTable, signal)),
      look(ledgerPurpose, `the table ${ledgerTable}`, describe(ledgerTable, signal)),
    ]);
    return [
      ...[queueArn, deadLetterArn, tenants, ledger].flatMap(({ away }) => (away ? elsewhere(away, settings) : [])),
      ...queueFindings('SQS_QUEUE_URL', queueArn.found, settings),
      ...queueFindings('DLQ_URL', deadLetterArn.found, settings),
      ...sameQueueFindings(queueArn.found, deadLetterArn.found),
      ...tableFindings(tenants.found, ledger.found),
    ];
  };
}

type Look<T> =
  | { readonly found: T; readonly away?: undefined }
  | { readonly found?: undefined; readonly away: Finding };

async function look<T>(purpose: Purpose & { setting: Named }, what: string, ask: Promise<T>): Promise<Look<T>> {
  try {
    return { found: await ask };
  } catch (error) {
    const message = explainFailure(`${what} cannot be used`, error, purpose);
    return { away: { about: purpose.setting, kind: 'away', message } };
  }
}

/**
 * SQS refuses what is signed for another region, and then does not say where the queue is. Its host's name does, unless
 * AWS_ENDPOINT_URL takes the place of the host.
 */
function elsewhere(
  away: Finding,
  { region, endpointUrl, queueUrl, deadLetterQueueUrl }: PreflightDeps['settings'],
): Finding {
  const { about } = away;
  const url = about === 'SQS_QUEUE_URL' ? queueUrl : about === 'DLQ_URL' ? deadLetterQueueUrl : undefined;
  const host = URL.parse(url ?? '')?.hostname ?? '';
  if (endpointUrl !== undefined || !/\.(amazonaws\.com|amazonaws\.com\.cn|api\.aws)$/.test(host)) return away;
  const itsRegion = host.split('.').find((label) => /^[a-z]{2,}(-[a-z]+)+-\d$/.test(label));
  return itsRegion === undefined || itsRegion === region ? away : otherRegion(about, region, itsRegion, host);
}

function otherRegion(about: Named, region: string, itsRegion: string, name: string): Finding {
  const message = `${about}: must be a queue in the region of AWS_REGION, ${region} (it is in ${itsRegion}: ${name})`;
  return { about, kind: 'wrong', message };
}

function sameQueueFindings(queueArn: string | undefined, deadLetterArn: string | undefined): Finding[] {
  if (queueArn === undefined || queueArn !== deadLetterArn) return [];
  const message = `DLQ_URL: must be another queue than SQS_QUEUE_URL (both are ${queueArn})`;
  return [{ about: 'DLQ_URL', kind: 'wrong', message }];
}

function queuePurpose(setting: 'SQS_QUEUE_URL' | 'DLQ_URL') {
  return { kind: 'use-queue', setting, action: 'sqs:GetQueueAttributes' } as const;
}

function tablePurpose(setting: 'TENANT_CONFIG_TABLE' | 'LEDGER_TABLE', table: string, keys: TableKeys) {
  return { kind: 'use-table', setting, table, keys } as const;
}

function queueFindings(
  about: 'SQS_QUEUE_URL' | 'DLQ_URL',
  arn: string | undefined,
  { region }: Pick<Settings, 'region'>,
): Finding[] {
  if (arn === undefined) return [];
  const [, , , itsRegion = '', , name = ''] = arn.split(':');
  const fifo = `${about}: must be a standard queue, as FIFO queues are not supported (it is ${arn})`;
  return [
    ...(itsRegion === region ? [] : [otherRegion(about, region, itsRegion, arn)]),
    // The name of a FIFO queue must end so, and no other may (SQS developer guide, "FIFO queue and message identifiers").
    ...(name.endsWith('.fifo') ? [{ about, kind: 'wrong', message: fifo } as const] : []),
  ];
}

const keysOf = ({ KeySchema = [], AttributeDefinitions = [] }: TableDescription): string =>
  KeySchema.map(({ AttributeName: name }) => {
    const type = AttributeDefinitions.find(({ AttributeName }) => AttributeName === name)?.AttributeType;
    return `${name} (${type})`;
  }).join(', ');
const wanted = (keys: TableKeys): string => [keys.partition, keys.sort].map((name) => `${name} (S)`).join(', ');

function tableFindings(tenants: TableDescription | undefined, ledger: TableDescription | undefined): Finding[] {
  const swapped =
    tenants && ledger && keysOf(tenants) === wanted(LEDGER_TABLE_KEYS) && keysOf(ledger) === wanted(TENANT_TABLE_KEYS);
  if (swapped) {
    const message = `TENANT_CONFIG_TABLE: must be the table of tenants, and LEDGER_TABLE the ledger: swap them (got ${tenants.TableName} and ${ledger.TableName})`;
    return [{ about: 'TENANT_CONFIG_TABLE', kind: 'wrong', message }];
  }
  return [
    ...tableFinding('TENANT_CONFIG_TABLE', tenants, TENANT_TABLE_KEYS),
    ...tableFinding('LEDGER_TABLE', ledger, LEDGER_TABLE_KEYS),
  ];
}

/** In the other states the table is being made, is archived, or its key cannot be used (API reference, TableDescription). */
const USABLE: ReadonlySet<string | undefined> = new Set(['ACTIVE', 'UPDATING']);

function tableFinding(
  about: 'TENANT_CONFIG_TABLE' | 'LEDGER_TABLE',
  table: TableDescription | undefined,
  keys: TableKeys,
): Finding[] {
  if (!table) return [];
  if (keysOf(table) !== wanted(keys)) {
    const rule = `must have the partition key ${keys.partition} and the sort key ${keys.sort}, both of type S`;
    const message = `${about}: ${rule} (${table.TableName} has ${keysOf(table)})`;
    return [{ about, kind: 'wrong', message }];
  }
  if (USABLE.has(table.TableStatus)) return [];
  return [
    { about, kind: 'away', message: `the table ${table.TableName} cannot be used: its state is ${table.TableStatus}` },
  ];
}
