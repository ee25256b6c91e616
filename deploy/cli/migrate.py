"""``terang migrate``: the tables of the services' databases."""

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
    """Bring the databases of DATABASE_URL_<SERVICE> to the tables that the code expects; roles and
    databases must exist.
    """
    services = list(Service) if service is None else [service]
    names = {each: f"DATABASE_URL_{each.upper()}" for each in services}
    missing = [name for name in names.values() if name not in os.environ]
    if missing:
        print(f"terang migrate: {', '.join(missing)} not set in the environment", file=sys.stderr)
        raise typer.Exit(2)
    for each, name in names.items():
        try:
            applied = migrate(os.environ[name], folders(each))
        except MigrationError as error:
            print(f"terang migrate {each}: {error}", file=sys.stderr)
            raise typer.Exit(1) from error
        print(f"{each}: {applied or 'nothing to do'}")
