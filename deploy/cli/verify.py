"""`terang verify`: checks a published list, or a receipt, without asking any server."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from services.ranking.proofs.domain.fault import ProofFault
from services.ranking.proofs.domain.head import Head
from services.ranking.proofs.domain.leaves import LineLeaf, SeatingLeaf
from services.ranking.proofs.domain.list_file import ListFile
from services.ranking.proofs.domain.reading import read
from services.ranking.proofs.domain.receipt_file import Receipt, check_receipt
from services.ranking.publication.domain.verification import (
    check_contents,
    check_list,
    points_that_differ,
)
from services.ranking.publication.domain.versions import changed_lines, check_follows
from services.ranking.publication.storage.signing import KeyFault, PublicKey
from services.ranking.seats.domain.seating import empty_seats
from shared.policies import Policy

app = typer.Typer()

CHANGES_SHOWN = 100
"""Lines that changed since the version before that are printed; the rest is counted."""

PEOPLE_SHOWN = 5
"""People whose points differ between lists that are named; the rest is counted."""


class PreviousProofFault(ProofFault):
    """What is wrong with the file of the version before."""


def verified(data: bytes, key: PublicKey, previous: bytes | None = None) -> str:
    """What is true of a published file, in a few lines.

    `previous` is the list of the version before: then also that the list follows it, and whose
    lines moved. Raises ProofFault with the first fault; PreviousProofFault where the fault is in
    the list of the version before.
    """
    published = read(data)
    if not isinstance(published, Receipt):
        return "\n".join(_of_list(published, key, previous))
    if previous is not None:
        raise ProofFault(
            "--previous", "a receipt follows no other file: check the list of that version"
        )
    return "\n".join(_of_receipt(published, key))


def _of_list(published: ListFile, key: PublicKey, previous: bytes | None) -> Iterator[str]:
    """What is true of a list. Raises ProofFault."""
    head = published.head
    policy = check_list(published, key.accepts, key.id)
    yield f"The list of {_title(head)}, is genuine and follows from its facts."
    yield (
        f"{head.lines} lines of {head.vacancies} vacancies recomputed under "
        f"{policy.id} {policy.version}; root {head.root}"
    )
    yield from corrected(published)
    yield from seating(published, policy)
    if previous is not None:
        yield from followed(published, previous, key)
    elif head.previous is not None:
        yield (
            f"It follows version {head.version - 1} with the root {head.previous}: "
            "--previous FILE checks that too."
        )


def _of_receipt(receipt: Receipt, key: PublicKey) -> Iterator[str]:
    """What is true of a receipt. Raises ProofFault."""
    check_receipt(receipt, key.accepts, key.id)
    yield f"The receipt is genuine: these lines stand on the list of {_title(receipt.head)}."
    leaves = [proven.leaf for proven in receipt.leaves]
    lines = [leaf for leaf in leaves if isinstance(leaf, LineLeaf)]
    for line in lines:
        yield f"{line.participant_no}, {line.list}: {_place(line)}"
    for leaf in leaves:
        if isinstance(leaf, SeatingLeaf):
            yield from seat(leaf, lines[0].vacancy_id, lines[0].participant_no)
    for opening in receipt.openings:
        facts = ", ".join(
            f"{name} {'unknown' if value is None else value}"
            for name, value in opening.facts.items()
        )
        yield f"Facts that the commitment on {opening.list} binds: {facts}"


def _title(head: Head) -> str:
    return (
        f"{head.round_id} ({head.round_name}), version {head.version}, "
        f"published {head.published_at}"
    )


def corrected(published: ListFile) -> list[str]:
    """Whose points of the same test are not the same on all lists, where there are such people."""
    people = [*points_that_differ(published.leaves)]
    if not people:
        return []
    named = []
    for number, parts in people[:PEOPLE_SHOWN]:
        named.append(
            f"{number} "
            + " and ".join(f"{part} {' / '.join(points)}" for part, points in parts.items())
        )
    if len(people) > PEOPLE_SHOWN:
        named.append(f"… and {len(people) - PEOPLE_SHOWN} more")
    whose = "1 person's" if len(people) == 1 else f"{len(people)} people's"
    return [
        f"{whose} points differ between lists (a later list holds a correction): {', '.join(named)}"
    ]


def seating(published: ListFile, policy: Policy) -> list[str]:
    """How many empty seats were filled with consent, where that is published."""
    leaves = [leaf for leaf in published.leaves if isinstance(leaf, SeatingLeaf)]
    if not leaves:
        return []
    offers = [offer for leaf in leaves for offer in leaf.offers]
    filled = sum(offer.answer == "accepted" for offer in offers)
    empty = empty_seats(published, policy)
    seats = f"{filled} {'seat' if filled == 1 else 'seats'} filled, {empty} left empty"
    asked = f"{len(offers)} {'offer' if len(offers) == 1 else 'offers'}"
    return [
        f"Seats after the lists: {asked}, {seats}; nobody who was better was passed over unasked."
    ]


def seat(leaf: SeatingLeaf, vacancy_id: str, participant_no: str) -> list[str]:
    """What a vacancy's seating says of one candidate."""
    sentences = [
        f"{participant_no}, a seat of {leaf.vacancy_id}: offered as {offer.code}, {offer.answer}"
        for offer in leaf.offers_to(vacancy_id, participant_no)
    ]
    if leaf.vacancy_id != vacancy_id:
        return sentences
    if participant_no in leaf.gave_up:
        answer = leaf.gave_up[participant_no]
        sentences.append(f"{participant_no}, the seat of {vacancy_id} by the list: {answer}")
    if participant_no in leaf.not_asked:
        sentences.append(f"{participant_no}: out before seats were offered, and not asked")
    return sentences


