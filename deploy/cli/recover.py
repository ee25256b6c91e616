"""``terang recover``: after a restored backup or a lost log, a service and the logs fit again.

First the service's own log: what it holds is taken over, or what a topic that was made anew lacks
is kept to be sent again. Then the logs that it reads: where one was made anew, its position moves.
"""

import asyncio
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Annotated

import asyncpg
import typer
from aiokafka.errors import KafkaError

from deploy.cli.printable import printable
from deploy.cli.serve import Service
from shared.clock import utc_now
from shared.contracts.catalogue import TOPICS
from shared.messaging.failures import OperatorNeeded, Unavailable
from shared.messaging.ignored import read_ignored
from shared.messaging.new_logs import find_new_logs, move_to_new_logs
from shared.messaging.origins import Origins, RecordReader
from shared.messaging.parser import read_headers
from shared.messaging.recovery import Restore, apply, gather
from shared.messaging.recovery_plan import PartitionPlan, RecoveryPlan
from shared.messaging.take_up import TakenUp
from shared.postgres.audit import SQL as AUDIT
from shared.postgres.pool import SEARCH_PATH, Connection, use_json
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
    accept_loss: Annotated[
        bool,
        typer.Option(
            "--accept-loss",
            help="Read on although events of others that never took effect here are on no log",
        ),
    ] = False,
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
        values = (os.environ[name] for name in names)
        asyncio.run(_recover(service, *values, yes=yes, accept_loss=accept_loss))
    except (OperatorNeeded, Unavailable, KafkaError, asyncpg.PostgresError, OSError) as failure:
        print(f"terang recover {service}: {failure}", file=sys.stderr)
        raise typer.Exit(1) from failure


async def _recover(
    service: str,
    province: str,
    bootstrap_servers: str,
    dsn: str,
    *,
    yes: bool,
    accept_loss: bool,
) -> None:
    settings = {
        "search_path": SEARCH_PATH,
        "application_name": f"terang-{service}-recover",
        "timezone": "UTC",
    }
    connection = await asyncpg.connect(dsn, server_settings=settings)
    try:
        await use_json(connection)
        known = origins(province)
        print("Reading the log; nothing is changed yet …")
        if await _recover_own_log(connection, service, bootstrap_servers, known, yes=yes):
            taken = await find_new_logs(
                connection,
                bootstrap_servers=bootstrap_servers,
                service=service,
                topics={topic.name: topic.partitions for topic in TOPICS},
                owners={topic.name: topic.owner for topic in TOPICS},
                records=RecordReader(known, await read_ignored(connection)),
            )
            await _take_up(connection, service, taken, yes=yes, accept_loss=accept_loss)
    finally:
        await connection.close()


async def _recover_own_log(
    connection: Connection, service: str, bootstrap_servers: str, known: Origins, *, yes: bool
) -> bool:
    """What the service itself writes; False where the operator said no."""
    restore = restore_of(service)
    plan = await gather(
        connection,
        bootstrap_servers=bootstrap_servers,
        service=service,
        partitions={topic.name: topic.partitions for topic in TOPICS if topic.owner == service},
        origins=known,
    )
    if not any(partition.changes for partition in plan.partitions):
        print("Log and database agree; there is nothing to recover.")
        return True
    print("\n".join(described(plan, restores=restore is not None)))
    if not _confirmed("Carry this out?", yes=yes):
        return False
    for line in await apply(connection, plan, service=service, restore=restore):
        print(line)
    print(
        f"Done. Start {service} (a worker that had stopped itself: again); its relay sends what the"
        " log lacks."
    )
    return True


async def _take_up(
    connection: Connection, service: str, taken: Sequence[TakenUp], *, yes: bool, accept_loss: bool
) -> None:
    """Moves positions to logs that were made anew, and notes it in the trail of decisions.

    Raises OperatorNeeded for events that would be lost, unless that is accepted.
    """
    if not taken:
        return
    print("\n".join(map(_moved, taken)))
    lost = sum(one.lost for one in taken)
    if lost and not accept_loss:
        raise OperatorNeeded(
            f"{lost} events never took effect in {service} and are on no log: its projections would"
            " lack them for good.",
            remedy=f"`terang recover {service} --accept-loss`, once nothing can bring them back",
        )
    if not _confirmed(f"Have {service} read on there?", yes=yes):
        return
    async with connection.transaction():
        await move_to_new_logs(connection, taken)
        await AUDIT.record_decision(
            connection,
            at=utc_now(),
            subject="operator",
            roles=[],
            action="log.taken-up",
            objects=[f"{topic}/{number}" for topic, number in (one.was.partition for one in taken)],
            reason=f"terang recover {service}; {lost} events lost",
        )
    print(f"Done. Start {service}; it reads on where its positions are now.")


def _confirmed(question: str, *, yes: bool) -> bool:
    if yes or typer.confirm(question):
        return True
    print("Nothing was changed.")
    return False


def _moved(taken: TakenUp) -> str:
    """Where one partition is read on."""
    was, now = taken.was, taken.position
    line = (
        f"{was.partition.topic}/{was.partition.partition} was made anew: {was.sequence} events took"
        f" effect; it is read on from offset {now.next_offset}, behind number {now.sequence}"
    )
    return f"{line}; {taken.lost} events are lost" if taken.lost else line


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
        subject = printable((inbound.headers.get("ce_subject") or b"").decode(errors="replace"))
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
    if plan.kept is not None:
        return [_made_anew(plan)]
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


def _made_anew(plan: PartitionPlan) -> str:
    """What becomes of a partition that holds nothing of what was acknowledged."""
    line = (
        f"{plan.topic}/{plan.partition} was made anew: {plan.kept} events are sent again under"
        " their numbers"
    )
    if not plan.begins_after:
        return line
    return (
        f"{line}; the outbox no longer has those up to {plan.begins_after}. They are on no log any"
        " more: who has read them keeps them, who has not has lost them, and no projections can"
        " be rebuilt from this log"
    )
