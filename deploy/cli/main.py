"""The command ``terang``: one file of this folder for each command or group of commands."""

import importlib
from contextlib import suppress

import typer

app = typer.Typer(
    help="Terang: a province recruits its civil servants by merit, in public.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # a plain traceback ends with the error, which is what a log's last lines should show
)

for name in (
    "serve",
    "migrate",
    "topics",
    "contracts",
    "issuer",
    "local",
    "recover",
    "rebuild",
    "dead_letters",
    "settings",
    "demo",
):
    with suppress(ImportError, AttributeError, SyntaxError):
        app.add_typer(importlib.import_module(f"deploy.cli.{name}").app)

if __name__ == "__main__":
    app()
