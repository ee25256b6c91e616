"""`terang topics` on a cluster of three brokers, of which one is away."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from uuid import uuid4

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError
from typing_extensions import override

from deploy.kafka.replication import Replication
from deploy.kafka.topics import TopicsError, provision
from deploy.local.kafka import Kafka, install_jars
from deploy.local.ports import free_port
from shared.contracts.catalogue import FOR_EVER, Topic
from shared.settings import SettingsError, read_own
from tests.servers import JARS, START_SECONDS

pytestmark = pytest.mark.timeout(300)
THREE = Replication.model_validate(
    {"TERANG_KAFKA_REPLICATION_FACTOR": 3, "TERANG_KAFKA_MIN_INSYNC_REPLICAS": 2}
)


class Broker(Kafka):
    """One of three brokers; the first is the controller too."""

    node: int

    @override
    def _settings(self) -> str:
        settings = super()._settings().replace("node.id=1", f"node.id={self.node}")
        if self.node == 1:
            return settings
        controller = f",CONTROLLER://127.0.0.1:{self._controller_port}"
        return settings.replace("broker,controller", "broker").replace(controller, "", 1)


@pytest.fixture(scope="module")
def brokers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Broker]]:
    """A cluster of three."""
    folder, jars = tmp_path_factory.mktemp("cluster"), install_jars(JARS)
    controller, cluster_id = free_port(), ""
    found = []
    for node in (1, 2, 3):
        broker = Broker(
            folder / str(node),
            jars,
            port=free_port(),
            controller_port=controller,
            log=folder / f"{node}.log",
        )
        cluster_id = broker._cluster_id = cluster_id or broker._cluster_id
        broker.node = node
        found.append(broker)
    with ExitStack() as stack:
        for broker in found:
            broker.start()
            stack.callback(broker.kill)
        for broker in found:
            broker.wait_ready(START_SECONDS)
        yield found


def topic() -> Topic:
    """A row of a catalogue, of a name that nobody has used."""
    name = f"test.{uuid4().hex[:8]}"
    return Topic(name, "exams", "public", "id", FOR_EVER, "for ever", partitions=2)


async def until_there_are(bootstrap: str, count: int) -> None:
    """Waits until so many brokers are in the cluster."""
    async with asyncio.timeout(60):
        while await _brokers(bootstrap) != count:
            await asyncio.sleep(0.2)


async def _brokers(bootstrap: str) -> int:
    """How many a new client finds; 0 where it asks one that is away but not yet missed."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        await admin.start()
        return len((await admin.describe_cluster())["brokers"])
    except KafkaError:
        return 0
    finally:
        await admin.close()


async def replicas(admin: AIOKafkaAdminClient, name: str) -> set[int]:
    """How many each partition has, once the brokers tell of the topic."""
    async with asyncio.timeout(60):
        while True:
            [described] = await admin.describe_topics([name])
            if described["partitions"]:
                return {len(partition["replicas"]) for partition in described["partitions"]}
            await asyncio.sleep(0.1)


async def settings(admin: AIOKafkaAdminClient, name: str) -> dict[str, str]:
    [answer] = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name)])
    return {row[0]: row[1] for row in answer.resources[0][4]}


async def test_a_broker_that_is_away_takes_nothing_from_the_topics(brokers: list[Broker]) -> None:
    """With one of three away, topics keep min.insync.replicas, and none is made with fewer.

    Where a topic has another number of replicas than the settings say, nothing is changed.
    """
    bootstrap, known = brokers[0].bootstrap, topic()
    await until_there_are(bootstrap, 3)
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        assert (await provision(bootstrap, [known], THREE)).made == [known.name]
        assert await replicas(admin, known.name) == {3}
        await asyncio.to_thread(brokers[2].kill)
        await until_there_are(bootstrap, 2)
        await admin.close()
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
        await admin.start()
        again = await provision(bootstrap, [known], THREE)
        assert (again.made, again.brokers) == ([], 2)
        assert (await settings(admin, known.name))["min.insync.replicas"] == "2"
        unmade = topic()
        with pytest.raises(TopicsError, match=f"{unmade.name} can't be made: .* 3 brokers, and 2"):
            await provision(bootstrap, [known, unmade], THREE)
        with pytest.raises(TopicsError, match=f"{known.name} has 3 replicas, not 1"):
            await provision(bootstrap, [known, unmade])
        assert unmade.name not in await admin.list_topics()
        assert (await settings(admin, known.name))["min.insync.replicas"] == "2"
    finally:
        await admin.close()


@pytest.mark.parametrize(
    ("factor", "min_insync", "wrong"),
    [
        ("3", None, "TERANG_KAFKA_MIN_INSYNC_REPLICAS: .*give 2 or more"),
        ("1", "2", "TERANG_KAFKA_MIN_INSYNC_REPLICAS: .*no topic has more than its 1"),
        ("three", "2", "TERANG_KAFKA_REPLICATION_FACTOR: "),
        ("0", "1", "TERANG_KAFKA_REPLICATION_FACTOR: "),
    ],
)
def test_replicas_that_keep_nothing_safe_are_refused(
    factor: str, min_insync: str | None, wrong: str
) -> None:
    """Each setting that is wrong is named, and why."""
    given = {"TERANG_KAFKA_REPLICATION_FACTOR": factor}
    if min_insync is not None:
        given["TERANG_KAFKA_MIN_INSYNC_REPLICAS"] = min_insync
    with pytest.raises(SettingsError, match=wrong):
        read_own(Replication, given)
