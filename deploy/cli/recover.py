"""``terang recover``: after a restored backup, a service takes over what its log holds."""

import asyncio
import os
import sys
from importlib import import_module
from importlib.util import find_spec
from typing import Annotated

import asyncpg
import typer
from aiokafka.errors import KafkaError

from deploy.cli.serve import Service
from shared.contracts.catalogue import TOPICS
from shared.messaging.failures import OperatorNeeded, Unavailable
from shared.messaging.parser import read_headers
from shared.messaging.recovery import Restore, apply, gather
from shared.messaging.recovery_plan import PartitionPlan, RecoveryPlan
from shared.postgres.pool import SEARCH_PATH, use_json
from shared.service_outbox import origins

app = typer.Typer()

SHOWN = 20
"""Records that the database lacks are listed up to so many; the counts tell of all."""


@app.command("recover")
def command(
    service: Annotated[
        Service,
        typer.Argument(
            help="Which service; all its processes must be ended, but for workers that stopped"
            " altogether"
        ),
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Carry the plan out without asking")] = False,
) -> None:
    """Show what the log has and a restored database lacks; take it over once that is confirmed."""
    names = ("TERANG_PROVINCE", "KAFKA_BOOTSTRAP_SERVERS", f"DATABASE_URL_{service.upper()}")
    missing = [name for name in names if not os.environ.get(name)]
    if missing:
        print(
            f"terang recover {service}: {', '.join(missing)} not set in the environment",
            file=sys.stderr,
        )
        raise typer.Exit(2)
    try:
        asyncio.run(_recover(service, *(os.environ[name] for name in names), yes=yes))
    except (OperatorNeeded, Unavailable, KafkaError, asyncpg.PostgresError, OSError) as failure:
        print(f"terang recover {service}: {failure}", file=sys.stderr)
        raise typer.Exit(1) from failure


async def _recover(
    service: str, province: str, bootstrap_servers: str, dsn: str, *, yes: bool
) -> None:
    partitions = {topic.name: topic.partitions for topic in TOPICS if topic.owner == service}
    restore = restore_of(service)
    settings = {
        "search_path": SEARCH_PATH,
        "application_name": f"terang-{service}-recover",
        "timezone": "UTC",
    }
    connection = await asyncpg.connect(dsn, server_settings=settings)
    try:
        await use_json(connection)
        print("Reading the log; nothing is changed yet …")
        plan = await gather(
            connection,
            bootstrap_servers=bootstrap_servers,
            service=service,
            partitions=partitions,
            origins=origins(province),
        )
        if not any(partition.changes for partition in plan.partitions):
            print("Log and database agree; there is nothing to recover.")
            return
        print("\n".join(described(plan, restores=restore is not None)))
        if not yes and not typer.confirm("Carry this out?"):
            print("Nothing was changed.")
            return
        for line in await apply(connection, plan, service=service, restore=restore):
            print(line)
        print(
            f"Done. Start {service} (a worker that had stopped itself: again); its relay sends what"
            " has no number yet, above what the log holds."
        )
    finally:
        await connection.close()


def restore_of(service: str) -> Restore | None:
    """The service's own part, `restore` in its restore_from_log.py, if it has one."""
    name = f"services.{service}.restore_from_log"
    if find_spec(name) is None:
        return None
    restore: Restore = import_module(name).restore
    return restore


def described(plan: RecoveryPlan, *, restores: bool) -> list[str]:
    """The plan in lines for an operator.

    Counts for each partition that changes, then what the database lacks, by type, subject and
    number.
    """
    lines = [
        line for partition in plan.partitions if partition.changes for line in _counts(partition)
    ]
    for record in plan.missing[:SHOWN]:
        inbound = read_headers(record)
        subject = (inbound.headers.get("ce_subject") or b"").decode(errors="replace")
        lines.append(
            f"  lacking: {inbound.type} {subject}, number {inbound.identity.sequence} of"
            f" {record.topic}/{record.partition}"
        )
    if len(plan.missing) > SHOWN:
        lines.append(f"  … and {len(plan.missing) - SHOWN} more")
    if plan.missing and not restores:
        lines.append(
            "This service imports no facts from its log: what is lacking stays on the log and must"
            " be entered again."
        )
    return lines


def _counts(plan: PartitionPlan) -> list[str]:
    """What changes in one partition."""
    last = f"{plan.last.sequence} at offset {plan.last.offset}" if plan.last else "nothing"
    counts = (
        f"{plan.topic}/{plan.partition}: the log holds up to {last};"
        f" {len(plan.renumbered)} rows take the log's numbers,"
        f" {len(plan.resent)} will be sent under new ones,"
        f" {len(plan.missing)} records are not in the database"
    )
    lines = [counts]
    if plan.lost:
        lines.append(
            f"  {plan.lost} acknowledged numbers are neither on the log nor in the outbox: lost."
            " Consumers that took them stop; they need `terang rebuild`."
        )
    return lines
