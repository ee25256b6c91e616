"""`terang doctor`: what is wrong between the services, in words, and what to do."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Annotated, NamedTuple, cast

import asyncpg
import typer
from aiokafka import TopicPartition

from deploy.cli.serve import Service
from shared.contracts.catalogue import BY_MODEL, SUBSCRIBED
from shared.contracts.catalogue import Service as ServiceName
from shared.messaging.reconciliation import (
    Count,
    Counted,
    Kind,
    count_consumed,
    count_owned,
    differences,
)
from shared.messaging.unheard_types import heard_late
from shared.postgres.pool import Connection

app = typer.Typer()

BETWEEN_LOOKS = 5.0
"""Seconds between two looks at what moves. A worker that stands still for so long is stuck."""


class Finding(NamedTuple):
    """What is wrong, and what to do."""

    fault: str
    remedy: str


@dataclass(frozen=True)
class Examined:
    """The service that is looked at, and connections to the databases whose addresses are known."""

    service: ServiceName
    databases: Mapping[str, Connection]

    @property
    def own(self) -> Connection:
        return self.databases[self.service]


REMEDIES = {
    Kind.BEHIND: "the worker's /ready and log say what holds it up (docker compose logs"
    " {service}-worker); nothing is lost meanwhile",
    Kind.AHEAD: "a forged record, or the owner's database is older than the log (then `terang"
    " recover` of the owner); find out who may write to Kafka",
    Kind.OTHER: "a record took a true event's number: stop the workers of {service}, and find out"
    " who may write to Kafka; what the owner stated stands in its outbox for"
    " TERANG_OUTBOX_KEPT_DAYS",
}

Check = Callable[[Examined], Awaitable[list[Finding]]]


async def events_are_counted_alike(examined: Examined) -> list[Finding]:
    """What the service took is what the owners stated, as far as their databases are known."""
    earlier = await _look(examined)
    if not differences(earlier, earlier):
        return []
    await asyncio.sleep(BETWEEN_LOOKS)
    found = differences(earlier, await _look(examined))
    return [
        Finding(
            f"{difference.partition.topic}/{difference.partition.partition}: {difference.fault}",
            REMEDIES[difference.kind].format(service=examined.service),
        )
        for difference in found
    ]


async def _look(examined: Examined) -> Counted:
    """What both sides say; the consumer is asked first, since the owner states before it."""
    consumer = await count_consumed(examined.own)
    owner: dict[TopicPartition, Count] = {}
    for connection in examined.databases.values():
        owner |= await count_owned(connection)
    return Counted(consumer, owner)


async def types_are_heard_from_their_beginning(examined: Examined) -> list[Finding]:
    """No event has passed of a type that this version of the service subscribes to."""
    models = SUBSCRIBED[examined.service]
    types = [BY_MODEL[model].type for model in models]
    return [
        Finding(
            f"{row['events']} events of {row['type']} on {row['topic']} passed before this version"
            " heard them: they are missing from what it shows",
            f"terang rebuild {examined.service}",
        )
        for row in await heard_late(examined.own, types)
    ]


CHECKS: Mapping[str, Check] = {
    "events are counted alike by who states and who takes them": events_are_counted_alike,
    "every type is heard from its beginning": types_are_heard_from_their_beginning,
}
"""What is looked at, in this order."""


@app.command()
def doctor(
    service: Annotated[
        Service | None, typer.Argument(help="Which service; without it, all four")
    ] = None,
) -> None:
    """Say what is wrong between the services, and what to do.

    Reads the databases of DATABASE_URL_<SERVICE> and changes nothing. Exit status 0: all is well;
    1: something is wrong; 2: it could not look.
    """
    addresses = {
        name: address
        for name in Service
        if (address := os.environ.get(f"DATABASE_URL_{name.upper()}"))
    }
    services = list(Service) if service is None else [service]
    missing = [f"DATABASE_URL_{name.upper()}" for name in services if name not in addresses]
    if missing:
        print(f"terang doctor: {', '.join(missing)} not set in the environment", file=sys.stderr)
        raise typer.Exit(2)
    try:
        wrong = asyncio.run(_examine(services, addresses))
    except (OSError, asyncpg.PostgresError) as error:
        print(f"terang doctor: {error}", file=sys.stderr)
        raise typer.Exit(2) from error
    raise typer.Exit(1 if wrong else 0)


async def _examine(services: list[Service], addresses: Mapping[Service, str]) -> int:
    """Prints what each check finds of each service; returns how much is wrong."""
    wrong = 0
    async with AsyncExitStack() as stack:
        databases: dict[str, Connection] = {}
        for name, address in addresses.items():
            connection = await asyncpg.connect(
                address, timeout=10, server_settings={"application_name": "terang-doctor"}
            )
            stack.push_async_callback(connection.close)
            databases[name] = connection
        for service in services:
            for what, check in CHECKS.items():
                findings = await check(Examined(cast("ServiceName", service.value), databases))
                print(f"{service}: {what}: {'NO' if findings else 'yes'}")
                for finding in findings:
                    print(f"  {finding.fault}\n    to do: {finding.remedy}")
                wrong += len(findings)
    return wrong
