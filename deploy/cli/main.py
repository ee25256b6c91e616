"""The command `terang`: one file of this folder for each command or group of commands."""

import sys
from importlib import import_module
from io import TextIOWrapper
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typing_extensions import override

NAMES = (
    "local",
    "demo",
    "serve",
    "migrate",
    "topics",
    "issuer",
    "settings",
    "recover",
    "rebuild",
    "doctor",
    "dead-letters",
    "ignore",
    "contracts",
    "policy",
    "rank",
    "keys",
    "verify",
)
"""The commands as `terang --help` lists them; each one's file is called like it."""


class Commands(TyperGroup):
    """Loads only the command that is asked for; help asks for all.

    Ranking files or verifying a list takes no time for web servers and Kafka.
    """

    @override
    def list_commands(self, ctx: Any) -> list[str]:
        return list(NAMES)

    @override
    def get_command(self, ctx: Any, cmd_name: str) -> TyperCommand | TyperGroup | None:
        # a name that is none: all are loaded, so that the nearest can be suggested
        for name in [cmd_name] if cmd_name in NAMES else NAMES:
            if name not in self.commands:
                group = typer.Typer()
                group.callback()(lambda: None)  # a group even of one
                group.add_typer(import_module(f"deploy.cli.{name.replace('-', '_')}").app)
                self.commands.update(typer.main.get_group(group).commands)
        command = self.commands.get(cmd_name)
        assert command is None or isinstance(command, TyperCommand | TyperGroup)
        return command


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    # a plain traceback ends with the error, which is what a log's last lines should show
    pretty_exceptions_enable=False,
)


@app.callback()
def terang() -> None:
    """Terang: a province recruits its civil servants by merit, in public."""
    if isinstance(sys.stdout, TextIOWrapper):
        # like stderr: what an encoding lacks is written as its number (× as \xd7)
        sys.stdout.reconfigure(errors="backslashreplace")


if __name__ == "__main__":
    app()
