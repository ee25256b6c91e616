"""Records that no service of the platform wrote, put on its topics by a plain producer."""

import asyncio
import json
from collections.abc import Sequence
from typing import NamedTuple
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from tests.fault.campaign.faults_drawn import Fault
from tests.fault.campaign.scene import Scene

PARTITIONS = 12
READ_SECONDS = 1.5
"""In which a worker that is well has read what was planted, or stands still for it."""
PLANTED = "planted"
"""A header by which the oracle knows a record of the campaign, acknowledged or not."""
Headers = list[tuple[str, bytes]]


class Hostile(NamedTuple):
    """A record as it is sent."""

    value: bytes | None
    headers: Headers
    key: bytes | None = b"nobody"


async def plant(scene: Scene, topic: str, partition: int, records: Sequence[Hostile]) -> str:
    """Put the records on the topic, one after the other; notes where they stand."""
    producer = AIOKafkaProducer(
        bootstrap_servers=scene.platform.bootstrap,
        compression_type="gzip",
        max_request_size=8_000_000,
        max_batch_size=1_000_000,
    )
    await producer.start()
    try:
        sent = [
            await producer.send(
                topic,
                record.value,
                record.key,
                partition,
                headers=[*record.headers, (PLANTED, b"yes")],
            )
            for record in records
        ]
        for place in await asyncio.gather(*sent):
            scene.planted.append(f"{place.topic}/{place.partition}/{place.offset}")
    finally:
        await producer.stop()
    await asyncio.sleep(READ_SECONDS)
    return f"{len(records)} records on {topic}/{partition}"


def place_of(fault: Fault) -> tuple[str, int]:
    """The topic and partition that the fault befalls."""
    return fault.target, fault.n % PARTITIONS


def headers(source: str, type_: str, sequence: int) -> Headers:
    """Headers as the platform writes them."""
    said = {
        "content-type": "application/json",
        "ce_specversion": "1.0",
        "ce_id": str(uuid4()),
        "ce_source": source,
        "ce_type": type_,
        "ce_subject": "nobody",
        "ce_time": "2026-01-01T00:00:00Z",
        "ce_partitionkey": "nobody",
        "ce_sequence": str(sequence),
    }
    return [(name, value.encode()) for name, value in said.items()]


async def foreign(scene: Scene, fault: Fault) -> str:
    """Up to fifteen records of another program, fewer than stop a worker."""
    records = [Hostile(b"hello", []) for _ in range(1 + fault.n % 15)]
    return await plant(scene, *place_of(fault), records)


async def flood(scene: Scene, fault: Fault) -> str:
    """Sixty records of another program in one partition."""
    return await plant(scene, *place_of(fault), [Hostile(b"hello", [])] * 60)


async def other_source(scene: Scene, fault: Fault) -> str:
    """Events that look like the platform's, of another source."""
    topic, partition = place_of(fault)
    fact = json.dumps({"vacancy_id": "v", "round_id": "r", "participant_no": "1"}).encode()
    said = headers("/provinces/99/nobody", "terang.ApplicationVerified", 1 + fault.n)
    return await plant(scene, topic, partition, [Hostile(fact, said)])


async def malformed(scene: Scene, fault: Fault) -> str:
    """Halves of values beside each other, NUL in a key, a name that isn't UTF-8, no value."""
    topic, partition = place_of(fault)
    said = headers("/provinces/99/nobody", "terang.ExamScored", 1 + fault.n)
    records = [
        Hostile(b'{"points": {"TWK": "1"}', said),
        Hostile(b'}, {"points": {}}', said),
        Hostile(b'{"points": {"\\u0000": "1"}}', said),
        Hostile(b"\xff\xfe\x00", [*said, ("ce_extra", b"\xff\xfe")]),
        Hostile(None, said),
    ]
    return await plant(scene, topic, partition, records)


async def oversize(scene: Scene, fault: Fault) -> str:
    """Three megabytes of zeros in a small batch, and tens of thousands of tiny headers."""
    topic, partition = place_of(fault)
    if fault.n % 2:
        return await plant(scene, topic, partition, [Hostile(bytes(3_000_000), [])])
    many = [("h", b"")] * 95_000
    return await plant(scene, topic, partition, [Hostile(b"hello", many)])


async def last_sequence(scene: Scene, topic: str, partition: int) -> int:
    """The highest number that stands in the partition, planted records included."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=scene.platform.bootstrap, enable_auto_commit=False
    )
    await consumer.start()
    place = TopicPartition(topic, partition)
    try:
        consumer.assign([place])
        await consumer.seek_to_beginning(place)
        end = (await consumer.end_offsets([place]))[place]
        highest = 0
        while await consumer.position(place) < end:
            for records in (await consumer.getmany(timeout_ms=200)).values():
                for record in records:
                    said = dict(record.headers).get("ce_sequence", b"0")
                    highest = max(highest, int(said) if said.isdigit() else 0)
        return highest
    finally:
        await consumer.stop()


async def far_ahead(scene: Scene, fault: Fault) -> str:
    """A record with the right source and a number far ahead."""
    return await _forged(scene, fault, 1_000_000)


async def next_number(scene: Scene, fault: Fault) -> str:
    """A record with the right source and the number that the next event would have."""
    return await _forged(scene, fault, 1)


async def _forged(scene: Scene, fault: Fault, ahead: int) -> str:
    topic, partition = place_of(fault)
    last = await last_sequence(scene, topic, partition)
    source = f"/provinces/99/{topic.split('.')[1]}"
    said = headers(source, TYPES[topic], last + ahead)
    return await plant(scene, topic, partition, [Hostile(b"{}", said)])


TYPES = {
    "terang.applications": "terang.ApplicationVerified",
    "terang.exams": "terang.ExamScored",
    "terang.ranking": "terang.SeatOffered",
}
TOPICS = tuple(TYPES)
