"""How each kind of need fared. For everyone."""

from services.ranking.lists.views.show_fairness import Fairness, show_fairness
from shared.contracts.fields import RoundId
from shared.postgres.pool import reading
from shared.web.dependencies import ResourcesDependency
from shared.web.problems import problem_responses
from shared.web.routes import APIRouter


def reports() -> APIRouter:
    """The report of a round."""
    routes = APIRouter(tags=["rounds"], prefix="/rounds")

    @routes.get(
        "/{round_id}/fairness",
        operation_id="get_fairness",
        responses=problem_responses(404),
        summary="Pass rates by kind of need on fixed lists, with intervals; small groups are"
        " merged",
    )
    async def fairness(round_id: RoundId, resources: ResourcesDependency) -> Fairness:
        """For each fixed list and kind of need: how many stood on it, and how many passed."""
        async with reading(resources.pool) as connection:
            return await show_fairness(connection, round_id)

    return routes
