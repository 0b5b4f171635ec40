import { compileKeyTemplate } from '../service/core/object-key.ts';
import type { Config } from './config.ts';

/** Where objects lie in the bucket, derived from the key template that the service reads them by. */
export interface ObjectLayout {
  /** What the notification and the task's permission to read cover. */
  readonly logsPrefix: string;
  readonly quarantinePrefix: string;
  readonly firehoseErrorPrefix: string;
  /** Firehose's prefix expression: the template, then the hour that Firehose writes in. */
  readonly firehosePrefix: string;
  readonly firehoseErrorOutputPrefix: string;
  /** The jq query that gives Firehose the partition keys of a record. */
  readonly partitionQuery: string;
}

/** Prefix of what Firehose could not write where it belongs; outside of the notified prefix. */
const FIREHOSE_ERRORS = 'firehose-errors/';
/** Hive partitions by time under the tenant's, for Athena and for people (Firehose developer guide, "Custom prefixes"). */
const BY_HOUR = 'year=!{timestamp:yyyy}/month=!{timestamp:MM}/day=!{timestamp:dd}/hour=!{timestamp:HH}/';

/** In a record the tenant is called `customer_tenant`; every other placeholder of a key has the record's name. */
const fieldOf = (placeholder: string) => (placeholder === 'tenant_id' ? 'customer_tenant' : placeholder);

/** The folder that all objects of a template lie in: `logs/`; '' when the template begins with a placeholder. */
export function literalFolderOf(template: string): string {
  const { literalPrefix } = compileKeyTemplate(template);
  return literalPrefix.slice(0, literalPrefix.lastIndexOf('/') + 1);
}

export function layoutOf(config: Pick<Config, 'objectKeyTemplate' | 'quarantinePrefix'>): ObjectLayout {
  const template = config.objectKeyTemplate.replace(/(…|\*|\.\.\.)$/, '');
  const fields = [...template.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => fieldOf(name));
  const folder = template.replace(/\{(\w+)\}/g, (_, name: string) => `!{partitionKeyFromQuery:${fieldOf(name)}}`);
  return {
    logsPrefix: literalFolderOf(config.objectKeyTemplate),
    quarantinePrefix: config.quarantinePrefix,
    firehoseErrorPrefix: FIREHOSE_ERRORS,
    firehosePrefix: `${folder.endsWith('/') ? folder : `${folder}/`}${BY_HOUR}`,
    firehoseErrorOutputPrefix: `${FIREHOSE_ERRORS}type=!{firehose:error-output-type}/${BY_HOUR}`,
    partitionQuery: `{${fields.map((field) => `${field}:.${field}`).join(',')}}`,
  };
}
