"""The proposals that officers work through."""

from datetime import datetime
from uuid import UUID

from shared.paging import Page, from_cursor, page
from shared.phrases import Phrase
from shared.postgres.pool import Connection
from shared.proposals.answers import ProposalView, proposal_view
from shared.proposals.domain import ProposalStatus
from shared.proposals.storage import PROPOSALS
from shared.refusals import Refusal


async def show_proposals(
    connection: Connection,
    service: str,
    status: ProposalStatus,
    cursor: str | None,
    limit: int,
    now: datetime,
) -> Page[ProposalView]:
    """A page of the proposals in one status, the first made first. Raises Refusal `bad-cursor`."""
    rows = PROPOSALS.proposals(
        connection, status=status, at=now, after=_id_after(cursor), most=limit + 1
    )
    items = [proposal_view(service, row) async for row in rows]
    return page(items, limit, lambda item: (str(item.proposal_id),))


async def show_proposal(connection: Connection, service: str, proposal_id: UUID) -> ProposalView:
    """One proposal, whatever became of it. Raises Refusal `not-found`."""
    row = await PROPOSALS.proposal(connection, proposal_id=proposal_id)
    if row is None:
        raise Refusal("not-found", what=Phrase("proposal", proposal_id=proposal_id))
    return proposal_view(service, row)


def _id_after(cursor: str | None) -> UUID | None:
    """The id after which the list goes on. Raises Refusal `bad-cursor`."""
    key = from_cursor(cursor, fields=1)
    if key is None:
        return None
    try:
        return UUID(key[0])
    except (ValueError, AttributeError, TypeError) as error:
        raise Refusal("bad-cursor") from error
