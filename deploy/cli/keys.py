"""`terang keys`: the key that published lists are signed with."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from services.ranking.publication.storage.signing import KeyFault, SigningKey

app = typer.Typer()
keys = typer.Typer(help="The key that published lists are signed with.", no_args_is_help=True)
app.add_typer(keys, name="keys")


@keys.command()
def make(
    file: Annotated[
        Path,
        typer.Argument(help="Where the private key is kept; name it in TERANG_RANKING_SIGNING_KEY"),
    ],
    if_missing: Annotated[
        bool, typer.Option("--if-missing", help="Leave a key that is there as it is")
    ] = False,
) -> None:
    """Make a key.

    One that is there is never written over. Keep it as you keep the province's seal.
    """
    try:
        SigningKey.new().keep(file)
    except FileExistsError as error:
        if if_missing:
            return
        print(f"{file} is there already; nothing was written.", file=sys.stderr)
        raise typer.Exit(1) from error
    print(f"Written: {file}")


@keys.command()
def public(
    file: Annotated[Path, typer.Argument(help="The private key", exists=True, dir_okay=False)],
) -> None:
    """Print the public half, which everyone needs for `terang verify`."""
    try:
        print(SigningKey.of(str(file)).public.pem, end="")
    except KeyFault as error:
        print(f"{file}: {error}", file=sys.stderr)
        raise typer.Exit(1) from error
