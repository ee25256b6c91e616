"""From applying to being decided, taken back, closed and told, over HTTP."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from shared.contracts.applications import (
    ApplicantFactsStated,
    ApplicationRejected,
    ApplicationSubmitted,
    ApplicationVerified,
    ApplicationWithdrawn,
    RegistrationClosed,
    RejectionReasonsStated,
)
from shared.contracts.ranking import AdmissionRevoked, ClosedListCorrected
from tests.component.applications.conftest import (
    CUMLAUDE,
    FACTS,
    GENERAL,
    ROUND,
    SCHOOL,
    UNITS,
    VACANCIES,
    Office,
    all_at_once,
    ok,
    refused,
    results,
)

NOWHERE = "0001-000099"


async def test_applying(open_round: Office) -> None:
    """An applicant gets the vacancy's next number.

    Who it is stays here, the facts go to the restricted topic alone.
    """
    receipt = ok(await open_round.apply("person-1"), 201)
    assert receipt["participant_no"] == "0001-000001"
    assert receipt["status"] == "submitted"
    assert ok(await open_round.apply("person-2"), 201)["participant_no"] == "0001-000002"
    assert ok(await open_round.apply("person-3", CUMLAUDE), 201)["participant_no"] == "0002-000001"
    submitted = await open_round.service.stated(ApplicationSubmitted)
    assert [(event.vacancy_id, event.participant_no, event.round_id) for event in submitted] == [
        (GENERAL, "0001-000001", ROUND),
        (GENERAL, "0001-000002", ROUND),
        (CUMLAUDE, "0002-000001", ROUND),
    ]
    facts = (await open_round.service.stated(ApplicantFactsStated))[0]
    assert (facts.gpa, str(facts.birth_date), facts.relevant_experience_months) == (
        Decimal("3.52"),
        "1999-03-31",
        18,
    )
    public = await open_round.service.pool.fetch(
        "SELECT * FROM messaging.outbox WHERE topic = 'terang.applications'"
    )
    for secret in ("person-", "3.52", "1999-03-31"):
        assert secret not in str(public)


@pytest.mark.parametrize(
    ("vacancy", "facts", "field", "code"),
    [
        (
            GENERAL,
            {"education_programme": "S-1 ASTRONOMI"},
            "education_programme",
            "education-not-accepted",
        ),
        (
            GENERAL,
            {"education_level": "Diploma IV"},
            "education_programme",
            "education-not-accepted",
        ),
        (GENERAL, {"gpa": "4.01"}, "gpa", "gpa-above-scale"),
        (GENERAL, {"birth_date": "2020-01-01"}, "birth_date", "birth-date-unlikely"),
        (GENERAL, {"birth_date": "1900-01-01"}, "birth_date", "birth-date-unlikely"),
    ],
)
async def test_facts_that_do_not_fit(
    open_round: Office, vacancy: str, facts: dict[str, object], field: str, code: str
) -> None:
    """Facts that the vacancy doesn't accept are refused field by field, and use no number."""
    answer = await open_round.apply("person-1", vacancy, **facts)
    problem = refused(answer, 422, "facts-refused")
    assert [(fault["field"], fault["code"]) for fault in problem["errors"]] == [(field, code)]
    assert ok(await open_round.apply("person-1"), 201)["participant_no"] == "0001-000001"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("gpa", 3.5),
        ("gpa", "-1"),
        ("gpa", "3.555"),
        ("gpa", "NaN"),
        ("birth_date", "31-03-1999"),
        ("relevant_experience_months", -1),
        ("nik", "1"),
    ],
)
async def test_facts_that_are_none(open_round: Office, field: str, value: Any) -> None:
    """A field that is no grade, date or count, or that nobody asked for, is refused by name."""
    problem = refused(await open_round.apply("person-1", **{field: value}), 422, "invalid-request")
    assert problem["errors"][0]["field"] == field


