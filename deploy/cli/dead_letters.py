"""``terang dead-letters``: records that a service could not take; shown, and replayed."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Coroutine
from typing import Annotated, NoReturn, TypeVar
from uuid import UUID

import asyncpg
import typer
from rich.console import Console
from rich.table import Table

from deploy.cli.rebuild import worker_of
from deploy.cli.serve import Service
from shared.messaging import dead_letters
from shared.messaging.failures import Permanent, is_infrastructure
from shared.messaging.positions import release_brake
from shared.postgres.pool import Pool
from shared.refusals import Refusal

app = typer.Typer()
group = typer.Typer(no_args_is_help=True, help="Records that a service could not take.")
app.add_typer(group, name="dead-letters")

ServiceName = Annotated[Service, typer.Argument(help="Whose dead letters")]
Answer = TypeVar("Answer")


@group.command("list")
def list_(
    service: ServiceName,
    every: Annotated[bool, typer.Option("--all", help="Settled ones too")] = False,
    most: Annotated[int, typer.Option(min=1, help="The oldest so many")] = 100,
) -> None:
    """Dead letters that wait to be settled, oldest first."""
    letters = _with_pool(service, lambda pool: dead_letters.list_all(pool, every=every, most=most))
    table = Table("id", "since", "record", "type", "reason", "settled")
    for letter in letters:
        settled = f"{letter.settled_at:%Y-%m-%d %H:%M:%SZ}" if letter.settled_at else ""
        record = f"{letter.topic}/{letter.partition}/{letter.offset}"
        reason = f"{letter.reason}: {letter.detail}"
        table.add_row(
            str(letter.id),
            f"{letter.at:%Y-%m-%d %H:%M:%SZ}",
            record,
            letter.type or "",
            reason,
            settled,
        )
    Console().print(table if letters else f"{service} has no dead letters that wait.")


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
    print(f"key      {_readable(letter.record.key)}")
    for name, value in letter.record.headers:
        print(f"header   {name}: {_readable(value)}")
    print(f"data     {_readable(letter.record.value)}")


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

    async def run() -> int:
        pool = await worker.pool()
        failed = 0
        try:
            chosen = ids or [letter.id for letter in await dead_letters.list_all(pool)]
            for id_ in chosen:
                try:
                    await dead_letters.replay(
                        pool,
                        subscriptions,
                        id_,
                        origins=worker.origins,
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
        finally:
            await pool.close()
        return failed

    if _answer(run()):
        raise typer.Exit(1)
    if not for_real:
        print("That was a dry run: nothing has changed. Add --yes to let them take effect.")


@group.command()
def release(service: ServiceName) -> None:
    """Let a worker that was stopped by too many dead letters in a row reject as many again."""
    _with_pool(service, release_brake)
    print(f"{service}: the count of dead letters in a row begins again; start its worker.")


def _why(error: Exception) -> str:
    if isinstance(error, Permanent | Refusal):
        return str(error.args[0])
    return type(error).__name__


def _with_pool(service: Service, ask: Callable[[Pool], Awaitable[Answer]]) -> Answer:
    worker = worker_of(service)

    async def run() -> Answer:
        pool = await worker.pool()
        try:
            return await ask(pool)
        finally:
            await pool.close()

    return _answer(run())


def _answer(question: Coroutine[None, None, Answer]) -> Answer:
    try:
        return asyncio.run(question)
    except (OSError, asyncpg.PostgresError) as error:
        print(f"terang dead-letters: PostgreSQL: {error}", file=sys.stderr)
        raise typer.Exit(1) from error


def _readable(value: bytes | None) -> str:
    """Bytes for a terminal: what is no text, or would steer the terminal, is escaped."""
    if value is None:
        return "(null)"
    text = value.decode(errors="backslashreplace")
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def _fail(why: str) -> NoReturn:
    print(f"terang dead-letters: {why}", file=sys.stderr)
    raise typer.Exit(2)
