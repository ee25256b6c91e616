"""Prints text of unknown origin: what would steer the terminal is shown, not done."""

import typer


def printable(text: str) -> str:
    """The text on one line; what is no printable character stands as Python writes it.

    Control sequences could colour, move or hide what a command says, and marks of direction turn it
    round.
    """
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text
    )


def say(line: str, *, err: bool = False) -> None:
    """Prints a line, to the standard error where `err`."""
    typer.echo(printable(line), err=err)
