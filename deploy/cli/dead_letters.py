"""``terang dead-letters``: records that a service could not take; shown, replayed, discarded."""

import asyncio
import getpass
import sys
from collections.abc import Awaitable, Callable, Coroutine
from typing import Annotated, NoReturn
from uuid import UUID

import asyncpg
import typer
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from deploy.cli.printable import printable
from deploy.cli.rebuild import worker_of
from deploy.cli.serve import Service
from deploy.cli.worker_commands import Answer, partition_of, with_pool
from shared.identity import Person
from shared.messaging import dead_letters, deadly_records
from shared.messaging.failures import Permanent, is_infrastructure
from shared.messaging.positions import release_brake, release_through
from shared.messaging.reference import Reference
from shared.messaging.worker import Worker
from shared.postgres import audit
from shared.postgres.pool import Connection, Pool
from shared.refusals import Refusal

app = typer.Typer()
group = typer.Typer(no_args_is_help=True, help="Records that a service could not take.")
app.add_typer(group, name="dead-letters")

ServiceName = Annotated[Service, typer.Argument(help="Whose dead letters")]
By = Annotated[
    str,
    typer.Option(
        help="Who decides this, for the trail of decisions; the user of this terminal unless said"
    ),
]
Why = Annotated[str, typer.Option(help="Why, for the trail of decisions")]

DISCARDED_AT_ONCE = 10_000
"""Dead letters that are discarded in one transaction: well within a minute, PostgreSQL's limit."""


@group.command("list")
def list_(
    service: ServiceName,
    every: Annotated[bool, typer.Option("--all", help="Settled ones too")] = False,
    most: Annotated[int, typer.Option(min=1, help="The oldest so many")] = 100,
) -> None:
    """Dead letters that wait to be settled, oldest first."""

    async def ask(pool: Pool) -> tuple[list[dead_letters.DeadLetter], dict[str, int]]:
        letters = await dead_letters.list_all(pool, every=every, most=most)
        return letters, await dead_letters.count_by_reason(pool, every=every)

    letters, reasons = _with_pool(service, ask)
    table = Table("id", "since", "record", "type", "reason", "settled")
    for letter in letters:
        settled = f"{letter.settled_at:%Y-%m-%d %H:%M:%SZ}" if letter.settled_at else ""
        record = f"{letter.topic}/{letter.partition}/{letter.offset}"
        reason = f"{letter.reason}: {letter.detail}"
        table.add_row(
            str(letter.id),
            f"{letter.at:%Y-%m-%d %H:%M:%SZ}",
            record,
            escape(letter.type or ""),
            escape(reason),
            settled,
        )
    Console().print(table if letters else f"{service} has no dead letters that wait.")
    for reason, count in reasons.items():
        print(f"{count:>8} {reason}")


@group.command()
def show(service: ServiceName, id_: Annotated[UUID, typer.Argument(metavar="ID")]) -> None:
    """One dead letter with its record.

    The data may be personal: they go to this terminal and nowhere else.
    """
    letter = _with_pool(service, lambda pool: dead_letters.show(pool, id_))
    if letter is None:
        _fail(f"{service} has no dead letter {id_}")
    print(f"id       {letter.id}")
    print(f"since    {letter.at.isoformat()}")
    print(f"reason   {letter.reason}: {letter.detail}")
    print(f"handler  {letter.handler}")
    print(f"record   {letter.topic}/{letter.partition}/{letter.offset}")
    print(f"type     {letter.type or '-'}")
    if letter.record is None:
        print(f"settled  {letter.settled_at}")
        return
    if letter.reference is not None:
        print(f"in full  {_told(letter.reference)}; what follows is the beginning")
    print(f"key      {readable(letter.record.key)}")
    for name, value in letter.record.headers:
        print(f"header   {readable(name.encode())}: {readable(value)}")
    print(f"data     {readable(letter.record.value)}")


def _told(reference: Reference) -> str:
    """The sizes of a record that stands on its log, and the hash of its data."""
    return (
        f"on its log: {reference.value_bytes or 0} bytes of data,"
        f" SHA-256 {reference.value_sha256.hex()}, key {reference.key_bytes or 0} bytes,"
        f" {reference.header_count} headers of {reference.headers_bytes} bytes"
    )


