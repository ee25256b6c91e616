"""`terang serve`: one of a service's two processes."""

import asyncio
import gc
import os
import sys
from enum import StrEnum
from importlib import import_module
from typing import Annotated

import typer

from shared.contracts.catalogue import SERVICES
from shared.observability.logs import configure
from shared.settings import SettingsError, read_settings

app = typer.Typer()

# the catalogue names them
Service = StrEnum("Service", {name: name for name in SERVICES})  # type: ignore[misc]


class ProcessKind(StrEnum):
    """Which of a service's two processes."""

    API = "api"
    WORKER = "worker"


@app.command()
def serve(
    service: Annotated[Service, typer.Argument(help="Which service")],
    kind: Annotated[
        ProcessKind, typer.Argument(help="api: HTTP for people; worker: events in and out")
    ],
    host: Annotated[str, typer.Option(help="Address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on")] = 8000,
) -> None:
    """Run one process of a service until SIGTERM; its settings come from the environment."""
    configure(service, kind)
    # what is imported stays: looking through it for cycles would take a fifth of the start
    gc.disable()
    try:
        settings = read_settings(
            import_module(f"services.{service}.settings").Settings, service, os.environ
        )
        module = import_module(f"services.{service}.{kind}")
        process = (
            module.create_worker(settings, clock=settings.clock)
            if kind is ProcessKind.WORKER
            else module.create_api(settings, clock=settings.clock)
        )
    except SettingsError as error:
        print(f"terang serve {service} {kind}: {error}", file=sys.stderr)
        raise typer.Exit(2) from error
    finally:
        # nor is it looked through later: requests would wait for it, a tenth of a second each time
        gc.freeze()
        gc.enable()
    if kind is ProcessKind.WORKER:
        asyncio.run(process.run(host, port))
    else:
        from shared.web.server import serve as serve_http  # a worker needs none of it

        serve_http(process, host, port)
