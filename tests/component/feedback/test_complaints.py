"""Citizens complain, officers answer: through HTTP, over a real PostgreSQL."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.contracts.applications import UnitRegistered
from shared.contracts.feedback import ComplaintFiled, ComplaintResolved
from tests.component.conftest import ServiceApp
from tests.component.feedback.days import end_day

StartApp = Callable[..., Awaitable[ServiceApp]]


@pytest.fixture
async def app(service_app: StartApp) -> ServiceApp:
    """Feedback that knows two units, one of them very small."""
    app = await service_app("feedback")
    await app.hear(
        UnitRegistered(unit_id="U-1", path="Kota | Dinas", staff=20),
        UnitRegistered(unit_id="U-small", path="Kota | Kelurahan", staff=4),
    )
    return app


def complaint(**changes: Any) -> dict[str, Any]:
    return {
        "unit_id": "U-1",
        "category": "conduct",
        "text": "Petugas membentak saya.",
        "place": "Loket 3",
        "happened_on": "2026-08-19",
    } | changes


async def file(
    app: ServiceApp, headers: dict[str, str] | None = None, **changes: Any
) -> dict[str, Any]:
    answer = await app.http.post("/feedback/complaints", json=complaint(**changes), headers=headers)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert (answer.status_code, answer.headers["content-type"]) == (
        status,
        "application/problem+json",
    ), answer.text
    details: dict[str, Any] = answer.json()
    assert details["type"] == f"/problems/feedback/{code}"
    return details


async def resolve(app: ServiceApp, complaint_id: str, **changes: Any) -> Any:
    return await app.http.post(
        f"/feedback/complaints/{complaint_id}/resolution",
        json={"outcome": "upheld", "text": "Kami minta maaf; petugas sudah dibina."} | changes,
        headers=app.who("officer-1", "officer"),
    )


async def test_an_anonymous_complaint_is_answered_by_its_code(app: ServiceApp) -> None:
    """Filed without a token; an officer answers; the code, however written, opens complaint and
    answer.
    """
    receipt = await file(app)
    waiting = await app.http.post(
        "/feedback/complaints/tracking", json={"tracking_code": receipt["tracking_code"]}
    )
    assert waiting.status_code == 200
    assert waiting.json()["outcome"] is None
    app.clock.advance(days=3)
    assert (await resolve(app, receipt["complaint_id"])).json() == {
        "complaint_id": receipt["complaint_id"],
        "outcome": "upheld",
        "days": 3,
    }
    code = receipt["tracking_code"].lower().replace("-", " ")
    opened = (
        await app.http.post("/feedback/complaints/tracking", json={"tracking_code": code})
    ).json()
    assert opened == {
        "complaint_id": receipt["complaint_id"],
        "unit_id": "U-1",
        "category": "conduct",
        "filed_on": "2026-08-20",
        "outcome": "upheld",
        "resolved_on": "2026-08-23",
        "text": "Petugas membentak saya.",
        "place": "Loket 3",
        "happened_on": "2026-08-19",
        "answer": "Kami minta maaf; petugas sudah dibina.",
    }


async def test_events_hold_no_words_and_no_person(app: ServiceApp) -> None:
    """Topics are public: they say that there was a complaint and how it ended, not what was said,
    where, or by whom.
    """
    receipt = await file(app, app.who("citizen-1", "applicant"))
    day = app.clock().date()
    await resolve(app, receipt["complaint_id"], outcome="referred")
    await end_day(app)
    filed, resolved = await app.stated()
    complaint_id = UUID(receipt["complaint_id"])
    assert filed == ComplaintFiled(
        complaint_id=complaint_id, unit_id="U-1", category="conduct", filed_on=day
    )
    assert resolved == ComplaintResolved(
        complaint_id=complaint_id, unit_id="U-1", category="conduct", outcome="referred", days=0
    )
    rows = await app.pool.fetch("SELECT data, headers FROM messaging.outbox")
    everything = "".join(row["data"].decode() + row["headers"] for row in rows)
    for secret in ("membentak", "Loket", "citizen-1", "maaf", receipt["tracking_code"]):
        assert secret not in everything


async def test_the_tracking_code_stands_nowhere_in_the_database(app: ServiceApp) -> None:
    """Only its hash is kept, and the answer kept for a repeated Idempotency-Key opens only with
    that key.
    """
    receipt = await file(app, {"Idempotency-Key": str(uuid4())})
    code = receipt["tracking_code"]
    tables = await app.pool.fetch(
        "SELECT schemaname, tablename FROM pg_tables"
        " WHERE schemaname IN ('public', 'projections', 'messaging')"
    )
    assert len(tables) > 8
    for table in tables:
        rows = await app.pool.fetch(
            f'SELECT t.* FROM {table["schemaname"]}."{table["tablename"]}" t'
        )
        for row in rows:
            for value in row.values():
                raw = value if isinstance(value, bytes) else str(value).encode()
                assert code.encode() not in raw
                assert code.replace("-", "").encode() not in raw


async def test_a_repeated_key_gets_the_first_answer_and_files_once(app: ServiceApp) -> None:
    """The same request twice, and twice at once: one complaint, one event, the same code; another
    body with the key is refused.
    """
    key = {"Idempotency-Key": str(uuid4())}
    first, second = await asyncio.gather(
        *(app.http.post("/feedback/complaints", json=complaint(), headers=key) for _ in range(2))
    )
    third = await app.http.post("/feedback/complaints", json=complaint(), headers=key)
    assert first.status_code == second.status_code == third.status_code == 201
    assert first.json() == second.json() == third.json()
    other = await app.http.post("/feedback/complaints", json=complaint(text="Lain"), headers=key)
    problem(other, 422, "idempotency-key-reused")
    await end_day(app)
    assert len(await app.stated(ComplaintFiled)) == 1


@pytest.mark.parametrize(
    "key",
    [
        pytest.param("complaint-1", id="a name"),
        pytest.param("20260820-000131", id="a number that others can count to"),
        pytest.param("9f8b3c1e-7d2a-11f1-8c3e-0242ac120002", id="a UUID of a time and a machine"),
        pytest.param("00000000-0000-0000-0000-000000000000", id="a UUID without chance"),
        pytest.param("x" * 32, id="as long as one"),
        pytest.param("11111111-1111-4111-8111-111111111111", id="a UUID of two digits"),
        pytest.param("01234580-1234-4580-8123-458012345801", id="a UUID of seven digits"),
        pytest.param("9f8b3c1e-7d2a-4e05-0c3e-6a1d2b9c4f70", id="a UUID of another variant"),
        pytest.param("9f8b3c1e7d2a4e058c3e6a1d2b9c4f70", id="a UUID without hyphens"),
        pytest.param("{9f8b3c1e-7d2a-4e05-8c3e-6a1d2b9c4f70}", id="a UUID in braces"),
        pytest.param("urn:uuid:9f8b3c1e-7d2a-4e05-8c3e-6a1d2b9c4f70", id="a UUID's address"),
        pytest.param("9f-8b3c1e7d2a-4e058c3e-6a1d2b9c4f-70", id="a UUID with other hyphens"),
    ],
)
async def test_an_anonymous_key_that_can_be_guessed_is_refused(app: ServiceApp, key: str) -> None:
    """Whoever guesses it would be given the tracking code; signed in, a key may be any name."""
    headers = {"Idempotency-Key": key, "Accept-Language": "en"}
    answer = await app.http.post("/feedback/complaints", json=complaint(), headers=headers)
    details = problem(answer, 422, "idempotency-key-guessable")
    assert "random UUID" in details["detail"]
    assert await app.pool.fetchval("SELECT count(*) FROM complaint") == 0
    await file(app, app.who("citizen-1", "applicant", key=key))


@pytest.mark.parametrize(
    "key",
    [
        pytest.param("9f8b3c1e-7d2a-4e05-8c3e-6a1d2b9c4f70", id="version 4"),
        pytest.param("9F8B3C1E-7D2A-4E05-8C3E-6A1D2B9C4F70", id="in capitals"),
        pytest.param("01932f5e-7a3c-7d10-9c2b-5f0e6a1d4b78", id="version 7"),
    ],
)
async def test_an_anonymous_key_that_holds_chance_is_taken(app: ServiceApp, key: str) -> None:
    """The canonical form of RFC 9562, in small letters or capitals."""
    await file(app, {"Idempotency-Key": key})


async def test_the_public_sees_that_there_are_complaints_not_their_words(app: ServiceApp) -> None:
    """The newest day first, page by page, without words; officers see them."""
    filed = []
    for _ in range(5):
        filed.append((await file(app, category="slow-service"))["complaint_id"])
        await end_day(app)
    seen: list[str] = []
    cursor = None
    for _ in range(3):
        page = (
            await app.http.get(
                "/feedback/complaints",
                params={"unit_id": "U-1", "limit": "2"} | ({"cursor": cursor} if cursor else {}),
            )
        ).json()
        for item in page["items"]:
            seen.append(item["complaint_id"])
            assert item["category"] == "slow-service"
            assert [item[name] for name in ("text", "place", "happened_on", "answer")] == [None] * 4
        cursor = page["next"]
    assert cursor is None
    assert seen == filed[::-1]
    whole = await app.http.get(
        "/feedback/complaints", params={"unit_id": "U-1"}, headers=app.who("officer-1", "officer")
    )
    assert {item["text"] for item in whole.json()["items"]} == {"Petugas membentak saya."}


async def test_officers_have_a_queue_of_what_waits(app: ServiceApp) -> None:
    """The oldest first, over all units, without what is answered; the public can't ask for it."""
    first = (await file(app))["complaint_id"]
    second = (await file(app, unit_id="U-small"))["complaint_id"]
    app.clock.advance(days=1)
    third = (await file(app))["complaint_id"]
    await resolve(app, second)
    officer = app.who("officer-1", "officer")
    queue = await app.http.get("/feedback/complaints", params={"waiting": True}, headers=officer)
    assert [item["complaint_id"] for item in queue.json()["items"]] == [first, third]
    rest = await app.http.get(
        "/feedback/complaints", params={"waiting": True, "limit": 1}, headers=officer
    )
    after: dict[str, Any] = {"waiting": True, "cursor": rest.json()["next"]}
    assert [
        item["complaint_id"]
        for item in (
            await app.http.get("/feedback/complaints", params=after, headers=officer)
        ).json()["items"]
    ] == [third]