@group.command()
def replay(
    service: ServiceName,
    ids: Annotated[list[UUID] | None, typer.Argument(metavar="[ID]...")] = None,
    every: Annotated[bool, typer.Option("--all", help="All that wait, oldest first")] = False,
    for_real: Annotated[
        bool, typer.Option("--yes", help="Let them take effect; without it, a dry run")
    ] = False,
) -> None:
    """Hand dead letters to the service's own handler once more.

    Nothing is published again; each takes effect at most once.
    """
    if not ids and not every:
        _fail("say which: ids, or --all")
    worker = worker_of(service)
    subscriptions = worker.subscriptions(worker.outbox)

    async def replay_all(pool: Pool) -> int:
        failed = 0
        for id_ in ids or [letter.id for letter in await dead_letters.list_all(pool)]:
            try:
                await dead_letters.replay(
                    pool,
                    subscriptions,
                    id_,
                    origins=worker.origins,
                    bootstrap_servers=worker.settings.kafka_bootstrap_servers,
                    at=worker.settings.clock(),
                    dry_run=not for_real,
                )
            except Exception as error:
                if is_infrastructure(error):
                    raise
                failed += 1
                print(f"{id_}: still fails: {_why(error)}", file=sys.stderr)
            else:
                print(f"{id_}: {'settled' if for_real else 'would be settled'}")
        return failed

    if _with_worker(worker, replay_all):
        raise typer.Exit(1)
    if not for_real:
        print("That was a dry run: nothing has changed. Add --yes to let them take effect.")


@group.command()
def release(
    service: ServiceName,
    place: Annotated[str | None, typer.Argument(metavar="[TOPIC/PARTITION]")] = None,
    through: Annotated[
        int | None, typer.Option(min=0, help="The last offset that may pass there")
    ] = None,
    by: By = "",
    why: Why = "",
) -> None:
    """Let a worker that was stopped by too many dead letters in a row reject as many again.

    With a partition and --through, all that can't take effect up to that offset, however many.
    """
    if (place is None) != (through is None):
        _fail("say both TOPIC/PARTITION and --through OFFSET, or neither")
    partition = None if place is None else _partition(place)
    worker = worker_of(service)
    object_ = f"{service} worker" if partition is None else f"{place} through {through}"

    async def let_pass(connection: Connection) -> int | None:
        if partition is None or through is None:
            await release_brake(connection)
            return 0
        return await release_through(connection, partition, through)

    stands_at = _decide(worker, let_pass, "dead-letters.released", object_, by, why)
    if stands_at is None:
        _fail(f"{service} reads no {place}")
    if partition is None:
        print(f"{service}: the count of dead letters in a row begins again; start its worker.")
    elif through is not None and through < stands_at:
        print(f"{service} stands at offset {stands_at} of {place} already: nothing is let pass.")
    else:
        print(
            f"{service}: what can't take effect in {place} passes from offset {stands_at} through"
            f" {through}; start its worker."
        )


@group.command()
def discard(
    service: ServiceName,
    place: Annotated[str | None, typer.Argument(metavar="[TOPIC/PARTITION]")] = None,
    for_real: Annotated[
        bool, typer.Option("--yes", help="Discard them; without it, a dry run")
    ] = False,
    by: By = "",
    why: Why = "",
) -> None:
    """Settle all dead letters that carry no event of this platform, and forget their bytes.

    Events of this platform stay: each is replayed, or waits.
    """
    if for_real and not why:
        _fail("say why: --why goes into the trail of decisions")
    partition = None if place is None else _partition(place)
    worker = worker_of(service)
    found = _with_worker(worker, lambda pool: dead_letters.foreign(pool, partition))
    for letters, reason in found:
        print(f"{letters.told()}, {reason}")
    count = sum(letters.letters for letters, _ in found)
    if not for_real:
        print(f"{count} would be discarded. That was a dry run: add --yes and --why to do it.")
        return

    async def discard_all(pool: Pool) -> int:
        done = 0
        while some := await _discard_some(pool, worker, partition, _whoever(by), why):
            done += some
        return done

    print(f"{_with_worker(worker, discard_all)} are discarded.")


