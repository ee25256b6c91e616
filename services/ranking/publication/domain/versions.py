"""What a version of a round's published lists says of the one before, and whose lines changed."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.ranking.proofs.domain.fault import ProofFault
from services.ranking.proofs.domain.head import Head, Proposal
from services.ranking.proofs.domain.leaves import Leaf, LineLeaf, VacancyLeaf

SAME = ("province", "round_id", "policy_hash", "seed", "decreed_seats")
"""What no version changes: the round, its law, and what orders lines."""


@dataclass(frozen=True, slots=True)
class ChangedLine:
    """A candidate's line in two versions; None where a version has no such line."""

    vacancy_id: str
    list: str
    participant_no: str
    was: LineLeaf | None
    now: LineLeaf | None


def check_names_previous(proposal: Proposal) -> None:
    """Raises ProofFault unless every version but the first names the root of the one before."""
    if (proposal.version == 1) is not (proposal.previous is None):
        expected = (
            "none, as it is the first"
            if proposal.version == 1
            else "the root of the version before"
        )
        raise ProofFault(
            "head, previous", f"expected {expected}, found {proposal.previous or 'none'}"
        )


def check_follows(later: Proposal, earlier: Head) -> None:
    """Raises ProofFault unless the later version comes right after the earlier one.

    It names that one by its root, which stands for every line.
    """
    for name in SAME:
        expected, found = getattr(later, name), getattr(earlier, name)
        if found != expected:
            says = f"expected {expected}, as in version {later.version}, found {found}"
            raise ProofFault(f"head, {name}", says)
    if earlier.version + 1 != later.version:
        raise ProofFault("head, version", _not_before(later.version, earlier.version))
    if later.previous != earlier.root:
        raise ProofFault(
            "head, root",
            f"expected {later.previous}, which version {later.version} names as the one before, "
            f"found {earlier.root}",
        )
    if datetime.fromisoformat(earlier.published_at) > datetime.fromisoformat(later.proposed_at):
        says = f"{earlier.published_at}, after version {later.version} was proposed"
        raise ProofFault("head, published_at", says)


def _not_before(later: int, earlier: int) -> str:
    found = f"this is version {earlier}"
    if earlier > later:
        return (
            f"{found}, newer than version {later}, which can't follow it: "
            "are the two files the wrong way round?"
        )
    return f"{found}, but version {later} follows {f'version {later - 1}' if later > 1 else 'none'}"


Vacancy = Sequence[Leaf]
"""A vacancy's leaf, and all that follow it."""


def changed_lines(earlier: Iterable[Vacancy], later: Iterable[Vacancy]) -> Iterator[ChangedLine]:
    """Everyone whose rank, score or code differs, vacancy by vacancy.

    Both have their vacancies by number. Of a vacancy whoever is only in the earlier comes last.
    """
    before, after = iter(earlier), iter(later)
    was, now = next(before, None), next(after, None)
    while was or now:
        if now is None or (was is not None and _number(was) < _number(now)):
            yield from _changed(was or (), ())
            was = next(before, None)
        elif was is None or _number(now) < _number(was):
            yield from _changed((), now)
            now = next(after, None)
        else:
            yield from _changed(was, now)
            was, now = next(before, None), next(after, None)


def _number(vacancy: Vacancy) -> int:
    heading = vacancy[0]
    assert isinstance(heading, VacancyLeaf)
    return heading.number


def _changed(earlier: Vacancy, later: Vacancy) -> Iterator[ChangedLine]:
    was, now = _lines(earlier), _lines(later)
    for key in [*now, *(key for key in was if key not in now)]:
        before, after = was.get(key), now.get(key)
        if _compared(before) != _compared(after):
            yield ChangedLine(*key, before, after)


def _lines(vacancy: Vacancy) -> dict[tuple[str, str, str], LineLeaf]:
    lines = (leaf for leaf in vacancy if isinstance(leaf, LineLeaf))
    return {(leaf.vacancy_id, leaf.list, leaf.participant_no): leaf for leaf in lines}


def _compared(leaf: LineLeaf | None) -> tuple[object, ...] | None:
    return None if leaf is None else (leaf.rank, leaf.score, leaf.code)
