"""What may become of a candidate's result: each has one at each stage, from any sitting."""

from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from services.exams.sittings.domain import VERIFIED, Sitting
from shared.refusals import Refusal

ResultState = Literal["scored", "missed", "disqualified"]

GIVES_WAY: dict[ResultState, tuple[ResultState, ...]] = {
    "scored": (),
    "missed": (),
    "disqualified": ("scored", "missed"),
}
"""What a new result may replace in the same sitting: a disqualification anything. Points and
absences are replaced by a correction alone, which has a reason."""


@dataclass(frozen=True, slots=True)
class Examinee:
    """What is known of a participant number at the stage of one sitting.

    `vacancy_id` is none while no event has named the number, `need` (its kind of need) while none
    has named the vacancy; `covered` says whether the sitting holds that vacancy; `list_closed`
    whether the list that admits to the stage is closed; `recorded_in` and `state` are those of the
    result, none while there is none.
    """

    participant_no: str
    vacancy_id: str | None
    need: str | None
    admitted: bool
    covered: bool
    withdrawn: bool
    list_closed: bool
    recorded_in: UUID | None
    state: ResultState | None

    def result_in(self, sitting: Sitting) -> dict[str, Any]:
        """Whose result it is, of which stage, in which sitting: the fields of every event about it.

        The events are those of shared.contracts.exams.ResultEvent.
        """
        return {
            "sitting_id": sitting.sitting_id,
            "round_id": sitting.round_id,
            "vacancy_id": self.vacancy_id,
            "stage": sitting.stage,
            "participant_no": self.participant_no,
        }

    def first_result_refusal(self, sitting: Sitting) -> Refusal | None:
        """Why the candidate can't get a first result in `sitting`; none where they can."""
        if self.state is not None:
            return self._already_recorded()
        if not self.admitted:
            return self._not_admitted(sitting)
        if not self.covered:
            return Refusal(
                "not-in-this-sitting", participant_no=self.participant_no, vacancy=self.vacancy_id
            )
        if self.withdrawn:
            return Refusal("candidate-withdrawn", participant_no=self.participant_no)
        return None

    def result_refusal(self, sitting: Sitting, new: ResultState) -> Refusal | None:
        """Why `new` can't be recorded in `sitting`, as a first result or in place of another."""
        if self.recorded_in == sitting.sitting_id and self.state in GIVES_WAY[new]:
            return None
        return self.first_result_refusal(sitting)

    def correction_refusal(self, sitting: Sitting, *, absent: bool) -> Refusal | None:
        """Why points or an absence can't replace the result in `sitting`; none where they can.

        A disqualification stays, and an absence is not replaced by an absence.
        """
        if self.state is None:
            return Refusal("nothing-to-correct", participant_no=self.participant_no)
        gives_way = ("scored",) if absent else ("scored", "missed")
        if self.state not in gives_way or self.recorded_in != sitting.sitting_id:
            return self._already_recorded()
        return None

    def _already_recorded(self) -> Refusal:
        return Refusal(
            f"already-{self.state}", participant_no=self.participant_no, sitting=self.recorded_in
        )

    def _not_admitted(self, sitting: Sitting) -> Refusal:
        if self.list_closed:
            return Refusal(
                "not-shortlisted", participant_no=self.participant_no, list=sitting.basis
            )
        if sitting.basis == VERIFIED or self.vacancy_id is None:
            return Refusal("candidate-not-known", participant_no=self.participant_no)
        return Refusal(
            "not-shortlisted-yet", participant_no=self.participant_no, list=sitting.basis
        )
