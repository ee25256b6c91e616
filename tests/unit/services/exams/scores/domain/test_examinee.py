"""What may be recorded of whom, as a matter of rules alone."""

from itertools import product
from typing import get_args
from uuid import UUID

import pytest

from services.exams.scores.domain.examinee import GIVES_WAY, Examinee, ResultState
from tests.unit.services.exams.examples import ELSEWHERE, HERE, code, sitting

STATES: tuple[ResultState, ...] = get_args(ResultState)
NO = "0001-000001"


def examinee(
    *,
    vacancy_id: str | None = "nurse",
    admitted: bool = True,
    covered: bool = True,
    withdrawn: bool = False,
    list_closed: bool = False,
    recorded_in: UUID | None = None,
    state: ResultState | None = None,
) -> Examinee:
    """A candidate who may sit, but for what is said."""
    return Examinee(
        NO, vacancy_id, "UMUM", admitted, covered, withdrawn, list_closed, recorded_in, state
    )


@pytest.mark.parametrize(
    ("stage", "candidate", "expected"),
    [
        ("skd", examinee(), None),
        ("skd", examinee(vacancy_id=None, admitted=False, covered=False), "candidate-not-known"),
        ("skd", examinee(covered=False), "not-in-this-sitting"),
        ("skd", examinee(withdrawn=True), "candidate-withdrawn"),
        ("skb", examinee(admitted=False), "not-shortlisted-yet"),
        ("skb", examinee(admitted=False, list_closed=True), "not-shortlisted"),
        ("skb", examinee(vacancy_id=None, admitted=False, covered=False), "candidate-not-known"),
        ("skb", examinee(withdrawn=True, recorded_in=HERE, state="scored"), "already-scored"),
    ],
)
def test_a_first_result(stage: str, candidate: Examinee, expected: str | None) -> None:
    """Only admitted candidates of its vacancies, not withdrawn and without a result, get one."""
    assert code(candidate.first_result_refusal(sitting(stage))) == expected
    for new in STATES:
        if candidate.state is None:
            assert code(candidate.result_refusal(sitting(stage), new)) == expected


@pytest.mark.parametrize(("old", "new", "place"), list(product(STATES, STATES, (HERE, ELSEWHERE))))
def test_what_gives_way(old: ResultState, new: ResultState, place: UUID) -> None:
    """A result gives way only in the sitting that recorded it; a refusal names what stands, and
    where.
    """
    refusal = examinee(recorded_in=place, state=old).result_refusal(sitting(), new)
    if place == HERE and old in GIVES_WAY[new]:
        assert refusal is None
    else:
        assert refusal is not None
        assert refusal.code == f"already-{old}"
        assert refusal.facts == {"participant_no": NO, "sitting": place}


def test_nothing_replaces_a_result_but_a_disqualification() -> None:
    """Points and absences, recorded without a reason, take no result's place; a disqualification is
    final.
    """
    for old in ("scored", "missed"):
        assert [new for new in STATES if old in GIVES_WAY[new]] == ["disqualified"]
    assert not any("disqualified" in old for old in GIVES_WAY.values())


@pytest.mark.parametrize(
    ("place", "state", "absent", "expected"),
    [
        (None, None, False, "nothing-to-correct"),
        (HERE, "scored", False, None),
        (HERE, "scored", True, None),
        (ELSEWHERE, "scored", False, "already-scored"),
        (HERE, "missed", False, None),
        (HERE, "missed", True, "already-missed"),
        (HERE, "disqualified", False, "already-disqualified"),
    ],
)
def test_a_correction(
    place: UUID | None, state: ResultState | None, absent: bool, expected: str | None
) -> None:
    """Points and absences are corrected in the sitting that recorded them, each by another result.

    A disqualification stays.
    """
    candidate = examinee(recorded_in=place, state=state)
    assert code(candidate.correction_refusal(sitting(), absent=absent)) == expected
