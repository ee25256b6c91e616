"""The stages of a selection: what is tested, and what must be reached."""

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from shared.phrases import Phrase
from shared.policies.fields import (
    AuthorityName,
    Code,
    Exact,
    Flag,
    PolicyPart,
    Positive,
    StageName,
    Text,
    Whole,
)


class Criterion(PolicyPart):
    """One thing that a panel or a verifier judges; the points of all make the component's."""

    name: Text
    maximum: Positive


class Step(PolicyPart):
    """From here on, these points."""

    at_least: Annotated[str, Field(description="A number, or for `education` a level's code")]
    points: Exact


class EvidenceScale(PolicyPart):
    """Points that follow from a fact of the person, which a verifier found proven.

    They are those of the highest step reached; below the first step, and where the fact is unknown,
    there are none. Experience counts in the months that a verifier marked relevant.
    """

    of: Literal["relevant_experience_months", "gpa", "education"]
    steps: Annotated[tuple[Step, ...], Field(min_length=1, description="Ascending")]


class Component(PolicyPart):
    """One part of a stage that gets points of its own."""

    code: Code
    name: Text
    scoring: Annotated[
        Literal["right-wrong", "graded", "panel", "evidence", "points"],
        Field(
            description="How points come about: items right or wrong, items of graded options, "
            "a panel's rubric, evidence that a verifier weighs, or points as the agency states them"
        ),
    ]
    items: Annotated[
        Whole | None, Field(gt=0, description="Number of items, where it has items")
    ] = None
    maximum: Positive
    step: Annotated[Positive, Field(description="Points are whole multiples of this")]
    needs: Annotated[
        tuple[Code, ...],
        Field(description="Only vacancies of these kinds of need have it; none named: all"),
    ] = ()
    rubric: Annotated[
        tuple[Criterion, ...], Field(description="What a panel or a verifier judges; maxima sum up")
    ] = ()
    evidence: Annotated[
        EvidenceScale | None,
        Field(description="How points follow from a fact; without it somebody states them"),
    ] = None
    knock_out: Annotated[
        Positive | None,
        Field(description="Whoever has less is out (menggugurkan), for whatever kind of need"),
    ] = None
    authority: AuthorityName

    def of_need(self, need: str) -> bool:
        """True where vacancies of that kind of need have this component."""
        return not self.needs or need in self.needs

    def fault_of(self, points: Decimal) -> Phrase | None:
        """What is wrong with stated points; none where nothing is."""
        if not points.is_finite() or points < 0:
            return Phrase("points-below-zero", points=points)
        if points > self.maximum:
            return Phrase("points-above", points=points, maximum=self.maximum)
        if points % self.step:
            return Phrase("points-off-step", points=points, step=self.step)
        return None


class Bonus(PolicyPart):
    """Points added to a component for whom a condition holds, before thresholds are asked."""

    name: Text
    component: Code
    points: Positive
    ceiling: Annotated[
        Positive, Field(description="The component's points are not lifted above this")
    ]
    needs: Annotated[
        tuple[Code, ...], Field(description="Only for these kinds of need; none named: all")
    ] = ()
    of: Annotated[
        str | None,
        Field(
            description="A component or a fact that the condition asks for; none: nothing is asked"
        ),
    ] = None
    at_least: Annotated[
        str | None,
        Field(
            description="Points, months, a mark, a level of education, "
            "or a priority group (that one or one before)"
        ),
    ] = None
    authority: AuthorityName

    @model_validator(mode="after")
    def _condition_is_whole(self) -> Self:
        if (self.of is None) is not (self.at_least is None):
            raise ValueError("`of` and `at_least` make the condition together")
        if self.of == "birth_date":
            raise ValueError("a bonus does not ask for an age")
        return self


class Threshold(PolicyPart):
    """A passing grade (nilai ambang batas).

    Whoever is below it fails the stage, whatever the other points.
    """

    needs: Annotated[tuple[Code, ...], Field(min_length=1)]
    of: Annotated[str, Field(description="A component of the stage, or `total`")]
    minimum: Exact
    authority: AuthorityName


class LongerTime(PolicyPart):
    """Who gets more time."""

    need: Code
    who: Text
    minutes: Annotated[Whole, Field(gt=0)]


class Stage(PolicyPart):
    """What is sat in one go. Its total is the sum of its components."""

    code: StageName
    name: Text
    minutes: Annotated[Whole | None, Field(gt=0)] = None
    off_site: Annotated[Flag, Field(description="Sat without coming to a site")] = False
    longer: tuple[LongerTime, ...] = ()
    components: Annotated[tuple[Component, ...], Field(min_length=1)]
    thresholds: Annotated[
        tuple[Threshold, ...],
        Field(description="None at all, or at least one for each kind of need"),
    ] = ()
    bonuses: tuple[Bonus, ...] = ()
    authority: AuthorityName

    @property
    def maximum(self) -> Decimal:
        """The most points of the stage, whatever the kind of need."""
        return sum((component.maximum for component in self.components), Decimal(0))

    def maximum_for(self, need: str) -> Decimal:
        """The most points of the stage for vacancies of one kind of need."""
        asked = (component.maximum for component in self.components if component.of_need(need))
        return sum(asked, Decimal(0))

    @property
    def stated(self) -> tuple[Component, ...]:
        """The components whose points somebody states: all but those that follow from facts."""
        return tuple(component for component in self.components if component.evidence is None)

    def component(self, code: str) -> Component | None:
        """The component of that code."""
        return next((component for component in self.components if component.code == code), None)
