"""What a later version of a round's published lists says of the one before: that it names it, and
whose lines are others now.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from services.ranking.proofs.domain.fault import ProofFault
from services.ranking.proofs.domain.head import Proposal
from services.ranking.proofs.domain.leaves import LineLeaf
from services.ranking.proofs.domain.list_file import ListFile

SAME = ("province", "round_id", "policy_hash", "seed", "decreed_seats")
"""What no version changes: the round, its law, and what orders lines."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A candidate whose published line is another one; none where there is no line in that version."""

    vacancy_id: str
    list: str
    participant_no: str
    was: LineLeaf | None
    now: LineLeaf | None


def check_first_or_following(proposal: Proposal) -> None:
    """The first version follows none, each other one names the root of the one before.

    Raises ProofFault.
    """
    if (proposal.version == 1) is not (proposal.previous is None):
        expected = (
            "none, as it is the first"
            if proposal.version == 1
            else "the root of the version before"
        )
        raise ProofFault(
            "head, previous", f"expected {expected}, found {proposal.previous or 'none'}"
        )


def check_follows(later: Proposal, earlier: Proposal) -> None:
    """That the later version comes right after the earlier one, and no other: by its root, which
    stands for every line. Raises ProofFault.
    """
    for name in SAME:
        if getattr(later, name) != getattr(earlier, name):
            says = f"expected {getattr(later, name)}, as in version {later.version}, found {getattr(earlier, name)}"
            raise ProofFault(f"head, {name}", says)
    if earlier.version + 1 != later.version:
        raise ProofFault("head, version", _not_before(later.version, earlier.version))
    if later.previous != earlier.root:
        says = f"expected {later.previous}, which version {later.version} names as the one before, found {earlier.root}"
        raise ProofFault("head, root", says)


def _not_before(later: int, earlier: int) -> str:
    found = f"this is version {earlier}"
    if earlier > later:
        return f"{found}, newer than version {later}, which can't follow it: are the two files the wrong way round?"
    return f"{found}, but version {later} follows {f'version {later - 1}' if later > 1 else 'none'}"


def moved(earlier: ListFile, later: ListFile) -> Iterator[Moved]:
    """Everyone whose rank, score or code differs, by vacancy, list and number, as the later file
    has them; who is gone comes last.
    """
    was, now = _lines(earlier), _lines(later)
    for key in [*now, *(key for key in was if key not in now)]:
        before, after = was.get(key), now.get(key)
        if _said(before) != _said(after):
            yield Moved(*key, before, after)


def _lines(published: ListFile) -> dict[tuple[str, str, str], LineLeaf]:
    lines = (leaf for leaf in published.leaves if isinstance(leaf, LineLeaf))
    return {(leaf.vacancy_id, leaf.list, leaf.participant_no): leaf for leaf in lines}


def _said(leaf: LineLeaf | None) -> tuple[object, ...] | None:
    return None if leaf is None else (leaf.rank, leaf.score, leaf.code)