async def test_what_only_officers_may_ask_was_403_without_a_token(app: ServiceApp) -> None:
    """Without a token it is 401, as everywhere; 403 is for those known to be no officer."""
    verifier = app.who("v", "verifier")
    for query in ("", "?waiting=true", "?waiting=true&unit_id=U-1"):
        nobody = await app.http.get(f"/feedback/complaints{query}")
        problem(nobody, 401, "unauthenticated")
        known = await app.http.get(f"/feedback/complaints{query}", headers=verifier)
        problem(known, 403, "not-your-role")


async def test_a_named_complainant_finds_the_answer(app: ServiceApp) -> None:
    """The owner sees it in their list and by its id; another person and nobody don't."""
    mine = await file(app, app.who("citizen-1", "applicant"))
    await file(app)
    await resolve(app, mine["complaint_id"])
    own = await app.http.get("/feedback/me", headers=app.who("citizen-1"))
    assert [(item["complaint_id"], item["answer"]) for item in own.json()["items"]] == [
        (mine["complaint_id"], "Kami minta maaf; petugas sudah dibina.")
    ]
    path = f"/feedback/complaints/{mine['complaint_id']}"
    assert (await app.http.get(path, headers=app.who("citizen-1"))).json() == own.json()["items"][0]
    assert (await app.http.get(path, headers=app.who("officer-1", "officer"))).status_code == 200
    problem(
        await app.http.get(path, headers=app.who("citizen-2", "applicant", "verifier")),
        403,
        "not-your-complaint",
    )
    problem(await app.http.get(path), 401, "unauthenticated")
    problem(await app.http.get("/feedback/me"), 401, "unauthenticated")


