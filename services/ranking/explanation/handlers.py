"""Why a candidate has their rank, as JSON and as a page."""

from datetime import datetime
from zoneinfo import ZoneInfo

from fastapi import Request, Response
from fastapi.responses import HTMLResponse

from services.ranking.explanation.views.explain_place import PlaceExplained, explain_place
from services.ranking.explanation.views.show_explanation_page import (
    ExplanationPage,
    show_explanation_page,
)
from services.ranking.page_words import VACANCY, local
from services.ranking.publication.storage.publications import public_version
from services.ranking.standings.handlers.request_fields import WhichList, WhichState
from shared.contracts.fields import ParticipantNo, VacancyId
from shared.postgres.pool import reading
from shared.web.dependencies import ResourcesDependency
from shared.web.kept_answers import Answer, KeptAnswersDependency, json_answer
from shared.web.pages import Pages
from shared.web.problems import problem_responses, reader_language
from shared.web.routes import APIRouter


def explanations() -> APIRouter:
    """The account for programs, with its sentences in the reader's language."""
    routes = APIRouter(tags=["standings"], prefix="/vacancies")

    @routes.get(
        "/{vacancy_id}/candidates/{participant_no}/explanation",
        operation_id="explain_place",
        response_model=PlaceExplained,
        responses=problem_responses(404, 409),
        summary="Why this rank: thresholds, each step of the score, who stands next and what "
        "decided, the distance to the cut",
    )
    async def explanation(
        request: Request,
        vacancy_id: VacancyId,
        participant_no: ParticipantNo,
        resources: ResourcesDependency,
        kept: KeptAnswersDependency,
        list_: WhichList = None,
        state: WhichState = None,
    ) -> Response:
        """Sentences in the language of the request: Indonesian, or English where asked for."""
        language = reader_language(request)

        async def make() -> Answer:
            async with reading(resources.pool) as connection:
                told = await explain_place(
                    connection, vacancy_id, participant_no, list_, state, language
                )
            fixed = told.state == "closed"
            return json_answer(told, fixed=fixed, **{"Content-Language": language})

        return await kept.answer(
            request, vacancy_id, lambda: public_version(resources.pool, vacancy_id), make
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
        kept: KeptAnswersDependency,
        list_: WhichList = None,
        state: WhichState = None,
    ) -> Response:
        async def make() -> Answer:
            async with reading(resources.pool) as connection:
                page = await show_explanation_page(
                    connection, vacancy_id, participant_no, list_, state, reader_language(request)
                )
            response = _why_page(pages, request, page, zone, resources.clock())
            return Answer(response, page.explained.state == "closed")

        return await kept.answer(
            request, vacancy_id, lambda: public_version(resources.pool, vacancy_id), make
        )

    return routes


def _why_page(
    pages: Pages, request: Request, page: ExplanationPage, zone: ZoneInfo, now: datetime
) -> HTMLResponse:
    language = reader_language(request)
    return pages.render(
        request,
        "why.html",
        told=page.explained,
        about=page.vacancy,
        list_name=getattr(page.policy_list.name, language),
        seats=page.seats,
        now=now,
        local=lambda at: local(at, zone, language),
    )