async def test_school_diploma_has_a_mark(open_round: Office) -> None:
    """For a school's diploma the mean mark up to 100 stands in place of the grade point average."""
    facts = {"education_level": "SMK/SLTA Kejuruan", "education_programme": "SMK ADMINISTRASI"}
    ok(await open_round.apply("person-1", SCHOOL, **facts, gpa="87.25"), 201)
    assert (await open_round.service.stated(ApplicantFactsStated))[0].gpa == Decimal("87.25")


async def test_one_application_for_each_person_and_round(open_round: Office) -> None:
    """Of two applications of one person in a round one is taken; the other uses no number."""
    assert sorted(
        await all_at_once(open_round.apply("person-1"), open_round.apply("person-1", CUMLAUDE))
    ) == [201, 409]
    problem = refused(await open_round.apply("person-1", CUMLAUDE), 409, "already-applied")
    (mine,) = ok(await open_round.get("/me", open_round.applicant("person-1")))["items"]
    assert mine["participant_no"] in problem["detail"]
    ok(await open_round.apply("person-2"), 201)
    ok(await open_round.apply("person-3", CUMLAUDE), 201)
    numbers = sorted(
        event.participant_no for event in await open_round.service.stated(ApplicationSubmitted)
    )
    assert sorted(number[-1] for number in numbers) == ["1", "1", "2"]


async def test_numbers_have_no_gap_under_a_rush(open_round: Office) -> None:
    """Forty people at once, some twice and some refused, get numbers from 1 without a gap."""
    rush = [
        open_round.apply(f"person-{n % 40}", gpa="9" if n % 7 == 0 and n >= 40 else "3.1")
        for n in range(60)
    ]
    statuses = await all_at_once(*rush)
    assert statuses.count(201) == 40
    numbers = [
        event.participant_no for event in await open_round.service.stated(ApplicationSubmitted)
    ]
    assert numbers == [f"0001-{n:06d}" for n in range(1, 41)]


async def test_calendar(open_round: Office) -> None:
    """Registration is open from its first instant until before its last."""
    clock = open_round.service.clock
    clock.advance(hours=-10, seconds=-1)
    refused(await open_round.apply("person-1"), 409, "registration-not-open")
    clock.advance(seconds=1)
    ok(await open_round.apply("person-1"), 201)
    clock.now = clock.now.replace(month=9, day=10, hour=16, minute=58, second=59)
    ok(await open_round.apply("person-2"), 201)
    clock.advance(seconds=1)
    refused(await open_round.apply("person-3"), 409, "registration-over")


async def test_no_applying_before_publishing(office: Office) -> None:
    """A draft can't be applied for, and nobody learns that it is there."""
    ok(
        await office.post(
            "/units/import",
            office.officer(),
            "unit_id,path,staff\nU-3,Pemerintah Kota Medan | SEKRETARIAT,1\n",
        )
    )
    ok(await office.open(), 201)
    header, school = VACANCIES.splitlines()[:2]
    ok(
        await office.post(
            f"/rounds/{ROUND}/vacancies/import", office.officer(), f"{header}\n{school}\n"
        )
    )
    refused(await office.apply("person-1", SCHOOL), 404, "not-found")
    refused(await office.apply("person-1", "no-such"), 404, "not-found")
    refused(await office.close(), 409, "round-not-published")


async def test_same_key_once(open_round: Office) -> None:
    """A request sent again with its key has one effect; with another body it is refused."""
    path = f"/vacancies/{GENERAL}/applications"
    who = open_round.applicant("person-1", key="once-and-for-all")
    first, second = await asyncio.gather(
        open_round.post(path, who, FACTS), open_round.post(path, who, FACTS)
    )
    assert ok(first, 201) == ok(second, 201) == ok(await open_round.post(path, who, FACTS), 201)
    assert {
        first.headers.get("idempotent-replayed"),
        second.headers.get("idempotent-replayed"),
    } == {None, "true"}
    refused(await open_round.post(path, who, FACTS | {"gpa": "3.9"}), 422, "idempotency-key-reused")
    other = open_round.applicant("person-2", key="once-and-for-all")
    assert ok(await open_round.post(path, other, FACTS), 201)["participant_no"] == "0001-000002"
    assert len(await open_round.service.stated(ApplicationSubmitted)) == 2


