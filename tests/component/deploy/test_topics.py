"""`terang topics` makes the catalogue's topics, sets their settings, or refuses the cluster."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import uuid4

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from typer.testing import CliRunner

from deploy.cli.main import app
from deploy.kafka.topics import Provisioned, TopicsError, provision
from shared.contracts.catalogue import DAY_MS, FOR_EVER, TOPICS, Topic
from tests.servers import Servers


@pytest.fixture
async def admin(servers: Servers) -> AsyncIterator[AIOKafkaAdminClient]:
    client = AIOKafkaAdminClient(bootstrap_servers=servers.bootstrap)
    await client.start()
    yield client
    await client.close()


@pytest.fixture
def topics() -> tuple[Topic, Topic]:
    """Two rows of a catalogue, of names that nobody has used."""
    unique = uuid4().hex[:8]
    return (
        Topic(f"test.{unique}.facts", "exams", "public", "id", FOR_EVER, "for ever", partitions=5),
        Topic(
            f"test.{unique}.dead",
            "exams",
            "operators",
            "id",
            30 * DAY_MS,
            "for a month",
            partitions=2,
        ),
    )


async def settings(admin: AIOKafkaAdminClient, name: str) -> dict[str, str]:
    [answer] = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name)])
    return {row[0]: row[1] for row in answer.resources[0][4]}


async def test_topics_are_made_as_their_rows_say(
    servers: Servers, admin: AIOKafkaAdminClient, topics: tuple[Topic, Topic]
) -> None:
    """Partitions, retention and safety are as the catalogue and the number of brokers ask."""
    made = [topic.name for topic in topics]
    assert await provision(servers.bootstrap, topics) == Provisioned(made, 1)
    for topic in topics:
        [row] = await admin.describe_topics([topic.name])
        assert len(row["partitions"]) == topic.partitions
        assert {
            "retention.ms": str(topic.retention_ms),
            "cleanup.policy": "delete",
            "flush.messages": "1",
        }.items() <= (await settings(admin, topic.name)).items()


async def test_a_second_run_makes_nothing_and_gives_changed_settings(
    servers: Servers, admin: AIOKafkaAdminClient, topics: tuple[Topic, Topic]
) -> None:
    """What is there stays; a retention that changed in the catalogue is given to the topic."""
    await provision(servers.bootstrap, topics)
    shorter = replace(topics[1], retention_ms=7 * DAY_MS)
    # a broker tells of what it made and changed when its own log of that has come round
    async with asyncio.timeout(20):
        while not {topic.name for topic in topics} <= set(await admin.list_topics()):
            await asyncio.sleep(0.1)
        assert (await provision(servers.bootstrap, [topics[0], shorter])).made == []
        while (await settings(admin, shorter.name))["retention.ms"] != str(7 * DAY_MS):
            await asyncio.sleep(0.1)


async def test_another_number_of_partitions_is_refused(
    servers: Servers, admin: AIOKafkaAdminClient, topics: tuple[Topic, Topic]
) -> None:
    """A topic with other partitions than the catalogue's is named, and nothing is changed."""
    await admin.create_topics([NewTopic(topics[0].name, 7, 1)])
    async with asyncio.timeout(20):  # until the broker tells of it
        while topics[0].name not in await admin.list_topics():
            await asyncio.sleep(0.1)
    with pytest.raises(TopicsError, match=f"{topics[0].name} has 7 partitions, not 5"):
        await provision(servers.bootstrap, topics)
    assert topics[1].name not in await admin.list_topics()


def test_the_command_says_what_it_found(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command has a line for each topic of the catalogue, and can be run again."""
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", servers.bootstrap)
    CliRunner().invoke(app, ["topics"])
    ran = CliRunner().invoke(app, ["topics"])
    assert ran.exit_code == 0, ran.output
    lines = ran.stdout.splitlines()
    assert [line.split(":")[0] for line in lines] == [topic.name for topic in TOPICS]
    assert all("as it should be" in line for line in lines)


def test_the_command_needs_a_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without KAFKA_BOOTSTRAP_SERVERS the command names the setting."""
    monkeypatch.delenv("KAFKA_BOOTSTRAP_SERVERS", raising=False)
    ran = CliRunner().invoke(app, ["topics"])
    assert ran.exit_code == 2
    assert "KAFKA_BOOTSTRAP_SERVERS" in ran.stderr
