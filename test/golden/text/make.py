"""Writes golden objects of text, and what must be read from them, with writers that are not ours.

    pip install python-snappy pyarrow && python3 test/golden/text/make.py

needs zstd, pzstd, lz4, zip and tar beside it. Each file NAME has its expectation in NAME.json: either the format and the records (time in
milliseconds or null, message, and `unparsable` where the record is no JSON), or the code of the error and a word that its sentence must
have. The files are committed; this runs again only when one is added. Those without a recipe here are inputs that failed once, as they
were found.
"""

import bz2
import gzip
import io
import json
import lzma
import pathlib
import random
import struct
import subprocess
import tarfile
import tempfile
import zipfile
import zlib

import pyarrow as pa
import pyarrow.orc
import snappy

HERE = pathlib.Path(__file__).parent
START_MS = 1_767_225_600_000


def record(at, **more):
    return json.dumps({"timestamp": f"2026-01-01T00:00:{at:02}Z", "message": f"line {at}", **more}, ensure_ascii=False)


def lines(count, first=0):
    return "".join(record(at) + "\n" for at in range(first, first + count))


def read(at):
    return {"timestampMs": START_MS + at * 1000, "message": f"line {at}"}


def broken(text):
    return {"timestampMs": None, "message": text, "unparsable": True}


def ndjson(around, count=4):
    return {"format": f"ndjson+{around}", "records": [read(at) for at in range(count)]}


def refused(says, code="object-unsupported"):
    return {"error": code, "says": says}


def gz(data):
    return gzip.compress(data, mtime=0)


def run(data, *command):
    return subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True).stdout


def zip_of(files, compression=zipfile.ZIP_DEFLATED, streamed=False, zip64=False):
    """Streamed: into something that cannot seek, so that sizes and checksums stand behind the files, as Firehose writes them."""
    out = io.BytesIO()

    class Unseekable:
        write, flush = out.write, out.flush

    with zipfile.ZipFile(Unseekable() if streamed else out, "w", compression) as archive:
        for name, text in files.items():
            info = zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))
            info.compress_type = compression
            with archive.open(info, "w", force_zip64=zip64) as file:
                file.write(text.encode())
    return out.getvalue()


def encrypted_zip(text):
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "a.json").write_text(text)
        subprocess.run(["zip", "-q", "-X", "-P", "secret", "a.zip", "a.json"], cwd=folder, check=True)
        return pathlib.Path(folder, "a.zip").read_bytes()


def tar_of(text):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo("a.json")
        info.size = len(text)
        archive.addfile(info, io.BytesIO(text.encode()))
    return out.getvalue()


def hadoop(data, block=200):
    """Hadoop's BlockCompressorStream: a block's length, then its parts, each with its own."""
    out = b""
    for at in range(0, len(data), block):
        part = data[at : at + block]
        half = len(part) // 2
        out += struct.pack(">I", len(part))
        for piece in (part[:half], part[half:]):
            compressed = snappy.compress(piece)
            out += struct.pack(">I", len(compressed)) + compressed
    return out


def snappy_java(data, block=200):
    """snappy-java's SnappyOutputStream."""
    out = b"\x82SNAPPY\x00" + struct.pack(">II", 1, 1)
    for at in range(0, len(data), block):
        compressed = snappy.compress(data[at : at + block])
        out += struct.pack(">I", len(compressed)) + compressed
    return out


def framed(data):
    compressor = snappy.StreamCompressor()
    return compressor.add_chunk(data) + b"\xfe\x03\x00\x00xyz" + compressor.add_chunk(data)


def orc():
    out = io.BytesIO()
    pyarrow.orc.write_table(pa.table({"message": ["a"] * 100}), out)
    return out.getvalue()


def arrow():
    out = io.BytesIO()
    table = pa.table({"message": ["a"]})
    with pa.ipc.new_file(out, table.schema) as writer:
        writer.write_table(table)
    return out.getvalue()


FOUR = lines(4)
TEXT = FOUR.encode()

