"""Brings a service's database to the tables that its code expects, by dbmate."""

import os
import subprocess
import sysconfig
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

ROOT = Path(__file__).parents[2]
WITH_PROPOSALS = {"applications", "exams", "ranking"}
"""Services in which some decisions wait for a second officer."""


class MigrationError(Exception):
    """Names the database and says, in dbmate's words, which migration failed and why."""


def folders(service: str) -> list[Path]:
    """Folders of a service's migrations: what it has in common with others, then its own.

    Numbers are unique across them.
    """
    rooms = ["messaging", "postgres", *(["proposals"] if service in WITH_PROPOSALS else [])]
    return [
        *(ROOT / "shared" / room / "migrations" for room in rooms),
        ROOT / "services" / service / "migrations",
    ]


def migrate(database_url: str, migrations: list[Path]) -> str:
    """Apply what isn't applied yet, each migration in a transaction of its own.

    Another run at the same time is waited for. `database_url` is
    `postgresql://role:password@host:port/database`; without `sslmode` the connection isn't
    encrypted. `migrations` are folders, as `folders` gives them. Gives what was applied, a line
    each; empty when nothing was to do.

    Raises MigrationError where a migration fails (it is rolled back; those before it stay) or the
    server can't be reached within a minute.
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
