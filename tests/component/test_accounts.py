"""Whose a participant number is, as each service learns it, also from events of older versions."""

from collections.abc import Awaitable, Callable
from datetime import date
from hashlib import sha256
from typing import Any

import asyncpg
import pytest

from deploy.postgres.migrate import folders, migrate
from services.applications.registration.usecases import state_accounts
from shared.candidacy import is_own_number, refuse_candidate
from shared.contracts.applications import ApplicantFactsStated
from shared.refusals import Refusal
from tests.component.applications.conftest import FACTS, GENERAL, ROUND, Office, ok
from tests.component.applications.conftest import office as office
from tests.component.applications.conftest import (
    open_round as open_round,
)
from tests.component.conftest import ServiceApp
from tests.servers import owner_address

Start = Callable[..., Awaitable[ServiceApp]]


async def is_candidate(app: ServiceApp, subject: str, round_id: str = ROUND) -> bool:
    """Whether the service refuses a decision by this person."""
    async with app.pool.acquire() as connection:
        try:
            await refuse_candidate(connection, app.person(subject, "officer"), round_id)
        except Refusal as refusal:
            return refusal.code == "own-round"
    return False


def stated(number: str, **hashes: str) -> ApplicantFactsStated:
    """What applications says of a person."""
    return ApplicantFactsStated(
        vacancy_id="v1", round_id=ROUND, participant_no=number, education_level="S-1", **hashes
    )


def owner(number: str, subject: str) -> str:
    """The hash of older events."""
    return sha256(f"{number}/{subject}".encode()).hexdigest()


@pytest.mark.parametrize("service", ["exams", "ranking"])
async def test_a_candidate_is_known_by_account_or_by_the_older_hash(
    service_app: Start, service: str
) -> None:
    """In that round alone; restated with an account, the older hash is of no matter any more."""
    app = await service_app(service)
    account = app.account(ROUND, "person-1")
    await app.hear(
        stated("0001-000001", account=account),
        stated("0001-000002", owner=owner("0001-000002", "person-2")),
        stated("0001-000003"),
    )
    assert await is_candidate(app, "person-1")
    assert await is_candidate(app, "person-2")
    assert not await is_candidate(app, "person-3")
    assert not await is_candidate(app, "person-1", "cpns-2027")
    assert not await is_candidate(app, "person-2", "cpns-2027")
    await app.hear(
        stated("0001-000002", account=app.account(ROUND, "person-2")),
        stated("0001-000002"),
    )
    assert await is_candidate(app, "person-2")
    rows = await app.pool.fetch(
        "SELECT participant_no, account, owner FROM candidate_account ORDER BY participant_no"
    )
    assert [tuple(row) for row in rows] == [
        ("0001-000001", account, None),
        ("0001-000002", app.account(ROUND, "person-2"), owner("0001-000002", "person-2")),
    ]


async def test_a_number_is_its_persons_alone(service_app: Start) -> None:
    """By account where there is one, else by the older hash."""
    app = await service_app("ranking")
    await app.hear(
        stated("0001-000001", account=app.account(ROUND, "person-1")),
        stated("0001-000002", owner=owner("0001-000002", "person-2")),
    )
    async with app.pool.acquire() as connection:
        whose = {
            (number, subject): await is_own_number(
                connection, app.person(subject, "officer"), ROUND, "v1", number
            )
            for number in ("0001-000001", "0001-000002", "0001-000003")
            for subject in ("person-1", "person-2")
        }
    assert {pair for pair, own in whose.items() if own} == {
        ("0001-000001", "person-1"),
        ("0001-000002", "person-2"),
    }


async def test_one_look_answers_along_an_index(service_app: Start) -> None:
    """Among many candidates of many rounds, by account."""
    app = await service_app("exams")
    await app.pool.execute(
        "INSERT INTO candidate_account SELECT 'v1', n::text, 'round-' || n % 10, md5(n::text)"
        " FROM generate_series(1, 20000) AS n"
    )
    await app.pool.execute("ANALYZE candidate_account")
    plan = await app.pool.fetch(
        "EXPLAIN SELECT FROM candidate_account WHERE round_id = 'round-1' AND account = 'x'"
    )
    assert any("candidate_account_of_round" in row[0] for row in plan), plan


