"""A record that is kept by reference: its place, hash and sizes, and its beginning.

A dead letter of a few megabytes would not fit on the dead-letters topic, and a flood of foreign
records need not be kept twice. (rule 18 in README.md)
"""

import asyncio
from dataclasses import replace
from hashlib import sha256
from typing import NamedTuple

from aiokafka import TopicPartition

from shared.messaging.envelope import Record
from shared.messaging.failures import Permanent
from shared.messaging.log_reader import offset_ranges, open_reader
from shared.messaging.parser import record_of

SECONDS = 20.0
"""A broker that does not answer within this is away."""

KEPT_BYTES = 1_000
"""Of key and value, the first so many are kept."""

KEPT_HEADERS, KEPT_OF_HEADER = 30, 200
"""The first so many headers are kept, and of the name and the value of each so many characters or
bytes: more than any event of this platform has."""


class Reference(NamedTuple):
    """What a record was, in full.

    `value_sha256` is the SHA-256 of its value, of nothing for a tombstone; sizes are in bytes, and
    None for a key or value that is null. Headers count with their names.
    """

    value_sha256: bytes
    key_bytes: int | None
    value_bytes: int | None
    header_count: int
    headers_bytes: int


def reference_to(record: Record) -> Reference:
    """The record's hash and sizes."""
    return Reference(
        sha256(record.value or b"").digest(),
        None if record.key is None else len(record.key),
        None if record.value is None else len(record.value),
        len(record.headers),
        sum(len(name.encode()) + len(value or b"") for name, value in record.headers),
    )


def beginning_of(record: Record) -> Record:
    """The record with the beginning of its key, value and headers."""
    headers = tuple(
        (name[:KEPT_OF_HEADER], None if value is None else value[:KEPT_OF_HEADER])
        for name, value in record.headers[:KEPT_HEADERS]
    )
    return replace(
        record,
        key=None if record.key is None else record.key[:KEPT_BYTES],
        value=None if record.value is None else record.value[:KEPT_BYTES],
        headers=headers,
    )


def place_of(record: Record) -> Record:
    """The record without its key, value and headers."""
    return replace(record, key=None, value=None, headers=())


async def read_original(bootstrap_servers: str, kept: Record, reference: Reference) -> Record:
    """The whole record, from where it stands on its log.

    Raises Permanent if it has expired or another stands there; KafkaError, OSError or TimeoutError
    while the broker is away.
    """
    place = f"{kept.topic}/{kept.partition}, offset {kept.offset}"
    partition = TopicPartition(kept.topic, kept.partition)
    async with asyncio.timeout(SECONDS), open_reader(bootstrap_servers) as reader:
        held = (await offset_ranges(reader, [partition]))[partition]
        if kept.offset < held.start:
            raise Permanent(
                f"{place} has expired: the log begins at {held.start}, and of this record only the"
                " beginning was kept"
            )
        if kept.offset >= held.end:
            raise Permanent(f"{place} is not there: the log ends at {held.end}")
        reader.assign([partition])
        reader.seek(partition, kept.offset)
        original = record_of(await reader.getone(partition))
    if original.offset != kept.offset or reference_to(original) != reference:
        raise Permanent(f"{place} holds another record now: hash or sizes differ")
    return original
