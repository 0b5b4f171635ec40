"""Writes what pyarrow reads of Parquet files, as JSON in which every value says what it is: for test/conformance/main.ts.

    python3 test/conformance/pyarrow_values.py OUTPUT_FOLDER ROWS_MAX < FILE_NAMES

Of the n-th name, from 0: OUTPUT_FOLDER/n.ndjson has an array for each row with its members in order, at most ROWS_MAX of them; n.error has why
pyarrow does not read it. Each file is read by a process of its own, as some are made to end it.

A value is a bare JSON value, or {"TYPE": ...} where JSON does not say enough: see `write`. What is null is left out of groups.
"""

import base64
import gzip
import json
import os
import signal
import sys

import pyarrow as pa
import pyarrow.parquet as pq

SECONDS_MAX = 120
BATCH_ROWS = 256
NANOS = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}
types = pa.types


def text(raw):
    return raw.decode("utf-8", "replace")


def encode(raw):
    return base64.b64encode(raw).decode()


def quoted(value):
    return json.dumps(value)


def members(array, at, kind):
    """The members of a group, as pairs."""
    pairs = []
    for number, field in enumerate(kind):
        value = write(array.field(number), at, field.type)
        if value is not None:
            pairs.append(f"[{quoted(field.name)},{value}]")
    return "[" + ",".join(pairs) + "]"


def elements(array, at, kind):
    """The elements of a list, whose nulls stand."""
    start, end = span(array, at)
    values = array.values if not types.is_fixed_size_list(kind) else array.flatten()
    return "[" + ",".join(write(values, i, kind.value_type) or "null" for i in range(start, end)) + "]"


def span(array, at):
    if types.is_fixed_size_list(array.type):
        size = array.type.list_size
        before = sum(1 for i in range(at) if array[i].is_valid)
        return before * size, (before + 1) * size
    offsets = array.offsets
    return offsets[at].as_py(), offsets[at + 1].as_py()


def write(array, at, kind):
    """A value as JSON; None for a null."""
    if isinstance(kind, pa.BaseExtensionType):
        name = getattr(kind, "extension_name", "")
        if name == "arrow.json":
            return None if not array[at].is_valid else f'{{"json":{quoted(text(raw_bytes(array.storage, at)))}}}'
        return write(array.storage, at, kind.storage_type)
    if types.is_null(kind) or not array[at].is_valid:
        return None
    if types.is_dictionary(kind):
        return write(array.dictionary, array.indices[at].as_py(), kind.value_type)
    if types.is_struct(kind) and is_variant(kind):
        return '{"variant":null}'
    if types.is_struct(kind):
        return f'{{"group":{members(array, at, kind)}}}'
    if types.is_map(kind):
        start, end = span(array, at)
        keys, items = array.keys, array.items
        pairs = (f"[{write(keys, i, kind.key_type)},{write(items, i, kind.item_type) or 'null'}]" for i in range(start, end))
        return '{"map":[' + ",".join(pairs) + "]}"
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        return elements(array, at, kind)
    return scalar(array, at, kind)


def is_variant(kind):
    """Arrow does not decode them: what is in them is not compared."""
    names = [field.name for field in kind]
    return names[:1] == ["metadata"] and types.is_binary(kind[0].type) and set(names[1:]) <= {"value", "typed_value"}


def raw_bytes(array, at):
    kind = array.type
    if types.is_string(kind):
        array = array.view(pa.binary())
    elif types.is_large_string(kind):
        array = array.view(pa.large_binary())
    elif types.is_string_view(kind):
        array = array.cast(pa.binary_view())
    return array[at].as_py()


def integer(array, at):
    return array.view(pa.int64() if array.type.bit_width == 64 else pa.int32())[at].as_py()


def scalar(array, at, kind):
    if types.is_boolean(kind):
        return "true" if array[at].as_py() else "false"
    if types.is_integer(kind):
        return str(array[at].as_py())
    if types.is_floating(kind):
        return f'{{"f{kind.bit_width}":{quoted(repr(float(array[at].as_py())))}}}'
    if types.is_decimal(kind):
        return f'{{"decimal":{quoted(format(array[at].as_py(), "f"))}}}'
    if types.is_date32(kind):
        return f'{{"days":{integer(array, at)}}}'
    if types.is_date64(kind):
        return f'{{"days":{integer(array, at) // 86_400_000}}}'
    if types.is_time(kind):
        return f'{{"clock":"{integer(array, at) * NANOS[kind.unit]}"}}'
    if types.is_timestamp(kind):
        return f'{{"nanos":"{integer(array, at) * NANOS[kind.unit]}"}}'
    if types.is_duration(kind):
        return str(integer(array, at))
    if types.is_fixed_size_binary(kind):
        return f'{{"fixed":"{encode(array[at].as_py())}"}}'
    if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind):
        return quoted(text(raw_bytes(array, at)))
    if types.is_binary(kind) or types.is_large_binary(kind) or types.is_binary_view(kind):
        return f'{{"bytes":"{encode(array[at].as_py())}"}}'
    raise NotImplementedError(f"{kind}")


def unwrapped(path):
    """A file, or what is in it where it is in gzip."""
    with open(path, "rb") as file:
        if file.read(2) != b"\x1f\x8b":
            return path
    return pa.BufferReader(gzip.open(path).read())


def rows_of(path, rows_max):
    left = rows_max
    file = pq.ParquetFile(unwrapped(path))
    rows = sum(file.metadata.row_group(group).num_rows for group in range(file.metadata.num_row_groups))
    seen = 0
    for batch in file.iter_batches(batch_size=BATCH_ROWS):
        seen += batch.num_rows
        if left <= 0:
            return
        for at in range(min(left, batch.num_rows)):
            pairs = []
            for name, array in zip(batch.schema.names, batch.columns):
                value = write(array, at, array.type)
                if value is not None:
                    pairs.append(f"[{quoted(name)},{value}]")
            yield "[" + ",".join(pairs) + "]"
        left -= batch.num_rows
    if seen != rows:
        raise ValueError(f"{seen} rows of {rows}")


def read(path, place, rows_max):
    signal.alarm(SECONDS_MAX)
    try:
        with open(f"{place}.part", "w") as out:
            for row in rows_of(path, rows_max):
                out.write(row + "\n")
        os.rename(f"{place}.part", f"{place}.ndjson")
    except BaseException as error:  # Whatever it is: the file is not read.
        with open(f"{place}.error", "w") as out:
            out.write(f"{type(error).__name__}: {error}")


def main():
    folder, rows_max = sys.argv[1], int(sys.argv[2])
    print(pa.__version__, flush=True)
    for number, line in enumerate(sys.stdin):
        place = os.path.join(folder, str(number))
        child = os.fork()
        if child == 0:
            read(line.rstrip("\n"), place, rows_max)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status != 0:
            with open(f"{place}.error", "w") as out:
                out.write(f"the process ended with {status}")


main()
