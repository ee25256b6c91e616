"""`terang contracts`: writes and checks what others read of the events."""

import sys
from pathlib import Path
from typing import Annotated

import typer
import yaml
from typing_extensions import override

from shared.contracts.catalogue import CATALOGUE
from shared.contracts.compatibility import breaks_of_release
from shared.contracts.publication import (
    ASYNCAPI,
    FOLDER,
    RELEASED,
    SCHEMAS,
    Json,
    as_text,
    asyncapi,
    name_of,
    release,
    releases,
    schema_of,
)

app = typer.Typer(
    name="contracts",
    help="The events' schemas, AsyncAPI document and releases (for developers).",
    no_args_is_help=True,
)


class _Plain(yaml.SafeDumper):
    """Writes a repeated value out each time: an anchor would be for machines."""

    @override
    def ignore_aliases(self, data: object) -> bool:
        return True


def asyncapi_text() -> str:
    """The AsyncAPI document as it is committed."""
    return (
        "# Made by `terang contracts dump` from shared/contracts/catalogue.py: don't edit.\n"
        + yaml.dump(asyncapi(), Dumper=_Plain, sort_keys=False, allow_unicode=True, width=140)
    )


def expected() -> dict[Path, str]:
    """The text that each generated file should have, by path."""
    files = {
        SCHEMAS / f"{name_of(contract)}.json": as_text(schema_of(contract))
        for contract in CATALOGUE
    }
    return files | {ASYNCAPI: asyncapi_text()}


def faults() -> list[str]:
    """What is wrong with the committed files, a sentence for each fault."""
    files = expected()
    sentences = [
        f"{path.relative_to(FOLDER)} is not as the models say: run terang contracts dump"
        for path, text in files.items()
        if not path.exists() or path.read_text("utf-8") != text
    ]
    sentences += [
        f"{path.relative_to(FOLDER)} belongs to no event: remove it"
        for path in sorted(SCHEMAS.glob("*"))
        if path not in files
    ]
    for version, frozen in releases().items():
        for type_, broken in breaks_of_release(frozen, CATALOGUE).items():
            sentences += [
                f"{type_} breaks release {version}: {break_.at or 'it'}: {break_.kind}: "
                f"{break_.detail}"
                for break_ in broken
            ]
    return sentences


@app.command()
def dump() -> None:
    """Write schemas and AsyncAPI document anew; commit what changed."""
    SCHEMAS.mkdir(exist_ok=True)
    files = expected()
    for path in SCHEMAS.glob("*"):
        if path not in files:
            path.unlink()
    for path, text in files.items():
        path.write_text(text, "utf-8")
    print(f"{len(files)} files in {FOLDER}")


@app.command()
def check() -> None:
    """Say what is not current or breaks a release; status 1 if anything does."""
    sentences = faults()
    for sentence in sentences:
        print(sentence, file=sys.stderr)
    if sentences:
        raise typer.Exit(1)
    print(f"{len(CATALOGUE)} events are as committed and break none of {len(releases())} releases")


@app.command("release")
def freeze(
    version: Annotated[str, typer.Argument(help="Version of the release, for example 0.2.0")],
) -> None:
    """Freeze topics, schemas and examples of all events under a version, once for each version."""
    path = RELEASED / f"{version}.json"
    if path.exists():
        print(f"{version} was released already: {path} is never written again", file=sys.stderr)
        raise typer.Exit(1)
    if sentences := faults():
        print("\n".join([*sentences, "Nothing was released."]), file=sys.stderr)
        raise typer.Exit(1)
    RELEASED.mkdir(exist_ok=True)
    document: Json = release()
    path.write_text(as_text(document), "utf-8")
    print(f"{len(document)} events are frozen in {path}")