async def test_decisions(open_round: Office) -> None:
    """A verifier decides MS or TMS with reasons.

    The words for it reach the applicant, the note doesn't.
    """
    for n in (1, 2):
        ok(await open_round.apply(f"person-{n}"), 201)
    ok(await open_round.verify("0001-000001"))
    decided = ok(
        await open_round.verify(
            "0001-000002",
            "TMS",
            "document-missing",
            "diploma-does-not-match",
            note="Ijazah orang lain?",
        )
    )
    assert decided["reasons"] == ["diploma-does-not-match", "document-missing"]
    (verified,) = await open_round.service.stated(ApplicationVerified)
    (rejected,) = await open_round.service.stated(ApplicationRejected)
    assert (verified.participant_no, rejected.participant_no) == ("0001-000001", "0001-000002")
    assert rejected.reasons == ("not-met",)
    (stated,) = await open_round.service.stated(RejectionReasonsStated)
    assert stated.participant_no == "0001-000002"
    assert stated.reasons == ("diploma-does-not-match", "document-missing")
    public = str(
        await open_round.service.pool.fetch(
            "SELECT * FROM messaging.outbox WHERE topic = 'terang.applications'"
        )
    )
    assert "ApplicationRejected" in public
    assert "diploma-does-not-match" not in public
    (mine,) = ok(await open_round.get("/me", open_round.applicant("person-2")))["items"]
    assert mine["status"] == "rejected"
    assert mine["reasons"][1]["en"] == "A required document is missing."
    assert mine["note"] is None
    path = f"/vacancies/{GENERAL}/applications/0001-000002"
    assert ok(await open_round.get(path, open_round.applicant("person-2")))["note"] is None
    assert ok(await open_round.get(path, open_round.verifier()))["note"] == "Ijazah orang lain?"
    everything = str(await open_round.service.pool.fetch("SELECT * FROM messaging.outbox"))
    assert "orang lain" not in everything
    trail = await open_round.service.pool.fetch(
        "SELECT subject, action, reason FROM audit WHERE object LIKE $1"
        " AND action <> 'application.read'",
        f"{GENERAL}/%",
    )
    assert [tuple(row) for row in trail] == [
        ("verifier-1", "application.verified", ""),
        ("verifier-1", "application.rejected", "diploma-does-not-match, document-missing"),
    ]


async def test_a_verifier_says_what_is_proven(office: Office) -> None:
    """With MS, proven months and priority group take the place of what was stated, once."""
    ok(await office.post("/units/import", office.officer(), UNITS))
    ok(await office.open(policy_id="national-pppk-2024", seats=2), 201)
    general = "\n".join(VACANCIES.splitlines()[:1] + VACANCIES.splitlines()[2:4]) + "\n"
    ok(await office.post(f"/rounds/{ROUND}/vacancies/import", office.officer(), general))
    ok(await office.publish())
    for subject in ("person-1", "person-2"):
        ok(await office.apply(subject), 201)
    number = "0001-000001"
    refused(
        await office.verify(number, "TMS", "document-missing", relevant_experience_months=6),
        422,
        "facts-not-taken",
    )
    problem = refused(await office.verify(number, priority="R9"), 422, "unknown-priority")
    assert "R1, R2, R3, R4" in problem["detail"]
    ok(await office.verify(number, relevant_experience_months=6, priority="3"))
    ok(await office.verify(number, relevant_experience_months=6, priority="R3"))
    refused(await office.verify(number, relevant_experience_months=7), 409, "already-decided")
    ok(await office.verify("0001-000002", relevant_experience_months=18))
    facts = await office.service.stated(ApplicantFactsStated)
    assert [
        (event.participant_no[-1], event.relevant_experience_months, event.priority)
        for event in facts
    ] == [
        ("1", 18, None),
        ("2", 18, None),
        ("1", 6, "R3"),
    ]
    assert facts[2].account == facts[0].account == office.service.account(ROUND, "person-1")
    seen = ok(await office.get(f"/vacancies/{GENERAL}/applications/{number}", office.verifier()))[
        "facts"
    ]
    assert (seen["relevant_experience_months"], seen["priority"]) == (6, "R3")


