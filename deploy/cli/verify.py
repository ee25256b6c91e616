"""`terang verify`: is a published list, or a receipt, what was published and what follows from its facts? No server is asked."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from services.ranking.domain.proof import FaultError, LineLeaf, Receipt, check_receipt, read
from services.ranking.domain.verification import check_list
from services.ranking.storage.signing import KeyFault, PublicKey

app = typer.Typer()


def verified(data: bytes, key: PublicKey) -> str:
    """What is true of the file, in a few lines. Raises FaultError with the first fault."""
    found = read(data)
    head = found.head
    of = f"{head.round_id} ({head.round_name}), version {head.version}, published {head.published_at}"
    if not isinstance(found, Receipt):
        policy = check_list(found, key.accepts, key.id)
        return (
            f"The list of {of}, is genuine and follows from its facts.\n"
            f"{head.lines} lines of {head.vacancies} vacancies recomputed under {policy.id} {policy.version}; root {head.root}"
        )
    check_receipt(found, key.accepts, key.id)
    said = [f"The receipt is genuine: these lines stand on the list of {of}."]
    for proven in found.leaves:
        leaf = proven.leaf
        if isinstance(leaf, LineLeaf):
            rank = "no rank" if leaf.rank is None else f"rank {leaf.rank}"
            said.append(f"{leaf.participant_no}, {leaf.list}: {rank}, score {leaf.score or 'none'}, code {leaf.code}")
    for opening in found.openings:
        facts = ", ".join(f"{name} {'unknown' if value is None else value}" for name, value in opening.facts.items())
        said.append(f"Facts that the commitment on {opening.list} binds: {facts}")
    return "\n".join(said)


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="A published list or a receipt", exists=True, dir_okay=False)],
    key: Annotated[
        Path, typer.Option(help="The province's public key (PEM), from a source you trust", exists=True, dir_okay=False)
    ],
) -> None:
    """Check signature, hashes and ranking of a published list, or of a receipt. Status 1 with the first fault."""
    try:
        print(verified(file.read_bytes(), PublicKey.read(key.read_bytes())))
    except FaultError as fault:
        print(f"{file}: {fault}", file=sys.stderr)
        raise typer.Exit(1) from fault
    except KeyFault as error:
        print(f"{key}: {error}", file=sys.stderr)
        raise typer.Exit(1) from error
