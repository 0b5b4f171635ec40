"""Writes the golden Parquet files and what must be read from them, with pyarrow and DuckDB (independent writers).

    pip install pyarrow duckdb && python3 test/golden/parquet/make.py NAME ...

Each file NAME.parquet has its expectation in NAME.json: for every row the time in milliseconds (null: none), the message
(null: none), and the text of the whole record as JSON. The files are committed; this runs again only for those that are added. Files that
others wrote have their expectations in others.py.
"""

import base64
import datetime
import decimal
import json
import math
import pathlib
import random
import sys
import uuid

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
    if name not in sys.argv[1:]:
        return
    pq.write_table(arrow, HERE / f"{name}.parquet", **options)
    expect(name, expected(data) if expectation is None else expectation)


def expect(name, body):
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
    expectation = expected(data)
    # As a member of a record it keeps its bytes; a message is mended.
    record = json.loads(expectation[3]["record"]) | {"message": base64.b64encode(raw[3]).decode()}
    expectation[3]["record"] = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
    write("invalid-utf8", data, arrow, expectation, use_dictionary=False)
    types()
    nested()
    types_of_duckdb()
    encrypted()


class Raw(str):
    """A piece of JSON as it must stand there."""


def dump(value):
    """Compact JSON in which numbers that Python would change are written as they are."""
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(name, ensure_ascii=False)}:{dump(member)}" for name, member in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(dump, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def records(rows):
    """The expectation of rows without a time and a message, of which only the whole record is told."""
    return [{"timestampMs": None, "message": None, "record": dump(row)} for row in rows]