async def test_decided_once(open_round: Office) -> None:
    """The same decision again is no other one.

    Another is refused with what may follow; of two at once one stands.
    """
    ok(await open_round.apply("person-1"), 201)
    first = ok(await open_round.verify("0001-000001", "TMS", "age-outside-limits"))
    open_round.service.clock.advance(hours=1)
    assert ok(await open_round.verify("0001-000001", "TMS", "age-outside-limits")) == first
    problem = refused(await open_round.verify("0001-000001"), 409, "already-decided")
    assert "sanggah" in problem["detail"]
    refused(
        await open_round.verify("0001-000001", "TMS", "document-missing"), 409, "already-decided"
    )
    ok(await open_round.apply("person-2"), 201)
    both = (
        open_round.verify("0001-000002"),
        open_round.verify("0001-000002", "TMS", "document-missing"),
    )
    assert sorted(await all_at_once(*both)) == [200, 409]
    assert len(await open_round.service.stated(ApplicationVerified, ApplicationRejected)) == 2


async def test_decisions_that_cannot_be(open_round: Office) -> None:
    """TMS needs known reasons, MS none.

    Nobody decides on their own; what isn't there is answered 404.
    """
    ok(await open_round.apply("person-1"), 201)
    refused(await open_round.verify("0001-000001", "TMS"), 422, "reasons-needed")
    refused(await open_round.verify("0001-000001", "TMS", "not-nice"), 422, "unknown-reasons")
    refused(
        await open_round.verify("0001-000001", "MS", "document-missing"), 422, "reasons-not-taken"
    )
    refused(await open_round.verify("0001-000001", "MAYBE"), 422, "invalid-request")
    refused(await open_round.verify("0001-000001", note="nul \x00"), 422, "invalid-request")
    refused(await open_round.verify(NOWHERE), 404, "not-found")
    refused(await open_round.verify("1"), 422, "invalid-request")
    path = f"/vacancies/{GENERAL}/applications/0001-000001/verification"
    self_made = open_round.service.who("person-1", "applicant", "verifier")
    refused(await open_round.post(path, self_made, {"decision": "MS"}), 403, "own-round")
    refused(
        await open_round.post(path, open_round.officer(), {"decision": "MS"}), 403, "not-your-role"
    )
    assert await open_round.service.stated(ApplicationVerified, ApplicationRejected) == []


async def test_reasons_are_listed(office: Office) -> None:
    """A verifier's client reads the reasons and their words from the service."""
    listed = ok(await office.get("/verification-reasons"))
    assert {
        "code": "document-missing",
        "id": "Dokumen wajib tidak diunggah.",
        "en": "A required document is missing.",
    } in listed["items"]


async def test_withdrawing(open_round: Office) -> None:
    """An applicant withdraws an application once, also after MS, for good."""
    for n in (1, 2, 3):
        ok(await open_round.apply(f"person-{n}"), 201)
    ok(await open_round.verify("0001-000002"))
    ok(await open_round.verify("0001-000003", "TMS", "document-missing"))
    first = ok(await open_round.withdraw("person-1", "0001-000001"))
    ok(await open_round.withdraw("person-2", "0001-000002"))
    open_round.service.clock.advance(hours=1)
    assert ok(await open_round.withdraw("person-1", "0001-000001")) == first
    refused(await open_round.withdraw("person-3", "0001-000003"), 409, "already-rejected")
    refused(await open_round.withdraw("person-1", "0001-000002"), 404, "not-found")
    refused(await open_round.verify("0001-000001"), 409, "already-withdrawn")
    refused(await open_round.apply("person-1"), 409, "already-applied")
    withdrawn = await open_round.service.stated(ApplicationWithdrawn)
    assert [event.participant_no for event in withdrawn] == ["0001-000001", "0001-000002"]


