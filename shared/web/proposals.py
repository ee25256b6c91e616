"""Proposals over HTTP: what waits for a second person, and how it is confirmed or rejected."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Path, Query, Response
from pydantic import Field

from shared.contracts.strict import Command, Id, lines_of_text
from shared.paging import Page
from shared.postgres.pool import reading
from shared.proposals.answers import ProposalView
from shared.proposals.domain import ProposalStatus
from shared.proposals.procedure import Procedure
from shared.proposals.usecases import confirm, reject, withdraw
from shared.proposals.views import show_proposal, show_proposals
from shared.refusals import Refusal
from shared.web.authentication import Officer, SignedIn
from shared.web.dependencies import ResourcesDependency
from shared.web.idempotency import TransactionDependency
from shared.web.parameters import Cursor, Limit
from shared.web.problems import problem_responses
from shared.web.routes import APIRouter

WhichProposal = Annotated[Id, Path(description="Id of the proposal")]

ABOUT = "Decisions that need two people: one proposes, another one confirms."
"""Of the tag `proposals`, in a service's document."""


PROPOSED: dict[int | str, dict[str, Any]] = {
    202: {
        "model": ProposalView,
        "description": "Proposed: nothing is decided until another officer confirms it",
    }
}
"""The `responses=` of a route whose decision waits for a second person."""


class RejectProposal(Command):
    """Why what was proposed is not decided."""

    reason: Annotated[
        str,
        *lines_of_text(2000, least=3),
        Field(description="Why, for who proposed it; it is kept with the proposal"),
    ]


def proposals(service: str, procedures: Sequence[Procedure[Any]]) -> APIRouter:
    """The routes of a service whose `procedures` need two people."""
    routes = APIRouter(tags=["proposals"], prefix="/proposals")
    by_kind = {procedure.kind: procedure for procedure in procedures}

    @routes.get(
        "",
        operation_id="list_proposals",
        responses=problem_responses(400, 401, 403),
        summary="Decisions that wait for a second officer, the first proposed first",
    )
    async def listed(
        resources: ResourcesDependency,
        officer: Officer,
        status: Annotated[ProposalStatus, Query(description="What became of them")] = "open",
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[ProposalView]:
        """Each with all that was asked for, who proposed it, and until when it may be confirmed."""
        async with reading(resources.pool) as connection:
            return await show_proposals(
                connection, service, status, cursor, limit, resources.clock()
            )

    @routes.get(
        "/{proposal_id}",
        operation_id="get_proposal",
        responses=problem_responses(401, 403, 404),
        summary="One proposal, and what became of it",
    )
    async def one_proposal(
        resources: ResourcesDependency, officer: Officer, proposal_id: WhichProposal
    ) -> ProposalView:
        """What it decided stands in `outcome`, why it was closed otherwise in `because`."""
        async with reading(resources.pool) as connection:
            return await show_proposal(connection, service, proposal_id)

    @routes.post(
        "/{proposal_id}/confirmation",
        operation_id="confirm_proposal",
        responses=problem_responses(401, 403, 404, 409),
        summary="Confirm what another person proposed: it is decided, by what is known now",
    )
    async def confirmation(
        resources: ResourcesDependency, officer: Officer, proposal_id: WhichProposal
    ) -> ProposalView:
        """Sent again it answers the same. What no longer fits is refused, and the proposal is
        closed.
        """
        async with resources.pool.acquire() as connection, connection.transaction():
            answer = await confirm(
                connection, resources.outbox, by_kind, officer, proposal_id, resources.clock()
            )
        if isinstance(answer, Refusal):  # raised once that the proposal is outdated is committed
            raise answer
        return answer

    @routes.post(
        "/{proposal_id}/rejection",
        operation_id="reject_proposal",
        response_model=ProposalView,
        responses=problem_responses(401, 403, 404, 409),
        summary="Reject what another person proposed: nothing is decided",
    )
    async def rejection(
        resources: ResourcesDependency,
        officer: Officer,
        transaction: TransactionDependency,
        proposal_id: WhichProposal,
        command: RejectProposal,
    ) -> Response:
        """Who proposed reads the reason; they may propose anew."""
        return await transaction.once(
            lambda connection: reject(
                connection, by_kind, officer, proposal_id, command.reason, resources.clock()
            ),
            200,
        )

    @routes.post(
        "/{proposal_id}/withdrawal",
        operation_id="withdraw_proposal",
        response_model=ProposalView,
        responses=problem_responses(401, 403, 404, 409),
        summary="Withdraw one's own proposal",
    )
    async def withdrawal(
        resources: ResourcesDependency,
        person: SignedIn,
        transaction: TransactionDependency,
        proposal_id: WhichProposal,
    ) -> Response:
        """For who proposed it, while it is open; others reject it."""
        return await transaction.once(
            lambda connection: withdraw(
                connection, service, person, proposal_id, resources.clock()
            ),
            200,
        )

    return routes
