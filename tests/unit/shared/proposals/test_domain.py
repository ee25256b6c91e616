"""Who may do what with a proposal, and until when."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from shared.identity import Person
from shared.proposals.domain import OPEN_FOR, Proposal, ProposalStatus
from shared.refusals import Refusal

AT = datetime(2026, 8, 20, tzinfo=UTC)
FIRST, SECOND = (Person(name, frozenset({"officer"})) for name in ("first", "second"))


def proposal(status: ProposalStatus = "open", closed_by: str | None = None) -> Proposal:
    """What the first officer proposed."""
    return Proposal(
        UUID(int=1), "tie", "v1/skd", "first", AT, AT + OPEN_FOR, status, closed_by, None, None
    )


def test_who_proposed_does_not_confirm_and_nobody_else_withdraws() -> None:
    """The two are never the same person."""
    proposal().refuse_own(SECOND)
    proposal().refuse_of_others(FIRST)
    with pytest.raises(Refusal, match="own-proposal"):
        proposal().refuse_own(FIRST)
    with pytest.raises(Refusal, match="proposal-of-others"):
        proposal().refuse_of_others(SECOND)


@pytest.mark.parametrize("status", ["confirmed", "rejected", "withdrawn", "outdated"])
def test_what_was_closed_stays_closed(status: ProposalStatus) -> None:
    """Only whoever closed it so hears the same answer again."""
    proposal().refuse_unless_open()
    with pytest.raises(Refusal, match="proposal-closed"):
        proposal(status, "second").refuse_unless_open()
    assert proposal(status, "second").closed_by_the_same(SECOND, status)
    assert not proposal(status, "second").closed_by_the_same(FIRST, status)


def test_its_time_is_over_to_the_second() -> None:
    """It may be confirmed before, not from then on."""
    assert proposal().expiry(AT + OPEN_FOR - timedelta(seconds=1)) is None
    late = proposal().expiry(AT + OPEN_FOR)
    assert late is not None
    assert (late.code, late.facts["days"]) == ("proposal-expired", 7)
