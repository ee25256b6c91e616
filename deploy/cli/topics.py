"""`terang topics`: the topics of the catalogue."""

import asyncio
import os
import sys

import typer
from aiokafka.errors import KafkaError

from deploy.kafka.topics import TopicsError, provision
from shared.contracts.catalogue import TOPICS

app = typer.Typer()


@app.command()
def topics() -> None:
    """Make the catalogue's topics on KAFKA_BOOTSTRAP_SERVERS.

    Those that exist are checked and given their settings.
    """
    bootstrap = os.environ.get("KAFKA_BOOTSTRAP_SERVERS")
    if not bootstrap:
        print("terang topics: KAFKA_BOOTSTRAP_SERVERS not set in the environment", file=sys.stderr)
        raise typer.Exit(2)
    try:
        made = set(asyncio.run(provision(bootstrap, TOPICS)))
    except (TopicsError, KafkaError) as error:
        print(f"terang topics: {error}", file=sys.stderr)
        raise typer.Exit(1) from error
    for topic in TOPICS:
        kept = "for ever" if topic.retention_ms < 0 else f"{topic.retention_ms // 86_400_000} days"
        state = "made" if topic.name in made else "as it should be"
        print(
            f"{topic.name}: {state}, {topic.partitions} partitions, kept {kept}, {topic.audience}"
        )
