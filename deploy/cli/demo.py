"""`terang demo`: play one full round and leave its figures in .terang/demo."""

import asyncio
import contextlib
import threading
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from deploy.cli.local import progress_line
from deploy.demo.client import Client, DemoError
from deploy.demo.demonstration import Demonstration
from deploy.demo.event_counter import EventCounter
from deploy.demo.lists import read_lists
from deploy.demo.opening import POLICY
from deploy.demo.people import Population
from deploy.demo.play import play
from deploy.demo.proof import write_proof
from deploy.demo.report import (
    first_difference,
    in_order,
    recomputed,
    show,
    write_report,
    write_standings,
)
from deploy.local import control
from deploy.local.process import StackError

FOLDER = Path(".terang/demo")
app = typer.Typer()
console = Console(highlight=False)


@app.command()
def demo(
    url: Annotated[
        str | None,
        typer.Option(
            help="Door of a deployment that has the demo issuer; without it the local stack, "
            "started if need be"
        ),
    ] = None,
    applicants: Annotated[int, typer.Option(min=98, max=100_000, help="Made-up applicants")] = 3000,
    seed: Annotated[
        int,
        typer.Option(help="The same seed gives the same people, and the same lists to the byte"),
    ] = 2024,
    exit_: Annotated[
        bool, typer.Option("--exit", help="End when the round is over instead of serving on")
    ] = False,
) -> None:
    """Play one full round, from the vacancies to the flags, through the public interfaces alone."""
    if url is not None:
        _play(url, applicants, seed)
        return
    try:
        with contextlib.ExitStack() as ends:
            with progress_line() as show_progress:
                stack = ends.enter_context(control.running_stack(control.FOLDER, show_progress))
            _play(stack.door, applicants, seed)
            console.print(
                "Metrics: "
                + " · ".join(
                    f"{process.url}/metrics"
                    for name, process in stack.processes.items()
                    if name != "door"
                )
            )
            if console.is_terminal and not exit_:
                console.print("Serving on; Ctrl-C ends it.")
                with contextlib.suppress(KeyboardInterrupt):
                    threading.Event().wait()
    except StackError as error:
        console.print(f"terang demo: {error}", style="red")
        raise typer.Exit(1) from error


def _play(url: str, applicants: int, seed: int) -> None:
    """Play, and end the command with status 1 where it fails or the lists differ."""
    try:
        equal = asyncio.run(play_round(url.rstrip("/"), applicants, seed))
    except* DemoError as errors:
        console.print(f"terang demo: {errors.exceptions[0]}", style="red", markup=False)
        raise typer.Exit(1) from errors
    if not equal:
        raise typer.Exit(1)


async def play_round(url: str, applicants: int, seed: int) -> bool:
    """Play against the deployment behind `url`; whether the published lists are as recomputed."""
    columns = (
        TextColumn("{task.description:>20}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    async with Client(url) as client:
        about = await client.about()
        round_id = await _next_round(client)
        console.print(
            f"Playing {round_id} in province {about['province']} at {url}; "
            f"all people are made up (seed {seed})."
        )
        with Progress(*columns, console=console) as progress:
            demo = Demonstration(client, Population(applicants, seed), round_id, progress)
            async with EventCounter(about["kafka"], about["province"], round_id) as counter:
                await play(demo)
                published = in_order(await read_lists(demo))
                await counter.quiet()
        expected = recomputed(demo)
        equal = published == expected
        FOLDER.mkdir(parents=True, exist_ok=True)
        write_standings(FOLDER / "standings.csv", published)
        report = await write_report(FOLDER / "report.json", demo, counter, equal=equal)
        await show(console, demo, report, published, url)
        verdicts = await write_proof(FOLDER, demo)
    if equal:
        console.print(
            "[green]The published lists equal an independent recomputation: "
            f"{len(published):,} lines.[/green]"
        )
    else:
        console.print(
            "[red]The published lists differ from the recomputation: "
            f"{first_difference(published, expected)}[/red]"
        )
    for verdict in verdicts:
        console.print(verdict, markup=False)
    console.print(
        f"Written: {FOLDER}/standings.csv, {FOLDER}/report.json, and for anyone to check without "
        f"this platform: terang verify {FOLDER}/list.json --key {FOLDER}/public.pem "
        f"--policy {POLICY} "
        f"(and {FOLDER}/receipt.json)"
    )
    return equal


async def _next_round(client: Client) -> str:
    """The first of demo-1, demo-2, … that this deployment has not played yet."""
    rounds = await client.get("/applications/rounds", limit=500)
    taken = {item["round_id"] for item in rounds["items"]}
    return next(
        name for number in range(1, len(taken) + 2) if (name := f"demo-{number}") not in taken
    )
