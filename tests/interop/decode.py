#!/usr/bin/python3
"""decode: reads Curfew's topics with kcat and the Python Avro library, knowing nothing of Curfew but its .avsc files,
and holds every field against what `curfew tail` says of the same record.

    decode.py --brokers HOST:PORT --prefix PREFIX --schemas DIR --curfew COMMAND --topic TOPIC...

Ends with `interop: N records of M types equal`; status 1 at the first difference."""
import argparse
import glob
import io
import json
import os
import struct
import subprocess
import sys

import avro.io
import avro.schema

MAGIC = b"\xc3\x01"


def fail(text):
    sys.exit("interop: " + text)


def fingerprint_of(text):
    """CRC-64-AVRO, bit by bit, as the specification defines it; little-endian, as it stands in a record."""
    empty = 0xC15D213AA4D7A795
    crc = empty
    for byte in text.encode("utf-8"):
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (empty if crc & 1 else 0)
    return struct.pack("<Q", crc)


def canonical(schema, namespace=""):
    """Parsing Canonical Form by the specification; the library's repeats a named type where its name should be."""
    if isinstance(schema, list):
        return "[" + ",".join(canonical(branch, namespace) for branch in schema) + "]"
    if isinstance(schema, str):
        known = schema in ("null", "boolean", "int", "long", "float", "double", "bytes", "string") or "." in schema
        return json.dumps(schema if known or not namespace else namespace + "." + schema)
    kind = schema["type"]
    parts = []
    if kind in ("record", "enum", "fixed"):
        namespace = schema.get("namespace", namespace)
        name = schema["name"] if "." in schema["name"] or not namespace else namespace + "." + schema["name"]
        parts.append('"name":' + json.dumps(name))
    elif kind not in ("array", "map"):
        return canonical(kind, namespace)
    parts.append('"type":' + json.dumps(kind))
    if kind == "record":
        fields = ('{"name":%s,"type":%s}' % (json.dumps(field["name"]), canonical(field["type"], namespace))
                  for field in schema["fields"])
        parts.append('"fields":[' + ",".join(fields) + "]")
    if kind == "enum":
        parts.append('"symbols":[' + ",".join(json.dumps(symbol) for symbol in schema["symbols"]) + "]")
    if kind == "array":
        parts.append('"items":' + canonical(schema["items"], namespace))
    if kind == "fixed":
        parts.append('"size":%d' % schema["size"])
    return "{" + ",".join(parts) + "}"


def load_schemas(folder):
    """Schemas by fingerprint."""
    schemas = {}
    for path in sorted(glob.glob(os.path.join(folder, "*.avsc"))):
        with open(path, encoding="utf-8") as file:
            text = file.read()
        schema = avro.schema.parse(text)
        schemas[fingerprint_of(canonical(json.loads(text)))] = (os.path.basename(path)[: -len(".avsc")], schema)
    if not schemas:
        fail("no .avsc in " + folder)
    return schemas


def read_topic(brokers, topic):
    """(partition, offset, timestamp in ms, value) of every record, through kcat."""
    command = ["kcat", "-C", "-e", "-q", "-b", brokers, "-t", topic, "-o", "beginning", "-f", "%p %o %T %S\n%s"]
    data = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    at = 0
    while at < len(data):
        end = data.index(b"\n", at)
        partition, offset, timestamp, size = (int(word) for word in data[at:end].split())
        yield partition, offset, timestamp, data[end + 1 : end + 1 + size]
        at = end + 1 + size


def plain(value):
    """As curfew prints it: bytes in hex."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {name: plain(member) for name, member in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def decode(schemas, value):
    if value[:2] != MAGIC or value[2:10] not in schemas:
        return None
    name, schema = schemas[value[2:10]]
    body = io.BytesIO(value[10:])
    datum = avro.io.DatumReader(schema).read(avro.io.BinaryDecoder(body))
    if body.read() != b"":
        fail("bytes left after a %s" % name)
    return {"type": name, **plain(datum)}


def tail(arguments, topic):
    """What curfew says, by (partition, offset)."""
    command = [arguments.curfew, "tail", topic, "--from", "begin", "--until-end"]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    records = {}
    for line in said.splitlines():
        record = json.loads(line)
        records[(record["partition"], record["offset"])] = record
    return records


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--brokers", "--prefix", "--schemas", "--curfew"):
        parser.add_argument(name, required=True)
    parser.add_argument("--topic", action="append", required=True)
    arguments = parser.parse_args()
    schemas = load_schemas(arguments.schemas)
    count = 0
    types = set()
    for topic in arguments.topic:
        said = tail(arguments, topic)
        for partition, offset, timestamp, value in read_topic(arguments.brokers, arguments.prefix + "." + topic):
            if (partition, offset) not in said:
                continue  # written after curfew looked
            ours = said[(partition, offset)]
            theirs = decode(schemas, value)
            if theirs is None:
                if not ours.get("undecodable"):
                    fail("%s %d/%d: curfew decodes what this library cannot" % (topic, partition, offset))
                continue
            if ours.get("event") != theirs or ours["timestamp_us"] != timestamp * 1000:
                fail("%s %d/%d:\n  curfew %s\n  avro   %s" % (topic, partition, offset, ours, theirs))
            count += 1
            types.add(theirs["type"])
            del said[(partition, offset)]
        left = [place for place, record in said.items() if not record.get("undecodable")]
        if left:
            fail("%s: curfew shows records that kcat does not: %s" % (topic, left[:5]))
    print("interop: %d records of %d types equal: %s" % (count, len(types), ", ".join(sorted(types))))


if __name__ == "__main__":
    main()
