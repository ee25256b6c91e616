"""A sitting: the candidates of some vacancies take one stage's test at one place and hour."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.identity import Person
from shared.local_time import in_words
from shared.policies import Policy, Stage
from shared.refusals import Refusal

VERIFIED = "MS"
"""What admits to the first stage. No list has this code: codes of lists are in small letters."""


def stage_of(policy: Policy, code: str) -> Stage:
    """The policy's stage of that code. Raises Refusal `no-such-stage`."""
    stage = policy.stage(code)
    if stage is None:
        codes = ", ".join(stage.code for stage in policy.stages)
        raise Refusal("no-such-stage", stage=code, stages=codes)
    return stage


def admitted_by(policy: Policy, stage: str) -> str:
    """What admits to a stage: the list before the first one that counts it, else VERIFIED."""
    for list_ in policy.lists:
        if any(term.stage == stage for term in list_.score.terms):
            return list_.after or VERIFIED
    return VERIFIED


def result_name(round_id: str, stage: str, participant_no: str) -> str:
    """A candidate's result at a stage, as the audit trail names it."""
    return f"{round_id}/{stage}/{participant_no}"


@dataclass(frozen=True, slots=True)
class Sitting:
    """One sitting, and the policy of its round.

    `closed_at` is none while the sitting is open.
    """

    sitting_id: UUID
    round_id: str
    stage: str
    site: str
    starts_at: datetime
    closed_at: datetime | None
    policy: Policy

    @property
    def basis(self) -> str:
        """What admits to this sitting's stage: the code of a list, or VERIFIED."""
        return admitted_by(self.policy, self.stage)

    @property
    def components(self) -> tuple[str, ...]:
        """Codes of the components that examiners give points in, in the policy's order.

        Points that follow from a person's facts are not among them: nobody gives those.
        """
        return tuple(component.code for component in stage_of(self.policy, self.stage).stated)

    @property
    def not_of_all(self) -> frozenset[str]:
        """Those of the components that only vacancies for some kinds of need have."""
        stated = stage_of(self.policy, self.stage).stated
        return frozenset(component.code for component in stated if component.needs)

    def refuse_before_start(self, now: datetime, zone: ZoneInfo) -> None:
        """Raises Refusal `sitting-not-begun`: nobody has a result of what is still to come."""
        if now < self.starts_at:
            starts = in_words(self.starts_at, zone)
            raise Refusal("sitting-not-begun", sitting=self.sitting_id, starts=starts)

    def refuse_if_closed(self) -> None:
        """Raises Refusal `sitting-closed`: a closed sitting takes no first results."""
        if self.closed_at is not None:
            raise Refusal("sitting-closed", sitting=self.sitting_id)

    def refuse_change_if_closed(self, person: Person) -> None:
        """Raises Refusal `closed-for-your-role`: only officers change what is in a closed one."""
        if self.closed_at is not None and "officer" not in person.roles:
            raise Refusal("closed-for-your-role", sitting=self.sitting_id)

    @property
    def name(self) -> dict[str, Any]:
        """Which sitting it is, of which stage of which round, as fields of a proposal."""
        return {
            "sitting_id": self.sitting_id,
            "round_id": self.round_id,
            "stage": self.stage,
        }

    def result_name(self, participant_no: str) -> str:
        """A candidate's result at this stage, as the audit trail names it."""
        return result_name(self.round_id, self.stage, participant_no)
