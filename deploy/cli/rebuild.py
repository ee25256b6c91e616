"""``terang rebuild``: a service's projections made anew from the log, while it runs."""

import asyncio
import os
import sys
from importlib import import_module
from typing import Annotated

import asyncpg
import typer
from aiokafka.errors import KafkaError
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from deploy.cli.serve import Service
from shared.messaging.failures import OperatorNeeded
from shared.messaging.rebuild import rebuild as rebuild_projections
from shared.messaging.rebuild_processes import helper_processes, processors
from shared.messaging.rebuild_share import Projections, RefusedError
from shared.messaging.worker import Worker
from shared.settings import SettingsError, read_settings

app = typer.Typer()


def worker_of(service: Service) -> Worker:
    """The service's worker as the environment describes it, not running.

    Ends the command if a setting is wrong or missing.
    """
    try:
        settings = read_settings(
            import_module(f"services.{service}.settings").Settings, service, os.environ
        )
    except SettingsError as error:
        print(f"terang: {error}", file=sys.stderr)
        raise typer.Exit(2) from error
    module = import_module(f"services.{service}.worker")
    worker: Worker = module.create_worker(settings, clock=settings.clock)
    return worker


@app.command()
def rebuild(service: Annotated[Service, typer.Argument(help="Whose projections")]) -> None:
    """Make a service's projections anew from the whole log and put them in place of the old ones.

    The service goes on meanwhile.
    """
    worker = worker_of(service)
    anew = Projections(
        service=service,
        connect=worker.pool,
        outbox=worker.outbox,
        subscriptions=worker.subscriptions,
        origins=worker.origins,
        bootstrap_servers=worker.settings.kafka_bootstrap_servers,
        marks=worker.marks,
    )
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    try:
        with (
            helper_processes(anew, processors() - 1) as helpers,
            Progress(*columns, transient=True) as progress,
        ):
            task = progress.add_task("", total=None)
            rebuilt = asyncio.run(
                rebuild_projections(
                    anew,
                    helpers,
                    lambda what, done, total: progress.update(
                        task, description=what, completed=done, total=total
                    ),
                )
            )
    except (RefusedError, OperatorNeeded, KafkaError, asyncpg.PostgresError, OSError) as error:
        print(f"terang rebuild {service}: {error}", file=sys.stderr)
        raise typer.Exit(1) from error
    print(
        f"{service}: {rebuilt.events} events of {rebuilt.partitions} partitions took effect anew."
    )