async def test_owners_that_ranking_knew_are_kept(new_database: Any, service_app: Start) -> None:
    """An update brings the older hashes along, with the round of their vacancy."""
    address = await new_database("ranking")
    connection = await asyncpg.connect(owner_address(address))
    try:
        migration = next(
            file
            for folder in folders("ranking")
            for file in folder.glob("0210_candidate_accounts.sql")
        )
        down = migration.read_text("utf-8").partition("-- migrate:down")[2]
        await connection.execute(down)
        await connection.execute("DELETE FROM schema_migrations WHERE version = '0210'")
        await connection.execute(
            "INSERT INTO projections.vacancy VALUES"
            " ('v1', $1, 1, 'l', 'a', 'p', 'u', 'u', 'UMUM', 1, 1)",
            ROUND,
        )
        await connection.execute(
            "INSERT INTO projections.applicant_owner VALUES ('v1', '0001-000001', $1)",
            owner("0001-000001", "person-1"),
        )
        migrate(owner_address(address), folders("ranking"))
        (row,) = await connection.fetch("SELECT * FROM projections.candidate_account")
        assert tuple(row) == (
            "v1",
            "0001-000001",
            ROUND,
            None,
            owner("0001-000001", "person-1"),
        )
    finally:
        await connection.close()


async def restate(office: Office) -> None:
    """The duty of the worker, once."""
    app = office.service
    accounts = app.person("").accounts
    assert accounts
    await state_accounts.state_all_accounts(app.pool, app.outbox, accounts, app.clock())


async def test_applications_of_older_versions_are_stated_anew_once(
    open_round: Office, service_app: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the account and what stands; others then know all candidates, without a correction."""
    monkeypatch.setattr(state_accounts, "STATED_AT_ONCE", 2)
    for n in range(1, 6):
        ok(await open_round.apply(f"person-{n}"), 201)
    ok(await open_round.withdraw("person-3", "0001-000003"))
    app = open_round.service
    await app.pool.execute(
        "UPDATE applications_personal SET account = NULL WHERE subject <> 'person-1'"
    )
    before = await app.stated(ApplicantFactsStated)
    assert await is_candidate(app, "person-2"), "also before it is stated"
    await restate(open_round)
    await restate(open_round)
    anew = (await app.stated(ApplicantFactsStated))[len(before) :]
    assert anew == before[1:]
    assert anew[0].account == app.account(ROUND, "person-2")
    assert all(facts.owner is None for facts in anew)
    ranking = await service_app("ranking")
    older = [
        facts.model_copy(
            update={"account": None, "owner": owner(facts.participant_no, f"person-{n}")}
        )
        for n, facts in enumerate(before, 1)
    ]
    await ranking.hear(*older, *anew)
    for n in range(1, 6):
        assert await is_candidate(ranking, f"person-{n}")
    assert await ranking.pool.fetchval("SELECT count(*) FROM correction") == 0


async def test_who_withdrew_or_was_rejected_stays_a_candidate(open_round: Office) -> None:
    """They may still object: they decide nothing in the round."""
    for n in (1, 2):
        ok(await open_round.apply(f"person-{n}"), 201)
    ok(await open_round.withdraw("person-1", "0001-000001"))
    ok(await open_round.verify("0001-000002", "TMS", "document-missing"))
    assert await is_candidate(open_round.service, "person-1")
    assert await is_candidate(open_round.service, "person-2")
    assert not await is_candidate(open_round.service, "person-3")


async def test_one_application_for_each_person_also_after_a_recovery(open_round: Office) -> None:
    """Where only the log remembered the application, the account tells whose it is."""
    ok(await open_round.apply("person-1"), 201)
    app = open_round.service
    await app.pool.execute("UPDATE applications_personal SET subject = NULL")
    assert await is_candidate(app, "person-1")
    again = await open_round.apply("person-1")
    assert again.status_code == 409, again.text
    assert "0001-000001" in again.json()["detail"]
    ok(await open_round.apply("person-2"), 201)


async def test_the_account_says_nothing_of_the_person(open_round: Office) -> None:
    """What is stated holds no subject, and no hash that anyone could compute without the key."""
    ok(await open_round.apply("person-1"), 201)
    (facts,) = await open_round.service.stated(ApplicantFactsStated)
    assert facts.owner is None
    assert facts.birth_date == date.fromisoformat(str(FACTS["birth_date"]))
    assert facts.account == open_round.service.account(ROUND, "person-1")
    assert facts.vacancy_id == GENERAL
