"""Flags over HTTP: how units stand, for everyone."""

from typing import Annotated

from fastapi import Path, Query

from services.feedback.flags.domain import FlagLimits
from services.feedback.flags.views import UnitInList, UnitView, show_unit, show_units
from shared.contracts.fields import UnitId
from shared.contracts.strict import FlagInQuery
from shared.paging import Page
from shared.web.dependencies import ResourcesDependency
from shared.web.parameters import Cursor, Limit
from shared.web.problems import problem_responses
from shared.web.routes import APIRouter


def router(limits: FlagLimits) -> APIRouter:
    """The pages of units; `limits` are those of the deployment's settings."""
    routes = APIRouter(tags=["units"])

    @routes.get(
        "/units",
        operation_id="list_units",
        responses=problem_responses(400),
        summary="Units and their flags",
    )
    async def all_units(
        resources: ResourcesDependency,
        flagged: Annotated[
            FlagInQuery | None, Query(description="Only units with a flag, or only those without")
        ] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[UnitInList]:
        """By unit id."""
        async with resources.pool.acquire() as connection:
            return await show_units(connection, flagged, cursor, limit)

    @routes.get(
        "/units/{unit_id}",
        operation_id="get_unit",
        responses=problem_responses(404),
        summary="How a unit stands",
    )
    async def unit(resources: ResourcesDependency, unit_id: Annotated[UnitId, Path()]) -> UnitView:
        """Its rates against the province's, its flags, its complaints by month and category."""
        async with resources.pool.acquire() as connection:
            return await show_unit(
                connection, unit_id, resources.clock(), resources.settings.zone, limits
            )

    return routes
