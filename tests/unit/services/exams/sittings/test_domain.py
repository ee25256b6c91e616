"""Who may sit a stage, and what a closed sitting still takes."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from services.exams.sittings.domain import VERIFIED, admitted_by, stage_of
from shared.identity import Person
from shared.refusals import Refusal
from tests.unit.services.exams.examples import POLICY, sitting


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


def test_before_it_begins() -> None:
    """Nothing is recorded before the hour; the refusal says it in the province's time."""
    start = sitting().starts_at
    zone = ZoneInfo("Asia/Jakarta")
    sitting().refuse_before_start(start, zone)
    with pytest.raises(Refusal, match="sitting-not-begun") as refused:
        sitting().refuse_before_start(start - timedelta(seconds=1), zone)
    assert refused.value.facts["starts"] == "2026-08-20 07:00 Asia/Jakarta"
