"""Why a candidate has their rank, as JSON and as a page."""

from zoneinfo import ZoneInfo

from fastapi import Request, Response
from fastapi.responses import HTMLResponse

from services.ranking.explanation.views.explain_place import PlaceExplained, explain_place
from services.ranking.explanation.views.show_explanation_page import show_explanation_page
from services.ranking.page_words import VACANCY, local
from services.ranking.standings.handlers.request_fields import WhichList, WhichState
from shared.contracts.fields import ParticipantNo, VacancyId
from shared.postgres.pool import reading
from shared.web.dependencies import ResourcesDependency
from shared.web.pages import Pages
from shared.web.problems import problem_responses, reader_language
from shared.web.routes import APIRouter


def explanations() -> APIRouter:
    """The account for programs, with its sentences in the reader's language."""
    routes = APIRouter(tags=["standings"], prefix="/vacancies")

    @routes.get(
        "/{vacancy_id}/candidates/{participant_no}/explanation",
        operation_id="explain_place",
        responses=problem_responses(404, 409),
        summary="Why this rank: thresholds, each step of the score, who stands next and what "
        "decided, the distance to the cut",
    )
    async def explanation(
        request: Request,
        response: Response,
        vacancy_id: VacancyId,
        participant_no: ParticipantNo,
        resources: ResourcesDependency,
        list_: WhichList = None,
        state: WhichState = None,
    ) -> PlaceExplained:
        """Sentences in the language of the request: Indonesian, or English where asked for."""
        language = reader_language(request)
        response.headers["Content-Language"] = language
        async with reading(resources.pool) as connection:
            return await explain_place(
                connection, vacancy_id, participant_no, list_, state, language
            )

    return routes


def why_page(pages: Pages, zone: ZoneInfo) -> APIRouter:
    """The same for people; it is no part of the API's documentation."""
    routes = pages.router("/vacancies", back=VACANCY)

    @routes.get("/{vacancy_id}/candidates/{participant_no}/why")
    async def why(
        request: Request,
        vacancy_id: VacancyId,
        participant_no: ParticipantNo,
        resources: ResourcesDependency,
        list_: WhichList = None,
        state: WhichState = None,
    ) -> HTMLResponse:
        language = reader_language(request)
        async with reading(resources.pool) as connection:
            page = await show_explanation_page(
                connection, vacancy_id, participant_no, list_, state, language
            )
        return pages.render(
            request,
            "why.html",
            told=page.explained,
            about=page.vacancy,
            list_name=getattr(page.policy_list.name, language),
            seats=page.seats,
            now=resources.clock(),
            local=lambda at: local(at, zone, language),
        )

    return routes
