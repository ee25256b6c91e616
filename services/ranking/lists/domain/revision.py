"""What a correction changed on a list that was fixed: who stands elsewhere now, and which event
made it so. No values of anybody.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

from services.ranking.merit.domain.placement import Placement
from shared.policies import Codes, Policy

Way = Literal["in", "out", "moved", "unmoved"]

Points = Mapping[str, Mapping[str, str]]
"""By stage and component."""

SCORE_CORRECTED = "ExamScoreCorrected"
SCORED = "ExamScored"
MISSED = "ExamMissed"
DISQUALIFIED = "CandidateDisqualified"
WITHDRAWN = "ApplicationWithdrawn"
REJECTED = "ApplicationRejected"
FACTS_STATED = "ApplicantFactsStated"


@dataclass(frozen=True, slots=True)
class Correction:
    """An event that replaced what was known of a candidate; `stage` where it is about one."""

    type: str
    event_id: str
    stage: str | None


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a candidate's own line moved: the event, and the components whose points it changed.

    Without an id: a first result in place of none.
    """

    type: str
    event_id: str | None
    stage: str | None
    components: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """A candidate on one of the two lists, with the points that count there; `place` is none where
    they are not on it.
    """

    place: Placement | None
    points: Points


@dataclass(frozen=True, slots=True)
class Change:
    """A candidate who stands elsewhere, or was corrected without moving.

    No reasons: others moved.
    """

    participant_no: str
    was: Placement | None
    now: Placement | None
    reasons: tuple[Reason, ...]

    @property
    def way(self) -> Way:
        if self.was == self.now:
            return "unmoved"
        before = self.was is not None and self.was.within
        after = self.now is not None and self.now.within
        return "moved" if before == after else "in" if after else "out"


@dataclass(frozen=True, slots=True)
class ObjectionDays:
    """Until when people may object (sanggah) to a list, and until when that is answered and the
    list announced again.
    """

    objections_until: datetime
    answers_until: datetime


def objection_days(policy: Policy, list_code: str, announced_at: datetime) -> ObjectionDays | None:
    """By the policy, counted from when the list was first fixed, which is when everyone sees it;
    none where nobody may object.
    """
    for one in policy.objections:
        if one.after == list_code:
            until = announced_at + timedelta(days=one.days)
            return ObjectionDays(until, until + timedelta(days=one.answer_days))
    return None


@dataclass(frozen=True, slots=True)
class Corrected:
    """A list as it counted and as it counts now, by participant number; `now` in merit order."""

    before: Mapping[str, Placement]
    now: Mapping[str, Placement]

    @property
    def new(self) -> list[str]:
        """Who is newly within."""
        return [
            number
            for number, place in self.now.items()
            if place.within and not _within(self.before, number)
        ]

    @property
    def gone(self) -> list[str]:
        """Who is within no longer, on the list or not, by participant number."""
        return sorted(
            number
            for number, place in self.before.items()
            if place.within and not _within(self.now, number)
        )

    @property
    def restated(self) -> list[str]:
        """Who is within now, newly or at another rank, score or code than before."""
        return [
            number
            for number, place in self.now.items()
            if place.within and self.before.get(number) != place
        ]


def _within(places: Mapping[str, Placement], number: str) -> bool:
    return number in places and places[number].within


def moved(was: Mapping[str, Placement], now: Mapping[str, Placement]) -> list[str]:
    """Whose line differs, or is on one of the lists only, by participant number."""
    return sorted(
        number for number in was.keys() | now.keys() if was.get(number) != now.get(number)
    )


def change(
    participant_no: str,
    codes: Codes,
    was: Line,
    now: Line,
    corrections: Sequence[Correction],
    *,
    facts_restated: bool,
) -> Change:
    """What became of one candidate since the list was fixed; `corrections` of theirs, oldest first.

    `facts_restated`: their personal facts, as far as the list uses them, are others than those by
    which it was fixed.
    """
    out = _out_by(codes, now)
    if (
        out is not None
        # points and facts of whoever is out tell nothing; whoever was so when the list was fixed has no
        # points on it
    ):
        reasons = [] if out == _out_by(codes, was) else [_newest(out, corrections)]
        return Change(participant_no, was.place, now.place, tuple(reasons))
    reasons = [*_scores(was, now, corrections)]
    if facts_restated:
        found = [one for one in corrections if one.type == FACTS_STATED]
        reasons.append(Reason(FACTS_STATED, found[-1].event_id if found else None, None))
    return Change(participant_no, was.place, now.place, tuple(reasons))


def _out_by(codes: Codes, line: Line) -> str | None:
    """The event that holds a line out of the ranking; none where none does.

    Who is not on the list at all was rejected.
    """
    events = {
        codes.disqualified: DISQUALIFIED,
        codes.withdrawn: WITHDRAWN,
        codes.rejected: REJECTED,
        codes.absent: MISSED,
    }
    return events.get(codes.rejected if line.place is None else line.place.code)


def _newest(event: str, corrections: Sequence[Correction]) -> Reason:
    found = [one for one in corrections if one.type == event]
    return (
        Reason(event, found[-1].event_id, found[-1].stage) if found else Reason(event, None, None)
    )


def _scores(was: Line, now: Line, corrections: Sequence[Correction]) -> Iterator[Reason]:
    for stage in dict.fromkeys([*was.points, *now.points]):
        differ = _differ(was.points.get(stage, {}), now.points.get(stage, {}))
        if differ:
            corrected = [
                one for one in corrections if one.type == SCORE_CORRECTED and one.stage == stage
            ]
            if corrected:
                yield Reason(SCORE_CORRECTED, corrected[-1].event_id, stage, differ)
            else:
                yield Reason(SCORED, None, stage, differ)


def _differ(then: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, ...]:
    """Components whose points are others, or are known on one side only."""
    return tuple(
        sorted(
            code
            for code in then.keys() | now.keys()
            if code not in then or code not in now or Decimal(then[code]) != Decimal(now[code])
        )
    )
