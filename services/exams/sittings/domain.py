"""A sitting: the candidates of some vacancies take one stage's test at one place and hour."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.identity import Person
from shared.policies import Policy, Stage
from shared.refusals import Refusal

VERIFIED = "MS"
"""The first stage's ground of admission. No list is called so: codes of lists are in small letters.
"""


def stage_of(policy: Policy, code: str) -> Stage:
    """The policy's stage of that code. Raises Refusal `no-such-stage`."""
    stage = policy.stage(code)
    if stage is None:
        raise Refusal(
            "no-such-stage", stage=code, stages=", ".join(one.code for one in policy.stages)
        )
    return stage


def admitted_by(policy: Policy, stage: str) -> str:
    """What admits to a stage: the list before the first one that counts it, or VERIFIED where there
    is none before.
    """
    counting = next(
        (one for one in policy.lists if any(term.stage == stage for term in one.score.terms)), None
    )
    return counting.after if counting and counting.after else VERIFIED


@dataclass(frozen=True, slots=True)
class Sitting:
    """One sitting under its round's policy.

    `closed_at` is none while results are recorded in it.
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
        """What admits to this sitting's stage."""
        return admitted_by(self.policy, self.stage)

    @property
    def components(self) -> tuple[str, ...]:
        """Codes of what is given points here, in the policy's order; points that follow from a
        person's facts nobody gives.
        """
        return tuple(component.code for component in stage_of(self.policy, self.stage).stated)

    @property
    def not_of_all(self) -> frozenset[str]:
        """Those of them that only vacancies for some kinds of need have."""
        return frozenset(
            component.code
            for component in stage_of(self.policy, self.stage).stated
            if component.needs
        )

    def refuse_if_closed(self) -> None:
        """Raises Refusal `sitting-closed`: no candidate gets a first result in it any more."""
        if self.closed_at is not None:
            raise Refusal("sitting-closed", sitting=self.sitting_id)

    def refuse_change_if_closed(self, person: Person) -> None:
        """Raises Refusal `closed-for-your-role`: what stands in a closed sitting is changed by
        officers alone.
        """
        if self.closed_at is not None and "officer" not in person.roles:
            raise Refusal("closed-for-your-role", sitting=self.sitting_id)

    def names(self, participant_no: str) -> str:
        """A candidate's result at this stage, as the audit trail names it."""
        return f"{self.round_id}/{self.stage}/{participant_no}"
