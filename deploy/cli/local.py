"""`terang local`: the whole platform on this machine, without Docker."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import psutil
import typer
from rich.console import Console
from rich.table import Table

from deploy.local import control
from deploy.local.process import StackError
from deploy.local.state import AUDIENCE, PortsAndPasswords, StackStatus, load
from shared.settings import DEMO_PROVINCE

app = typer.Typer()
local = typer.Typer(
    help="The whole platform on this machine, without Docker: Kafka, PostgreSQL, eight processes, "
    "the door.",
    no_args_is_help=True,
)
app.add_typer(local, name="local")

Folder = Annotated[Path, typer.Option(help="Where its data lie")]
console = Console(highlight=False)
NOT_RUNNING = "The stack isn't running: `terang local up` starts it."


@local.command()
def up(
    detach: Annotated[
        bool, typer.Option("--detach", help="Come back when all is ready, and leave it running")
    ] = False,
    folder: Folder = control.FOLDER,
) -> None:
    """Start everything and keep it running until Ctrl-C; what dies is started again.

    Data of earlier starts are found again.
    """
    began = time.monotonic()
    with _errors():
        if detach:
            with progress_line() as show_progress:
                control.start(folder, show_progress, outlives=True)
            _print_addresses(folder, began)
            return
        # brings Kafka's client and more, which no other command here needs
        from deploy.local.stack import Stack

        Stack(folder, jars=control.JARS, environment=os.environ, console=console).run(
            ready=lambda: _print_addresses(folder, began)
        )


@local.command()
def down(folder: Folder = control.FOLDER) -> None:
    """End everything; data stay."""
    with _errors(), console.status("Stopping …"):
        ended = control.stop(folder)
    console.print("Stopped." if ended else "Nothing was running.")


@local.command()
def status(
    as_json: Annotated[bool, typer.Option("--json", help="For programs")] = False,
    folder: Folder = control.FOLDER,
) -> None:
    """What runs, and where. Status 1 when nothing runs or not all is ready yet."""
    stack = control.running(folder)
    if stack is None:
        print(NOT_RUNNING, file=sys.stderr)
        raise typer.Exit(1)
    if stack.phase != "ready" or stack.status is None:
        print(f"The stack isn't ready yet: {stack.phase}.", file=sys.stderr)
        raise typer.Exit(1)
    if as_json:
        print(json.dumps(stack.status.model_dump()))
    else:
        console.print(_table(stack.status))


@local.command()
def reset(
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask")] = False,
    folder: Folder = control.FOLDER,
) -> None:
    """Clear all data: databases, topics, logs, ports. What was downloaded stays."""
    if not yes:
        typer.confirm(f"Delete all data of the local stack in {folder}?", abort=True)
    with _errors():
        control.reset(folder)
    console.print("Cleared.")


@local.command()
def logs(
    service: Annotated[
        str, typer.Argument(help="ranking, ranking-worker, kafka, postgres, door, supervisor …")
    ],
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on showing what is added")
    ] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="How many from the end")] = 100,
    folder: Folder = control.FOLDER,
) -> None:
    """Show the end of a process's log; a service's name shows both of its processes'."""
    files = {path.stem: str(path) for path in sorted((folder / "logs").glob("*.log"))}
    wanted = [file for name, file in files.items() if service in (name, name.rpartition("-")[0])]
    if not wanted:
        known = ", ".join(files) or "none yet"
        print(f"No log is called {service}. There are: {known}.", file=sys.stderr)
        raise typer.Exit(1)
    command = ["tail", "-n", str(lines), *(["-F"] if follow else []), *wanted]
    os.execvp("tail", command)  # noqa: S606 - no shell


@local.command()
def environment(folder: Folder = control.FOLDER) -> None:
    """Print the settings that lead to the stack: eval "$(terang local environment)".

    The addresses of databases are the owner's, for `terang migrate`, `rebuild` and `recover`.
    """
    stack = control.running(folder)
    if stack is None or stack.status is None:
        print(NOT_RUNNING, file=sys.stderr)
        raise typer.Exit(1)
    status = stack.status
    kept = load(folder / "state.json", PortsAndPasswords) or PortsAndPasswords()
    settings = {
        "KAFKA_BOOTSTRAP_SERVERS": status.kafka.bootstrap,
        **{
            f"DATABASE_URL_{service.upper()}": url for service, url in status.postgres.owned.items()
        },
        "TERANG_PROVINCE": DEMO_PROVINCE,
        "TERANG_ISSUER": f"{status.door}/issuer",
        "TERANG_AUDIENCE": AUDIENCE,
        "TERANG_DEMO_CLOCK": str((folder / "demo-clock").absolute()),
        "TERANG_PROVINCE_KEY": kept.province_key,
    }
    for name, value in settings.items():
        print(f"export {name}='{value}'")


@contextmanager
def progress_line() -> Iterator[Callable[[str], None]]:
    """Shows what is being done: a line that changes on a terminal, else a line for each part."""
    with console.status("Starting …") as status:
        printed: set[str] = set()

        def show_progress(phase: str) -> None:
            status.update(phase)
            part = phase.partition(":")[0]
            if not console.is_terminal and part not in printed:
                printed.add(part)
                console.print(f"{part} …")

        yield show_progress


def _print_addresses(folder: Path, began: float) -> None:
    stack = control.running(folder)
    assert stack is not None
    assert stack.status is not None
    door = stack.status.door
    console.print(f"\nReady after {time.monotonic() - began:.1f} s.")
    console.print(f"  The door            {door}")
    console.print(
        f"  API documentation   {door}/applications/docs and the same under "
        "/exams, /ranking, /feedback"
    )
    console.print(f"  Kafka               {stack.status.kafka.bootstrap}")
    console.print(f"  Logs                {folder / 'logs'}")
    console.print(
        "DEMONSTRATION ONLY: the issuer here gives anyone a token in any role.", style="bold red"
    )


def _table(status: StackStatus) -> Table:
    table = Table("process", "pid", "memory", "where", box=None, pad_edge=False)
    rows = [
        ("kafka", status.kafka.pid, status.kafka.bootstrap),
        ("postgres", status.postgres.pid, "four databases: --json shows their addresses"),
    ]
    rows += [(name, process.pid, process.url) for name, process in status.processes.items()]
    for name, pid, where in rows:
        table.add_row(name, str(pid or "-"), _memory(pid), where)
    table.caption = f"The door: {status.door}"
    table.caption_justify = "left"
    return table


def _memory(pid: int | None) -> str:
    try:
        return f"{psutil.Process(pid).memory_info().rss / 1e6:.0f} MB" if pid else "-"
    except psutil.NoSuchProcess:
        return "-"


@contextmanager
def _errors() -> Iterator[None]:
    """Print what a person can do something about as a sentence, without a traceback."""
    try:
        yield
    except StackError as error:
        print(f"terang local: {error}", file=sys.stderr)
        raise typer.Exit(1) from error
    except PermissionError as error:
        print(
            f"terang local: {error}. If another user started the stack here before, "
            "go on as that user.",
            file=sys.stderr,
        )
        raise typer.Exit(1) from error