async def test_an_anonymous_complaint_belongs_to_nobody(app: ServiceApp) -> None:
    """No person, not even one whose subject is empty, owns what was filed without a name."""
    receipt = await file(app)
    answer = await app.http.get(
        f"/feedback/complaints/{receipt['complaint_id']}", headers=app.who("", "applicant")
    )
    assert answer.status_code in {401, 403}


async def test_a_complaint_is_answered_once(app: ServiceApp) -> None:
    """Two officers at once: one answer stands, the other is told; one event, one audit row."""
    receipt = await file(app)
    answers = await asyncio.gather(
        resolve(app, receipt["complaint_id"], outcome="upheld"),
        resolve(app, receipt["complaint_id"], outcome="not-upheld"),
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    refused = next(answer for answer in answers if answer.status_code == 409)
    problem(refused, 409, "resolved-already")
    await end_day(app)
    assert len(await app.stated(ComplaintResolved)) == 1
    rows = await app.pool.fetch("SELECT subject, action, object FROM audit")
    assert [tuple(row) for row in rows] == [
        ("officer-1", "complaint.resolved", receipt["complaint_id"])
    ]


async def test_complaints_about_a_very_small_unit_show_no_category(app: ServiceApp) -> None:
    """Among four people a category points at persons: not in the event, the list, or the counts;
    the officer who answers sees it. A unit that grows doesn't uncover what was filed before.
    """
    receipt = await file(app, unit_id="U-small")
    await app.hear(UnitRegistered(unit_id="U-small", path="Kota | Kelurahan", staff=40))
    await resolve(app, receipt["complaint_id"])
    await end_day(app)
    assert [event.category for event in await app.stated(ComplaintFiled, ComplaintResolved)] == [
        None,
        None,
    ]
    listed = (await app.http.get("/feedback/complaints", params={"unit_id": "U-small"})).json()[
        "items"
    ]
    assert [item["category"] for item in listed] == [None]
    unit = (await app.http.get("/feedback/units/U-small")).json()
    assert unit["complaints"] == [{"month": "2026-08", "category": None, "complaints": 1}]
    whole = await app.http.get(
        "/feedback/complaints",
        params={"unit_id": "U-small"},
        headers=app.who("officer-1", "officer"),
    )
    assert [item["category"] for item in whole.json()["items"]] == ["conduct"]


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        pytest.param({"unit_id": "U-9"}, 404, "unknown-unit", id="a unit nobody registered"),
        pytest.param({"happened_on": "2026-08-21"}, 422, "not-happened-yet", id="tomorrow"),
        pytest.param({"category": "politics"}, 422, "invalid-request", id="no such category"),
        pytest.param({"text": "   "}, 422, "invalid-request", id="blank text"),
        pytest.param({"text": "x" * 5_001}, 422, "invalid-request", id="too long"),
        pytest.param(
            {"text": "a\x00b"}, 422, "invalid-request", id="a character PostgreSQL can't keep"
        ),
        pytest.param({"name": "Budi"}, 422, "invalid-request", id="a field that doesn't exist"),
    ],
)
async def test_what_is_wrong_is_refused_and_leaves_nothing(
    app: ServiceApp, changes: dict[str, Any], status: int, code: str
) -> None:
    """A clear problem, and no row."""
    problem(await app.http.post("/feedback/complaints", json=complaint(**changes)), status, code)
    assert await app.pool.fetchval("SELECT count(*) FROM complaint") == 0


