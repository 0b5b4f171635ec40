import { type LogTable, logTableOf } from '../../values/athena.ts';
import { type Json, ref, toJson } from '../intrinsics.ts';
import { LAYOUT, PLACEHOLDERS, partitionValuesParameter } from '../key-template.ts';
import { textOf } from '../placeholders.ts';
import type { Resource } from '../stack.ts';
import { NAMES, symbolicConfig } from '../symbolic.ts';
import { vary } from '../vary.ts';

const SWITCHES = PLACEHOLDERS.map(
  (placeholder) => [placeholder, `Has${partitionValuesParameter(placeholder)}`] as const,
);

/** The table that Athena queries the bucket by, and whose columns Firehose takes. */
export function tableResources(): Readonly<Record<string, Resource>> {
  return {
    Database: {
      Type: 'AWS::Glue::Database',
      Properties: { CatalogId: textOf('AWS::AccountId'), DatabaseInput: { Name: NAMES.glueDatabase } },
    },
    Table: {
      Type: 'AWS::Glue::Table',
      Properties: { CatalogId: textOf('AWS::AccountId'), DatabaseName: ref('Database'), TableInput: tableInput() },
    },
  };
}

function tableInput(): Json {
  return vary(['WithFirehose', ...SWITCHES.map(([, name]) => name)], (on) => {
    const config = symbolicConfig({ WithFirehose: on.WithFirehose ?? false });
    const given = SWITCHES.filter(([, name]) => on[name]).map(([placeholder]) => [
      placeholder,
      [textOf(partitionValuesParameter(placeholder))],
    ]);
    const ingestion = { ...config.ingestion, partitionValues: Object.fromEntries(given) };
    return inputOf(logTableOf({ ingestion }, NAMES, LAYOUT));
  });
}

function inputOf(table: LogTable): Json {
  const columnsOf = (columns: LogTable['columns']) =>
    columns.map(({ name, type, comment }) => ({ Name: name, Type: type, Comment: comment }));
  return toJson({
    Name: NAMES.glueTable,
    TableType: 'EXTERNAL_TABLE',
    Parameters: table.parameters,
    PartitionKeys: columnsOf(table.partitionKeys),
    StorageDescriptor: {
      Location: table.location,
      InputFormat: table.inputFormat,
      OutputFormat: table.outputFormat,
      SerdeInfo: {
        SerializationLibrary: table.serializationLibrary,
        Parameters: table.serializationParameters,
      },
      Columns: columnsOf(table.columns),
    },
  });
}
