"""`terang migrate`: the tables of the services' databases."""

import os
import sys
from typing import Annotated

import typer

from deploy.cli.serve import Service
from deploy.postgres.migrate import MigrationError, folders, migrate

app = typer.Typer()


@app.command("migrate")
def command(
    service: Annotated[
        Service | None, typer.Argument(help="Which service; without it, all four")
    ] = None,
) -> None:
    """Bring the databases of DATABASE_URL_<SERVICE> to the tables that the code expects.

    Roles and databases must exist.
    """
    services = list(Service) if service is None else [service]
    settings = {name: f"DATABASE_URL_{name.upper()}" for name in services}
    missing = [setting for setting in settings.values() if setting not in os.environ]
    if missing:
        print(f"terang migrate: {', '.join(missing)} not set in the environment", file=sys.stderr)
        raise typer.Exit(2)
    for name, setting in settings.items():
        try:
            applied = migrate(os.environ[setting], folders(name))
        except MigrationError as error:
            print(f"terang migrate {name}: {error}", file=sys.stderr)
            raise typer.Exit(1) from error
        print(f"{name}: {applied or 'nothing to do'}")