CONTAINERS = {
    "zlib.bin": (zlib.compress(TEXT), ndjson("zlib")),
    "gzip-in-zstd.zst": (run(gz(TEXT), "zstd", "-qc"), ndjson("gzip+zstd")),
    "zero-padded.zst": (run(TEXT, "zstd", "-qc") + bytes(512), ndjson("zstd")),
    "frames-and-skippable.zst": (
        run(lines(2).encode(), "zstd", "-qc") + b"\x5f\x2a\x4d\x18\x03\x00\x00\x00abc" + run(lines(2, 2).encode(), "zstd", "-qc"),
        ndjson("zstd"),
    ),
    "streamed.zip": (zip_of({"a.json": FOUR}, streamed=True), ndjson("zip")),
    "streamed-zip64.zip": (zip_of({"a.json": FOUR}, streamed=True, zip64=True), ndjson("zip")),
    "zip64.zip": (zip_of({"a.json": FOUR}, zip64=True), ndjson("zip")),
    "stored.zip": (zip_of({"a.json": FOUR}, zipfile.ZIP_STORED), ndjson("zip")),
    "two-files.zip": (zip_of({"folder/": "", "a.json": lines(2).rstrip(), "b.json": lines(2, 2)}), ndjson("zip")),
    "no-files.zip": (zip_of({}), {"format": "ndjson+zip", "records": []}),
    "zip-in-gzip.gz": (gz(zip_of({"a.json": FOUR}, streamed=True)), ndjson("zip+gzip")),
    "framed-twice.snappy": (framed(TEXT), {"format": "ndjson+snappy-framed", "records": [read(at) for at in range(4)] * 2}),
    "raw.snappy": (snappy.compress(TEXT), ndjson("snappy")),
    "raw-of-many-fragments.snappy": (
        snappy.compress("".join(record(at, pad=f"{at}-{at}-" * 600) + "\n" for at in range(45)).encode()),
        ndjson("snappy", 45),
    ),
    "raw-in-gzip.gz": (gz(snappy.compress(TEXT)), ndjson("snappy+gzip")),
    "hadoop.snappy": (hadoop(TEXT), ndjson("snappy-hadoop")),
    "java.snappy": (snappy_java(TEXT) + snappy_java(lines(1, 4).encode()), ndjson("snappy-java", 5)),
    "utf16be.json": (b"\xfe\xff" + FOUR.encode("utf-16-be"), ndjson("utf-16be")),
    "utf16-crlf-in-gzip.gz": (gz(("\ufeff" + FOUR.replace("\n", "\r\n")).encode("utf-16-le")), ndjson("utf-16le+gzip")),
    "four-deep.gz": (gz(gz(gz(gz(TEXT)))), ndjson("gzip+gzip+gzip+gzip")),
    "five-deep.gz": (gz(gz(gz(gz(gz(TEXT))))), refused("more than 4")),
    "followed-by-text.gz": (gz(TEXT) + bytes(10) + b"text", refused("gzip", "object-corrupt")),
    "x-is-text.log": (b"x^2 is a formula\n" + TEXT, {
        "format": "ndjson",
        "records": [broken("x^2 is a formula")] + [read(at) for at in range(4)],
    }),
    # Refused by name.
    "lines.xz": (lzma.compress(TEXT), refused("xz")),
    "lines.lzma": (lzma.compress(TEXT, lzma.FORMAT_ALONE), refused("lzma")),
    "lines.lz4": (run(TEXT, "lz4", "-qc"), refused("LZ4")),
    "lines.Z": (b"\x1f\x9d\x90" + bytes(range(3, 60)), refused("compress (.Z)")),
    "lines.tar": (tar_of(FOUR), refused("tar")),
    "lines.tar.gz": (gz(tar_of(FOUR)), refused("tar within gzip")),
    "bzip2-in-gzip.gz": (gz(bz2.compress(TEXT)), refused("bzip2 within gzip")),
    "lines.orc": (orc(), refused("ORC")),
    "lines.arrow": (arrow(), refused("Arrow")),
    "utf32.json": (FOUR.encode("utf-32"), refused("UTF-32")),
    "encrypted.zip": (encrypted_zip(FOUR), refused("encrypted ZIP")),
    "bzip2.zip": (zip_of({"a.json": FOUR}, zipfile.ZIP_BZIP2), refused("bzip2")),
    "truncated.zip": (zip_of({"a.json": FOUR}, streamed=True)[:-100], refused("unexpected end", "object-corrupt")),
    "two-parquet.zip": (zip_of({"a": "PAR1 and more", "b": "PAR1"}), refused("more than 1 file")),
    "random.bin": (random.Random(18).randbytes(5_000), refused("no text")),
    "zeros.bin": (bytes(2_000), refused("no text")),
    "encrypted-parquet.gz": (gz(b"PARE" + bytes(100)), refused("encrypted Parquet within gzip")),
}


def value(at):
    """With digits that no double has."""
    return f'{{"timestamp":"2026-01-01T00:00:{at:02}Z","message":{{"n":{2**63 + at},"x":{at}.50}}}}'


def value_read(at):
    return {"timestampMs": START_MS + at * 1000, "message": f'{{"n":{2**63 + at},"x":{at}.50}}'}


