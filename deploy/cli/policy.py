"""`terang policy`: checks a policy's file, and reads policies aloud."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from shared.languages import Language
from shared.policies import Policy, PolicyError, bundled_ids, load, read_file
from shared.policies.differences import differences
from shared.policies.sentences import sentences
from shared.refusals import Refusal

app = typer.Typer(
    name="policy",
    help="Selection policies: check a file, show one, compare two.",
    no_args_is_help=True,
)


class Lang(StrEnum):
    """Language of the sentences."""

    id = "id"
    en = "en"


LanguageOption = Annotated[
    Lang,
    typer.Option(
        "--lang",
        help="Language of the sentences. A value of the wrong kind is told in it; "
        "what is wrong between a policy's parts always in English.",
    ),
]
Named = Annotated[str, typer.Argument(help="Id of a policy; what is none is a file")]


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="A policy's TOML file")],
    lang: LanguageOption = Lang.id,
) -> None:
    """Say whether a file is a policy that holds together.

    Else each fault with file, line, place and authority, and status 1.
    """
    try:
        policy = read_file(file)
    except PolicyError as error:
        _print_faults(str(file), error, lang)
        raise typer.Exit(1) from None
    except OSError as error:
        print(f"{file}: {error}", file=sys.stderr)
        raise typer.Exit(1) from None
    unsure = sum(authority.confidence in "CD" for authority in policy.authorities.values())
    verdict = (
        f"{policy.id} versi {policy.version} utuh; {unsure} dasar masih perlu ditegaskan instansi"
        if lang is Lang.id
        else f"{policy.id} version {policy.version} holds together; "
        f"{unsure} authorities are to be confirmed"
    )
    print(f"{file}: {verdict}; {policy.hash()}")


@app.command()
def show(policy: Named, lang: LanguageOption = Lang.id) -> None:
    """Read a policy aloud: every figure in a sentence, with its authority."""
    for sentence in sentences(named(policy, lang), _language(lang)):
        print(sentence)


@app.command()
def diff(before: Named, after: Named, lang: LanguageOption = Lang.id) -> None:
    """Say what the second policy says otherwise than the first."""
    found = differences(named(before, lang), named(after, lang), _language(lang))
    for sentence in found:
        print(sentence)
    if not found:
        print("Keduanya sama." if lang is Lang.id else "Both say the same.")


def _language(lang: Lang) -> Language:
    return "id" if lang is Lang.id else "en"


def _print_faults(file: str, error: PolicyError, lang: Lang) -> None:
    """Print each fault in a line that an editor can jump to."""
    for fault in error.faults:
        location = ".".join(map(str, fault.location)) or "policy"
        by = f" [{fault.authority}]" if fault.authority else ""
        print(
            f"{file}:{fault.line or 1}: {location}: {fault.told(_language(lang))}{by}",
            file=sys.stderr,
        )


def named(policy: str, lang: Lang = Lang.en) -> Policy:
    """The policy of that id, else that in the file of that name.

    Ends the command where there is none, or where it does not hold together.
    """
    in_a_file = policy not in bundled_ids() and (policy.endswith(".toml") or Path(policy).is_file())
    try:
        return read_file(Path(policy)) if in_a_file else load(policy)
    except Refusal:
        print(f"{policy}: no such policy; there are {', '.join(bundled_ids())}", file=sys.stderr)
    except PolicyError as error:
        _print_faults(policy, error, lang)
    except OSError as error:
        print(error, file=sys.stderr)
    raise typer.Exit(2)
