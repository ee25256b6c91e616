"""Brings a service's database to the tables that its code expects, by dbmate."""

import os
import subprocess
import sysconfig
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

ROOT = Path(__file__).parents[2]


class MigrationError(Exception):
    """The database, and dbmate's own words about which migration failed and why."""


def folders(service: str) -> list[Path]:
    """Folders of a service's migrations: what all services have, then its own.

    Numbers are unique across them.
    """
    return [
        ROOT / "shared" / "messaging" / "migrations",
        ROOT / "shared" / "postgres" / "migrations",
        ROOT / "services" / service / "migrations",
    ]


def migrate(database_url: str, migrations: list[Path]) -> str:
    """Apply what isn't applied yet, each migration in a transaction of its own; another run at the
    same time is waited for.

    Parameters
    ----------
    database_url
        ``postgresql://role:password@host:port/database``; without ``sslmode`` the connection isn't encrypted.
    migrations
        Folders of migrations, as ``folders`` returns them.

    Returns
    -------
    str
        What was applied, a line each; empty when nothing was to do.

    Raises
    ------
    MigrationError
        A migration failed (it is rolled back; those before it stay), or the server can't be reached within a minute.
    """
    address = (
        database_url
        if "sslmode" in parse_qs(urlsplit(database_url).query)
        else f"{database_url}{'&' if '?' in database_url else '?'}sslmode=disable"
    )
    where = [option for folder in migrations for option in ("--migrations-dir", str(folder))]
    ran = subprocess.run(
        [
            Path(sysconfig.get_path("scripts")) / "dbmate",
            *where,
            "--no-dump-schema",
            "--wait",
            "--migration-lock",
            "migrate",
        ],
        # by the environment: arguments, with the password, can be seen by everyone on the machine
        env={**os.environ, "DATABASE_URL": address},
        cwd=ROOT / "deploy",  # dbmate reads a file .env where it stands: not the deployment's
        capture_output=True,
        text=True,
    )
    if ran.returncode:
        raise MigrationError(f"{urlsplit(database_url).path[1:]}: {ran.stdout}{ran.stderr}".strip())
    return ran.stdout.strip()
