"""A proposal as officers see it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from shared.proposals.domain import ProposalStatus


class ProposalView(BaseModel):
    """A decision that waits for a second person, or what became of it."""

    proposal_id: UUID = Field(description="Id of the proposal; ids grow with time")
    kind: str = Field(description="What is to be decided", examples=["tie"])
    object: str = Field(description="What it is about", examples=["5c9e…/final"])
    command: dict[str, Any] = Field(description="All that was asked for, with its reason")
    proposed_by: str = Field(description="Subject of who proposed; they can't confirm it")
    proposed_at: AwareDatetime = Field(description="UTC")
    expires_at: AwareDatetime = Field(
        description="UTC; from then on it is confirmed no more, and has to be proposed anew"
    )
    status: ProposalStatus = Field(
        description="`outdated`: it no longer fitted when it was to be confirmed, or its time was"
        " over; nothing was decided"
    )
    confirm_at: str = Field(
        description="Where another officer confirms it, by POST",
        examples=["/ranking/proposals/0192f4f4-…/confirmation"],
    )
    closed_by: str | None = Field(description="Subject of who confirmed, rejected or withdrew it")
    closed_at: AwareDatetime | None = Field(description="UTC; none while it is open")
    because: str | None = Field(
        description="Why it was rejected; of an outdated one the code of the problem, or"
        " `database-restored` where a backup was restored since"
    )
    outcome: dict[str, Any] | None = Field(
        description="What the decision answered, once it was confirmed"
    )


def proposal_view(service: str, row: Mapping[str, Any]) -> ProposalView:
    """A proposal out of a row of the table."""
    return ProposalView(**row, confirm_at=f"/{service}/proposals/{row['proposal_id']}/confirmation")
