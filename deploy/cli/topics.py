"""`terang topics`: the topics of the catalogue."""

import asyncio
import os
import sys

import typer
from aiokafka.errors import KafkaError

from deploy.kafka.replication import Replication
from deploy.kafka.topics import TopicsError, provision
from shared.contracts.catalogue import TOPICS
from shared.settings import SettingsError, read_own

app = typer.Typer()


@app.command()
def topics() -> None:
    """Make the catalogue's topics on KAFKA_BOOTSTRAP_SERVERS.

    Those that exist are checked and given their settings. TERANG_KAFKA_REPLICATION_FACTOR and
    TERANG_KAFKA_MIN_INSYNC_REPLICAS say how many brokers have each record, and how many must.
    """
    bootstrap = os.environ.get("KAFKA_BOOTSTRAP_SERVERS")
    if not bootstrap:
        print("terang topics: KAFKA_BOOTSTRAP_SERVERS not set in the environment", file=sys.stderr)
        raise typer.Exit(2)
    try:
        replication = read_own(Replication)
        made, brokers = asyncio.run(provision(bootstrap, TOPICS, replication))
    except (SettingsError, TopicsError, KafkaError) as error:
        print(f"terang topics: {error}", file=sys.stderr)
        raise typer.Exit(1) from error
    if brokers < replication.factor:
        print(
            f"terang topics: {brokers} of at least {replication.factor} brokers answer. The topics"
            " keep their replicas; start the others.",
            file=sys.stderr,
        )
    for topic in TOPICS:
        kept = "for ever" if topic.retention_ms < 0 else f"{topic.retention_ms // 86_400_000} days"
        state = "made" if topic.name in made else "as it should be"
        print(
            f"{topic.name}: {state}, {topic.partitions} partitions, {replication}, kept {kept},"
            f" {topic.audience}"
        )
