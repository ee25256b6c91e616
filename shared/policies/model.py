"""A selection policy as a whole.

It says what is tested, what must be reached, how scores are put together, and who goes before
whom. Points and scores are exact decimals; a float is refused. A policy is checked as a whole when
it is read: what it names must exist.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import Field, ValidationInfo, model_validator

from shared.phrases import Phrase
from shared.policies.checks import policy_faults, unused_authorities
from shared.policies.faults import InconsistencyError
from shared.policies.fields import (
    FACTS,
    AuthorityName,
    Code,
    Name,
    PolicyPart,
    Text,
    Version,
    normalized,
    number_in,
)
from shared.policies.lists import List, ScoreTerm
from shared.policies.parts import (
    Authority,
    EducationLevel,
    Need,
    Objection,
    PriorityGroup,
    Publication,
    Quota,
    SeatGroup,
    SeatMove,
)
from shared.policies.points import point_faults
from shared.policies.stages import Component, Stage

IN_A_FILE = "in a file"
"""Context of the validation of a policy as its authors wrote it."""


class Policy(PolicyPart):
    """A round's law.

    Stages, lists in the order in which they are closed, kinds of need, and the authorities of it
    all.
    """

    id: Name
    version: Version
    name: Text
    authorities: dict[Name, Authority]
    needs: Annotated[dict[Code, Need], Field(min_length=1)]
    stages: Annotated[tuple[Stage, ...], Field(min_length=1)]
    lists: Annotated[tuple[List, ...], Field(min_length=1)]
    seat_moves: Annotated[
        tuple[SeatMove, ...],
        Field(description="How seats that stay empty are filled, in this order; none: they stay"),
    ] = ()
    seat_groups: tuple[SeatGroup, ...] = ()
    education: Annotated[
        tuple[EducationLevel, ...], Field(description="Levels, from the lowest")
    ] = ()
    education_authority: AuthorityName | None = None
    priority_groups: Annotated[
        tuple[PriorityGroup, ...], Field(description="Who goes first comes first")
    ] = ()
    quotas: tuple[Quota, ...] = ()
    objections: tuple[Objection, ...] = ()
    publication: Publication

    def stage(self, code: str) -> Stage | None:
        """The stage of that code."""
        return next((stage for stage in self.stages if stage.code == code), None)

    def list_called(self, code: str) -> List | None:
        """The list of that code."""
        return next((ranking for ranking in self.lists if ranking.code == code), None)

    def stages_of(self, ranking: List) -> list[Stage]:
        """The stages that count in a list's score, one for each term."""
        stages = (self.stage(term.stage) for term in ranking.score.terms)
        return [stage for stage in stages if stage is not None]

    def component_of(self, term: ScoreTerm) -> Component | None:
        """The component that a term of a score names; none where it names the whole stage."""
        stage = self.stage(term.stage)
        return stage.component(term.component) if stage and term.component else None

    def need_of(self, label: str) -> Need | None:
        """The kind of need that the national list calls `label`; blanks and case don't count."""
        code = self.need_code(label)
        return self.needs[code] if code is not None else None

    def need_code(self, label: str) -> str | None:
        """The same kind of need by its code."""
        wanted = normalized(label)
        for code, need in self.needs.items():
            if wanted in map(normalized, need.labels):
                return code
        return None

    def education_code(self, label: str) -> str | None:
        """The level of education that a code or a list's word names."""
        return _code_named(label, self.education)

    def priority_code(self, label: str) -> str | None:
        """The priority group that a code or a file's word names."""
        return _code_named(label, self.priority_groups)

    def uses_facts(self, ranking: List) -> bool:
        """True where a list's order or points use a fact of the person.

        Facts must have arrived before such a list is fixed.
        """
        stages = self.stages_of(ranking)
        asked = {tie.by for tie in ranking.ties}
        asked.update(bonus.of for stage in stages for bonus in stage.bonuses if bonus.of)
        by_evidence = any(component.evidence for stage in stages for component in stage.components)
        return ranking.by_priority or by_evidence or not asked.isdisjoint(FACTS)

    def value_of_fact(self, fact: str, text: str) -> Decimal | None:
        """A fact's value as a number that grows with it; none where there is no such value.

        Months or a mark as they are; a level's place from the lowest, a priority group's from the
        last.
        """
        if fact == "education":
            codes = [level.code for level in self.education]
        elif fact == "priority":
            codes = [group.code for group in reversed(self.priority_groups)]
        else:
            return number_in(text)
        return Decimal(codes.index(text)) if text in codes else None

    def quota_faults(self, seats: Mapping[str, int]) -> list[Phrase]:
        """Which quotas a round's seats by kind of need fall short of, a phrase for each."""
        total = sum(seats.values())
        return [
            Phrase(
                "quota-short",
                need=quota.need,
                seats=seats.get(quota.need, 0),
                total=total,
                least=quota.least_percent,
            )
            for quota in self.quotas
            if seats.get(quota.need, 0) * 100 < quota.least_percent * total
        ]

    def point_faults(
        self, stage: str, points: Mapping[str, Decimal], need: str | None = None
    ) -> list[tuple[str, Phrase]]:
        """What is wrong with a candidate's points in a stage: component, or stage, and fault.

        `need` is the candidate's kind of need; unless it is known, components that only some kinds
        have may be there or not.
        """
        found = self.stage(stage)
        if found is None:
            known = ", ".join(stage.code for stage in self.stages)
            return [(stage, Phrase("stage-unknown", known=known))]
        return list(point_faults(found, points, need))

    def as_json(self) -> dict[str, Any]:
        """The policy as JSON: decimals are strings, what stands at its default is left out."""
        return self.model_dump(mode="json", exclude_defaults=True)

    def hash(self) -> str:
        """SHA-256, in hexadecimal, of the canonical JSON: sorted keys, no blanks, UTF-8."""
        canonical = json.dumps(
            self.as_json(), sort_keys=True, separators=(",", ":"), ensure_ascii=False
        )
        return hashlib.sha256(canonical.encode()).hexdigest()

    @model_validator(mode="after")
    def _holds_together(self, info: ValidationInfo) -> Self:
        faults = [*policy_faults(self)]
        if info.context == IN_A_FILE:
            faults += unused_authorities(self)
        if faults:
            raise InconsistencyError(faults)
        return self


def _code_named(label: str, groups: Sequence[EducationLevel | PriorityGroup]) -> str | None:
    wanted = normalized(label)
    for group in groups:
        if wanted in map(normalized, (group.code, *group.labels)):
            return group.code
    return None
