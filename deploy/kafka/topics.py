"""Makes the platform's topics as the catalogue describes them, or refuses the cluster."""

from collections.abc import Sequence
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import for_code

from shared.contracts.catalogue import Topic

REPLICAS = 3
"""Of a topic on a cluster that has as many brokers; then a record is safe when two have it."""
NO_ERROR, TOPIC_EXISTS = 0, 36


class TopicsError(Exception):
    """Topics can't be used as they are, or the cluster refused to make them: names each."""


async def provision(bootstrap: str, topics: Sequence[Topic]) -> list[str]:
    """Make the topics that are missing and give those that exist their settings.

    `bootstrap` is `host:port` of one or more brokers, separated by commas; `topics` are rows of the
    catalogue. Gives the names of the topics that were made now.

    Raises TopicsError where a topic has another number of partitions (nothing is changed then) or
    the cluster refuses something, aiokafka's KafkaError where it can't be reached.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, client_id="terang-topics")
    try:
        await admin.start()
        brokers = len((await admin.describe_cluster())["brokers"])
        wanted = {topic.name: topic for topic in topics}
        existing = {
            row["topic"]: len(row["partitions"])
            for row in await admin.describe_topics()
            if row["topic"] in wanted
        }
        _check_partitions(wanted, existing)
        missing = [topic for topic in topics if topic.name not in existing]
        await _make(admin, missing, brokers)
        await _give_settings(admin, [topic for topic in topics if topic.name in existing], brokers)
        return [topic.name for topic in missing]
    finally:
        await admin.close()


def _check_partitions(wanted: dict[str, Topic], existing: dict[str, int]) -> None:
    """Raises TopicsError where a topic that exists has another number than the catalogue says."""
    faults = "; ".join(
        f"{name} has {count} partitions, not {wanted[name].partitions}"
        for name, count in sorted(existing.items())
        if count != wanted[name].partitions
    )
    if faults:
        raise TopicsError(
            f"{faults}. The number decides where an aggregate's events go, so it can't be changed "
            "under them: use the cluster on which the topics were made, or move these events to "
            "new topics."
        )


async def _make(admin: AIOKafkaAdminClient, topics: Sequence[Topic], brokers: int) -> None:
    if not topics:
        return
    replicas = REPLICAS if brokers >= REPLICAS else 1
    answer = await admin.create_topics(
        [
            NewTopic(
                topic.name, topic.partitions, replicas, topic_configs=_settings(topic, brokers)
            )
            for topic in topics
        ]
    )
    # two jobs may run at once: what the other made meanwhile is as we want it
    refused = [
        (name, code)
        for name, code, *_ in answer.topic_errors
        if code not in (NO_ERROR, TOPIC_EXISTS)
    ]
    if refused:
        raise TopicsError(
            "; ".join(f"{name} can't be made: {for_code(code).__name__}" for name, code in refused)
        )


async def _give_settings(admin: AIOKafkaAdminClient, topics: Sequence[Topic], brokers: int) -> None:
    if not topics:
        return
    resources = [
        ConfigResource(ConfigResourceType.TOPIC, topic.name, configs=_settings(topic, brokers))
        for topic in topics
    ]
    answers: list[Any] = await admin.alter_configs(resources)
    refused = [
        (name, code)
        for answer in answers
        for code, _message, _type, name in answer.resources
        if code != NO_ERROR
    ]
    if refused:
        raise TopicsError(
            "; ".join(
                f"{name} can't be given its settings: {for_code(code).__name__}"
                for name, code in refused
            )
        )


def _settings(topic: Topic, brokers: int) -> dict[str, str]:
    safety = (
        {"min.insync.replicas": "2"}
        if brokers >= REPLICAS
        # no replica has the record: it must be on disk before it is acknowledged, or a power cut
        # drops what consumers have seen
        else {"flush.messages": "1"}
    )
    # a dead letter is a whole record, of up to 1 MiB by default, and the reasons: refused, it would
    # stop the relay
    size = {"max.message.bytes": "2097152"} if topic.audience == "operators" else {}
    # no compaction: positions count on dense offsets
    return {"cleanup.policy": "delete", "retention.ms": str(topic.retention_ms), **safety, **size}
