import { compileKeyTemplate } from '../../service/core/object-key.ts';
import type { Config } from '../config/config.ts';

/** Where objects lie in the bucket, derived from the key template that the service reads them by. */
export interface ObjectLayout {
  /** What the notification and the task's permission to read cover. */
  readonly logsPrefix: string;
  readonly quarantinePrefix: string;
  readonly firehoseErrorPrefix: string;
  /** Where collectors put records that have no tenant. */
  readonly withoutTenantPrefix: string;
  /** Firehose's prefix expression: the template, then the hour that Firehose writes in. */
  readonly firehosePrefix: string;
  readonly firehoseErrorOutputPrefix: string;
  /** The jq query that gives Firehose the partition keys of a record. */
  readonly partitionQuery: string;
  /** Placeholders of the key template, each once. */
  readonly placeholders: readonly string[];
  /** The prefixes of hours, with `${column}` for each placeholder and each of TIME_KEYS. */
  partitionTemplate(columnOf: (placeholder: string) => string): string;
}

/** Prefix of what Firehose could not write where it belongs; outside of the notified prefix. */
const FIREHOSE_ERRORS = 'firehose-errors/';
/** The beginning of `key_prefix` in the collectors' sinks for them (k8s/vector/overlays). */
const WITHOUT_TENANT = 'without-tenant/';
/** Hive partitions by time under the tenant's, for Athena and for people; Vector's sinks write the same. */
export const TIME_KEYS = ['year', 'month', 'day', 'hour'] as const;
/** Patterns of Firehose's timestamp namespace (Firehose developer guide, "Custom prefixes"). */
const FIREHOSE_PATTERNS = { year: 'yyyy', month: 'MM', day: 'dd', hour: 'HH' } as const;
const BY_HOUR = TIME_KEYS.map((key) => `${key}=!{timestamp:${FIREHOSE_PATTERNS[key]}}/`).join('');

const PLACEHOLDER = /\{(\w+)\}/g;

/** In a record the tenant is called `customer_tenant`; every other placeholder of a key has the record's name. */
const fieldOf = (placeholder: string) => (placeholder === 'tenant_id' ? 'customer_tenant' : placeholder);

/** The folder that all objects of a template lie in: `logs/`; '' when the template begins with a placeholder. */
export function literalFolderOf(template: string): string {
  const { literalPrefix } = compileKeyTemplate(template);
  return literalPrefix.slice(0, literalPrefix.lastIndexOf('/') + 1);
}

export function layoutOf(config: Pick<Config, 'objectKeyTemplate' | 'quarantinePrefix'>): ObjectLayout {
  const template = config.objectKeyTemplate.replace(/(…|\*|\.\.\.)$/, '');
  const placeholders = [...new Set([...template.matchAll(PLACEHOLDER)].map(([, name = '']) => name))];
  /** The folder of a template's objects, with each placeholder replaced. */
  const folderOf = (replacementOf: (name: string) => string) => {
    const folder = template.replace(PLACEHOLDER, (_, name: string) => replacementOf(name));
    return folder.endsWith('/') ? folder : `${folder}/`;
  };
  return {
    logsPrefix: literalFolderOf(config.objectKeyTemplate),
    quarantinePrefix: config.quarantinePrefix,
    firehoseErrorPrefix: FIREHOSE_ERRORS,
    withoutTenantPrefix: WITHOUT_TENANT,
    firehosePrefix: `${folderOf((name) => `!{partitionKeyFromQuery:${fieldOf(name)}}`)}${BY_HOUR}`,
    firehoseErrorOutputPrefix: `${FIREHOSE_ERRORS}type=!{firehose:error-output-type}/${BY_HOUR}`,
    partitionQuery: `{${placeholders.map((name) => `${fieldOf(name)}:.${fieldOf(name)}`).join(',')}}`,
    placeholders,
    partitionTemplate: (columnOf) => {
      const hour = TIME_KEYS.map((key) => `${key}=\${${key}}/`).join('');
      return `${folderOf((name) => `\${${columnOf(name)}}`)}${hour}`;
    },
  };
}