def subscription(first, count, kind="DATA_MESSAGE"):
    events = [{"id": str(at), "timestamp": START_MS + at * 1000, "message": f"line {at}"} for at in range(first, first + count)]
    return json.dumps(
        {
            "messageType": kind,
            "owner": "123456789012",
            "logGroup": "/aws/lambda/a",
            "logStream": "2026/01/01/[$LATEST]{x}",
            "subscriptionFilters": ["all"],
            "logEvents": events,
        }
    )


def trail(at):
    identity = {"type": "AssumedRole", "sessionContext": {"sessionIssuer": {}, "n": 1.0}}
    return json.dumps({"eventVersion": "1.11", "userIdentity": identity, "eventTime": f"2026-01-01T00:00:{at:02}Z"})


def trail_read(at):
    return {"timestampMs": START_MS + at * 1000, "message": trail(at)}


PRETTY = [json.dumps(json.loads(record(at, nested={"a": [1, {}], "b": "}{"})), indent=2) for at in range(3)]

SHAPES = {
    "numbers-change.json": ("".join(value(at) for at in range(3)), "json-objects", [value_read(at) for at in range(3)]),
    "glued-here-and-there.ndjson": (
        f"{record(0)}\n{record(1)}{record(2)} \t{record(3)}\n{record(4)}{record(5)} and text\n{record(6)}",
        "ndjson",
        [read(at) for at in range(5)] + [broken(f"{record(5)} and text"), read(6)],
    ),
    "pretty.json": ("\n".join(PRETTY) + "\n", "json-objects", [read(at) for at in range(3)]),
    "pretty-crlf.json": ("\r\n".join(PRETTY).replace("\n", "\r\n"), "json-objects", [read(at) for at in range(3)]),
    "pretty-one-broken.json": (
        f'{PRETTY[0]}\n{{\n  "a": 1,\n}}\n{{\n "cut": [\n{PRETTY[1]}\nsome text\n{PRETTY[2]}\n{{"end":',
        "json-objects",
        [
            read(0),
            broken('{\n  "a": 1,\n}'),
            broken(f'{{\n "cut": [\n{PRETTY[1]}\nsome text'),
            read(2),
            broken('{"end":'),
        ],
    ),
    "pretty-text-cut.json": (
        f'{PRETTY[0]}\n{{\n "cut": "here\n}}\nsome text\n{PRETTY[1]}\n',
        "json-objects",
        [read(0), broken('{\n "cut": "here\n}'), broken("some text"), read(1)],
    ),
    "concatenated-one-broken.json": (
        f'{record(0)}{{broken}}{record(1)}{{"message":"cut{record(2)}{record(3)}',
        "json-objects",
        [read(0), broken("{broken}"), read(1), broken(f'{{"message":"cut{record(2)}'), read(3)],
    ),
    "concatenated-first-broken.json": (
        f"{{broken}}{record(0)}{record(1)}",
        "json-objects",
        [broken("{broken}"), read(0), read(1)],
    ),
    "objects-then-lines.json": (
        f"{record(0)}{record(1)}\n{record(2)}\nplain text {{}}\n{record(3)}\n",
        "json-objects",
        [read(0), read(1), read(2), broken("plain text {}"), read(3)],
    ),
    "two-arrays.json": (
        f"[{record(0)},{record(1)}]\n[{record(2)}, 7 ,\n{record(3)}]\n",
        "json-array",
        [read(0), read(1), read(2), broken("7"), read(3)],
    ),
    "array-then-lines.json": (
        f"[{record(0)}]\n{record(1)}\n{record(2)}{record(3)}\nnot JSON\n",
        "json-array",
        [read(at) for at in range(4)] + [broken("not JSON")],
    ),
    "brackets-are-no-arrays.log": (
        f"[12] pid in front\n[2026-01-01 00:00:00] INFO\n[]x\n{record(0)}\n",
        "ndjson",
        [broken("[12] pid in front"), broken("[2026-01-01 00:00:00] INFO"), broken("[]x"), read(0)],
    ),
    "carriage-returns.log": (
        f"first line\r{record(0)}\r\r{record(1)}\r",
        "ndjson-cr",
        [broken("first line"), read(0), read(1)],
    ),
    "carriage-returns.ndjson": (f"{record(0)}\r{record(1)}\r{record(2)}", "ndjson-cr", [read(at) for at in range(3)]),
    "cloudtrail-pretty.json": (
        json.dumps({"Records": [json.loads(trail(at)) for at in range(2)]}, indent=1),
        "cloudtrail",
        [
            {
                "timestampMs": START_MS + at * 1000,
                "message": json.dumps(json.loads(trail(at)), indent=1).replace("\n", "\n  "),
            }
            for at in range(2)
        ],
    ),
    "cloudtrail-twice.json": (
        f'{{"Records":[{trail(0)},{trail(1)}],"more":{{"Records":[1]}}}}\n{{"Records":[]}}{{"other":1.0}}{{ "Records" : [ {trail(2)} ] }}',
        "cloudtrail",
        [
            trail_read(0),
            trail_read(1),
            {"timestampMs": None, "message": '{"other":1.0}'},
            trail_read(2),
        ],
    ),
    "records-of-others.ndjson": (
        '{"Records":[{"a":1}],"message":"m"}\n{"Records":[]}\n',
        "ndjson",
        [{"timestampMs": None, "message": "m"}, {"timestampMs": None, "message": '{"Records":[]}'}],
    ),
    "subscription.json": (
        subscription(0, 2) + subscription(2, 1, "CONTROL_MESSAGE") + "\n" + subscription(3, 2),
        "cloudwatch-logs",
        [read(at) for at in range(5)],
    ),
    "subscription-old-order.json": (
        '{"owner":"1","messageType":"DATA_MESSAGE","logEvents":[' + json.dumps({"timestamp": START_MS, "message": "line 0"}) + "]}",
        "cloudwatch-logs",
        [read(0)],
    ),
}


