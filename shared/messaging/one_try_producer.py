"""A Kafka producer that sends each batch once, on the connections that it began with.

aiokafka's idempotent producer repeats a failed send for ever, over new connections, to whatever log
it finds there; and its `stop()` waits for that. (rule 5 in README.md)
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka import errors as kafka
from aiokafka.client import AIOKafkaClient, ConnectionGroup
from aiokafka.protocol.produce import ProduceRequest

from shared.messaging.failures import Unavailable

BATCH_BYTES = 500_000
"""A batch closes at this size; a larger record goes alone. Half of what a broker takes by default
(message.max.bytes)."""

SEND_SECONDS = 20.0
"""Without an acknowledgement for so long, a send has failed. An idempotent producer itself would
try for ever."""


class OneTryError(kafka.KafkaError):  # type: ignore[misc]  # aiokafka has no types
    """A send that failed and is not to be tried again by this producer."""


@asynccontextmanager
async def one_try_producer(
    bootstrap_servers: str, partitions: Mapping[str, int]
) -> AsyncIterator[AIOKafkaProducer]:
    """A producer that sends each batch once, and none at all once the block is left.

    It sends on its connections to the brokers that lead `partitions` (topic: count) when the block
    begins; for a partition that has no leader then, or another one later, nothing is sent. A
    failure, a refusal and a lost connection each fail the batch.
    """
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap_servers,
        acks="all",
        enable_idempotence=True,
        max_batch_size=BATCH_BYTES,
        request_timeout_ms=int(SEND_SECONDS * 1000),
    )
    guard = _Guard(producer.client)
    producer.client.send = guard.send
    try:
        async with asyncio.timeout(SEND_SECONDS):
            await producer.start()
            guard.connections = await _connections_to_leaders(producer.client, partitions)
        yield producer
    finally:
        guard.abandoned = True
        await producer.client.close()
        try:
            async with asyncio.timeout(5):
                await producer.stop()
        except TimeoutError:
            # Some batch waits for a broker that it will never speak to; its task goes with it.
            if (task := producer._sender.sender_task) is not None:
                task.cancel()


class _Guard:
    """Stands before a client's `send`: each batch goes once, over a connection of the beginning."""

    def __init__(self, client: AIOKafkaClient) -> None:
        self.abandoned = False
        self.connections: dict[Any, Any] = {}
        self._client = client
        self._send = client.send

    async def send(
        self, node_id: Any, request: Any, *, group: Any = ConnectionGroup.DEFAULT
    ) -> Any:
        """As the client's, but raises OneTryError where that would try again."""
        if self.abandoned:
            raise OneTryError("this producer was abandoned")
        if not isinstance(request, ProduceRequest):
            return await self._send(node_id, request, group=group)
        if not self._still_connected(node_id, group):
            raise OneTryError("the connection was lost since the log was asked")
        try:
            response = await self._send(node_id, request, group=group)
        except kafka.KafkaError as failure:
            raise OneTryError(repr(failure)) from failure
        _raise_refusal(response)
        return response

    def _still_connected(self, node_id: Any, group: Any) -> bool:
        connection = self.connections.get(node_id)
        return (
            connection is not None
            and connection.connected()
            and self._client._conns.get((node_id, group)) is connection
        )


def _raise_refusal(response: Any) -> None:
    """Raises what the broker answered, if it refused a batch."""
    for _, partitions in response.topics:
        for _, code, *_ in partitions:
            error = kafka.for_code(code)
            if error is not kafka.NoError:
                raise OneTryError(error.__name__) if error.retriable else error()


async def _connections_to_leaders(
    client: AIOKafkaClient, partitions: Mapping[str, int]
) -> dict[Any, Any]:
    """A connection, by its broker, to each that leads one of these partitions.

    What has no leader yet is left out.
    """
    # of all topics: to ask for one by its name may make it
    cluster = await client.fetch_all_metadata()
    connections: dict[Any, Any] = {}
    for topic, count in partitions.items():
        for number in range(count):
            leader = cluster.leader_for_partition(TopicPartition(topic, number))
            if leader in (None, -1) or leader in connections:
                continue
            if not await client.ready(leader):
                raise Unavailable(f"The broker that leads {topic}/{number} can't be reached.")
            connections[leader] = client._conns[leader, ConnectionGroup.DEFAULT]
    return connections
