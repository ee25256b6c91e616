"""What the applications service states: units, rounds, vacancies and applications."""

from typing import Annotated, Any, Literal

from pydantic import Field

from shared.contracts.fields import (
    Agency,
    Count,
    Fact,
    NeedCode,
    ParticipantNo,
    Points,
    Post,
    RoundId,
    Sha256,
    UnitId,
    UnitPath,
    VacancyId,
)
from shared.contracts.strict import ON_ONE_LINE, Day, Flag, Id, Instant, Whole


class UnitRegistered(Fact):
    """A unit exists, or its path or staff changed: the newest event of a unit says how it is."""

    unit_id: UnitId
    path: Annotated[
        str,
        Field(
            min_length=1,
            max_length=500,
            description="Agency, department, division …, separated by ` | `",
        ),
        ON_ONE_LINE,
    ]
    staff: Annotated[Whole, Field(ge=0, description="People who work there")]


class Calendar(Fact):
    """When a round takes registrations.

    Both instants are in UTC; registration is open from the first until before the second.
    """

    registration_opens: Annotated[Instant, Field(description="First instant, UTC")]
    registration_closes: Annotated[Instant, Field(description="First instant after, UTC")]


class RoundOpened(Fact):
    """A round began under a policy, which the event holds whole.

    This exact version stays the round's law.
    """

    round_id: RoundId
    name: Annotated[
        str,
        Field(min_length=1, max_length=200, description="The round's name for people"),
        ON_ONE_LINE,
    ]
    policy_id: Annotated[str, Field(description="Name of the policy"), ON_ONE_LINE]
    policy_version: Annotated[str, Field(description="Its version"), ON_ONE_LINE]
    policy: Annotated[dict[str, Any], Field(description="The whole policy; decimals are strings")]
    policy_hash: Annotated[
        Sha256,
        Field(description="SHA-256 of the policy's canonical JSON (sorted keys, no blanks, UTF-8)"),
    ]
    seed: Annotated[
        Sha256,
        Field(description="Published seed that orders the lines of equals; it decides nothing"),
    ]
    decreed_seats: Annotated[
        Whole, Field(ge=1, description="Seats that the Minister's decree grants")
    ]
    calendar: Calendar


class Education(Fact):
    """One level and programme of education that a vacancy accepts."""

    level: Annotated[str, Field(description="jenjang studi"), ON_ONE_LINE]
    programme: Annotated[str, Field(description="program studi"), ON_ONE_LINE]


class VacancyPublished(Fact):
    """A vacancy is open to the public.

    Vacancies of one agency, post and unit for other needs are its siblings.
    """

    vacancy_id: VacancyId
    round_id: RoundId
    listing_id: Annotated[
        str, Field(description="Id under which the national portal lists it"), ON_ONE_LINE
    ]
    number: Annotated[
        Whole,
        Field(
            ge=1,
            description="Its number within the round, the first part of its participant numbers",
        ),
    ]
    agency: Agency
    post: Post
    unit_id: UnitId
    unit_path: UnitPath
    need: NeedCode
    seats: Annotated[Whole, Field(ge=1, description="Seats to be filled")]
    education: Annotated[
        tuple[Education, ...],
        Field(min_length=1, description="Accepted education; one of them suffices"),
    ]
    open_to_disabled: Annotated[Flag, Field(description="People with disabilities may apply")]
    pay_min: Annotated[Whole, Field(ge=0, description="Monthly pay in rupiah")]
    pay_max: Annotated[Whole, Field(ge=0, description="Monthly pay in rupiah")]


class ApplicationEvent(Fact):
    """What every event about one application says."""

    vacancy_id: VacancyId
    round_id: RoundId
    participant_no: ParticipantNo


class ApplicationSubmitted(ApplicationEvent):
    """Someone applied. Who it is stays in applications."""


class ApplicantFactsStated(ApplicationEvent):
    """The personal facts that the policy's ties and rules use, as last stated or corrected.

    Restricted: never on a public topic.
    """

    education_level: Annotated[str, Field(description="jenjang studi"), ON_ONE_LINE]
    gpa: Annotated[
        Points | None,
        Field(description="Grade point average or mean diploma mark; none where unknown"),
    ] = None
    birth_date: Annotated[Day | None, Field(description="None where unknown")] = None
    relevant_experience_months: Annotated[
        Whole | None, Field(ge=0, description="Whole months; none where unknown")
    ] = None
    priority: Annotated[
        Annotated[str, ON_ONE_LINE] | None,
        Field(
            max_length=40,
            description="Priority group of the round's policy; none where it has none, or unknown",
        ),
    ] = None
    owner: Annotated[
        Sha256 | None,
        Field(
            description="In events of older versions, in place of `account`: SHA-256 of "
            "`participant_no/subject`, subject as the applicant's tokens have it"
        ),
    ] = None
    account: Annotated[
        Sha256 | None,
        Field(
            description="By which the services know the applicant's token in this round: "
            "HMAC-SHA256, under the province key, of the JSON array [round_id, issuer, subject] in "
            "ASCII without blanks; none in events of older versions"
        ),
    ] = None


class ApplicationVerified(ApplicationEvent):
    """A verifier found that the application meets the requirements (MS)."""


NOT_MET = "not-met"
"""All that the public learns of why an application was rejected."""


class ApplicationRejected(ApplicationEvent):
    """A verifier found that it does not meet them (TMS).

    Why is the person's own affair: RejectionReasonsStated says it, on a restricted topic.
    """

    reasons: Annotated[
        tuple[Annotated[str, ON_ONE_LINE], ...],
        Field(
            min_length=1,
            description=f"The code `{NOT_MET}` alone; in events of older versions, codes of what "
            "was not met",
        ),
    ]


class RejectionReasonsStated(ApplicationEvent):
    """What an application that was rejected does not meet.

    Restricted: never on a public topic. The words for the codes stay in applications.
    """

    reasons: Annotated[
        tuple[Annotated[str, ON_ONE_LINE], ...],
        Field(min_length=1, description="Codes of what was not met"),
    ]


class ApplicationWithdrawn(ApplicationEvent):
    """The applicant took the application back; it is never taken up again."""


class RegistrationClosed(Fact):
    """No more applications come for this vacancy: all `submitted` of them are on the log."""

    vacancy_id: VacancyId
    round_id: RoundId
    submitted: Annotated[
        Count, Field(description="Participant numbers given out, from 1 without a gap")
    ]


class SeatAccepted(Fact):
    """Whoever was offered an empty seat takes it."""

    offer_id: Annotated[Id, Field(description="The offer, as SeatOffered names it")]
    vacancy_id: Annotated[VacancyId, Field(description="The vacancy that has the seat")]
    round_id: RoundId
    participant_no: ParticipantNo
    applied_for: Annotated[VacancyId, Field(description="The vacancy that they applied for")]


class SeatDeclined(Fact):
    """A seat is not taken.

    An offer was declined or nobody answered it in time, or whom the final list selected gave the
    seat up (APS).
    """

    offer_id: Annotated[
        Id | None,
        Field(description="The offer; none where the final list itself had given the seat"),
    ] = None
    vacancy_id: Annotated[VacancyId, Field(description="The vacancy that has the seat")]
    round_id: RoundId
    participant_no: ParticipantNo
    applied_for: Annotated[VacancyId, Field(description="The vacancy that they applied for")]
    reason: Annotated[
        Literal["declined", "lapsed"],
        Field(description="Said no, or said nothing until the offer's last instant"),
    ]
