"""What the exams service states: sittings and their results."""

from typing import Annotated

from pydantic import Field

from shared.contracts.fields import (
    ComponentCode,
    Count,
    Fact,
    ParticipantNo,
    Points,
    RoundId,
    StageCode,
    VacancyId,
)
from shared.contracts.strict import ON_ONE_LINE, Id, Instant


class SittingEvent(Fact):
    """What every event of a sitting says of one of its vacancies."""

    sitting_id: Annotated[Id, Field(description="Id of the sitting")]
    round_id: RoundId
    vacancy_id: VacancyId
    stage: StageCode


class ExamScheduled(SittingEvent):
    """The candidates of this vacancy who are admitted to the stage sit it there and then."""

    site: Annotated[
        str, Field(min_length=1, max_length=200, description="Where it is sat"), ON_ONE_LINE
    ]
    starts_at: Annotated[Instant, Field(description="When it begins, UTC")]


class ResultEvent(SittingEvent):
    """What every event about one candidate's result says."""

    participant_no: ParticipantNo


class ExamScored(ResultEvent):
    """The candidate's points in each component of the stage, within the policy's maxima and steps.

    It takes the place of an ExamMissed that the same sitting stated by mistake, also after the
    sitting was closed: of a candidate's results at a stage the newest counts.
    """

    points: Annotated[
        dict[ComponentCode, Points], Field(min_length=1, description="Points by component")
    ]


class ExamScoreCorrected(ResultEvent):
    """These points replace those stated before. It may come after the sitting was closed."""

    points: Annotated[
        dict[ComponentCode, Points], Field(min_length=1, description="Points by component")
    ]


class ExamMissed(ResultEvent):
    """The candidate did not come (TH).

    It takes the place of points that the same sitting stated by mistake, also after the sitting was
    closed: of a candidate's results at a stage the newest counts.
    """


class CandidateDisqualified(ResultEvent):
    """The candidate broke a rule of the sitting (DIS).

    Points or absence stated before no longer count. The reason's words stay in exams.

    It may come after the sitting was closed, then only for a candidate who has a result in it.
    """


class SittingClosed(SittingEvent):
    """The sitting was closed for this vacancy.

    Every candidate of the vacancy who has a result in the sitting has it on the log before this
    event.

    Each candidate is counted once, by the newest result at the time of closing, in the one sitting
    that recorded it: the sum `scored + missed + disqualified` over a vacancy's sittings of a stage
    is the number of candidates with any result, and is what completeness is judged by. Corrections
    and disqualifications may follow and move a candidate from one count to another; they change no
    sum, and nothing is restated.
    """

    scored: Annotated[Count, Field(description="Candidates with points")]
    missed: Annotated[Count, Field(description="Candidates who did not come")]
    disqualified: Annotated[Count, Field(description="Candidates who were disqualified")]
