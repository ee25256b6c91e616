"""The servers that tests get behave alike, from containers and from the local stack."""

import asyncio

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from tests.servers import Servers


async def _values(bootstrap: str, topic: str) -> list[bytes | None]:
    """All values of partition 0, from its start to its end."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, auto_offset_reset="earliest", enable_auto_commit=False
    )
    await consumer.start()
    try:
        partition = TopicPartition(topic, 0)
        consumer.assign([partition])
        end = (await consumer.end_offsets([partition]))[partition]
        values: list[bytes | None] = []
        while len(values) < end:
            batch = await consumer.getmany(partition, timeout_ms=5000)
            assert batch, f"nothing came after {len(values)} of {end} records"
            values += [record.value for record in batch[partition]]
        return values
    finally:
        await consumer.stop()


async def _send(bootstrap: str, topic: str, value: bytes) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True)
    await producer.start()
    try:
        await producer.send_and_wait(topic, value, partition=0)
    finally:
        await producer.stop()


@pytest.mark.parametrize("ending", ["stop", "kill"])
async def test_kafka_comes_back_on_its_port_with_its_records(servers: Servers, ending: str) -> None:
    """An acknowledged record outlives the broker, which comes back on the same port."""
    await servers.fresh_topics("test.servers", partitions=1)
    await _send(servers.bootstrap, "test.servers", b"before")
    await (servers.stop_kafka() if ending == "stop" else servers.kill_kafka())
    host, port = servers.bootstrap.split(":")
    with pytest.raises(OSError):
        await asyncio.open_connection(host, int(port))
    await servers.start_kafka()
    await _send(servers.bootstrap, "test.servers", b"after")
    assert await _values(servers.bootstrap, "test.servers") == [b"before", b"after"]


@pytest.mark.parametrize("ending", ["stop", "kill"])
async def test_postgres_comes_back_on_its_port_with_its_rows(servers: Servers, ending: str) -> None:
    """A committed row outlives the server, which comes back on the same port."""
    address = servers.database("kept")
    connection = await asyncpg.connect(address)
    await connection.execute("CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)")
    await (servers.stop_postgres() if ending == "stop" else servers.kill_postgres())
    with pytest.raises((OSError, asyncpg.PostgresError, asyncpg.InterfaceError)):
        await connection.fetchval("SELECT n FROM kept")
    with pytest.raises(OSError):
        await asyncpg.connect(address)
    await servers.start_postgres()
    again = await asyncpg.connect(address)
    assert await again.fetchval("SELECT n FROM kept") == 7
    await again.close()


async def test_each_database_is_new_and_its_roles_own(servers: Servers) -> None:
    """One name asked for twice gives two databases; a role can connect to its own alone."""
    first, second = servers.service_database("exams"), servers.service_database("exams")
    assert first != second
    await (await asyncpg.connect(first)).close()
    intruder = second.rpartition("/")[0] + "/" + first.rpartition("/")[2]
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(intruder)


async def test_fresh_topics_are_empty(servers: Servers) -> None:
    """A topic that is asked for again has none of its old records."""
    await servers.fresh_topics("test.fresh", partitions=1)
    await _send(servers.bootstrap, "test.fresh", b"old")
    await servers.fresh_topics("test.fresh", partitions=1)
    assert await _values(servers.bootstrap, "test.fresh") == []
