"""What needs two people: one proposes, another one confirms. Who may do what, and until when."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from shared.identity import Person
from shared.refusals import Refusal

ProposalStatus = Literal["open", "confirmed", "rejected", "withdrawn", "outdated"]

OPEN_FOR = timedelta(days=7)
"""How long a proposal may be confirmed. What nobody looked at in a week is proposed anew, so that
its reason is read by people who remember it."""

OF_THE_MOMENT = frozenset({"try-again", "rebuilding", "round-not-known", "own-round"})
"""Refusals that say nothing of what was proposed: something is behind for a moment, or the person
who confirms may not decide here. The proposal stays open."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A proposal as it is kept. `because` says why it was closed, where it was not confirmed."""

    proposal_id: UUID
    kind: str
    object: str
    proposed_by: str
    proposed_at: datetime
    expires_at: datetime
    status: ProposalStatus
    closed_by: str | None
    closed_at: datetime | None
    because: str | None

    def closed_by_the_same(self, person: Person, status: ProposalStatus) -> bool:
        """Whether this person closed it in this way before: the request came twice."""
        return (self.status, self.closed_by) == (status, person.subject)

    def refuse_unless_open(self) -> None:
        """Raises Refusal `proposal-closed` for what was confirmed, rejected and so on before."""
        if self.status != "open":
            raise Refusal(
                "proposal-closed", proposal=self.proposal_id, what=self.object, status=self.status
            )

    def refuse_own(self, person: Person) -> None:
        """Raises Refusal `own-proposal`: who proposed does not confirm or reject."""
        if self.proposed_by == person.subject:
            raise Refusal("own-proposal", what=self.object)

    def refuse_of_others(self, person: Person) -> None:
        """Raises Refusal `proposal-of-others`: who proposed withdraws, nobody else."""
        if self.proposed_by != person.subject:
            raise Refusal("proposal-of-others", what=self.object)

    def expiry(self, now: datetime) -> Refusal | None:
        """Why it can't be confirmed any more though it is open; none where it can."""
        if now < self.expires_at:
            return None
        return Refusal("proposal-expired", what=self.object, days=OPEN_FOR.days)