async def test_the_day_is_the_provinces(app: ServiceApp) -> None:
    """At 18:30 UTC it is already tomorrow in Jakarta: filed_on says so, and tomorrow's date is not
    ahead.
    """
    app.clock.advance(hours=15, minutes=30)
    await file(app, happened_on="2026-08-21")
    await end_day(app)
    (filed,) = await app.stated(ComplaintFiled)
    assert filed.filed_on.isoformat() == "2026-08-21"


async def test_answers_need_an_officer_and_a_complaint(app: ServiceApp) -> None:
    """No token, the wrong role, no such complaint, a code that opens nothing."""
    receipt = await file(app)
    path = f"/feedback/complaints/{receipt['complaint_id']}/resolution"
    body = {"outcome": "upheld", "text": "Ya."}
    problem(await app.http.post(path, json=body), 401, "unauthenticated")
    problem(
        await app.http.post(path, json=body, headers=app.who("v", "verifier")), 403, "not-your-role"
    )
    problem(await resolve(app, str(uuid4())), 404, "unknown-complaint")
    tracking = await app.http.post(
        "/feedback/complaints/tracking", json={"tracking_code": "0000-0000-0000-0000"}
    )
    problem(tracking, 404, "unknown-tracking-code")
    problem(
        await app.http.get(
            "/feedback/complaints", params={"unit_id": "U-1", "cursor": "bm90IG91cnM"}
        ),
        400,
        "bad-cursor",
    )
