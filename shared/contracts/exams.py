"""What the exams service states: sittings and their results."""

from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from shared.contracts.fields import ComponentCode, Count, Fact, ParticipantNo, Points, RoundId, StageCode, VacancyId


class OneSitting(Fact):
    """What every event of a sitting says of one of its vacancies."""

    sitting_id: UUID
    round_id: RoundId
    vacancy_id: VacancyId
    stage: StageCode


class ExamScheduled(OneSitting):
    """The candidates of this vacancy who are admitted to the stage sit it there and then."""

    site: Annotated[str, Field(min_length=1, max_length=200)]
    starts_at: AwareDatetime


class OneResult(OneSitting):
    """What every event about one candidate's result says."""

    participant_no: ParticipantNo


class ExamScored(OneResult):
    """The candidate's points in each component of the stage, within the policy's maxima and steps."""

    points: Annotated[dict[ComponentCode, Points], Field(min_length=1)]


class ExamScoreCorrected(OneResult):
    """These points replace those stated before."""

    points: Annotated[dict[ComponentCode, Points], Field(min_length=1)]


class ExamMissed(OneResult):
    """The candidate did not come (TH)."""


class CandidateDisqualified(OneResult):
    """The candidate broke a rule of the sitting (DIS); points stated before no longer count. The reason's words stay in exams."""


class SittingClosed(OneSitting):
    """All results of this vacancy in this sitting are on the log; each candidate is counted once, by the newest result."""

    scored: Count
    missed: Count
    disqualified: Count
