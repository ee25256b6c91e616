"""Makes the platform's topics as the catalogue describes them, or refuses the cluster."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import for_code

from deploy.kafka.replication import Replication
from shared.contracts.catalogue import Topic

SINGLE_BROKER = Replication()
NO_ERROR, TOPIC_EXISTS = 0, 36


class TopicsError(Exception):
    """Topics can't be used as they are, or the cluster refused to make them: names each."""


class Provisioned(NamedTuple):
    """Names of the topics that were made now, and how many brokers answered."""

    made: list[str]
    brokers: int


async def provision(
    bootstrap: str, topics: Sequence[Topic], replication: Replication = SINGLE_BROKER
) -> Provisioned:
    """Make the topics that are missing and give those that exist their settings.

    `bootstrap` is `host:port` of one or more brokers, separated by commas; `topics` are rows of the
    catalogue. A broker of the cluster may be away while all topics exist.

    Raises TopicsError where a topic has another number of partitions or replicas, or one is to be
    made and too few brokers answer (nothing is changed then), or the cluster refuses something;
    aiokafka's KafkaError where it can't be reached.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, client_id="terang-topics")
    try:
        await admin.start()
        brokers = len((await admin.describe_cluster())["brokers"])
        existing = await _existing(admin, topics)
        _check_partitions(topics, existing)
        _check_replicas(existing, replication)
        missing = [topic for topic in topics if topic.name not in existing]
        _check_brokers(missing, brokers, replication)
        await _make(admin, missing, replication)
        there = [topic for topic in topics if topic.name in existing]
        await _give_settings(admin, there, replication)
        return Provisioned([topic.name for topic in missing], brokers)
    finally:
        await admin.close()


class _Existing(NamedTuple):
    """How many partitions a topic has, and how many replicas the least replicated of them."""

    partitions: int
    replicas: int


async def _existing(admin: AIOKafkaAdminClient, topics: Sequence[Topic]) -> dict[str, _Existing]:
    """Those of the topics that are there, by name."""
    rows = {row["topic"]: row["partitions"] for row in await admin.describe_topics()}
    return {
        topic.name: _Existing(
            len(rows[topic.name]), min(len(place["replicas"]) for place in rows[topic.name])
        )
        for topic in topics
        if topic.name in rows
    }


def _check_partitions(topics: Sequence[Topic], existing: Mapping[str, _Existing]) -> None:
    """Raises TopicsError where a topic that exists has another number than the catalogue says."""
    faults = "; ".join(
        f"{topic.name} has {existing[topic.name].partitions} partitions, not {topic.partitions}"
        for topic in topics
        if topic.name in existing and existing[topic.name].partitions != topic.partitions
    )
    if faults:
        raise TopicsError(
            f"{faults}. The number decides where an aggregate's events go, so it can't be changed "
            "under them: use the cluster on which the topics were made, or move these events to "
            "new topics."
        )


def _check_replicas(existing: Mapping[str, _Existing], replication: Replication) -> None:
    """Raises TopicsError where a topic that exists has another number than the settings say."""
    faults = "; ".join(
        f"{name} has {there.replicas} replicas"
        for name, there in sorted(existing.items())
        if there.replicas != replication.factor
    )
    if faults:
        raise TopicsError(
            f"{faults}, not {replication.factor} as TERANG_KAFKA_REPLICATION_FACTOR says. Nothing"
            " was changed. Set it (and TERANG_KAFKA_MIN_INSYNC_REPLICAS) to what the topics have,"
            " or give them as many replicas with Kafka's kafka-reassign-partitions.sh; then run"
            " `terang topics` again."
        )


def _check_brokers(missing: Sequence[Topic], brokers: int, replication: Replication) -> None:
    """Raises TopicsError where topics are to be made and too few brokers answer."""
    if missing and brokers < replication.factor:
        raise TopicsError(
            f"{', '.join(topic.name for topic in missing)} can't be made:"
            f" TERANG_KAFKA_REPLICATION_FACTOR asks for {replication.factor} brokers, and {brokers}"
            " of the cluster answer. Nothing was changed. Start the others, or set it to the number"
            " of brokers that the cluster has; then run `terang topics` again."
        )


async def _make(
    admin: AIOKafkaAdminClient, topics: Sequence[Topic], replication: Replication
) -> None:
    if not topics:
        return
    answer = await admin.create_topics(
        [
            NewTopic(
                topic.name,
                topic.partitions,
                replication.factor,
                topic_configs=_settings(topic, replication),
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


async def _give_settings(
    admin: AIOKafkaAdminClient, topics: Sequence[Topic], replication: Replication
) -> None:
    if not topics:
        return
    resources = [
        ConfigResource(ConfigResourceType.TOPIC, topic.name, configs=_settings(topic, replication))
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


def _settings(topic: Topic, replication: Replication) -> dict[str, str]:
    safety = {"min.insync.replicas": str(replication.min_insync)}
    if replication.factor == 1:
        # no other broker has the record: it must be on disk before it is acknowledged, or a power
        # cut drops what consumers have seen
        safety["flush.messages"] = "1"
    # a dead letter is a whole record, of up to 1 MiB by default, and the reasons: refused, it would
    # stop the relay
    size = {"max.message.bytes": "2097152"} if topic.audience == "operators" else {}
    # no compaction: positions count on dense offsets
    return {"cleanup.policy": "delete", "retention.ms": str(topic.retention_ms), **safety, **size}