async def test_results_are_told(open_round: Office) -> None:
    """An applicant sees what became of the application on each list that was fixed.

    Who did not pass one hears no more.
    """
    for n in (1, 2, 3):
        ok(await open_round.apply(f"person-{n}"), 201)
    ok(await open_round.verify("0001-000001"))
    ok(await open_round.verify("0001-000002"))
    for fact in results("0001-000001"):
        open_round.service.clock.advance(minutes=1)
        await open_round.service.hear(fact)
    told = [
        [
            (result["list"], result["outcome"], result["code"], result["rank"], result["score"])
            for result in ok(await open_round.get("/me", open_round.applicant(f"person-{n}")))[
                "items"
            ][0]["results"]
        ]
        for n in (1, 2, 3)
    ]
    assert told == [
        [("skd", "shortlisted", "P/L", 1, "432"), ("final", "selected", "L", 1, "81.273")],
        [("skd", "not-passed", None, None, None)],
        [],
    ]


async def test_results_repeated_or_early(open_round: Office) -> None:
    """A result heard before its application is there waits for it.

    An older one never overwrites a newer; twice is once.
    """
    service = open_round.service
    first, closed, *_ = (service.event(fact) for fact in results("0001-000001"))
    newer = service.event(first.data.model_copy(update={"rank": 7}))
    await service.hear(newer)
    await service.hear(first, first, newer, closed, closed)
    ok(await open_round.apply("person-1"), 201)
    (mine,) = ok(await open_round.get("/me", open_round.applicant("person-1")))["items"]
    assert [(result["list"], result["rank"]) for result in mine["results"]] == [("skd", 7)]


async def test_a_corrected_list_takes_a_seat_back(open_round: Office) -> None:
    """Whom a corrected final list no longer seats is told so; whom it seats has a seat."""
    service = open_round.service
    for n in (1, 2):
        ok(await open_round.apply(f"person-{n}"), 201)
        ok(await open_round.verify(f"0001-00000{n}"))
    first, second = (list(map(service.event, results(f"0001-00000{n}"))) for n in (1, 2))
    await service.hear(first[0], second[0], *first[1:])
    service.clock.advance(hours=1)
    of_list = {"vacancy_id": GENERAL, "round_id": ROUND, "list": "final"}
    revoked = service.event(AdmissionRevoked(**of_list, participant_no="0001-000001", code="P"))
    selected = service.event(second[2].data)
    corrected = ClosedListCorrected(
        **of_list, version=2, follows=1, codes={"L": 1}, shortlisted=1, digest="1" * 64
    )
    await service.hear(revoked, selected, corrected)
    await service.hear(first[2], revoked, second[2])
    told = [
        [
            (result["list"], result["outcome"], result["code"], result["at"])
            for result in ok(await open_round.get("/me", open_round.applicant(f"person-{n}")))[
                "items"
            ][0]["results"]
        ]
        for n in (1, 2)
    ]
    now = service.clock().isoformat().replace("+00:00", "Z")
    assert [final for _, final in told] == [
        ("final", "not-passed", None, now),
        ("final", "selected", "L", now),
    ]
    assert [skd[:2] for skd, _ in told] == [("skd", "shortlisted")] * 2
    seat = f"/vacancies/{GENERAL}/applications/0001-00000{{}}/selection/decline"
    refused(
        await open_round.post(seat.format(1), open_round.applicant("person-1")), 409, "not-selected"
    )
    ok(await open_round.post(seat.format(2), open_round.applicant("person-2")))


