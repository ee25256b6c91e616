"""What may be recorded of whom, as a matter of rules alone."""

from datetime import UTC, datetime
from decimal import Decimal
from itertools import product
from typing import get_args
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from services.exams.scores.domain import points
from services.exams.scores.domain.candidate import GIVES_WAY, Candidate, State
from services.exams.scores.domain.points import WrittenPoints
from services.exams.sittings.domain import VERIFIED, Sitting, admitted_by, stage_of
from shared.identity import Person
from shared.policies import load
from shared.refusals import Refusal

POLICY = load("national-cpns-2024")
HERE, ELSEWHERE = UUID(int=1), UUID(int=2)
STATES: tuple[State, ...] = get_args(State)
NO = "0001-000001"
READ = TypeAdapter(WrittenPoints)


def sitting(stage: str = "skd", *, closed: bool = False) -> Sitting:
    """A sitting of the national policy."""
    at = datetime(2026, 8, 20, tzinfo=UTC)
    return Sitting(HERE, "cpns-2024", stage, "Hall A", at, at if closed else None, POLICY)


def candidate(
    *,
    vacancy_id: str | None = "nurse",
    admitted: bool = True,
    covered: bool = True,
    withdrawn: bool = False,
    list_closed: bool = False,
    recorded_in: UUID | None = None,
    state: State | None = None,
) -> Candidate:
    """A candidate who may sit, but for what is said."""
    return Candidate(
        NO, vacancy_id, "UMUM", admitted, covered, withdrawn, list_closed, recorded_in, state
    )


def code(refusal: Refusal | None) -> str | None:
    """The refusal's code, if there is one."""
    return refusal.code if refusal else None


def test_the_list_before_admits() -> None:
    """Whoever is verified sits the first stage, whoever its list admits the second."""
    assert admitted_by(POLICY, "skd") == VERIFIED
    assert admitted_by(POLICY, "skb") == "skd"


def test_a_stage_that_the_policy_lacks() -> None:
    """It is refused with the stages that there are."""
    assert stage_of(POLICY, "skb").code == "skb"
    with pytest.raises(Refusal) as refused:
        stage_of(POLICY, "interview")
    assert refused.value.facts == {"stage": "interview", "stages": "skd, skb"}


@pytest.mark.parametrize(
    ("stage", "who", "expected"),
    [
        ("skd", candidate(), None),
        ("skd", candidate(vacancy_id=None, admitted=False, covered=False), "candidate-not-known"),
        ("skd", candidate(covered=False), "not-in-this-sitting"),
        ("skd", candidate(withdrawn=True), "candidate-withdrawn"),
        ("skb", candidate(admitted=False), "not-shortlisted-yet"),
        ("skb", candidate(admitted=False, list_closed=True), "not-shortlisted"),
        ("skb", candidate(vacancy_id=None, admitted=False, covered=False), "candidate-not-known"),
        ("skb", candidate(withdrawn=True, recorded_in=HERE, state="scored"), "already-scored"),
    ],
)
def test_a_first_result(stage: str, who: Candidate, expected: str | None) -> None:
    """Only the admitted of the sitting's vacancies who did not withdraw and have no result get one."""
    assert code(who.first_result_refusal(sitting(stage))) == expected
    for new in STATES:
        if who.state is None:
            assert code(who.result_refusal(sitting(stage), new)) == expected


@pytest.mark.parametrize(("old", "new", "place"), list(product(STATES, STATES, (HERE, ELSEWHERE))))
def test_what_gives_way(old: State, new: State, place: UUID) -> None:
    """A result gives way only in the sitting that recorded it; a refusal names what stands, and
    where.
    """
    refusal = candidate(recorded_in=place, state=old).result_refusal(sitting(), new)
    if place == HERE and old in GIVES_WAY[new]:
        assert refusal is None
    else:
        assert refusal is not None
        assert refusal.code == f"already-{old}"
        assert refusal.facts == {"participant_no": NO, "sitting": place}


def test_nothing_replaces_points_but_a_disqualification() -> None:
    """A second score and an absence are refused where there are points; a disqualification is
    final.
    """
    assert [new for new in STATES if "scored" in GIVES_WAY[new]] == ["disqualified"]
    assert not any("disqualified" in old for old in GIVES_WAY.values())


@pytest.mark.parametrize(
    ("place", "state", "expected"),
    [
        (None, None, "nothing-to-correct"),
        (HERE, "scored", None),
        (ELSEWHERE, "scored", "already-scored"),
        (HERE, "missed", "already-missed"),
        (HERE, "disqualified", "already-disqualified"),
    ],
)
def test_a_correction(place: UUID | None, state: State | None, expected: str | None) -> None:
    """Points are corrected where there are some, in the sitting that recorded them."""
    assert code(candidate(recorded_in=place, state=state).correction_refusal(sitting())) == expected


def test_a_closed_sitting() -> None:
    """It takes no first results from anyone; what stands in it officers change, whatever else they
    are.
    """
    sitting().refuse_if_closed()
    with pytest.raises(Refusal, match="sitting-closed"):
        sitting(closed=True).refuse_if_closed()
    proctor, both = (
        Person("p", frozenset({"proctor"})),
        Person("b", frozenset({"examiner", "officer"})),
    )
    sitting().refuse_change_if_closed(proctor)
    sitting(closed=True).refuse_change_if_closed(both)
    with pytest.raises(Refusal, match="closed-for-your-role"):
        sitting(closed=True).refuse_change_if_closed(proctor)


@given(st.decimals(min_value=0, max_value=999_999, places=6, allow_nan=False, allow_infinity=False))
def test_written_points_are_exact(value: Decimal) -> None:
    """What is written in digits is read as just that number, and told without an exponent or zeros
    at its end.
    """
    read = READ.validate_python(f"{value:f}")
    assert read == value
    told = str(read)
    assert "E" not in told
    assert "." not in told or not told.endswith("0")


@given(st.one_of(st.text(), st.integers(), st.floats(), st.booleans(), st.none()))
def test_nothing_else_is_points(value: object) -> None:
    """Whatever is no text of ASCII digits with at most one point inside is refused."""
    plain = isinstance(value, str) and value.isascii() and value.replace(".", "", 1).isdigit()
    if not plain:
        with pytest.raises(ValidationError):
            READ.validate_python(value)


@pytest.mark.parametrize(
    ("given_", "columns"),
    [
        ({"TWK": "150", "TIU": "175", "TKP": "225"}, []),
        ({"TWK": "0", "TIU": "0", "TKP": "0"}, []),
        ({"TWK": "155", "TIU": "3", "TKP": "225.5"}, ["TWK", "TIU", "TKP"]),
        ({"TWK": "150", "SKB": "1"}, ["SKB", "TIU", "TKP"]),
    ],
)
def test_points_of_a_stage(given_: dict[str, str], columns: list[str]) -> None:
    """A refusal has a fault for each component that is wrong, missing or unknown."""
    refusal = points.refusal(
        POLICY, "skd", {component: Decimal(value) for component, value in given_.items()}, "UMUM"
    )
    assert [error["column"] for error in refusal.errors] == columns if refusal else columns == []
