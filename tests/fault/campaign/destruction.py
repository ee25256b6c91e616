"""Faults that take data away: a full disk, a restored backup, a log's head or tail, a topic."""

import asyncio
import os
import struct
import subprocess
import time
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from deploy.kafka.topics import NO_ERROR, provision
from deploy.local.postgres import make_database, programs
from deploy.local.process import StackError
from shared.contracts.catalogue import TOPICS
from tests.fault.campaign.evidence import read_topics
from tests.fault.campaign.faults_drawn import Fault
from tests.fault.campaign.hostile import place_of
from tests.fault.campaign.scene import Scene

WAITING = """
SELECT (SELECT count(*) FROM messaging.outbox WHERE sequence IS NULL)
     + (SELECT coalesce(sum(numbered - acknowledged), 0) FROM messaging.outbox_partitions)
"""
SENT_SECONDS = 60.0
BATCH_HEADER = struct.Struct(">qi")
"""Of a batch in a segment: base offset, bytes that follow (Kafka's message format, version 2)."""


async def full_disk(scene: Scene, fault: Fault) -> str:
    """The disk of a server is full for some seconds."""
    ballast = scene.platform.disks[fault.target] / "ballast"
    with ballast.open("wb") as file:
        try:
            while file.write(bytes(1 << 20)):
                file.flush()
        except OSError:
            pass
    await asyncio.sleep(fault.seconds)
    ballast.unlink()
    return f"the disk of {fault.target} was full for {fault.seconds} s"


# A backup is restored


async def restored_backup(scene: Scene, fault: Fault) -> str:
    """A service's database is dumped, used on for a while, and restored from the dump."""
    service = fault.target
    dump = scene.folder / f"{service}.dump"
    if service == "applications":
        # whose application it is stands in no event: such a command would be lost for good
        async with scene.gate.closed():
            await _dump(scene, service, dump)
            await asyncio.sleep(fault.seconds)
            return await _restore(scene, service, dump)
    await _dump(scene, service, dump)
    await asyncio.sleep(fault.seconds)
    async with scene.gate.closed():
        return await _restore(scene, service, dump)


async def _restore(scene: Scene, service: str, dump: Path) -> str:
    """Wait until all is sent (what is not is lost with the disk), restore, recover, go on."""
    platform = scene.platform
    with platform.held_down(f"{service}-api"):
        await _until_sent(scene, service)
        with platform.held_down(f"{service}-worker"):
            await _replace_database(scene, service, dump)
        took = await scene.until_ready()
    return f"{service} had the database of a while ago, and was ready after {took:.1f} s"


async def _until_sent(scene: Scene, service: str) -> None:
    deadline = time.monotonic() + SENT_SECONDS
    connection = await asyncpg.connect(scene.platform.database(service, "owner"))
    try:
        while await connection.fetchval(WAITING):
            if time.monotonic() > deadline:
                raise StackError(f"{service} has not sent its outbox after {SENT_SECONDS:.0f} s")
            await asyncio.sleep(0.1)
    finally:
        await connection.close()


async def _dump(scene: Scene, service: str, file: Path) -> None:
    await _postgres_program(scene, "pg_dump", "-Fc", "-d", service, "-f", str(file))


async def _replace_database(scene: Scene, service: str, dump: Path) -> None:
    connection = await asyncpg.connect(f"{scene.platform.superuser}/postgres")
    try:
        await connection.execute(f"DROP DATABASE {service} WITH (FORCE)")
    finally:
        await connection.close()
    password = scene.platform.password
    await asyncio.to_thread(
        make_database,
        f"{scene.platform.superuser}/postgres",
        name=service,
        password=password,
        owner_password=password,
    )
    await _postgres_program(scene, "pg_restore", "-d", service, str(dump))


async def _postgres_program(scene: Scene, program: str, *words: str) -> None:
    server = urlsplit(scene.platform.superuser)
    where = ["-h", str(server.hostname), "-p", str(server.port), "-U", "postgres"]
    ran = await asyncio.to_thread(
        subprocess.run,
        [str(programs() / program), *where, *words],
        env={**os.environ, "PGPASSWORD": str(server.password)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    if ran.returncode:
        raise StackError(f"{program}: {ran.stderr.strip()}")


# A log loses its head, its tail, or everything


async def head_removed(scene: Scene, fault: Fault) -> str:
    """The oldest records of a partition go, as by retention; everyone has read them."""
    topic, partition = place_of(fault)
    read = [
        record
        for record in await read_topics(scene.platform.bootstrap)
        if (record.topic, record.partition) == (topic, partition)
    ]
    until = min([await _read_by(scene, service, topic, partition) for service in READERS[topic]])
    gone = [record for record in read if record.offset < until - 1]
    if not gone:
        return f"{topic}/{partition} has nothing that could go"
    admin = AIOKafkaAdminClient(bootstrap_servers=scene.platform.bootstrap)
    await admin.start()
    try:
        await admin.delete_records(
            {TopicPartition(topic, partition): RecordsToDelete(gone[-1].offset + 1)}
        )
    finally:
        await admin.close()
    scene.cut += gone
    return f"{len(gone)} records of {topic}/{partition} are gone"


async def _read_by(scene: Scene, service: str, topic: str, partition: int) -> int:
    """How far a consumer has read: the offset of its next record."""
    connection = await asyncpg.connect(scene.platform.database(service, "owner"))
    try:
        return (
            await connection.fetchval(
                "SELECT next_offset FROM messaging.position WHERE topic = $1 AND partition = $2",
                topic,
                partition,
            )
            or 0
        )
    finally:
        await connection.close()


READERS = {
    "terang.applications": ("exams", "ranking", "feedback"),
    "terang.exams": ("ranking",),
    "terang.ranking": ("applications", "exams"),
}


async def tail_removed(scene: Scene, fault: Fault) -> str:
    """Kafka is killed, and its disk has lost the last batches of a partition."""
    with scene.platform.held_down("kafka", crash=True):
        data = scene.platform.folder / "kafka" / "data"
        written = [
            log for log in sorted(data.glob(f"{fault.target}-*/*.log")) if log.stat().st_size
        ]
        if not written:
            return f"{fault.target} is empty"
        segment = written[fault.n % len(written)]
        batches = list(_batches(segment.read_bytes()))
        lost = batches[-(1 + fault.n % 3) :]
        os.truncate(segment, lost[0])
        for index in (*segment.parent.glob("*.index"), *segment.parent.glob("*.timeindex")):
            index.unlink()
    return f"{segment.parent.name} lost its last {len(lost)} batches of {len(batches)}"


def _batches(segment: bytes) -> list[int]:
    """Where each batch of a segment begins, in bytes."""
    starts, at = [], 0
    while at + BATCH_HEADER.size <= len(segment):
        _, length = BATCH_HEADER.unpack_from(segment, at)
        if length <= 0:
            break
        starts.append(at)
        at += BATCH_HEADER.size + length
    return starts


async def topic_made_anew(scene: Scene, fault: Fault) -> str:
    """A topic is deleted by mistake, and made again, empty."""
    admin = AIOKafkaAdminClient(bootstrap_servers=scene.platform.bootstrap)
    await admin.start()
    try:
        answer = await admin.delete_topics([fault.target])
        if any(code != NO_ERROR for _, code in answer.topic_error_codes):
            raise StackError(f"{fault.target} can't be deleted: {answer}")
        while fault.target in await admin.list_topics():
            await asyncio.sleep(0.05)
    finally:
        await admin.close()
    await provision(scene.platform.bootstrap, TOPICS)
    return f"{fault.target} is empty"
