"""Every topic and every event of the platform, one row each.

What a service registers is checked against this table.
"""

from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Literal

from pydantic import BaseModel

from shared.contracts import applications, exams, feedback, ranking
from shared.contracts.fields import Fact

PARTITIONS = 12
"""The same for every topic, so that what belongs to one vacancy meets in one worker. Changing it
would write one aggregate's events to two partitions."""

FOR_EVER = -1
DAY_MS = 86_400_000
Service = Literal["applications", "exams", "ranking", "feedback"]
Audience = Literal["public", "restricted", "operators"]
SERVICES: tuple[Service, ...] = ("applications", "exams", "ranking", "feedback")


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic: who alone writes to it, who may read it, and how long a record stays.

    `retention_ms` is in milliseconds; -1 for ever.
    """

    name: str
    owner: Service
    audience: Audience
    key: str
    retention_ms: int
    description: str
    partitions: int = PARTITIONS


TOPICS: tuple[Topic, ...] = (
    Topic(
        "terang.applications",
        "applications",
        "public",
        "vacancy id; round id or unit id where the event has no vacancy",
        FOR_EVER,
        "Units, rounds, vacancies and what becomes of applications",
    ),
    Topic(
        "terang.applications.restricted",
        "applications",
        "restricted",
        "vacancy id",
        730 * DAY_MS,
        "Personal facts that ties and rules use, and why applications were rejected; for the "
        "four services alone",
    ),
    Topic("terang.exams", "exams", "public", "vacancy id", FOR_EVER, "Sittings and their results"),
    Topic(
        "terang.ranking",
        "ranking",
        "public",
        "vacancy id; round id where the event has no vacancy",
        FOR_EVER,
        "Standings, shortlists, selections and published lists",
    ),
    Topic(
        "terang.feedback",
        "feedback",
        "public",
        "unit id",
        FOR_EVER,
        "Complaints without their words, and flags",
    ),
    *(
        Topic(
            f"terang.{service}.dead-letters",
            service,
            "operators",
            "as the failed record",
            30 * DAY_MS,
            f"Records that {service} could not take, with the reason",
        )
        for service in SERVICES
    ),
)


Model = type[Fact]


@dataclass(frozen=True, slots=True)
class EventContract:
    """One event: its CloudEvents type, the model of its data, and its topic.

    `key` and `subject` give the record's key and the event's subject out of the data. With
    `day_only` its header, its record and its id tell no more of its time than the day.
    """

    type: str
    model: Model
    topic: str
    key: Callable[[Any], str]
    subject: Callable[[Any], str]
    day_only: bool = False

    @property
    def audience(self) -> Audience:
        return next(topic.audience for topic in TOPICS if topic.name == self.topic)


def _application(data: applications.ApplicationEvent) -> str:
    return f"{data.vacancy_id}/{data.participant_no}"


def _complaint(data: feedback.ComplaintFiled | feedback.ComplaintResolved) -> str:
    return str(data.complaint_id)


def _seat(data: ranking.SeatOffered | applications.SeatAccepted | applications.SeatDeclined) -> str:
    """A vacancy's seat for one person: nobody is offered it twice."""
    return f"{data.vacancy_id}/{data.participant_no}"


_vacancy = attrgetter("vacancy_id")
_round = attrgetter("round_id")
_unit = attrgetter("unit_id")


def _row(
    model: Model,
    topic: str,
    key: Callable[[Any], str],
    subject: Callable[[Any], str],
    *,
    day_only: bool = False,
) -> EventContract:
    return EventContract(f"terang.{model.__name__}", model, topic, key, subject, day_only)


