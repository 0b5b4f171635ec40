"""Turns NDJSON into Parquet as Amazon Data Firehose writes it: python3 firehose.py [INPUT OUTPUT ROW_GROUPS] ...

Format version 1, data pages v1 of 1 MiB, Snappy, every column optional, `kubernetes` a struct, times INT96 as Hive's
serializer writes them, dictionaries for all columns but the ones whose values do not recur.
"""

import sys

import pyarrow as pa
import pyarrow.json
import pyarrow.parquet as pq

TEXT = [
    "customer_tenant",
    "cluster_id",
    "environment",
    "application",
    "log_level",
    "source_type",
    "file",
]
KUBERNETES = ["namespace", "pod_name", "container_name", "node_name"]
SCHEMA = pa.schema(
    [("timestamp", pa.timestamp("ms")), ("message", pa.string())]
    + [(name, pa.string()) for name in TEXT]
    + [("kubernetes", pa.struct([(name, pa.string()) for name in KUBERNETES]))]
)


def convert(source, target, row_groups):
    table = pyarrow.json.read_json(
        source,
        read_options=pyarrow.json.ReadOptions(block_size=16 << 20),
        parse_options=pyarrow.json.ParseOptions(explicit_schema=SCHEMA),
    ).select(SCHEMA.names)
    pq.write_table(
        table,
        target,
        row_group_size=-(-table.num_rows // row_groups),
        version="1.0",
        compression="snappy",
        data_page_version="1.0",
        data_page_size=1 << 20,
        max_rows_per_page=1 << 30,
        # Looks at a page's size every so many rows.
        write_batch_size=64,
        use_dictionary=TEXT + [f"kubernetes.{name}" for name in KUBERNETES],
        use_deprecated_int96_timestamps=True,
        write_statistics=False,
    )


jobs = sys.argv[1:]
for at in range(0, len(jobs), 3):
    convert(jobs[at], jobs[at + 1], int(jobs[at + 2]))
