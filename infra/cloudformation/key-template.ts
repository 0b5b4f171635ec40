import { configOf } from '../config/config.ts';
import { layoutOf, type ObjectLayout } from '../values/object-layout.ts';
import { textOf } from './placeholders.ts';
import { pascalCase } from './service-settings.ts';

/**
 * The templates are made for one key template, the default one: the partitions of a table and the prefixes of Firehose
 * follow from its parts, which a parameter could not take apart.
 */
export const OBJECT_KEY_TEMPLATE = configOf('any').objectKeyTemplate;

export const LAYOUT: ObjectLayout = layoutOf({
  objectKeyTemplate: OBJECT_KEY_TEMPLATE,
  quarantinePrefix: textOf('QuarantinePrefix'),
});

export const PLACEHOLDERS = LAYOUT.placeholders;

/** The parameter for `ingestion.partitionValues` of a placeholder: `PartitionValuesClusterId`. */
export function partitionValuesParameter(placeholder: string): string {
  return `PartitionValues${pascalCase(placeholder)}`;
}
