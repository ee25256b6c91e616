"""The command ``terang``: one file of this folder for each command or group of commands."""

import typer

from deploy.cli import (
    contracts,
    dead_letters,
    demo,
    issuer,
    keys,
    local,
    migrate,
    policy,
    rank,
    rebuild,
    recover,
    serve,
    settings,
    topics,
    verify,
)

app = typer.Typer(
    help="Terang: a province recruits its civil servants by merit, in public.",
    no_args_is_help=True,
    add_completion=False,
    # a plain traceback ends with the error, which is what a log's last lines should show
    pretty_exceptions_enable=False,
)

for part in (
    local,
    demo,
    serve,
    migrate,
    topics,
    issuer,
    settings,
    recover,
    rebuild,
    dead_letters,
    contracts,
    policy,
    rank,
    keys,
    verify,
):
    app.add_typer(part.app)


if __name__ == "__main__":
    app()
