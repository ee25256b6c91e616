"""``terang ignore``: a service passes over records that the topic's service never wrote."""

import asyncio
import sys
from getpass import getuser
from typing import Annotated, NoReturn
from uuid import UUID

import asyncpg
import typer
from aiokafka.errors import KafkaError

from deploy.cli.dead_letters import readable
from deploy.cli.rebuild import worker_of
from deploy.cli.serve import Service
from deploy.cli.worker_commands import partition_of, with_pool
from shared.messaging import ignored
from shared.messaging.failures import Permanent
from shared.messaging.log_reader import OffsetRange
from shared.messaging.worker import Worker
from shared.postgres.pool import Pool

app = typer.Typer()

SHOWN = 20
"""Records that are shown with their headers; a count tells of all."""


@app.command("ignore")
def command(
    service: Annotated[Service, typer.Argument(help="Which service passes over them")],
    place: Annotated[str, typer.Argument(metavar="TOPIC/PARTITION")],
    offset: Annotated[int, typer.Argument(min=0, help="Where the (first) record stands")],
    event_id: Annotated[UUID, typer.Option(help="The ce_id of that record")],
    reason: Annotated[str, typer.Option(help="Why; it is kept, so nothing personal")],
    through: Annotated[
        int | None, typer.Option(min=0, help="All events from OFFSET to this offset")
    ] = None,
    who: Annotated[str | None, typer.Option(help="Who decides; else who runs this")] = None,
    for_real: Annotated[
        bool, typer.Option("--yes", help="Ignore them from now on; without it, a dry run")
    ] = False,
) -> None:
    """Have a service pass over a record wherever it reads the log: worker, relay and commands.

    Its headers are shown, never its data. A service keeps what it ignores in its own database: run
    this for each service that reads or writes the topic.
    """
    partition = partition_of(place)
    last = offset if through is None else through
    if partition is None or last < offset or not reason.strip():
        _fail("say TOPIC/PARTITION, no end before the start, and a reason", status=2)
    worker = worker_of(service)
    wanted = ignored.Wanted(
        partition,
        OffsetRange(offset, last + 1),
        event_id,
        reason.strip(),
        who or getuser(),
        worker.settings.clock(),
    )
    try:
        done = asyncio.run(_ignore(worker, wanted, dry_run=not for_real))
    except (Permanent, KafkaError, asyncpg.PostgresError, OSError) as failure:
        _fail(f"{service}: {failure}", status=1)
    print("\n".join(described(service, done)))
    if not for_real:
        print("That was a dry run: nothing has changed. Add --yes to have it ignored.")


async def _ignore(worker: Worker, wanted: ignored.Wanted, *, dry_run: bool) -> ignored.Ignoring:
    async def ask(pool: Pool) -> ignored.Ignoring:
        async with pool.acquire() as connection:
            return await ignored.ignore(
                connection,
                wanted,
                bootstrap_servers=worker.settings.kafka_bootstrap_servers,
                origins=worker.origins,
                dry_run=dry_run,
            )

    return await with_pool(worker, ask)


def described(service: str, done: ignored.Ignoring) -> list[str]:
    """What is ignored, and what is to be done next, in lines for an operator."""
    lines = []
    for event, raw in done.records[:SHOWN]:
        lines.append(
            f"{raw.topic}/{raw.partition}, offset {event.offset}: number {event.sequence}, event"
            f" {event.event_id}"
        )
        lines += [f"  {readable(name.encode())}: {readable(value)}" for name, value in raw.headers]
    if len(done.records) > SHOWN:
        lines.append(f"… and {len(done.records) - SHOWN} more")
    if done.took_effect:
        assert done.end is not None  # a position that isn't there has not moved
        lines.append(
            f"It had taken effect here. {service} goes on after number {done.end.sequence}, at"
            f" offset {done.end.next_offset}: start its worker, then `terang rebuild {service}`,"
            " which makes the projections without it. What was stated because of it stands on"
            f" the topics of {service}: see to that."
        )
    else:
        lines.append(f"It has had no effect here. Start the worker of {service} again.")
    return lines


def _fail(why: str, *, status: int) -> NoReturn:
    print(f"terang ignore: {why}", file=sys.stderr)
    raise typer.Exit(status)
