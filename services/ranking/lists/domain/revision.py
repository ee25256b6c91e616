"""What a correction changed on a fixed list: who moved, and which event made it so.

No values of anybody.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

from services.ranking.merit.domain.placement import Placement
from shared.policies import Codes, Policy

ChangeWay = Literal["in", "out", "moved", "unmoved"]

StagePoints = Mapping[str, Mapping[str, str]]
"""By stage and component."""

SCORE_CORRECTED = "ExamScoreCorrected"
SCORED = "ExamScored"
MISSED = "ExamMissed"
DISQUALIFIED = "CandidateDisqualified"
WITHDRAWN = "ApplicationWithdrawn"
REJECTED = "ApplicationRejected"
FACTS_STATED = "ApplicantFactsStated"


@dataclass(frozen=True, slots=True)
class CorrectionEvent:
    """An event that replaced what was known of a candidate; `stage` where it is about one."""

    type: str
    event_id: str
    stage: str | None


@dataclass(frozen=True, slots=True)
class ChangeReason:
    """Why a candidate's own line moved: the event, and the components whose points it changed.

    Without an id: a first result in place of none, or a score and an absence that changed places.
    """

    type: str
    event_id: str | None
    stage: str | None
    components: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ComparedLine:
    """A candidate's line on one of the two lists that are compared.

    With the points that count there; `placement` is none where the candidate is not on it.
    """

    placement: Placement | None
    points: StagePoints


@dataclass(frozen=True, slots=True)
class CandidateChange:
    """A candidate who stands elsewhere, or was corrected without moving.

    No reasons: others moved.
    """

    participant_no: str
    was: Placement | None
    now: Placement | None
    reasons: tuple[ChangeReason, ...]

    @property
    def way(self) -> ChangeWay:
        """Into the cut, out of it, elsewhere, or not moved at all."""
        if self.was == self.now:
            return "unmoved"
        before = self.was is not None and self.was.within
        after = self.now is not None and self.now.within
        if before == after:
            return "moved"
        return "in" if after else "out"


@dataclass(frozen=True, slots=True)
class ObjectionDays:
    """Until when people may object (sanggah) to a list, and until when objections are answered.

    Answered: the list is announced again.
    """

    objections_until: datetime
    answers_until: datetime


def objection_days(policy: Policy, list_code: str, announced_at: datetime) -> ObjectionDays | None:
    """The days by the policy; none where nobody may object to the list.

    They count from when the list was first fixed, which is when everyone sees it.
    """
    for objection in policy.objections:
        if objection.after == list_code:
            until = announced_at + timedelta(days=objection.days)
            return ObjectionDays(until, until + timedelta(days=objection.answer_days))
    return None


@dataclass(frozen=True, slots=True)
class ListDifference:
    """A list as it counted and as it counts now, by participant number; `now` in merit order."""

    before: Mapping[str, Placement]
    now: Mapping[str, Placement]

    @property
    def newly_within(self) -> list[str]:
        """Who is within the cut and was not before."""
        return [
            number
            for number, placement in self.now.items()
            if placement.within and not _within(self.before, number)
        ]

    @property
    def no_longer_within(self) -> list[str]:
        """Who was within the cut and is not, on the list or not, by participant number."""
        return sorted(
            number
            for number, placement in self.before.items()
            if placement.within and not _within(self.now, number)
        )

    @property
    def restated(self) -> list[str]:
        """Who is within now, newly or at another rank, score or code than before."""
        return [
            number
            for number, placement in self.now.items()
            if placement.within and self.before.get(number) != placement
        ]


def _within(placements: Mapping[str, Placement], number: str) -> bool:
    return number in placements and placements[number].within


def moved_participants(was: Mapping[str, Placement], now: Mapping[str, Placement]) -> list[str]:
    """Whose line differs, or is on one of the lists only, by participant number."""
    return sorted(
        number for number in was.keys() | now.keys() if was.get(number) != now.get(number)
    )


def compare_lines(
    participant_no: str,
    codes: Codes,
    was: ComparedLine,
    now: ComparedLine,
    corrections: Sequence[CorrectionEvent],
    *,
    facts_restated: bool,
) -> CandidateChange:
    """What became of one candidate since the list was fixed.

    `corrections` are the candidate's own, oldest first. `facts_restated`: their personal facts, as
    far as the list uses them, are others than those by which it was fixed.
    """
    out = _out_by(codes, now)
    if out is None:
        reasons = [*_score_reasons(was, now, corrections)]
        if facts_restated:
            reasons.append(_newest(FACTS_STATED, corrections))
    elif out == _out_by(codes, was):
        # whoever was out when the list was fixed has no points on it
        reasons = []
    else:
        # points and facts of whoever is out tell nothing
        reasons = [_newest(out, corrections)]
    return CandidateChange(participant_no, was.placement, now.placement, tuple(reasons))


def _out_by(codes: Codes, line: ComparedLine) -> str | None:
    """The event that holds a line out of the ranking; none where none does.

    Who is not on the list at all was rejected.
    """
    events = {
        codes.disqualified: DISQUALIFIED,
        codes.withdrawn: WITHDRAWN,
        codes.rejected: REJECTED,
        codes.absent: MISSED,
    }
    return events.get(codes.rejected if line.placement is None else line.placement.code)


def _newest(event_type: str, corrections: Sequence[CorrectionEvent]) -> ChangeReason:
    """The newest correction of that type as a reason; without an id where there is none."""
    events = [event for event in corrections if event.type == event_type]
    if not events:
        return ChangeReason(event_type, None, None)
    return ChangeReason(event_type, events[-1].event_id, events[-1].stage)


def _score_reasons(
    was: ComparedLine, now: ComparedLine, corrections: Sequence[CorrectionEvent]
) -> Iterator[ChangeReason]:
    """A reason for each stage whose points differ: its newest correction, or a first result."""
    for stage in dict.fromkeys([*was.points, *now.points]):
        components = _differing(was.points.get(stage, {}), now.points.get(stage, {}))
        if components:
            events = [
                event.event_id
                for event in corrections
                if event.type == SCORE_CORRECTED and event.stage == stage
            ]
            if events:
                yield ChangeReason(SCORE_CORRECTED, events[-1], stage, components)
            else:
                yield ChangeReason(SCORED, None, stage, components)


def _differing(then: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, ...]:
    """Components whose points are others, or are known on one side only."""
    return tuple(
        sorted(
            code
            for code in then.keys() | now.keys()
            if code not in then or code not in now or Decimal(then[code]) != Decimal(now[code])
        )
    )