def followed(later: ListFile, previous: bytes, key: PublicKey) -> Iterator[str]:
    """That the list follows the one in these bytes, and whose lines differ.

    Raises PreviousProofFault.
    """
    earlier = _earlier(later, previous, key)
    head, changes = earlier.head, list(changed_lines(earlier, later))
    yield (
        f"It follows version {head.version}, published {head.published_at}: "
        f"{len(changes)} lines differ."
    )
    if head.key_id != key.id:
        yield f"That one was signed with the key {head.key_id}: its signature was not checked."
    for change in changes[:CHANGES_SHOWN]:
        yield (
            f"{change.vacancy_id}, {change.list}, {change.participant_no}: "
            f"{_place(change.was)} -> {_place(change.now)}"
        )
    if len(changes) > CHANGES_SHOWN:
        yield f"… and {len(changes) - CHANGES_SHOWN} more"


def _earlier(later: ListFile, previous: bytes, key: PublicKey) -> ListFile:
    """The list of the version before, checked. Raises PreviousProofFault."""
    try:
        earlier = read(previous)
        if isinstance(earlier, Receipt):
            raise ProofFault("the file", "a receipt, expected the list of the version before")
        check_follows(later.head, earlier.head)
        if earlier.head.key_id == key.id:
            check_list(earlier, key.accepts, key.id)
        else:  # an older key: the root that the later head names stands for all lines
            check_contents(earlier.head, earlier.policy, earlier.leaves)
    except ProofFault as fault:
        raise PreviousProofFault(fault.where, fault.says) from fault
    return earlier


def _place(line: LineLeaf | None) -> str:
    if line is None:
        return "not on it"
    rank = "no rank" if line.rank is None else f"rank {line.rank}"
    return f"{rank}, score {line.score or 'none'}, code {line.code}"


@app.command()
def verify(
    file: Annotated[
        Path, typer.Argument(help="A published list or a receipt", exists=True, dir_okay=False)
    ],
    key: Annotated[
        Path,
        typer.Option(
            help="The province's public key (PEM), from a source you trust",
            exists=True,
            dir_okay=False,
        ),
    ],
    previous: Annotated[
        Path | None,
        typer.Option(
            help="The list of the version before: that this one follows it, and who moved",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
) -> None:
    """Check signature, hashes and ranking of a published list, or of a receipt.

    Status 1 with the first fault; 2 where a file or the key is not there.
    """
    try:
        earlier = None if previous is None else previous.read_bytes()
        print(verified(file.read_bytes(), PublicKey.read(key.read_bytes()), earlier))
    except PreviousProofFault as fault:
        print(f"{previous}: {fault}", file=sys.stderr)
        raise typer.Exit(1) from fault
    except ProofFault as fault:
        print(f"{file}: {fault}", file=sys.stderr)
        raise typer.Exit(1) from fault
    except KeyFault as error:
        print(f"{key}: {error}", file=sys.stderr)
        raise typer.Exit(1) from error
