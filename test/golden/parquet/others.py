"""Writes what must be read from golden files that are kept as their writers made them (see make.py), by pyarrow.

    pip install pyarrow && python3 test/golden/parquet/others.py

list-levels-broken.parquet is bad_data/ARROW-GH-45185.parquet of apache/parquet-testing (Apache License 2.0): pyarrow does not read it either.
The records of a row without a message are told by hand: what is right there is what these files are for.
"""

import hashlib
import json
import pathlib

import pyarrow as pa
import pyarrow.parquet as pq

HERE = pathlib.Path(__file__).parent
VECTOR = HERE.parent / "vector"


def lines(name, rows):
    text = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    (HERE / f"{name}.json").write_text(f"[\n{text}\n]\n")


def row(ms, message, record):
    return {"timestampMs": ms, "message": message, "record": record}


def rfc3339(ms):
    return pa.scalar(ms, pa.timestamp("ms")).as_py().strftime("%Y-%m-%dT%H:%M:%S.") + f"{ms % 1000:03d}Z"


def main():
    exact = '{"u":18446744073709551615,"d":12345678901234567.89}'
    lines("uint64-decimal", [row(None, None, exact)])
    message = '{"id":12345678901234567890,"a":1.0}'
    lines("json-column", [row(1767225600000, message, f'{{"message":{message},"timestamp":"2026-01-01T00:00:00.000Z"}}')])
    broken = [row(None, '{"a":1}', '{"message":"{\\"a\\":1}","j":{"id":12345678901234567890}}'), row(None, None, '{"j":"not json"}')]
    lines("json-column-broken", broken)
    table = pq.read_table(HERE / "empty-row-group-between.parquet")
    rows = []
    for time, message in zip(table["timestamp"].cast(pa.int64()).to_pylist(), table["message"].to_pylist()):
        record = json.dumps({"timestamp": rfc3339(time), "message": message}, ensure_ascii=False, separators=(",", ":"))
        rows.append(row(time, message, record))
    lines("empty-row-group-between", rows)
    vector()


def vector():
    """Times and messages of Vector's files as a checksum: a line for each row, without those that have no message."""
    digests = {}
    for file in sorted(VECTOR.glob("*.parquet")):
        table = pq.read_table(file)
        times = table["timestamp"]
        if pa.types.is_string(times.type):
            times = times.cast(pa.timestamp("ms", "UTC"))
        times = times.cast(pa.timestamp("ms", "UTC")).cast(pa.int64()).to_pylist()
        rows = [f"{time} {message}\n" for time, message in zip(times, table["message"].to_pylist()) if message is not None]
        digests[file.stem] = {"rows": len(rows), "sha256": hashlib.sha256("".join(rows).encode()).hexdigest()}
    (VECTOR / "expected.json").write_text(json.dumps(digests, indent=2) + "\n")


main()
