"""`terang verify`: is a published list, or a receipt, what was published and what follows from its
facts? No server is asked.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from services.ranking.domain.following import check_follows, moved
from services.ranking.domain.proof import (
    FaultError,
    LineLeaf,
    Published,
    Receipt,
    SeatingLeaf,
    check_receipt,
    read,
)
from services.ranking.domain.seating import empty_seats
from services.ranking.domain.verification import check_contents, check_list, points_that_differ
from services.ranking.storage.signing import KeyFault, PublicKey
from shared.policies import Policy

app = typer.Typer()

SHOWN = 100
"""Lines that moved since the version before, which are printed; the rest is counted."""


FEW = 5
"""People whose points differ between lists, who are named; the rest is counted."""


class PreviousFaultError(FaultError):
    """What is wrong with the file of the version before."""


def verified(data: bytes, key: PublicKey, previous: bytes | None = None) -> str:
    """What is true of the file, in a few lines; with the file of the version before also that it
    follows it, and who moved.

    Raises FaultError with the first fault; PreviousFaultError where it is in the file of the
    version before.
    """
    found = read(data)
    head = found.head
    of = f"{head.round_id} ({head.round_name}), version {head.version}, published {head.published_at}"
    if not isinstance(found, Receipt):
        policy = check_list(found, key.accepts, key.id)
        said = [
            f"The list of {of}, is genuine and follows from its facts.",
            f"{head.lines} lines of {head.vacancies} vacancies recomputed under {policy.id} {policy.version}; root {head.root}",
        ]
        said += corrected(found)
        said += seating(found, policy)
        if previous is not None:
            said += followed(found, previous, key)
        elif head.previous is not None:
            said.append(
                f"It follows version {head.version - 1} with the root {head.previous}: --previous FILE checks that too."
            )
        return "\n".join(said)
    if previous is not None:
        raise FaultError(
            "--previous", "a receipt follows no other file: check the list of that version"
        )
    check_receipt(found, key.accepts, key.id)
    said = [f"The receipt is genuine: these lines stand on the list of {of}."]
    lines = [proven.leaf for proven in found.leaves if isinstance(proven.leaf, LineLeaf)]
    said += [f"{line.participant_no}, {line.list}: {_line(line)}" for line in lines]
    for proven in found.leaves:
        if isinstance(proven.leaf, SeatingLeaf):
            said += seat(proven.leaf, lines[0].vacancy_id, lines[0].participant_no)
    for opening in found.openings:
        facts = ", ".join(
            f"{name} {'unknown' if value is None else value}"
            for name, value in opening.facts.items()
        )
        said.append(f"Facts that the commitment on {opening.list} binds: {facts}")
    return "\n".join(said)


def corrected(published: Published) -> list[str]:
    """Whose points of the same test are not the same on all lists, where there are such people."""
    people = [*points_that_differ(published.leaves)]
    if not people:
        return []
    named = []
    for number, parts in people[:FEW]:
        named.append(
            f"{number} "
            + " and ".join(f"{part} {' / '.join(points)}" for part, points in parts.items())
        )
    if len(people) > FEW:
        named.append(f"… and {len(people) - FEW} more")
    whose = "1 person's" if len(people) == 1 else f"{len(people)} people's"
    return [
        f"{whose} points differ between lists (a later list holds a correction): {', '.join(named)}"
    ]


def seating(published: Published, policy: Policy) -> list[str]:
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
    said = [
        f"{participant_no}, a seat of {leaf.vacancy_id}: offered as {offer.code}, {offer.answer}"
        for offer in leaf.offers_to(vacancy_id, participant_no)
    ]
    if leaf.vacancy_id == vacancy_id and participant_no in leaf.gave_up:
        said.append(
            f"{participant_no}, the seat of {vacancy_id} by the list: {leaf.gave_up[participant_no]}"
        )
    if leaf.vacancy_id == vacancy_id and participant_no in leaf.not_asked:
        said.append(f"{participant_no}: out before seats were offered, and not asked")
    return said


def followed(later: Published, previous: bytes, key: PublicKey) -> list[str]:
    """That the list follows the one in these bytes, and whose lines are others now.

    Raises PreviousFaultError.
    """
    try:
        earlier = read(previous)
        if isinstance(earlier, Receipt):
            raise FaultError("the file", "a receipt, expected the list of the version before")
        check_follows(later.head, earlier.head)
        if earlier.head.key_id == key.id:
            check_list(earlier, key.accepts, key.id)
        else:  # an older key: the root that the later head names stands for all lines
            check_contents(earlier.head, earlier.policy, earlier.leaves)
    except FaultError as fault:
        raise PreviousFaultError(fault.where, fault.says) from fault
    head, moves = earlier.head, list(moved(earlier, later))
    said = [
        f"It follows version {head.version}, published {head.published_at}: {len(moves)} lines differ."
    ]
    if head.key_id != key.id:
        said.append(
            f"That one was signed with the key {head.key_id}: its signature was not checked."
        )
    for one in moves[:SHOWN]:
        said += [
            f"{one.vacancy_id}, {one.list}, {one.participant_no}: {_line(one.was)} -> {_line(one.now)}"
        ]
    return said + [f"… and {len(moves) - SHOWN} more"] * (len(moves) > SHOWN)


def _line(leaf: LineLeaf | None) -> str:
    if leaf is None:
        return "not on it"
    return f"{'no rank' if leaf.rank is None else f'rank {leaf.rank}'}, score {leaf.score or 'none'}, code {leaf.code}"


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
    except PreviousFaultError as fault:
        print(f"{previous}: {fault}", file=sys.stderr)
        raise typer.Exit(1) from fault
    except FaultError as fault:
        print(f"{file}: {fault}", file=sys.stderr)
        raise typer.Exit(1) from fault
    except KeyFault as error:
        print(f"{key}: {error}", file=sys.stderr)
        raise typer.Exit(1) from error
