"""`terang migrate`: the tables of the services' databases."""

import asyncio
import os
import sys
from typing import Annotated

import asyncpg
import typer

from deploy.cli.serve import Service
from deploy.postgres.migrate import MigrationError, folders, migrate
from deploy.postgres.retention import Retention, remove_old_audit
from shared.settings import SettingsError, read_own

app = typer.Typer()


@app.command("migrate")
def command(
    service: Annotated[
        Service | None, typer.Argument(help="Which service; without it, all four")
    ] = None,
) -> None:
    """Bring the databases of DATABASE_URL_<SERVICE> to the tables that the code expects.

    Roles and databases must exist. Lines of the trail of decisions that are older than
    TERANG_AUDIT_KEPT_DAYS are removed.
    """
    services = list(Service) if service is None else [service]
    settings = {name: f"DATABASE_URL_{name.upper()}" for name in services}
    missing = [setting for setting in settings.values() if setting not in os.environ]
    if missing:
        print(f"terang migrate: {', '.join(missing)} not set in the environment", file=sys.stderr)
        raise typer.Exit(2)
    try:
        kept_days = read_own(Retention).audit_kept_days
    except SettingsError as error:
        print(f"terang migrate: {error}", file=sys.stderr)
        raise typer.Exit(2) from error
    for name, setting in settings.items():
        _migrate(name, os.environ[setting], kept_days)


def _migrate(name: Service, address: str, kept_days: int) -> None:
    """Migrates one database and removes what is too old; says what was done."""
    try:
        applied = migrate(address, folders(name))
        removed = asyncio.run(remove_old_audit(address, kept_days))
    except (MigrationError, OSError, asyncpg.PostgresError) as error:
        print(f"terang migrate {name}: {error}", file=sys.stderr)
        raise typer.Exit(1) from error
    print(f"{name}: {applied or 'nothing to do'}")
    if removed:
        print(f"{name}: {removed} lines of the trail older than {kept_days} days are removed")
