"""Everyone who applied stands in the file: who was left out is found with the file alone."""

from decimal import Decimal
from typing import Any

import pytest

from services.ranking.merit.domain.candidate import Candidate, Outcome, StageResult
from services.ranking.proofs.domain.fault import ProofFault
from services.ranking.proofs.domain.leaves import (
    AdministrationLeaf,
    ApplicantLeaf,
    Leaf,
    LineLeaf,
    VacancyLeaf,
)
from services.ranking.proofs.domain.list_file import ListFile
from services.ranking.proofs.domain.reading import read
from services.ranking.publication.domain.applicants import Application, Applications
from services.ranking.publication.domain.compose_leaves import compose_leaves
from services.ranking.publication.storage.signing import SigningKey
from shared.policies import load
from tests.unit.services.ranking.published import (
    SEED,
    Vacancy,
    as_file,
    check_list,
    composed,
    fixed,
    salts,
    signed,
)

KEY = SigningKey.new()
POLICY = load("national-cpns-2024")


def round_of_five() -> list[Leaf]:
    """Numbers 1 to 5: two passed, one stayed below, one withdrew, and 4 was rejected."""

    def person(number: int, twk: int, **known: Any) -> Candidate:
        points = {"TWK": Decimal(twk), "TIU": Decimal(100), "TKP": Decimal(200)}
        results = {"skd": StageResult(Outcome.SCORED, points)}
        results["skb"] = StageResult(Outcome.SCORED, {"SKB": Decimal(80)})
        return Candidate(f"0001-{number:06d}", verified=True, results=results, **known)

    people = [person(1, 100), person(2, 95), person(3, 5), person(5, 90, withdrawn=True)]
    return composed(POLICY, [Vacancy("UMUM", 1, people)])[0]


def check(leaves: list[Leaf], **head: Any) -> None:
    """What `terang verify` checks of these leaves, once the right key signed them."""
    check_list(signed(POLICY.as_json(), leaves, KEY, **head), KEY.public.accepts, KEY.public.id)


def at(leaves: list[Leaf], number: int) -> int:
    """The index of an applicant's leaf."""
    return next(
        index
        for index, leaf in enumerate(leaves)
        if isinstance(leaf, ApplicantLeaf) and leaf.participant_no == f"0001-{number:06d}"
    )


def changed(leaves: list[Leaf], index: int, **fields: Any) -> list[Leaf]:
    """The same with fields of one leaf changed."""
    leaf = leaves[index].model_copy(update=fields)
    return [*leaves[:index], leaf, *leaves[index + 1 :]]


def test_everyone_who_applied_stands_in_the_file() -> None:
    """In order of their numbers, with the outcome; reasons stand nowhere in it."""
    leaves = round_of_five()
    check(leaves)
    assert isinstance(leaves[1], AdministrationLeaf)
    assert leaves[1].submitted == 5
    applicants = [leaf for leaf in leaves if isinstance(leaf, ApplicantLeaf)]
    assert [leaf.outcome for leaf in applicants] == ["MS", "MS", "MS", "TMS", "APS"]
    assert [leaf.commitment is not None for leaf in applicants] == [False] * 3 + [True, False]
    assert b"degree" not in as_file(signed(POLICY.as_json(), leaves, KEY))


def test_whoever_is_left_out_is_missed() -> None:
    """A rejected person without a line, the last number, a number twice, all of the list."""
    leaves = round_of_five()
    four, five = at(leaves, 4), at(leaves, 5)
    fewer = changed(leaves, 1, submitted=4)
    for wrong, says in (
        ([*leaves[:four], *leaves[four + 1 :]], "expected the applicant 0001-000004"),
        ([*leaves[:five], *leaves[five + 1 :]], "expected the applicant 0001-000005"),
        ([*fewer[:five], *fewer[five + 1 :]], "0001-000005: stands on the first list and never"),
        ([*fewer[:four], *fewer[four + 1 :]], "expected the applicant 0001-000004"),
        ([*leaves[:four], leaves[four - 1], *leaves[four + 1 :]], "the applicant 0001-000004"),
        ([leaves[0], *leaves[five + 1 :]], "how many applied"),
        ([*leaves, leaves[four]], "expected no leaf of the kind applicant here"),
        (changed(leaves, 1, vacancy_id="v2"), "expected v1"),
        (changed(leaves, four, vacancy_id="v2"), "expected v1"),
    ):
        with pytest.raises(ProofFault, match=says):
            check(wrong)


def test_an_outcome_and_the_first_list_say_the_same() -> None:
    """Accepted people stand on it, rejected ones don't; withdrawn ones are withdrawn there."""
    leaves = round_of_five()
    for number, outcome, says in (
        (1, "TMS", "TMS, but on the first list its code there is"),
        (1, "APS", "APS, but on the first list its code there is"),
        (4, "MS", "MS, but on the first list it is not there"),
        (5, "MS", "MS, but on the first list its code there is APS"),
    ):
        commitment = "00" * 32 if outcome == "TMS" else None
        with pytest.raises(ProofFault, match=says):
            check(changed(leaves, at(leaves, number), outcome=outcome, commitment=commitment))
    for number, commitment in ((1, "00" * 32), (4, None)):
        with pytest.raises(ProofFault, match="commitment: expected"):
            check(changed(leaves, at(leaves, number), commitment=commitment))


@pytest.mark.parametrize(
    ("verified", "says"), [(True, "accepted, but stands on no list"), (None, "is undecided")]
)
def test_nobody_is_published_who_should_stand_on_the_list(verified: bool | None, says: str) -> None:
    """Accepted or undecided, and on no list: nothing is composed, and an officer reads whose."""
    vacancy = Vacancy("UMUM", 1, [])
    heading = round_of_five()[0]
    assert isinstance(heading, VacancyLeaf)
    applications = Applications(1, [Application("0001-000001", verified, False)])
    lists = [fixed(POLICY, listed, vacancy, [])[0] for listed in POLICY.lists]
    with pytest.raises(ProofFault, match=f"0001-000001: the application .*{says}"):
        compose_leaves(POLICY, SEED, heading, applications, lists, salts())


def test_files_of_version_1_stay_readable() -> None:
    """They have no applicants; a file of version 2 can't pass for one to leave them out."""
    leaves = round_of_five()
    older: list[Leaf] = [
        leaf for leaf in leaves if not isinstance(leaf, ApplicantLeaf | AdministrationLeaf)
    ]
    file = as_file(signed(POLICY.as_json(), older, KEY, format="terang-list-1"))
    assert file.startswith(b'{"format":"terang-list-1",\n')
    found = read(file)
    assert isinstance(found, ListFile)
    check_list(found, KEY.public.accepts, KEY.public.id)
    with pytest.raises(ProofFault, match="how many applied"):
        check(older)
    with pytest.raises(ProofFault, match="expected"):
        check(leaves, format="terang-list-1")
    as_two = file.replace(b"terang-list-1", b"terang-list-2")
    found = read(as_two)
    assert isinstance(found, ListFile)
    with pytest.raises(ProofFault, match="signature"):
        check_list(found, KEY.public.accepts, KEY.public.id)


def test_a_line_of_nobody_who_applied_is_a_fault() -> None:
    """A made-up person at the end of the first list."""
    leaves = round_of_five()
    lines = [leaf for leaf in leaves if isinstance(leaf, LineLeaf) and leaf.list == "skd"]
    last = lines[-1]
    made_up = last.model_copy(update={"participant_no": "0001-000006", "place": last.place + 1})
    index = leaves.index(last)
    with pytest.raises(ProofFault):
        check([*leaves[: index + 1], made_up, *leaves[index + 1 :]])
