"""What applicants, verifiers and officers see of an application."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from services.applications.registration.fields import (
    MaybeDecidedAt,
    MaybeWithdrawnAt,
    StatusNow,
    SubmittedAt,
)
from services.applications.rounds.views import RoundName
from services.applications.seats.domain import SeatAnswer, answer_before
from services.applications.status.domain import ListOutcome, ListStatus, PassedList, list_statuses
from services.applications.status.storage import STATUS
from services.applications.verification.views import ReasonView, reason_view
from shared.contracts.fields import (
    Agency,
    NeedCode,
    ParticipantNo,
    Post,
    RoundId,
    UnitPath,
    VacancyId,
)
from shared.identity import Person
from shared.phrases import Phrase
from shared.postgres.pool import Connection
from shared.refusals import Refusal


class FactsView(BaseModel):
    """What the applicant stated of themselves, and what a verifier found proven in its place."""

    education_level: str = Field(
        description="Level of education (jenjang studi), worded as one of the vacancy's"
    )
    education_programme: str | None = Field(
        description="Programme (program studi), worded as the vacancy words it; none where unknown"
    )
    gpa: Decimal | None = Field(description="Grade point average, or mean diploma mark of a school")
    birth_date: date | None = Field(description="None where unknown")
    relevant_experience_months: int | None = Field(
        description="Whole months of relevant work; none where unknown"
    )
    priority: str | None = Field(
        description="Priority group of the round's policy; none where nobody said"
    )


class ResultView(BaseModel):
    """What a list that ranking fixed says of the application."""

    list: str = Field(description="The list, by the policy's code", examples=["skd"])
    outcome: ListOutcome = Field(
        description="Whether it gave the candidate a seat, let them go on, or neither"
    )
    code: str | None = Field(
        description="Result code of the list; none where the candidate did not pass: ranking has it"
    )
    rank: int | None = Field(
        description="Place on the list, shared by equals; none where the candidate did not "
        "pass: ranking has it"
    )
    score: Decimal | None = Field(
        description="Score of the list, as the policy rounds it; none where the candidate did not "
        "pass: ranking has it"
    )
    at: datetime = Field(
        description="When the list was fixed, or ranking last said so of the candidate, UTC"
    )


class SeatOfferView(BaseModel):
    """An empty seat that is, or was, offered to the applicant."""

    offer_id: UUID = Field(description="The offer, as SeatOffered names it")
    vacancy_id: str = Field(description="Vacancy that has the seat")
    agency: Agency
    post: Post
    unit_path: UnitPath
    need: NeedCode
    code: str = Field(description="Result code once accepted", examples=["L-1"])
    offered_at: datetime = Field(description="UTC")
    answer_before: datetime = Field(
        description="First instant at which it can no longer be answered"
    )
    answer: SeatAnswer | None = Field(description="None while it is open")
    answered_at: datetime | None = Field(description="UTC; none while it is open")


class ApplicationView(BaseModel):
    """One application, for its owner and for those who decide on it."""

    vacancy_id: VacancyId
    round_id: RoundId
    round_name: RoundName
    participant_no: ParticipantNo
    agency: Agency
    post: Post
    unit_path: UnitPath
    need: NeedCode
    status: StatusNow
    reasons: list[ReasonView] = Field(description="Why it was rejected; empty unless it was")
    submitted_at: SubmittedAt
    decided_at: MaybeDecidedAt
    withdrawn_at: MaybeWithdrawnAt
    facts: FactsView | None = Field(description="None once the person was erased")
    note: str | None = Field(description="The verifier's, shown to verifiers and officers alone")
    results: list[ResultView] = Field(description="Lists fixed so far, in order of time")
    seat_given_up_at: datetime | None = Field(
        description="When the applicant gave up the seat that the final list had given; none where "
        "they did not"
    )
    offers: list[SeatOfferView] = Field(
        description="Empty seats offered to the applicant, the oldest first"
    )


class OwnApplications(BaseModel):
    """A person's applications, the newest first."""

    items: list[ApplicationView] = Field(description="All of them")


async def show_application(
    connection: Connection, person: Person, vacancy_id: str, participant_no: str, answer_days: int
) -> ApplicationView:
    """One application; an applicant sees their own alone.

    `answer_days`: how long an offered seat may be answered. Raises Refusal `not-found`, also for
    another person's.
    """
    row = await STATUS.application(connection, vacancy_id=vacancy_id, participant_no=participant_no)
    may_decide = not person.roles.isdisjoint({"verifier", "officer"})
    if row is None or not (may_decide or row["subject"] == person.subject):
        what = Phrase("application", participant_no=participant_no, vacancy_id=vacancy_id)
        raise Refusal("not-found", what=what)
    with_note = may_decide and row["subject"] != person.subject
    (view,) = await _views(connection, [row], answer_days, with_note=with_note)
    return view