async def test_no_withdrawing_from_a_final_list(open_round: Office) -> None:
    """Once a vacancy's last list is fixed, its applications can't be withdrawn."""
    for n in (1, 2):
        ok(await open_round.apply(f"person-{n}"), 201)
        ok(await open_round.verify(f"0001-00000{n}"))
    first, closed, selected, final = results("0001-000001")
    await open_round.service.hear(first, closed)
    ok(await open_round.withdraw("person-2", "0001-000002"))
    await open_round.service.hear(selected)
    refused(await open_round.withdraw("person-1", "0001-000001"), 409, "list-is-final")
    ok(await open_round.apply("person-3"), 201)
    await open_round.service.hear(final)
    refused(await open_round.withdraw("person-3", "0001-000003"), 409, "list-is-final")
    ok(await open_round.apply("person-4", CUMLAUDE), 201)
    ok(await open_round.withdraw("person-4", "0002-000001", CUMLAUDE))


async def test_closing_registration(open_round: Office) -> None:
    """Closing states how many applied for each vacancy, once.

    Nobody applies after it; who waits may still be decided.
    """
    for n in (1, 2):
        ok(await open_round.apply(f"person-{n}"), 201)
    ok(await open_round.withdraw("person-2", "0001-000002"))
    ok(await open_round.apply("person-3", CUMLAUDE), 201)
    count = ok(await open_round.close())
    assert (count["vacancies"], count["submitted"]) == (3, 3)
    open_round.service.clock.advance(hours=1)
    assert ok(await open_round.close()) == count
    closed = await open_round.service.stated(RegistrationClosed)
    assert [(event.vacancy_id, event.submitted) for event in closed] == [
        (GENERAL, 2),
        (CUMLAUDE, 1),
        (SCHOOL, 0),
    ]
    refused(await open_round.apply("person-9"), 409, "registration-closed")
    ok(await open_round.verify("0001-000001"))
    assert ok(await open_round.get(f"/rounds/{ROUND}"))["closed_at"] == count["closed_at"]


async def test_closing_in_a_rush(open_round: Office) -> None:
    """The stated count is exactly those who got a number, and none comes after it."""
    rush = [open_round.apply(f"person-{n}", GENERAL if n % 2 else CUMLAUDE) for n in range(30)]
    rush[15:15] = [open_round.close()]
    statuses = await all_at_once(*rush)
    assert set(statuses) <= {200, 201, 409}
    stated = await open_round.service.stated(ApplicationSubmitted, RegistrationClosed)
    counts = dict.fromkeys((GENERAL, CUMLAUDE, SCHOOL), 0)
    closed: dict[str, int] = {}
    for event in stated:
        if isinstance(event, RegistrationClosed):
            closed[event.vacancy_id] = event.submitted
        else:
            assert event.vacancy_id not in closed
            counts[event.vacancy_id] += 1
    assert closed == counts
    assert sum(counts.values()) == statuses.count(201)


