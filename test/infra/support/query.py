"""Runs a query on files as Athena would on a table. Reads from standard input, as JSON: `table` (schema.name), `format` (parquet or
json), `types` (column to DuckDB type), `partitions` (a list of {"glob", "values"}), and `sql`. Prints the rows as JSON. Only the files
of the partitions are read; their values become columns."""

import json
import sys

import duckdb

asked = json.load(sys.stdin)
schema, table = asked["table"].split(".")
columns = ", ".join(f"'{name}': '{kind}'" for name, kind in asked["types"].items())
names = ", ".join(f'"{name}"' for name in asked["types"])


def select(partition):
    glob = partition["glob"].replace("'", "''")
    values = "".join(f", '{value}' AS \"{name}\"" for name, value in partition["values"].items())
    if asked["format"] == "parquet":
        source = f"read_parquet('{glob}', hive_partitioning = false)"
    else:
        source = f"read_json('{glob}', format = 'newline_delimited', compression = 'gzip', columns = {{{columns}}})"
    return f"SELECT {names}{values} FROM {source}"


connection = duckdb.connect()
connection.execute("SET TimeZone = 'UTC'")
connection.execute("CREATE MACRO from_iso8601_timestamp(text) AS CAST(text AS TIMESTAMPTZ)")
connection.execute(f"CREATE SCHEMA {schema}")
connection.execute(f"CREATE VIEW {schema}.{table} AS " + " UNION ALL ".join(map(select, asked["partitions"])))
result = connection.execute(asked["sql"])
found = [name for name, *_ in result.description]
print(json.dumps([dict(zip(found, map(str, row))) for row in result.fetchall()]))