CATALOGUE: tuple[EventContract, ...] = (
    _row(applications.UnitRegistered, "terang.applications", _unit, _unit),
    _row(applications.RoundOpened, "terang.applications", _round, _round),
    _row(applications.VacancyPublished, "terang.applications", _vacancy, _vacancy),
    _row(applications.ApplicationSubmitted, "terang.applications", _vacancy, _application),
    _row(
        applications.ApplicantFactsStated, "terang.applications.restricted", _vacancy, _application
    ),
    _row(applications.ApplicationVerified, "terang.applications", _vacancy, _application),
    _row(applications.ApplicationRejected, "terang.applications", _vacancy, _application),
    _row(
        applications.RejectionReasonsStated,
        "terang.applications.restricted",
        _vacancy,
        _application,
    ),
    _row(applications.ApplicationWithdrawn, "terang.applications", _vacancy, _application),
    _row(applications.RegistrationClosed, "terang.applications", _vacancy, _vacancy),
    _row(applications.SeatAccepted, "terang.applications", _vacancy, _seat),
    _row(applications.SeatDeclined, "terang.applications", _vacancy, _seat),
    _row(exams.ExamScheduled, "terang.exams", _vacancy, _vacancy),
    _row(exams.ExamScored, "terang.exams", _vacancy, _application),
    _row(exams.ExamScoreCorrected, "terang.exams", _vacancy, _application),
    _row(exams.ExamMissed, "terang.exams", _vacancy, _application),
    _row(exams.CandidateDisqualified, "terang.exams", _vacancy, _application),
    _row(exams.SittingClosed, "terang.exams", _vacancy, _vacancy),
    _row(ranking.StandingsRecomputed, "terang.ranking", _vacancy, _vacancy),
    _row(ranking.CandidateShortlisted, "terang.ranking", _vacancy, _application),
    _row(ranking.StageClosed, "terang.ranking", _vacancy, _vacancy),
    _row(ranking.CandidateSelected, "terang.ranking", _vacancy, _application),
    _row(ranking.AdmissionRevoked, "terang.ranking", _vacancy, _application),
    _row(ranking.ClosedListCorrected, "terang.ranking", _vacancy, _vacancy),
    _row(ranking.StandingsPublished, "terang.ranking", _round, _round),
    _row(ranking.SeatOffered, "terang.ranking", _vacancy, _seat),
    _row(ranking.SeatLeftEmpty, "terang.ranking", _vacancy, _vacancy),
    _row(feedback.ComplaintFiled, "terang.feedback", _unit, _complaint, day_only=True),
    _row(feedback.ComplaintResolved, "terang.feedback", _unit, _complaint, day_only=True),
    _row(feedback.UnitFlagged, "terang.feedback", _unit, _unit),
    _row(feedback.UnitCleared, "terang.feedback", _unit, _unit),
)

SUBSCRIBED: dict[Service, tuple[Model, ...]] = {
    "applications": (
        ranking.CandidateShortlisted,
        ranking.StageClosed,
        ranking.CandidateSelected,
        ranking.AdmissionRevoked,
        ranking.ClosedListCorrected,
        ranking.SeatOffered,
    ),
    "exams": (
        applications.RoundOpened,
        applications.VacancyPublished,
        applications.ApplicantFactsStated,
        applications.ApplicationVerified,
        applications.ApplicationWithdrawn,
        ranking.CandidateShortlisted,
        ranking.StageClosed,
        ranking.AdmissionRevoked,
        ranking.ClosedListCorrected,
    ),
    "ranking": (
        applications.RoundOpened,
        applications.VacancyPublished,
        applications.ApplicationSubmitted,
        applications.ApplicantFactsStated,
        applications.ApplicationVerified,
        applications.ApplicationRejected,
        applications.RejectionReasonsStated,
        applications.ApplicationWithdrawn,
        applications.RegistrationClosed,
        exams.ExamScheduled,
        exams.ExamScored,
        exams.ExamScoreCorrected,
        exams.ExamMissed,
        exams.CandidateDisqualified,
        exams.SittingClosed,
        applications.SeatAccepted,
        applications.SeatDeclined,
    ),
    "feedback": (applications.UnitRegistered,),
}
"""Who listens to what. A test holds it against what each service registers (subscriptions.py)."""

BY_MODEL: dict[Model, EventContract] = {contract.model: contract for contract in CATALOGUE}


def stated_by(service: Service) -> dict[type[BaseModel], EventContract]:
    """What a service may state: the rows of its own topics."""
    own = written_by(service)
    return {contract.model: contract for contract in CATALOGUE if contract.topic in own}


def written_by(service: Service) -> dict[str, int]:
    """The topics that a service alone writes, with their partition counts."""
    return {topic.name: topic.partitions for topic in TOPICS if topic.owner == service}