async def test_queue(open_round: Office) -> None:
    """The queue pages by status, holds nothing of the person, and is not for applicants."""
    for n in range(1, 8):
        ok(await open_round.apply(f"person-{n}"), 201)
    ok(await open_round.verify("0001-000002"))
    ok(await open_round.verify("0001-000004", "TMS", "document-missing"))
    path = f"/vacancies/{GENERAL}/applications"
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = ok(
            await open_round.get(path, open_round.verifier(), status="submitted", limit=2, **cursor)
        )
        seen += [item["participant_no"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert seen == [f"0001-00000{n}" for n in (1, 3, 5, 6, 7)]
    everyone = ok(await open_round.get(path, open_round.officer()))["items"]
    assert [item["status"] for item in everyone[1:4]] == ["verified", "submitted", "rejected"]
    assert set(everyone[0]) == {
        "participant_no",
        "status",
        "reasons",
        "submitted_at",
        "decided_at",
        "withdrawn_at",
    }
    assert (
        ok(await open_round.get(f"/vacancies/{SCHOOL}/applications", open_round.verifier()))[
            "items"
        ]
        == []
    )
    refused(
        await open_round.get("/vacancies/none/applications", open_round.verifier()),
        404,
        "not-found",
    )
    refused(
        await open_round.get(path, open_round.verifier(), status="lost"), 422, "invalid-request"
    )
    refused(await open_round.get(path, open_round.verifier(), cursor="x"), 400, "bad-cursor")
    refused(await open_round.get(path, open_round.applicant("person-1")), 403, "not-your-role")


async def test_the_queue_uses_its_index(open_round: Office) -> None:
    """A page of the queue is read off the index, without a sort."""
    pool = open_round.service.pool
    await pool.execute(
        "INSERT INTO applications (vacancy_id, participant_no, round_id, status, submitted_at)"
        " SELECT $1, '0001-' || lpad(n::text, 6, '0'), $2,"
        " CASE n % 50 WHEN 0 THEN 'submitted' ELSE 'verified' END, now()"
        " FROM generate_series(1, 20000) n",
        GENERAL,
        ROUND,
    )
    await pool.execute("ANALYZE applications")
    plan = await pool.fetch(
        "EXPLAIN SELECT participant_no FROM applications"
        " WHERE vacancy_id = $1 AND status = 'submitted'"
        " AND participant_no > '0001-000100' ORDER BY participant_no LIMIT 101",
        GENERAL,
    )
    text = "\n".join(row[0] for row in plan)
    assert "applications_queue" in text
    assert "Sort" not in text


async def test_who_sees_an_application(open_round: Office) -> None:
    """Its owner, verifiers and officers see an application; to another applicant it isn't there."""
    ok(await open_round.apply("person-1"), 201)
    path = f"/vacancies/{GENERAL}/applications/0001-000001"
    seen = ok(await open_round.get(path, open_round.applicant("person-1")))
    assert seen["facts"] == {**FACTS, "priority": None}
    assert (seen["post"], seen["need"], seen["round_name"]) == (
        "PENATA LAYANAN",
        "UMUM",
        "CPNS 2026",
    )
    assert ok(await open_round.get(path, open_round.verifier()))["facts"] == {
        **FACTS,
        "priority": None,
    }
    refused(await open_round.get(path, open_round.applicant("person-2")), 404, "not-found")
    refused(
        await open_round.get(path, open_round.service.who("x", "proctor")), 403, "not-your-role"
    )
    refused(await open_round.get(path), 401, "unauthenticated")
    assert ok(await open_round.get("/me", open_round.applicant("person-2")))["items"] == []


async def test_the_documented_interface(office: Office) -> None:
    """OpenAPI tells of every path its summary, its problems and what its fields mean."""
    api = ok(await office.get("/openapi.json"))
    operations = {
        f"{method} {path}": what
        for path, item in api["paths"].items()
        for method, what in item.items()
    }
    for path in (
        "post /applications/units/import",
        "get /applications/units",
        "post /applications/rounds",
        "get /applications/rounds",
        "get /applications/rounds/{round_id}",
        "post /applications/rounds/{round_id}/vacancies/import",
        "get /applications/rounds/{round_id}/vacancies",
        "post /applications/rounds/{round_id}/publish",
        "post /applications/rounds/{round_id}/registration/close",
        "post /applications/vacancies/{vacancy_id}/applications",
        "get /applications/vacancies/{vacancy_id}/applications",
        "get /applications/vacancies/{vacancy_id}/applications/{participant_no}",
        "post /applications/vacancies/{vacancy_id}/applications/{participant_no}/verification",
        "post /applications/vacancies/{vacancy_id}/applications/{participant_no}/withdrawal",
        "get /applications/me",
    ):
        assert operations[path]["summary"], path
        assert {"422", "503"} <= set(operations[path]["responses"]), path
        if path.startswith("post"):
            assert {"401", "403"} <= set(operations[path]["responses"]), path
            names = {parameter["name"].lower() for parameter in operations[path]["parameters"]}
            assert "idempotency-key" in names, path
            assert operations[path].get("requestBody") or path.endswith(
                ("publish", "close", "withdrawal")
            ), path
    gpa = api["components"]["schemas"]["SubmitApplication"]["properties"]["gpa"]
    assert gpa["type"] == "string"