async def show_own(connection: Connection, applicant: Person, answer_days: int) -> OwnApplications:
    """All applications of the person who asks.

    `answer_days`: how long an offered seat may be answered.
    """
    rows = [row async for row in STATUS.applications_of(connection, subject=applicant.subject)]
    return OwnApplications(items=await _views(connection, rows, answer_days, with_note=False))


Applicant = tuple[str, str]
"""Vacancy id and participant number."""


async def _views(
    connection: Connection, rows: Sequence[Any], answer_days: int, *, with_note: bool
) -> list[ApplicationView]:
    vacancy_ids = [row["vacancy_id"] for row in rows]
    numbers = [row["participant_no"] for row in rows]
    passed = await _passed_lists(connection, vacancy_ids, numbers)
    closed = await _closed_lists(connection, vacancy_ids)
    offers = await _offers(connection, vacancy_ids, numbers, answer_days)
    given_up = {
        (answer["vacancy_id"], answer["participant_no"]): answer["answered_at"]
        async for answer in STATUS.given_up(
            connection, vacancy_ids=vacancy_ids, participant_nos=numbers
        )
    }
    views = []
    for row in rows:
        applicant = row["vacancy_id"], row["participant_no"]
        lists = list_statuses(
            row["status"], passed.get(applicant, []), closed.get(row["vacancy_id"], {})
        )
        views.append(
            _view(
                row,
                with_note=with_note,
                results=[_result(list_status) for list_status in lists],
                given_up_at=given_up.get(applicant),
                offers=offers.get(applicant, []),
            )
        )
    return views


async def _passed_lists(
    connection: Connection, vacancy_ids: list[str], numbers: list[str]
) -> dict[Applicant, list[PassedList]]:
    passed: dict[Applicant, list[PassedList]] = {}
    async for row in STATUS.results_of(
        connection, vacancy_ids=vacancy_ids, participant_nos=numbers
    ):
        result = PassedList(
            row["list"], row["selected"], row["rank"], row["score"], row["code"], row["at"]
        )
        passed.setdefault((row["vacancy_id"], row["participant_no"]), []).append(result)
    return passed


async def _closed_lists(
    connection: Connection, vacancy_ids: list[str]
) -> dict[str, dict[str, datetime]]:
    """By vacancy and list, when it was fixed."""
    closed: dict[str, dict[str, datetime]] = {}
    async for row in STATUS.closed_lists_of(connection, vacancy_ids=vacancy_ids):
        closed.setdefault(row["vacancy_id"], {})[row["list"]] = row["at"]
    return closed


async def _offers(
    connection: Connection, vacancy_ids: list[str], numbers: list[str], answer_days: int
) -> dict[Applicant, list[SeatOfferView]]:
    offers: dict[Applicant, list[SeatOfferView]] = {}
    async for row in STATUS.offers_to(connection, vacancy_ids=vacancy_ids, participant_nos=numbers):
        offer = SeatOfferView(**row, answer_before=answer_before(row["offered_at"], answer_days))
        offers.setdefault((row["applied_for"], row["participant_no"]), []).append(offer)
    return offers


def _view(
    row: Any,
    *,
    with_note: bool,
    results: list[ResultView],
    given_up_at: datetime | None,
    offers: list[SeatOfferView],
) -> ApplicationView:
    plain = ApplicationView.model_fields.keys() - {
        *("reasons", "facts", "note", "results", "seat_given_up_at", "offers"),
    }
    return ApplicationView(
        **{name: row[name] for name in plain},
        reasons=[reason_view(code) for code in row["reasons"]],
        facts=FactsView(**row) if row["education_level"] is not None else None,
        note=row["note"] if with_note else None,
        results=results,
        seat_given_up_at=given_up_at,
        offers=offers,
    )


def _result(list_status: ListStatus) -> ResultView:
    passed = list_status.result
    return ResultView(
        list=list_status.list,
        outcome=list_status.outcome,
        at=list_status.at,
        code=passed.code if passed else None,
        rank=passed.rank if passed else None,
        score=passed.score if passed else None,
    )