@group.command("set-aside")
def set_aside(
    service: ServiceName,
    place: Annotated[str, typer.Argument(metavar="TOPIC/PARTITION")],
    offset: Annotated[int, typer.Argument(min=0)],
    by: By = "",
    why: Why = "",
) -> None:
    """Let a worker pass a record at which it ended again and again: it becomes a dead letter."""
    worker = worker_of(service)
    partition = _partition(place)

    async def pass_by(connection: Connection) -> int | None:
        return await deadly_records.set_aside(connection, partition, offset)

    object_ = f"{place} offset {offset}"
    deaths = _decide(worker, pass_by, "dead-letters.set-aside", object_, by, why)
    if deaths is None:
        _fail(f"no worker of {service} ended at offset {offset} of {place}")
    print(f"{service} ended {deaths} times at this record; start its worker: it is set aside.")


def _decide(
    worker: Worker,
    take: Callable[[Connection], Awaitable[int | None]],
    action: str,
    object_: str,
    by: str,
    why: str,
) -> int | None:
    """Takes a decision with its line of the trail, in one transaction; none if it comes to None."""

    async def run(pool: Pool) -> int | None:
        async with pool.acquire() as connection, connection.transaction():
            taken = await take(connection)
            if taken is not None:
                at = worker.settings.clock()
                await audit.record(connection, _whoever(by), action, object_, at=at, reason=why)
            return taken

    return _with_worker(worker, run)


async def _discard_some(
    pool: Pool, worker: Worker, partition: TopicPartition | None, person: Person, why: str
) -> int:
    """Discards some, in one transaction with its lines of the trail; returns how many."""
    at = worker.settings.clock()
    async with pool.acquire() as connection, connection.transaction():
        discarded = await dead_letters.discard_foreign(
            connection, partition, most=DISCARDED_AT_ONCE, at=at
        )
        await audit.record_many(
            connection,
            person,
            "dead-letters.discarded",
            [letters.told() for letters in discarded],
            at=at,
            reason=why,
        )
    return sum(letters.letters for letters in discarded)


def _whoever(by: str) -> Person:
    """Who runs the command, for the trail of decisions; ends it if that can't be told."""
    try:
        return Person(by or getpass.getuser(), frozenset({"operator"}))
    except (OSError, KeyError):
        _fail("this terminal's user has no name: say --by NAME")


def _partition(place: str) -> TopicPartition:
    """The partition of `TOPIC/PARTITION`; ends the command if it is written another way."""
    partition = partition_of(place)
    if partition is None:
        _fail(f"{place!r} is no TOPIC/PARTITION, such as terang.exams/3")
    return partition


def _why(error: Exception) -> str:
    if isinstance(error, Permanent | Refusal):
        return str(error.args[0])
    return type(error).__name__


def _with_pool(service: Service, ask: Callable[[Pool], Awaitable[Answer]]) -> Answer:
    return _with_worker(worker_of(service), ask)


def _with_worker(worker: Worker, ask: Callable[[Pool], Awaitable[Answer]]) -> Answer:
    return _answer(with_pool(worker, ask))


def _answer(question: Coroutine[None, None, Answer]) -> Answer:
    try:
        return asyncio.run(question)
    except (OSError, asyncpg.PostgresError, KafkaError) as error:
        server = "Kafka" if isinstance(error, KafkaError) else "PostgreSQL"
        print(f"terang dead-letters: {server}: {error}", file=sys.stderr)
        raise typer.Exit(1) from error


def readable(value: bytes | None) -> str:
    """Bytes for a terminal: what is no text, or would steer the terminal, is escaped."""
    if value is None:
        return "(null)"
    return printable(value.decode(errors="backslashreplace"))


def _fail(why: str) -> NoReturn:
    print(f"terang dead-letters: {why}", file=sys.stderr)
    raise typer.Exit(2)
