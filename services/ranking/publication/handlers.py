"""Publishing a round's lists, and what everyone may fetch of them."""

from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse, PlainTextResponse

from services.ranking.page_words import local, meanings
from services.ranking.publication.storage.signing import SigningKey
from services.ranking.publication.usecases.publish import (
    Proposed,
    PublishedRound,
    SignPublication,
    propose_publication,
    sign_publication,
)
from services.ranking.publication.views.show_publication import (
    Keys,
    PublishedVersions,
    show_keys,
    show_page,
    show_proposal,
    show_published,
    show_receipt,
    show_table,
    show_versions,
)
from shared.contracts.fields import ParticipantNo, RoundId, VacancyId
from shared.refusals import Refusal
from shared.web.authentication import MaybePerson, Officer
from shared.web.dependencies import ResourcesDependency
from shared.web.idempotency import TransactionDependency
from shared.web.pages import Pages
from shared.web.problems import problem_responses, reader_language

Version = Annotated[int | None, Query(ge=1, le=2**31 - 1, description="By default the newest")]
KeyId = Annotated[
    str | None, Query(pattern=r"^[0-9a-f]{64}$", description="By default the key of the present")
]


def _file(media_type: str, description: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"description": description, "content": {media_type: {}}}}


LIST_FILE = _file("application/json", "The file as `terang verify` takes it: keep it to the byte")
TABLE = _file("text/csv", "A line for each candidate on each list")
PEM = _file("application/x-pem-file", "PEM, as `terang verify --key` takes it")


def publishing(key: SigningKey | None) -> APIRouter:
    """What officers do to publish, and the files that everyone may fetch."""
    routes = APIRouter(tags=["published lists"])

    @routes.post(
        "/rounds/{round_id}/publication",
        status_code=201,
        response_model=Proposed,
        responses=problem_responses(401, 403, 404, 409),
        summary="Propose what will be published of a round whose lists are all fixed: a preview with its digest",
    )
    async def propose(
        round_id: RoundId,
        resources: ResourcesDependency,
        officer: Officer,
        transaction: TransactionDependency,
    ) -> Response:
        return await transaction.once(
            lambda connection: propose_publication(
                connection, officer, round_id, resources.settings.province, key, resources.clock()
            )
        )

    @routes.get(
        "/rounds/{round_id}/publication/proposal",
        response_class=Response,
        responses={
            **_file("application/json", "All that was proposed"),
            **problem_responses(401, 403, 404),
        },
        summary="All that is proposed and not signed yet",
    )
    async def proposal(
        round_id: RoundId, resources: ResourcesDependency, officer: Officer
    ) -> Response:
        async with resources.pool.acquire() as connection:
            return Response(
                await show_proposal(connection, round_id), media_type="application/json"
            )

    @routes.post(
        "/rounds/{round_id}/publication/signature",
        response_model=PublishedRound,
        responses=problem_responses(401, 403, 404, 409),
        summary="Sign, as a second officer, what another proposed: from now on it is public and stays",
    )
    async def sign(
        round_id: RoundId,
        command: SignPublication,
        resources: ResourcesDependency,
        officer: Officer,
        transaction: TransactionDependency,
    ) -> Response:
        return await transaction.once(
            lambda connection: sign_publication(
                connection, resources.outbox, officer, round_id, command, key, resources.clock()
            ),
            200,
        )

    @routes.get(
        "/rounds/{round_id}/publication",
        response_class=Response,
        responses={**LIST_FILE, **problem_responses(404)},
        summary="A round's published lists as one file that anyone can verify",
    )
    async def published(
        round_id: RoundId, resources: ResourcesDependency, version: Version = None
    ) -> Response:
        async with resources.pool.acquire() as connection:
            return Response(
                await show_published(connection, round_id, version), media_type="application/json"
            )

    @routes.get(
        "/rounds/{round_id}/publication/versions",
        responses=problem_responses(404),
        summary="The versions of a round's published lists, and why each was made; `?version=` fetches an earlier one",
    )
    async def versions(round_id: RoundId, resources: ResourcesDependency) -> PublishedVersions:
        async with resources.pool.acquire() as connection:
            return await show_versions(connection, round_id)

    @routes.get(
        "/rounds/{round_id}/publication.csv",
        response_class=Response,
        responses={**TABLE, **problem_responses(404)},
        summary="The published lists as a table",
    )
    async def table(
        round_id: RoundId, resources: ResourcesDependency, version: Version = None
    ) -> Response:
        async with resources.pool.acquire() as connection:
            return Response(
                await show_table(connection, round_id, version),
                media_type="text/csv; charset=utf-8",
            )

    @routes.get(
        "/vacancies/{vacancy_id}/candidates/{participant_no}/receipt",
        response_class=Response,
        responses={**LIST_FILE, **problem_responses(401, 404)},
        summary="Proof that a candidate's lines stand on the published list; with the own token also the facts that decided",
    )
    async def receipt(
        vacancy_id: VacancyId,
        participant_no: ParticipantNo,
        resources: ResourcesDependency,
        person: MaybePerson,
        version: Version = None,
    ) -> Response:
        async with resources.pool.acquire() as connection:
            found = await show_receipt(connection, person, vacancy_id, participant_no, version)
        return Response(found, media_type="application/json", headers={"Cache-Control": "no-store"})

    @routes.get("/keys", summary="The public keys of published lists, as a JSON Web Key Set")
    async def keys(resources: ResourcesDependency) -> Keys:
        async with resources.pool.acquire() as connection:
            return Keys(keys=[one.jwk for one in (await show_keys(connection, key)).values()])

    @routes.get(
        "/keys/public.pem",
        response_class=Response,
        responses={**PEM, **problem_responses(404)},
        summary="One of these keys as a file",
    )
    async def pem(resources: ResourcesDependency, key_id: KeyId = None) -> Response:
        async with resources.pool.acquire() as connection:
            found = await show_keys(connection, key)
        if key_id is None and found:
            key_id = next(iter(found))
        if key_id not in found:
            raise Refusal("not-found", what=f"key {key_id or ''}")
        return PlainTextResponse(found[key_id].pem, media_type="application/x-pem-file")

    return routes


def printable(pages: Pages, zone: ZoneInfo) -> APIRouter:
    """The published lists for paper; no part of the API's documentation."""
    routes = pages.router("/rounds", back="/ranking/rounds/{round_id}/publication.html")

    @routes.get("/{round_id}/publication.html")
    async def page(
        request: Request,
        round_id: RoundId,
        resources: ResourcesDependency,
        version: Version = None,
        vacancy: VacancyId | None = None,
    ) -> HTMLResponse:
        async with resources.pool.acquire() as connection:
            shown = await show_page(connection, round_id, version, vacancy)
        policy, last = shown.policy, shown.policy.lists[-1]
        stages = [policy.stage(term.stage) for term in last.score.terms]
        return pages.render(
            request,
            "published.html",
            head=shown.head,
            signature=shown.signature,
            index=shown.index,
            vacancies=shown.vacancies,
            alone=vacancy is not None,
            posts={one["vacancy_id"]: f"{one['post']}, {one['unit_path']}" for one in shown.index},
            follows=shown.follows,
            replaced_by=shown.replaced_by,
            this=shown.this,
            adopted_since=shown.adopted_since,
            local=lambda at: local(at, zone, reader_language(request)),
            policy=policy,
            one=last,
            components=list(
                dict.fromkeys(part.code for stage in stages if stage for part in stage.components)
            ),
            meanings=meanings(pages.words(request), last, last=True),
        )

    return routes
