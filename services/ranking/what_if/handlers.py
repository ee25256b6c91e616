"""What other rules would change, for officers. Nothing is written."""

from typing import Annotated

from fastapi import Query

from services.ranking.what_if.views import (
    Answer,
    RoundQuestion,
    Show,
    VacancyQuestion,
    what_if_round,
    what_if_vacancy,
)
from shared.contracts.fields import RoundId, VacancyId
from shared.postgres.pool import reading
from shared.web.authentication import Officer
from shared.web.dependencies import ResourcesDependency
from shared.web.parameters import Cursor, Limit
from shared.web.problems import problem_responses
from shared.web.routes import APIRouter, max_body_bytes

Shown = Annotated[
    Show,
    Query(
        description="`cut`: who would come within the cut or leave it; "
        "`all`: whoever would stand elsewhere"
    ),
]


MAX_QUESTION_BYTES = 384 * 1024
"""Other seats for each of the 5,000 vacancies that a question may name, by long ids."""


def questions() -> APIRouter:
    """The same question of a vacancy and of a round."""
    routes = APIRouter(tags=["what if"])

    @routes.post(
        "/vacancies/{vacancy_id}/what-if",
        operation_id="what_if_vacancy",
        responses=problem_responses(401, 403, 404, 409),
        summary="What other seats, weights, thresholds or ties would change in a vacancy; "
        "nothing is written",
    )
    async def of_vacancy(
        vacancy_id: VacancyId,
        question: VacancyQuestion,
        resources: ResourcesDependency,
        officer: Officer,
        show: Shown = "cut",
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Answer:
        """The list is computed anew under other rules and compared with the one that stands."""
        async with reading(resources.pool) as connection:
            return await what_if_vacancy(connection, vacancy_id, question, show, cursor, limit)

    @routes.post(
        "/rounds/{round_id}/what-if",
        operation_id="what_if_round",
        responses=problem_responses(401, 403, 404, 409),
        summary="What other seats, weights, thresholds or ties would change in a round; "
        "nothing is written",
    )
    @max_body_bytes(MAX_QUESTION_BYTES)
    async def of_round(
        round_id: RoundId,
        question: RoundQuestion,
        resources: ResourcesDependency,
        officer: Officer,
        show: Shown = "cut",
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Answer:
        """The lists are computed anew under other rules and compared with those that stand."""
        async with reading(resources.pool) as connection:
            return await what_if_round(connection, round_id, question, show, cursor, limit)

    return routes
