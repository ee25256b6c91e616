"""Whoever is a candidate of a round decides nothing in it, whatever roles the token has.

Every operation that changes something stands in one of two tables here: it refuses a candidate of
its round, or there is a reason why not. tests/contract/test_own_round.py holds them against the
services' OpenAPI documents.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, get_args

import httpx
import pytest

from services.ranking.publication.storage.signing import SigningKey
from shared.contracts.applications import ApplicantFactsStated
from shared.contracts.catalogue import Service
from shared.contracts.exams import CandidateDisqualified, ExamScored
from shared.identity import Role
from tests.component.applications.conftest import GENERAL, UNITS, VACANCIES, Office, ok
from tests.component.applications.conftest import ROUND as APPLICATIONS_ROUND
from tests.component.conftest import ServiceApp
from tests.component.exams import conftest as exams
from tests.component.ranking import conftest as ranking
from tests.component.ranking.test_closing import shortlisted
from tests.openapi import document, operations

Start = Callable[..., Awaitable[ServiceApp]]

CANDIDATE, COLLEAGUE = "applicant-1", "colleague"
ROLES: tuple[str, ...] = get_args(Role)
POINTS = {"participant_no": exams.number(exams.NURSE, 1), "points": exams.GOOD}
REASON = "Keputusan panitia seleksi"
TIE = {"list": "final", "order": ["0001-000001", "0001-000002"], "reason": REASON}

DECISIONS: dict[str, Any] = {
    "applications import_vacancies": VACANCIES,
    "applications publish_vacancies": None,
    "applications close_registration": None,
    "applications verify_application": {"decision": "MS"},
    "applications confirm_proposal": None,
    "applications reject_proposal": {"reason": REASON},
    "exams schedule_sitting": {
        "round_id": exams.ROUND,
        "stage": "skd",
        "site": "Hall B",
        "starts_at": "2026-08-20T08:00:00+07:00",
        "vacancy_ids": [exams.NURSE],
    },
    "exams record_score": POINTS,
    "exams import_scores": f"participant_no,TWK,TIU,TKP\n{POINTS['participant_no']},150,175,225\n",
    "exams record_absence": {"participant_no": exams.number(exams.NURSE, 2)},
    "exams disqualify_candidate": {
        "participant_no": exams.number(exams.NURSE, 2),
        "reason": REASON,
    },
    "exams correct_score": POINTS | {"reason": REASON},
    "exams close_sitting": None,
    "ranking close_stage": None,
    "ranking close_round": None,
    "ranking decide_tie": TIE,
    "ranking begin_filling": None,
    "ranking decide_seat_tie": {
        "vacancy_id": "v1",
        "order": ["0001-000001", "0001-000002"],
        "reason": REASON,
    },
    "ranking adopt_version": {"digest": "0" * 64, "reason": REASON},
    "ranking propose_publication": None,
    "ranking sign_publication": {"digest": "0" * 64},
    "exams confirm_proposal": None,
    "exams reject_proposal": {"reason": REASON},
    "ranking confirm_proposal": None,
    "ranking reject_proposal": {"reason": REASON},
}
"""What a candidate of the round is refused, by service and operation, with a body to send."""

NO_DECISIONS = {
    "applications open_round": "the round isn't there yet, so nobody is a candidate of it",
    "applications import_units": "units belong to no round",
    "applications submit_application": "an applicant's own application",
    "applications withdraw_application": "an applicant's own application",
    "applications answer_offer": "a candidate's own seat",
    "applications decline_selection": "a candidate's own seat",
    "applications withdraw_proposal": "who proposed takes it back: nothing is decided",
    "exams withdraw_proposal": "who proposed takes the own proposal back: nothing is decided",
    "ranking withdraw_proposal": "who proposed takes the own proposal back: nothing is decided",
    "ranking what_if_vacancy": "a question: nothing is written",
    "ranking what_if_round": "a question: nothing is written",
    "feedback file_complaint": "complaints belong to no round",
    "feedback track_complaint": "complaints belong to no round",
    "feedback resolve_complaint": "complaints belong to no round",
    "feedback import_services": "what units did belongs to no round",
}
"""What anyone whose role it is may do, a candidate too, and why."""


async def applications_scene(start: Start, _: Path) -> tuple[ServiceApp, dict[str, str]]:
    """A round that takes registrations, with a candidate and a rival."""
    office = Office(await start("applications"))
    ok(await office.post("/units/import", office.officer(), UNITS))
    ok(await office.open(), 201)
    ok(
        await office.post(
            f"/rounds/{APPLICATIONS_ROUND}/vacancies/import", office.officer(), VACANCIES
        )
    )
    ok(await office.publish())
    ok(await office.apply(CANDIDATE), 201)
    ok(await office.apply("rival"), 201)
    proposed = await send(
        office.service,
        "officer-1",
        f"/applications/rounds/{APPLICATIONS_ROUND}/registration/close",
        {"reason": REASON},
    )
    assert proposed.status_code == 202, proposed.text
    return office.service, {
        "proposal_id": proposed.json()["proposal_id"],
        "round_id": APPLICATIONS_ROUND,
        "vacancy_id": GENERAL,
        "participant_no": "0001-000002",
    }


def facts(app: ServiceApp, subject: str, round_id: str, number: str) -> ApplicantFactsStated:
    """Whose this participant number is."""
    return ApplicantFactsStated(
        vacancy_id=f"vacancy-of-{round_id}",
        round_id=round_id,
        participant_no=number,
        education_level="S-1",
        account=app.account(round_id, subject),
    )


async def exams_scene(start: Start, _: Path) -> tuple[ServiceApp, dict[str, str]]:
    """An open sitting, the candidate and a rival verified; the rival is to be disqualified."""
    app = await start("exams")
    await app.hear(
        exams.round_opened(),
        exams.vacancy_published(exams.NURSE),
        facts(app, CANDIDATE, exams.ROUND, exams.number(exams.NURSE, 1)),
        facts(app, COLLEAGUE, "another-round", exams.number(exams.NURSE, 1)),
        *exams.verified(exams.NURSE, 1, 2),
    )
    sitting = await exams.Exams(app).schedule(exams.NURSE)
    body = DECISIONS["exams disqualify_candidate"]
    proposed = await send(app, "officer-1", f"/exams/sittings/{sitting}/disqualifications", body)
    assert proposed.status_code == 202, proposed.text
    return app, {"sitting_id": sitting, "proposal_id": proposed.json()["proposal_id"]}


async def ranking_scene(start: Start, folder: Path) -> tuple[ServiceApp, dict[str, str]]:
    """The candidate and a rival are equal at the only seat; an officer proposed an order."""
    SigningKey.new().keep(folder / "key.pem")
    app = await start("ranking", TERANG_RANKING_SIGNING_KEY=str(folder / "key.pem"))
    await shortlisted(app, ranking.Facts({"v1": 1}), {1: "80", 2: "80"})
    await app.hear(
        facts(app, CANDIDATE, ranking.ROUND, "0001-000001"),
        facts(app, COLLEAGUE, "another-round", "0001-000001"),
    )
    proposed = await send(app, "officer-1", "/ranking/vacancies/v1/ties", TIE)
    assert proposed.status_code == 202, proposed.text
    return app, {
        "round_id": ranking.ROUND,
        "vacancy_id": "v1",
        "stage": "skd",
        "list": "skd",
        "version": "2",
        "proposal_id": proposed.json()["proposal_id"],
    }


SCENES = {"applications": applications_scene, "exams": exams_scene, "ranking": ranking_scene}


async def send(app: ServiceApp, subject: str, path: str, body: object) -> httpx.Response:
    """POST as someone with every role; a text is sent as CSV."""
    who = app.who(subject, *ROLES)
    if isinstance(body, str):
        return await app.http.post(path, content=body.encode(), headers=who)
    return await app.http.post(path, json=body, headers=who)


def is_own_round(answer: httpx.Response) -> bool:
    """Whether a candidate of the round was refused."""
    return answer.status_code == 403 and answer.json()["type"].endswith("/own-round")


@pytest.mark.parametrize("service", SCENES)
async def test_a_candidate_decides_nothing_in_the_own_round(
    service_app: Start, tmp_path: Path, service: Service
) -> None:
    """Each decision is refused, before anything else is said of it, and leaves no trace.

    A colleague who is a candidate of another round alone isn't refused.
    """
    app, ids = await SCENES[service](service_app, tmp_path)
    decisions = [
        (operation, DECISIONS[f"{service} {operation.id}"])
        for operation in operations(document(service))
        if f"{service} {operation.id}" in DECISIONS
    ]
    before = await app.stated(), await app.pool.fetch("SELECT * FROM audit")
    answers = {
        operation.id: await send(app, CANDIDATE, operation.path.format(**ids), body)
        for operation, body in decisions
    }
    passed = {name: answer.text for name, answer in answers.items() if not is_own_round(answer)}
    assert passed == {}
    assert (await app.stated(), await app.pool.fetch("SELECT * FROM audit")) == before
    for operation, body in decisions:
        answer = await send(app, COLLEAGUE, operation.path.format(**ids), body)
        assert not is_own_round(answer), operation.id


async def test_one_token_as_applicant_and_examiner_makes_no_points(
    service_app: Start, tmp_path: Path
) -> None:
    """The candidate's own 550 points and the rival's disqualification come to nothing."""
    app, ids = await exams_scene(service_app, tmp_path)
    path = f"/exams/sittings/{ids['sitting_id']}"
    own = {
        "participant_no": exams.number(exams.NURSE, 1),
        "points": {"TWK": "150", "TIU": "175", "TKP": "225"},
    }
    rival = {"participant_no": exams.number(exams.NURSE, 2), "reason": "Membawa ponsel"}
    refused = [
        await send(app, CANDIDATE, f"{path}/scores", own),
        await send(app, CANDIDATE, f"{path}/disqualifications", rival),
    ]
    assert [is_own_round(answer) for answer in refused] == [True, True]
    assert await app.stated(ExamScored, CandidateDisqualified) == []
    assert "another-round" not in refused[0].text
    assert (await send(app, COLLEAGUE, f"{path}/scores", own)).status_code == 201


async def test_a_tie_is_not_decided_by_one_of_the_equals(
    service_app: Start, tmp_path: Path
) -> None:
    """Neither proposed, confirmed nor rejected by them, nor is the list closed; two officers who
    didn't apply decide, and the proposal has stayed open for them.
    """
    app, ids = await ranking_scene(service_app, tmp_path)
    proposal = f"/ranking/proposals/{ids['proposal_id']}"
    final = f"/ranking/rounds/{ranking.ROUND}/close"
    refused = [
        await send(app, CANDIDATE, "/ranking/vacancies/v1/ties", TIE),
        await send(app, CANDIDATE, f"{proposal}/confirmation", None),
        await send(app, CANDIDATE, f"{proposal}/rejection", {"reason": REASON}),
        await send(app, CANDIDATE, final, None),
    ]
    assert [is_own_round(answer) for answer in refused] == [True] * 4
    confirmed = await send(app, COLLEAGUE, f"{proposal}/confirmation", None)
    assert confirmed.status_code == 200, confirmed.text
    assert (await send(app, COLLEAGUE, final, None)).status_code == 200


async def test_who_applies_after_deciding_decides_no_more(
    service_app: Start, tmp_path: Path
) -> None:
    """What was decided before stands; from the application on every decision is refused."""
    app, ids = await applications_scene(service_app, tmp_path)
    path = f"/applications/vacancies/{GENERAL}/applications"
    first, second = f"{path}/0001-000001/verification", f"{path}/0001-000002/verification"
    assert (await send(app, COLLEAGUE, first, {"decision": "MS"})).status_code == 200
    ok(await Office(app).apply(COLLEAGUE), 201)
    assert is_own_round(await send(app, COLLEAGUE, second, {"decision": "MS"}))
    closing = f"/applications/rounds/{ids['round_id']}/registration/close"
    assert is_own_round(await send(app, COLLEAGUE, closing, None))


async def test_the_refusal_says_why_and_what_next_in_both_languages(
    service_app: Start, tmp_path: Path
) -> None:
    """The round is named; nobody is."""
    app, ids = await applications_scene(service_app, tmp_path)
    path = f"/applications/rounds/{ids['round_id']}/registration/close"
    for language, words in (("en", "You applied in round"), ("id", "Anda pernah melamar")):
        who = app.who(CANDIDATE, *ROLES) | {"Accept-Language": language}
        answer = await app.http.post(path, headers=who)
        assert words in answer.json()["detail"]
        assert ids["round_id"] in answer.json()["detail"]
        assert CANDIDATE not in answer.text
