"""Writes the golden Parquet files and what must be read from them, with pyarrow (an independent writer).

    pip install pyarrow && python3 test/golden/parquet/make.py

Each file NAME.parquet has its expectation in NAME.json: for every row the time in milliseconds (null: none), the message
(null: none), and the text of the whole record as JSON. The files are committed; this runs again only when one is added.
"""

import base64
import datetime
import json
import pathlib
import random

import pyarrow as pa
import pyarrow.parquet as pq

HERE = pathlib.Path(__file__).parent
KUBERNETES = ["namespace", "pod_name", "container_name", "node_name"]
EPOCH = datetime.datetime(1970, 1, 1)
STRUCT = pa.struct([(name, pa.string()) for name in KUBERNETES])
TEXTS = [
    "plain text",
    'quotes " and \\ backslashes',
    "tabs\tand\nnew lines\r\n",
    "Zahlung bestätigt für Straße 7",
    "注文が確定しました",
    "🚚 livraison 🎉",
    "",
    "x" * 300,
    '{"level":"info","msg":"nested \\"json\\""}',
    "\u0000\u0001\u001f control",
]


def rows(count, seed, nulls=0.0, unit_ns=1_000_000):
    """Rows with times in nanoseconds since the epoch, multiples of `unit_ns`."""
    dice = random.Random(seed)
    maybe = lambda value: None if dice.random() < nulls else value
    start = 1_767_225_600_000_000_000
    out = []
    for at in range(count):
        application = dice.choice(["gateway", "checkout", "payments"])
        out.append(
            {
                "timestamp": maybe((start + at * 1_234_567_891) // unit_ns * unit_ns),
                "message": maybe(f"{at} {dice.choice(TEXTS)}"),
                "customer_tenant": maybe("acme-corp"),
                "cluster_id": maybe("eu-1"),
                "environment": maybe("prod"),
                "application": maybe(application),
                "log_level": maybe(dice.choice(["info", "WARN", "E"])),
                "kubernetes": maybe({name: maybe(f"{application}-{name}") for name in KUBERNETES}),
                "source_type": maybe("kubernetes_logs"),
                "file": maybe(f"/var/log/pods/{at % 3}.log"),
            }
        )
    return out


def rfc3339(ns):
    seconds, rest = divmod(ns, 1_000_000_000)
    digits = f"{rest:09d}"
    while len(digits) > 3 and digits.endswith("000"):
        digits = digits[:-3]
    return (EPOCH + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.") + digits + "Z"


def without_nulls(value):
    if isinstance(value, dict):
        return {name: without_nulls(member) for name, member in value.items() if member is not None}
    return value


def expected(data, time="typed", columns=None):
    out = []
    for row in data:
        record = without_nulls({name: value for name, value in row.items() if columns is None or name in columns})
        ns = row.get("timestamp") if columns is None or "timestamp" in columns else None
        if ns is not None and time == "typed":
            record["timestamp"] = rfc3339(ns)
        elif ns is not None and time == "text":
            record["timestamp"] = row["timestamp_text"]
        record.pop("timestamp_text", None)
        out.append(
            {
                "timestampMs": None if ns is None else ns // 1_000_000,
                "message": record.get("message"),
                "record": json.dumps(record, ensure_ascii=False, separators=(",", ":")),
            }
        )
    return out


def table(data, unit="ms", columns=None):
    types = {"timestamp": pa.timestamp(unit), "kubernetes": STRUCT}
    divide = {"ms": 1_000_000, "us": 1_000, "ns": 1}[unit]
    names = [name for name in data[0] if columns is None or name in columns] if data else list(types)
    arrays = {}
    for name in names:
        values = [row[name] for row in data]
        if name == "timestamp":
            values = [None if ns is None else ns // divide for ns in values]
        arrays[name] = pa.array(values, type=types.get(name, pa.string()))
    return pa.table(arrays)


def write(name, data, arrow, expectation=None, **options):
    pq.write_table(arrow, HERE / f"{name}.parquet", **options)
    body = expected(data) if expectation is None else expectation
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in body)
    (HERE / f"{name}.json").write_text(f"[\n{lines}\n]\n" if body else "[]\n")


def main():
    for codec in ["none", "snappy", "gzip", "zstd", "lz4", "brotli"]:
        data = rows(60, codec)
        write(f"codec-{codec}", data, table(data), compression=codec)

    for version in ["1.0", "2.0"]:
        for dictionary in [True, False]:
            data = rows(100, f"{version}{dictionary}", nulls=0.2)
            write(
                f"pages-v{version[0]}-{'dictionary' if dictionary else 'plain'}",
                data,
                table(data),
                data_page_version=version,
                use_dictionary=dictionary,
                data_page_size=1_000,
                write_batch_size=16,
                compression="snappy",
            )

    # The dictionary is full after some pages, and plain pages follow; those of no two columns hold the same rows.
    data = rows(400, "fallback", nulls=0.1)
    for at, row in enumerate(data):
        row["file"] = row["file"] and f"/var/log/pods/{at}.log"
    for version in ["1.0", "2.0"]:
        write(
            f"dictionary-fallback-v{version[0]}",
            data,
            table(data),
            data_page_version=version,
            dictionary_pagesize_limit=2_000,
            data_page_size=1_500,
            write_batch_size=8,
            compression="snappy",
        )

    for unit, ns in [("ms", 1_000_000), ("us", 1_000), ("ns", 1)]:
        data = rows(40, unit, nulls=0.1, unit_ns=ns)
        write(f"time-{unit}", data, table(data, unit), version="2.6", compression="snappy")
    data = rows(40, "int96", nulls=0.1, unit_ns=1)
    write("time-int96", data, table(data, "ns"), use_deprecated_int96_timestamps=True, compression="snappy")
    data = rows(40, "int96 plain", unit_ns=1)
    write("time-int96-plain", data, table(data, "ns"), use_deprecated_int96_timestamps=True, use_dictionary=False)
    data = [dict(row, timestamp=ns) for row, ns in zip(rows(6, "old"), [-1, -999_999, -1_000_001, 0, 1, -86_400_000_000_001])]
    write("time-before-1970", data, table(data, "ns"), version="2.6")
    data = rows(20, "text", unit_ns=1_000_000)
    for row in data:
        row["timestamp_text"] = rfc3339(row["timestamp"])
    arrow = table([{k: v for k, v in row.items() if k != "timestamp_text"} for row in data])
    arrow = arrow.set_column(0, "timestamp", pa.array([row["timestamp_text"] for row in data]))
    write("time-text", data, arrow, expected(data, "text"))
    data = rows(20, "delta time", unit_ns=1_000)
    write(
        "time-delta",
        data,
        table(data, "us"),
        version="2.6",
        use_dictionary=False,
        column_encoding={"timestamp": "DELTA_BINARY_PACKED"},
    )

    for encoding in ["DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY"]:
        data = rows(150, encoding, nulls=0.1)
        write(
            f"encoding-{encoding.lower().replace('_', '-')}",
            data,
            table(data),
            version="2.6",
            use_dictionary=False,
            column_encoding={"message": encoding, "application": encoding},
            data_page_size=2_000,
            write_batch_size=16,
        )

    data = rows(250, "groups", nulls=0.05)
    write("row-groups", data, table(data), row_group_size=90, compression="zstd", data_page_size=1_000, write_batch_size=16)
    data = rows(64, "checksums")
    write("page-checksums", data, table(data), write_page_checksum=True, data_page_size=1_000, write_batch_size=16)
    data = rows(64, "index")
    write("page-index", data, table(data), write_page_index=True, data_page_size=1_000, write_batch_size=16)

    data = rows(30, "all null", nulls=1.0)
    write("all-null", data, table(data))
    data = rows(30, "no message")
    columns = [name for name in data[0] if name not in ("message", "file")]
    write("no-message", data, table(data, columns=columns), expected(data, columns=columns))
    data = rows(30, "message only")
    write("message-only", data, table(data, columns=["message"]), expected(data, columns=["message"]))
    write("no-rows", [], table(rows(1, "x")).slice(0, 0))

    data = rows(40, "required")
    arrow = table(data)
    required = pa.schema([field.with_nullable(False) if field.name != "kubernetes" else field for field in arrow.schema])
    write("required-columns", data, pa.table(arrow.columns, schema=required))

    data = rows(60, "lists", nulls=0.1)
    for at, row in enumerate(data):
        row["tags"] = None if at % 7 == 0 else [f"t{n}" for n in range(at % 4)]
        row["labels"] = None if at % 5 == 0 else {f"k{n}": f"v{at}" for n in range(at % 3)}
        row["size"] = 9_007_199_254_740_993 + at
        row["ratio"] = at / 8 + 1 / 16
        row["ok"] = at % 2 == 0
        row["hash"] = base64.b64encode(bytes([at, 255, 0, at])).decode()
    arrow = table([{k: v for k, v in row.items() if k not in ("tags", "labels", "size", "ratio", "ok", "hash")} for row in data])
    arrow = arrow.append_column("tags", pa.array([row["tags"] for row in data], pa.list_(pa.string())))
    pairs = [None if row["labels"] is None else list(row["labels"].items()) for row in data]
    arrow = arrow.append_column("labels", pa.array(pairs, pa.map_(pa.string(), pa.string())))
    arrow = arrow.append_column("size", pa.array([row["size"] for row in data], pa.int64()))
    arrow = arrow.append_column("ratio", pa.array([row["ratio"] for row in data], pa.float64()))
    arrow = arrow.append_column("ok", pa.array([row["ok"] for row in data], pa.bool_()))
    hashes = [base64.b64decode(row["hash"]) for row in data]
    arrow = arrow.append_column("hash", pa.array(hashes, pa.binary(4)))
    write("lists-and-maps", data, arrow, row_group_size=25, data_page_size=300, write_batch_size=4)

    data = rows(50, "bytes", nulls=0.1)
    arrow = table(data)
    raw = [None if row["message"] is None else row["message"].encode() for row in data]
    raw[3] = b"broken \xff\xfe utf-8 \xc3"
    data[3]["message"] = raw[3].decode("utf-8", "replace")
    arrow = arrow.set_column(1, "message", pa.array(raw, pa.binary()))
    write("invalid-utf8", data, arrow, use_dictionary=False)


main()