def types():
    """Every type that Arrow can write, at its ends. What is left out of a row is null."""
    columns = {
        "i8": (pa.int8(), [-128, 127]),
        "i16": (pa.int16(), [-(2**15), 2**15 - 1]),
        "i32": (pa.int32(), [-(2**31), 2**31 - 1]),
        "i64": (pa.int64(), [-(2**63), 2**63 - 1]),
        "u8": (pa.uint8(), [0, 255]),
        "u16": (pa.uint16(), [0, 2**16 - 1]),
        "u32": (pa.uint32(), [0, 2**32 - 1]),
        "u64": (pa.uint64(), [2**63, 2**64 - 1]),
        "f16": (pa.float16(), [(0.1, "0.1"), (65504.0, "65504")]),
        "f32": (pa.float32(), [(0.1, "0.1"), (16777216.0, "16777216"), (-0.0, "-0")]),
        "f64": (pa.float64(), [(0.1, "0.1"), (1e300, "1e+300"), (5e-324, "5e-324"), (-0.0, "-0")]),
        "nan": (pa.float64(), [(math.nan, '"NaN"'), (math.inf, '"Infinity"'), (-math.inf, '"-Infinity"')]),
        "nan32": (pa.float32(), [(math.nan, '"NaN"'), (math.inf, '"Infinity"')]),
        "flag": (pa.bool_(), [True, False]),
        "money": (pa.decimal128(9, 2), [(d, d) for d in ["10.00", "-0.01", "7712.48", "0.00"]]),
        "money18": (pa.decimal128(18, 3), [(d, d) for d in ["-1.500", "999999999999999.999"]]),
        "precise": (pa.decimal128(38, 10), [(d, d) for d in ["1234567890123456789012345678.0123456789", "-0.0000000001"]]),
        "huge": (pa.decimal256(76, 0), [("9" * 76, "9" * 76), ("-" + "9" * 76, "-" + "9" * 76)]),
        "date": (pa.date32(), [(d, f'"{d}"') for d in ["1969-12-31", "2026-02-28", "0001-01-01", "9999-12-31"]]),
        "time_ms": (pa.time32("ms"), [(1, '"00:00:00.001"'), (86_399_999, '"23:59:59.999"')]),
        "time_us": (pa.time64("us"), [(1, '"00:00:00.000001"'), (3_600_000_000, '"01:00:00.000"')]),
        "time_ns": (pa.time64("ns"), [(1, '"00:00:00.000000001"'), (86_399_999_999_000, '"23:59:59.999999"')]),
        "at_ms": (pa.timestamp("ms", "UTC"), [(-1, '"1969-12-31T23:59:59.999Z"'), (253402300799999, '"9999-12-31T23:59:59.999Z"')]),
        "at_us": (pa.timestamp("us"), [(-1, '"1969-12-31T23:59:59.999999Z"'), (1_000_000, '"1970-01-01T00:00:01.000Z"')]),
        "at_ns": (pa.timestamp("ns"), [(-1, '"1969-12-31T23:59:59.999999999Z"'), (2**63 - 1, '"2262-04-11T23:47:16.854775807Z"')]),
        "text": (pa.string(), [(t, json.dumps(t, ensure_ascii=False)) for t in ["", "Straße 🎉", 'a "quoted" \\ line\n']]),
        "bytes": (pa.binary(), [(b"\xff\x00\xfe", '"/wD+"'), (b"plain", '"plain"')]),
        "hash": (pa.binary(3), [(b"\x00\x01\x02", '"AAEC"'), (b"abc", '"YWJj"')]),
        "uuid": (pa.uuid(), [(u, f'"{u}"') for u in ["00112233-4455-6677-8899-aabbccddeeff"]]),
        "json": (pa.json_(), [(t, t) for t in ['{"id":12345678901234567890,"a":1.0,"a":2}', " [1 , 2] ", '"text"', "null"]]
                 + [('{\n  "pretty": "\\n"\r\n}', '{   "pretty": "\\n"  }'), ("not json", '"not json"')]),
        "nothing": (pa.null(), [None]),
    }
    count = max(len(values) for _, values in columns.values())
    rows = [{} for _ in range(count)]
    arrays = {}
    for name, (kind, values) in columns.items():
        pairs = [pair if isinstance(pair, tuple) else (pair, None if pair is None else dump(pair)) for pair in values]
        for row, (_, text) in zip(rows, pairs):
            if text is not None:
                row[name] = Raw(text)
        arrays[name] = make_array([value for value, _ in pairs] + [None] * (count - len(pairs)), kind)
    for name, extra in [("types", {}), ("types-plain", {"use_dictionary": False, "data_page_version": "2.0"})]:
        write(name, None, pa.table(arrays), records(rows), version="2.6", **extra)
    split = [name for name in arrays if name in ("i32", "i64", "f32", "f64", "hash", "precise", "u64", "at_ms", "date")]
    some = [{name: row[name] for name in arrays if name in split and name in row} for row in rows]
    table = pa.table({name: arrays[name] for name in arrays if name in split})
    encoding = {name: "BYTE_STREAM_SPLIT" for name in split}
    write("types-byte-stream-split", None, table, records(some), version="2.6", use_dictionary=False, column_encoding=encoding)
    whole = [name for name in arrays if name in ("i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "date", "time_ms", "time_us", "at_ns")]
    some = [{name: row[name] for name in whole if name in row} for row in rows]
    table = pa.table({name: arrays[name] for name in whole})
    encoding = {name: "DELTA_BINARY_PACKED" for name in whole}
    write("types-delta", None, table, records(some), version="2.6", use_dictionary=False, column_encoding=encoding)


def make_array(values, kind):
    if pa.types.is_decimal(kind):
        return pa.array([None if value is None else decimal.Decimal(value) for value in values], kind)
    if kind == pa.date32():
        return pa.array([None if value is None else datetime.date.fromisoformat(value) for value in values], kind)
    if kind == pa.uuid():
        return pa.array([None if value is None else uuid.UUID(value).bytes for value in values], pa.binary(16)).cast(kind)
    if kind == pa.json_():
        return pa.array(values, pa.string()).cast(kind)
    if kind == pa.float16():
        import numpy

        return pa.array([None if value is None else numpy.float16(value) for value in values], kind)
    return pa.array(values, kind)



def types_of_duckdb():
    """What Arrow cannot write: INTERVAL, and VARIANT, shredded and not."""
    if not {"duckdb", "duckdb-variant-shredded"} & set(sys.argv[1:]):
        return
    import duckdb

    values = [
        ("INTERVAL '14 months 3 days 04:05:06.789'", '"P14M3DT14706.789S"', "{'x': 1, 'y': 'text', 'z': [1.5, NULL]}", '{"x":1,"y":"text","z":[1.5,null]}'),
        ("INTERVAL '0 days'", '"PT0S"', "1234567890123456789", "1234567890123456789"),
        ("INTERVAL '1 day'", '"P1D"', "12345678901234567.890::DECIMAL(20, 3)", "12345678901234567.890"),
        ("INTERVAL '1 year'", '"P12M"', "TIMESTAMP '2026-01-01 00:00:00.000001'", '"2026-01-01T00:00:00.000001Z"'),
        ("NULL", None, "NULL", None),
    ]
    rows = [{"n": n, "i": interval and Raw(interval), "v": variant and Raw(variant)} for n, (_, interval, _, variant) in enumerate(values)]
    expectation = records([{name: value for name, value in row.items() if value is not None} for row in rows])
    selects = [f"SELECT {n} AS n, {interval} AS i, {variant}::VARIANT AS v" for n, (interval, _, variant, _) in enumerate(values)]
    shapes = {"duckdb": "", "duckdb-variant-shredded": ", SHREDDING {v: 'STRUCT(x INTEGER, y VARCHAR, missing BOOLEAN)'}"}
    for name, options in shapes.items():
        query = " UNION ALL ".join(selects)
        duckdb.sql(f"COPY ({query}) TO '{HERE / name}.parquet' (FORMAT parquet{options})")
        expect(name, expectation)


def encrypted():
    """A column that is encrypted with a key of its own, in a file whose footer is plain: null, and the others are as they are."""
    if "encrypted-column" not in sys.argv[1:]:
        return
    import pyarrow.parquet.encryption as pe

    class Keys(pe.KmsClient):
        def __init__(self, config):
            super().__init__()
            self.keys = config.custom_kms_conf

        def wrap_key(self, key_bytes, master):
            return base64.b64encode(key_bytes + self.keys[master].encode())

        def unwrap_key(self, wrapped, master):
            return base64.b64decode(wrapped)[: -len(self.keys[master])]

    config = pe.EncryptionConfiguration(footer_key="a", column_keys={"b": ["secret"]}, plaintext_footer=True, data_key_length_bits=128)
    keys = pe.KmsConnectionConfig(custom_kms_conf={"a": "0123456789112345", "b": "1234567890123450"})
    properties = pe.CryptoFactory(Keys).file_encryption_properties(keys, config)
    table = pa.table({"message": ["one", None, "three"], "secret": ["a", "b", "c"], "n": [1, 2, 3]})
    with pq.ParquetWriter(HERE / "encrypted-column.parquet", table.schema, encryption_properties=properties) as writer:
        writer.write_table(table)
    rows = [{"message": message, "secret": None, "n": n} for message, n in zip(table["message"].to_pylist(), [1, 2, 3])]
    rows[1].pop("message")
    expect("encrypted-column", [{"timestampMs": None, "message": row.get("message"), "record": dump(row)} for row in rows])


def nested():
    """Groups, lists and maps in one another, empty, null and full; large enough to lie across pages and row groups."""
    inner = pa.struct([("a", pa.int32()), ("b", pa.list_(pa.string()))])
    columns = {
        "group": pa.struct([("x", pa.int64()), ("in", pa.struct([("y", pa.string())]))]),
        "list": pa.list_(pa.int32()),
        "lists": pa.list_(pa.list_(pa.string())),
        "groups": pa.list_(inner),
        "map": pa.map_(pa.string(), pa.int64()),
        "numbers": pa.map_(pa.int32(), pa.string()),
        "maps": pa.map_(pa.string(), pa.list_(pa.map_(pa.string(), inner))),
    }
    dice = random.Random("nested")
    rows = [{name: random_value(dice, kind, 0.2) for name, kind in columns.items()} for _ in range(120)]
    table = pa.table({name: pa.array([row[name] for row in rows], kind) for name, kind in columns.items()})
    expectation = records([as_json(row, columns) for row in rows])
    for version in ["1.0", "2.0"]:
        options = {"data_page_version": version, "data_page_size": 64, "write_batch_size": 3, "row_group_size": 50}
        write(f"nested-v{version[0]}", None, table, expectation, **options)
    write("nested-one-page", None, table, expectation, use_dictionary=False, compression="zstd")


def random_value(dice, kind, nulls):
    if dice.random() < nulls:
        return None
    if pa.types.is_struct(kind):
        return {field.name: random_value(dice, field.type, nulls) for field in kind}
    if pa.types.is_map(kind):
        count = dice.choice([0, 1, 1, 2, 3])
        return [(random_value(dice, kind.key_type, 0), random_value(dice, kind.item_type, nulls)) for _ in range(count)]
    if pa.types.is_list(kind):
        return [random_value(dice, kind.value_type, nulls) for _ in range(dice.choice([0, 1, 1, 2, 5]))]
    return dice.choice(["", "a", "é\n", '"']) if kind == pa.string() else dice.randrange(-5, 2**31 - 1)


def as_json(row, columns):
    """Nulls are left out of groups, and stand in lists and maps."""
    return {name: plain(row[name], kind) for name, kind in columns.items() if row[name] is not None}


def plain(value, kind):
    if value is None:
        return None
    if pa.types.is_struct(kind):
        return {field.name: plain(value[field.name], field.type) for field in kind if value[field.name] is not None}
    if pa.types.is_map(kind):
        # A name may come twice.
        return Raw("{" + ",".join(f"{json.dumps(str(name), ensure_ascii=False)}:{dump(plain(item, kind.item_type))}" for name, item in value) + "}")
    if pa.types.is_list(kind):
        return [plain(item, kind.value_type) for item in value]
    return value


main()
