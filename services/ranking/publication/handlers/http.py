"""Publishing a round's lists, and what everyone may fetch of them."""

from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response
from fastapi.responses import PlainTextResponse
from pydantic import Field

from services.ranking.publication.storage.signing import SigningKey
from services.ranking.publication.usecases.propose_publication import (
    Proposed,
    propose_publication,
)
from services.ranking.publication.usecases.sign_publication import (
    PublishedRound,
    SignPublication,
    sign_publication,
)
from services.ranking.publication.views.show_keys import Keys, show_key, show_keys
from services.ranking.publication.views.show_published import (
    show_proposal,
    show_published,
    show_table,
)
from services.ranking.publication.views.show_receipt import show_receipt
from services.ranking.publication.views.show_versions import PublishedVersions, show_versions
from shared.contracts.fields import ParticipantNo, RoundId, VacancyId
from shared.contracts.strict import IN_DIGITS
from shared.web.authentication import MaybePerson, Officer
from shared.web.created import created
from shared.web.dependencies import ResourcesDependency
from shared.web.idempotency import TransactionDependency
from shared.web.problems import problem_responses
from shared.web.routes import APIRouter

Version = Annotated[
    Annotated[int, Field(ge=1, le=2**31 - 1), IN_DIGITS] | None,
    Query(description="By default the newest"),
]
KeyId = Annotated[
    str | None, Query(pattern=r"^[0-9a-f]{64}$", description="By default the key of the present")
]


async def get_signing_key(request: Request) -> SigningKey | None:
    """The key that this deployment signs with, if it has one."""
    key: SigningKey | None = request.app.state.signing_key
    return key


SigningKeyDependency = Annotated[SigningKey | None, Depends(get_signing_key)]


def _file(media_type: str, description: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"description": description, "content": {media_type: {}}}}


PROPOSAL = _file("application/json", "All that was proposed")
LIST_FILE = _file("application/json", "The file as `terang verify` takes it: keep it to the byte")
TABLE = _file("text/csv", "A line for each candidate on each list")
PEM = _file("application/x-pem-file", "PEM, as `terang verify --key` takes it")

router = APIRouter(tags=["published lists"])


@router.post(
    "/rounds/{round_id}/publication",
    operation_id="propose_publication",
    status_code=201,
    response_model=Proposed,
    responses=problem_responses(401, 403, 404, 409),
    summary="Propose what will be published of a round whose lists are all fixed: "
    "a preview with its digest",
)
async def propose(
    round_id: RoundId,
    resources: ResourcesDependency,
    officer: Officer,
    key: SigningKeyDependency,
    transaction: TransactionDependency,
) -> Response:
    """Takes the place of an earlier proposal; nothing is public before a second officer signs."""
    answer = await transaction.once(
        lambda connection: propose_publication(
            connection, officer, round_id, resources.settings.province, key, resources.clock()
        )
    )
    return created(answer, "/ranking/rounds/{round_id}/publication/proposal")


@router.get(
    "/rounds/{round_id}/publication/proposal",
    operation_id="get_publication_proposal",
    response_class=Response,
    responses={**PROPOSAL, **problem_responses(401, 403, 404)},
    summary="All that is proposed and not signed yet",
)
async def proposal(round_id: RoundId, resources: ResourcesDependency, officer: Officer) -> Response:
    """The bytes that would be signed, to be read before signing."""
    async with resources.pool.acquire() as connection:
        file = await show_proposal(connection, round_id)
    return Response(file, media_type="application/json")


@router.post(
    "/rounds/{round_id}/publication/signature",
    operation_id="sign_publication",
    status_code=201,
    response_model=PublishedRound,
    responses=problem_responses(401, 403, 404, 409),
    summary="Sign, as a second officer, what another proposed: from now on it is public and stays",
)
async def sign(
    round_id: RoundId,
    command: SignPublication,
    resources: ResourcesDependency,
    officer: Officer,
    key: SigningKeyDependency,
    transaction: TransactionDependency,
) -> Response:
    """Takes the digest of what was read, so that nothing else is signed."""
    answer = await transaction.once(
        lambda connection: sign_publication(
            connection, resources.outbox, officer, round_id, command, key, resources.clock()
        )
    )
    return created(answer, "/ranking/rounds/{round_id}/publication?version={version}")


@router.get(
    "/rounds/{round_id}/publication",
    operation_id="get_publication",
    response_class=Response,
    responses={**LIST_FILE, **problem_responses(404)},
    summary="A round's published lists as one file that anyone can verify",
)
async def published(
    round_id: RoundId, resources: ResourcesDependency, version: Version = None
) -> Response:
    """The newest version, or the one asked for; `terang verify` checks it without a server."""
    async with resources.pool.acquire() as connection:
        file = await show_published(connection, round_id, version)
    return Response(file, media_type="application/json")


@router.get(
    "/rounds/{round_id}/publication/versions",
    operation_id="list_publication_versions",
    responses=problem_responses(404),
    summary="The versions of a round's published lists, and why each was made; "
    "`?version=` fetches an earlier one",
)
async def versions(round_id: RoundId, resources: ResourcesDependency) -> PublishedVersions:
    """The first comes first, each with its digest and when it was signed."""
    async with resources.pool.acquire() as connection:
        return await show_versions(connection, round_id)


@router.get(
    "/rounds/{round_id}/publication.csv",
    operation_id="get_publication_table",
    response_class=Response,
    responses={**TABLE, **problem_responses(404)},
    summary="The published lists as a table",
)
async def table(
    round_id: RoundId, resources: ResourcesDependency, version: Version = None
) -> Response:
    """For spreadsheets: UTF-8, with a header line. The signed file is the JSON."""
    async with resources.pool.acquire() as connection:
        rows = await show_table(connection, round_id, version)
    return Response(rows, media_type="text/csv; charset=utf-8")


@router.get(
    "/vacancies/{vacancy_id}/candidates/{participant_no}/receipt",
    operation_id="get_receipt",
    response_class=Response,
    responses={**LIST_FILE, **problem_responses(401, 404)},
    summary="Proof that a candidate's lines stand on the published list; "
    "with the own token also the facts that decided",
)
async def receipt(
    vacancy_id: VacancyId,
    participant_no: ParticipantNo,
    resources: ResourcesDependency,
    person: MaybePerson,
    version: Version = None,
) -> Response:
    """Proves against the root that was signed; the whole list isn't needed for it."""
    async with resources.pool.acquire() as connection:
        file = await show_receipt(connection, person, vacancy_id, participant_no, version)
    return Response(file, media_type="application/json", headers={"Cache-Control": "no-store"})


@router.get(
    "/keys",
    operation_id="list_keys",
    summary="The public keys of published lists, as a JSON Web Key Set",
)
async def keys(resources: ResourcesDependency, key: SigningKeyDependency) -> Keys:
    """Also keys of the past, which earlier publications were signed with."""
    async with resources.pool.acquire() as connection:
        return await show_keys(connection, key)


@router.get(
    "/keys/public.pem",
    operation_id="get_public_key",
    response_class=Response,
    responses={**PEM, **problem_responses(404)},
    summary="One of these keys as a file",
)
async def pem(
    resources: ResourcesDependency, key: SigningKeyDependency, key_id: KeyId = None
) -> Response:
    """The same key as in the set, for programs that take PEM."""
    async with resources.pool.acquire() as connection:
        text = await show_key(connection, key, key_id)
    return PlainTextResponse(text, media_type="application/x-pem-file")
