"""What a correction changed on a fixed list, without a value of anybody.

Worked cases.
"""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ranking.lists.domain.revision import (
    ChangeReason,
    ComparedLine,
    CorrectionEvent,
    ListDifference,
    compare_lines,
    moved_participants,
)
from services.ranking.merit.domain.placement import Placement
from shared.policies import load

CODES = load("national-cpns-2024").lists[1].codes
SECOND = Placement(2, "77.091", "P", within=False)
FIRST = Placement(1, "83.091", "L", within=True)
SKB = {"skb": {"SKB": "80"}}


def compared(
    was: ComparedLine, now: ComparedLine, *corrections: CorrectionEvent, restated: bool = False
) -> tuple[str, tuple[ChangeReason, ...]]:
    found = compare_lines("0001-000002", CODES, was, now, corrections, facts_restated=restated)
    return found.way, found.reasons


def test_a_corrected_score_names_its_event_and_components() -> None:
    """Two corrections: the last one is what holds. Only components that differ are named."""
    corrections = [
        CorrectionEvent("ExamScoreCorrected", event_id, "skb") for event_id in ("e-1", "e-2")
    ]
    now = ComparedLine(FIRST, {"skb": {"SKB": "90.000"}, "skd": {"TWK": "100"}})
    was = ComparedLine(SECOND, {**SKB, "skd": {"TWK": "100.0"}})
    assert compared(was, now, *corrections) == (
        "in",
        (ChangeReason("ExamScoreCorrected", "e-2", "skb", ("SKB",)),),
    )


@pytest.mark.parametrize(
    ("code", "event", "stage"),
    [
        ("DIS", "CandidateDisqualified", "skb"),
        ("APS", "ApplicationWithdrawn", None),
        ("TMS", "ApplicationRejected", None),
        ("TH", "ExamMissed", None),
    ],
)
def test_whoever_is_out_since_reads_by_which_event(
    code: str, event: str, stage: str | None
) -> None:
    """The code says what happened; points that no longer count are no reason of their own."""
    now = ComparedLine(Placement(None, None, code, within=False), {})
    assert compared(ComparedLine(FIRST, SKB), now, CorrectionEvent(event, "e-1", stage)) == (
        "out",
        (ChangeReason(event, "e-1", stage),),
    )


@pytest.mark.parametrize("code", ["DIS", "APS", "TMS", "TH"])
def test_whoever_was_out_and_is_has_no_reason(code: str) -> None:
    """Whoever was out when the list was fixed, and still is, moves for no reason.

    The fixed line has no points: today's are no first result, and restated facts move nobody who is
    out.
    """
    place = Placement(None, None, code, within=False)
    later = CorrectionEvent("ApplicantFactsStated", "e-9", None)
    assert compared(
        ComparedLine(place, {"skd": {}}),
        ComparedLine(place, {"skd": {"TWK": "100"}}),
        later,
        restated=True,
    ) == ("unmoved", ())


def test_whoever_moved_because_others_did_has_no_reason() -> None:
    """Facts restated before the list was fixed are none either."""
    early = CorrectionEvent("ApplicantFactsStated", "e-1", None)
    assert compared(
        ComparedLine(SECOND, SKB), ComparedLine(replace(SECOND, rank=3), SKB), early
    ) == ("moved", ())


def test_facts_of_a_person_are_a_reason_without_what_they_are() -> None:
    """Others than those by which the list was fixed: the event is named, and nothing else.

    Whoever is out is out, whatever their facts.
    """
    later = CorrectionEvent("ApplicantFactsStated", "e-9", None)
    out = ComparedLine(Placement(None, None, "APS", within=False), {})
    assert [
        reason.type for reason in compared(ComparedLine(SECOND, SKB), out, later, restated=True)[1]
    ] == ["ApplicationWithdrawn"]
    assert compared(ComparedLine(SECOND, SKB), ComparedLine(SECOND, SKB), later, restated=True) == (
        "unmoved",
        (ChangeReason("ApplicantFactsStated", "e-9", None),),
    )


def test_a_line_that_is_gone_or_new() -> None:
    """Rejected from the first list: off it. A result in place of an absence: no correction's id."""
    assert compared(ComparedLine(FIRST, SKB), ComparedLine(None, {})) == (
        "out",
        (ChangeReason("ApplicationRejected", None, None),),
    )
    absent = Placement(None, None, "TH", within=False)
    assert compared(ComparedLine(absent, {}), ComparedLine(SECOND, SKB)) == (
        "moved",
        (ChangeReason("ExamScored", None, "skb", ("SKB",)),),
    )


places = st.builds(
    Placement, st.integers(1, 5), st.sampled_from(["1", "2"]), st.just("P"), st.booleans()
)


@given(
    st.dictionaries(st.sampled_from("abcdef"), places),
    st.dictionaries(st.sampled_from("abcdef"), places),
)
def test_exactly_those_whose_line_differs_moved(
    was: dict[str, Placement], now: dict[str, Placement]
) -> None:
    """Putting their new lines into the old list gives the new one, and nobody else is named."""
    found = moved_participants(was, now)
    patched = {**was, **{number: now[number] for number in found if number in now}}
    assert {
        number: place for number, place in patched.items() if number in now or number not in found
    } == now
    assert not [number for number in found if was.get(number) == now.get(number)]


PLACES = st.dictionaries(
    st.sampled_from([f"0001-{n:06d}" for n in range(6)]),
    st.builds(
        Placement,
        st.integers(1, 3),
        st.sampled_from(["80.000", "81.000"]),
        st.sampled_from("LP"),
        st.booleans(),
    ),
)


@given(PLACES, PLACES)
def test_what_is_stated_turns_who_was_within_into_who_is(
    before: dict[str, Placement], now: dict[str, Placement]
) -> None:
    """Applying what is stated to who was within gives exactly who is within now.

    A reader takes out whom a correction revokes and puts in whom it restates, with their lines of
    now. Whoever is new is restated too, and nobody is both.
    """
    difference = ListDifference(before, now)
    kept = {number: place for number, place in before.items() if place.within}
    for number in difference.no_longer_within:
        del kept[number]
    kept |= {number: now[number] for number in difference.restated}
    assert kept == {number: place for number, place in now.items() if place.within}
    assert set(difference.newly_within) <= set(difference.restated)
    assert not set(difference.no_longer_within) & set(difference.restated)
    assert set(difference.newly_within) == set(kept) - {
        number for number, place in before.items() if place.within
    }
