"""Takes in by one transaction what many applicants send at once."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg

from services.applications.registration.domain import participant_no
from services.applications.registration.storage import REGISTRATION
from services.applications.registration.usecases.submit_application import (
    ApplicationReceipt,
    SubmitApplication,
    check_command,
    statements,
)
from shared.identity import Person
from shared.messaging.outbox import Outbox, Statement
from shared.postgres import idempotency
from shared.postgres.errors import is_unavailable
from shared.postgres.idempotency import Claim
from shared.postgres.pool import Connection, Pool
from shared.refusals import Refusal


@dataclass(frozen=True, slots=True)
class Submission:
    """What one applicant sent. `claim`: of its Idempotency-Key, if it has one."""

    applicant: Person
    vacancy_id: str
    command: SubmitApplication
    now: datetime
    zone: ZoneInfo
    claim: Claim | None
    correlation_id: str | None


@dataclass(frozen=True, slots=True)
class Accepted:
    """A submission that its vacancy takes, and the receipt that it gets."""

    place: int
    submission: Submission
    account: str
    receipt: ApplicationReceipt

    def stated(self) -> list[Statement]:
        correlation_id = self.submission.correlation_id
        return statements(
            self.receipt, self.submission.command, self.account, correlation_id=correlation_id
        )


class _OneByOneError(Exception):
    """Somebody of the group has an application in the round already."""


async def submit_together(
    pool: Pool, outbox: Outbox, group: Sequence[Submission]
) -> list[ApplicationReceipt | None]:
    """The receipt of each, committed; none of whoever must be taken alone, of whom nothing is kept.

    Alone goes whose key came before, whose vacancy does not take the application, and everybody
    where somebody has an application in the round already.
    """
    try:
        async with pool.acquire() as connection, connection.transaction():
            accepted = await _take_in(connection, outbox, group)
    except Exception as error:
        one_by_one = isinstance(error, _OneByOneError | asyncpg.PostgresError)
        if not (one_by_one or is_unavailable(error)):
            raise
        return [None] * len(group)
    receipts = {each.place: each.receipt for each in accepted}
    return [receipts.get(place) for place in range(len(group))]


async def _take_in(
    connection: Connection, outbox: Outbox, group: Sequence[Submission]
) -> list[Accepted]:
    claims = [submission.claim for submission in group if submission.claim]
    claimed = await idempotency.claim_keys(connection, claims)
    accepted = _accept(group, claimed, await _vacancies(connection, group))
    kept = [each.submission.claim for each in accepted if each.submission.claim]
    await idempotency.release_keys(connection, claimed.difference(kept))
    if not accepted:
        return []
    await _add(connection, accepted)
    stated = [statement for each in accepted for statement in each.stated()]
    await outbox.append(connection, stated)
    await idempotency.keep_answers(
        connection,
        [
            (each.submission.claim, 201, each.receipt.model_dump_json())
            for each in accepted
            if each.submission.claim
        ],
    )
    return accepted


async def _vacancies(
    connection: Connection, group: Sequence[Submission]
) -> dict[str, Mapping[str, Any]]:
    """The public ones among the vacancies, locked, by id."""
    vacancy_ids = sorted({submission.vacancy_id for submission in group})
    rows = REGISTRATION.lock_vacancies(connection, vacancy_ids=vacancy_ids)
    return {row["vacancy_id"]: row async for row in rows}


def _accept(
    group: Sequence[Submission],
    claimed: set[Claim],
    vacancies: Mapping[str, Mapping[str, Any]],
) -> list[Accepted]:
    """Those whom their vacancies take, each person once in a round, with dense numbers."""
    given: Counter[str] = Counter()
    accepted: dict[str, Accepted] = {}
    for place, submission in enumerate(group):
        vacancy = vacancies.get(submission.vacancy_id)
        if vacancy is None or not _may_apply(vacancy, submission, claimed):
            continue
        account = submission.applicant.account(vacancy["round_id"])
        if account not in accepted:
            given[submission.vacancy_id] += 1
            receipt = _receipt(vacancy, submission, given[submission.vacancy_id])
            accepted[account] = Accepted(place, submission, account, receipt)
    return list(accepted.values())


def _may_apply(
    vacancy: Mapping[str, Any], submission: Submission, claimed: Collection[Claim]
) -> bool:
    """Whether the key, if there is one, is new, and the vacancy takes the application."""
    if submission.claim is not None and submission.claim not in claimed:
        return False
    try:
        check_command(vacancy, submission.command, submission.now, submission.zone)
    except Refusal:
        return False
    return True


def _receipt(vacancy: Mapping[str, Any], submission: Submission, nth: int) -> ApplicationReceipt:
    """The receipt of the group's `nth` for the vacancy."""
    return ApplicationReceipt(
        vacancy_id=submission.vacancy_id,
        round_id=vacancy["round_id"],
        participant_no=participant_no(vacancy["number"], vacancy["submitted"] + nth),
        status="submitted",
        submitted_at=submission.now,
    )


async def _add(connection: Connection, accepted: Sequence[Accepted]) -> None:
    """Adds the applications. Raises _OneByOneError where a person has one in the round."""
    added = await _add_rows(connection, [_row(each) for each in accepted])
    if added < len(accepted):
        raise _OneByOneError
    numbers = Counter(each.receipt.vacancy_id for each in accepted)
    await REGISTRATION.take_numbers(
        connection, vacancy_ids=list(numbers), counts=list(numbers.values())
    )


async def _add_rows(connection: Connection, rows: Sequence[tuple[object, ...]]) -> int:
    """Adds rows as `_row` gives them; returns how many are new."""
    columns = list(zip(*rows, strict=True))
    added = REGISTRATION.add_applications(
        connection,
        vacancy_ids=columns[0],
        participant_nos=columns[1],
        round_ids=columns[2],
        subjects=columns[3],
        accounts=columns[4],
        education_levels=columns[5],
        education_programmes=columns[6],
        gpas=columns[7],
        birth_dates=columns[8],
        experience=columns[9],
        instants=columns[10],
    )
    return len([row async for row in added])


def _row(accepted: Accepted) -> tuple[object, ...]:
    """What is kept of an application and its person."""
    receipt, submission = accepted.receipt, accepted.submission
    command = submission.command
    return (
        receipt.vacancy_id,
        receipt.participant_no,
        receipt.round_id,
        submission.applicant.subject,
        accepted.account,
        command.education_level,
        command.education_programme,
        command.gpa,
        command.birth_date,
        command.relevant_experience_months,
        submission.now,
    )