def write(name, data, expected):
    (HERE / name).write_bytes(data)
    (HERE / f"{name}.json").write_text(json.dumps(expected, indent=1, ensure_ascii=False) + "\n")


for name, (data, expected) in CONTAINERS.items():
    # Encrypted anew, the archive would be another each time.
    if name != "encrypted.zip" or not (HERE / name).exists():
        write(name, data, expected)
for name, (text, form, records) in SHAPES.items():
    write(name, text.encode(), {"format": form, "records": records})
    write(f"{name}.gz", gz(text.encode()), {"format": f"{form}+gzip", "records": records})
# As CloudWatch Logs sends them and Firehose puts them behind one another: a gzip member each, and nothing between them.
members = [subscription(at * 2, 2) for at in range(3)]
write(
    "subscription-members.gz",
    b"".join(gz(member.encode()) for member in members),
    {"format": "cloudwatch-logs+gzip", "records": [read(at) for at in range(6)]},
)
# Latin-1, which is not UTF-8, and a character that was cut.
write(
    "latin1.log",
    "Straße\n".encode("latin-1") + b'{"message":"caf\xe9"}\n{"message":"cut \xe2\x82"}\n' + record(0).encode() + b"\n",
    {
        "format": "ndjson",
        "records": [
            broken("Stra\ufffde"),
            {"timestampMs": None, "message": "caf\ufffd"},
            {"timestampMs": None, "message": "cut \ufffd"},
            read(0),
        ],
    },
)

FOUND = {
    "message-not-text.ndjson": {
        "format": "ndjson",
        "records": [
            read(0),
            {
                "timestampMs": START_MS + 5000,
                "message": '{"trace_id":1234567890123456789,"order":9007199254740993,"amount":10.00}',
            },
            read(9),
        ],
    },
    "bracket-first-line.log": {
        "format": "ndjson",
        "records": [broken("[2026-01-01 00:00:00] INFO starting up")] + [read(at) for at in range(4)],
    },
    "cloudtrail.json": {
        "format": "cloudtrail",
        "records": [
            {
                "timestampMs": START_MS,
                "message": json.dumps(
                    {"eventVersion": "1.08", "eventTime": "2026-01-01T00:00:00Z", "eventName": f"E{at}"}
                ),
            }
            for at in range(3)
        ],
    },
    "concatenated.json": {"format": "json-objects", "records": [read(at) for at in range(5)]},
    "members-without-newlines.gz": {"format": "json-objects+gzip", "records": [read(0), read(1)]},
    "twice.json.gz": ndjson("gzip+gzip"),
    "zero-padded.json.gz": ndjson("gzip"),
    "pzstd.zst": ndjson("zstd"),
    "firehose.zip": ndjson("zip"),
    "framed.snappy": ndjson("snappy-framed"),
    "utf16.json": ndjson("utf-16le"),
    "wrapped.parquet.gz": {
        "format": "parquet+gzip",
        "records": [
            {"timestampMs": row["timestampMs"], "message": row["record"] if row["message"] is None else row["message"]}
            for row in json.loads((HERE / "../parquet/codec-gzip.json").read_text())
        ],
    },
    "lines.bz2": refused("bzip2"),
    "encrypted-footer": refused("encrypted Parquet"),
}
for name, expected in FOUND.items():
    (HERE / f"{name}.json").write_text(json.dumps(expected, indent=1, ensure_ascii=False) + "\n")
