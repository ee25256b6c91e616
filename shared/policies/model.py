"""A selection policy: what is tested, what must be reached, how scores are put together, and who
goes before whom.

Points and scores are exact decimals; a float is refused. A policy is checked as a whole when it is
read: what it names must exist.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    model_validator,
)
from pydantic_core import PydanticCustomError, PydanticKnownError
from typing_extensions import override

from shared.languages import Language
from shared.policies.plainly import CODE, NAME, RESULT_CODE, STAGE_NAME, VERSION, plainly

FACTS = ("gpa", "birth_date", "relevant_experience_months", "education", "priority")
"""Facts of a person, apart from points, that an order may use. Education and priority are ordered
by the policy."""

MOST_UNITS = 2**48
"""A list's highest score, in units of its last digit, stays below it: ranking keeps the priority
group in the bits above."""

KEPT = {*FACTS, "score", "decision", "equal", "total"}
"""Names that stand for something else where a stage is named: among the ties, and where it is said
what decided."""

MOST_DAYS = 60
"""Days of an objection or of its answer, at most: rules give three and seven, and a slip (30000 for
3) would hold a round's lists for ever."""

TO_BE_CONFIRMED = "To be confirmed by the agency"


IN_A_FILE = "in a file"
"""Context of the validation of a policy as its authors wrote it."""

CITES = (
    "authority",
    "ties_authority",
    "codes_authority",
    "education_authority",
    "result_code_authority",
)
"""Fields that name an authority."""

CITED_APART = {
    "ties": "ties_authority",
    "codes": "codes_authority",
    "education": "education_authority",
    "result_code": "result_code_authority",
}
"""What has its authority beside it, in a field of its own."""

CITED_BY_PARTS = {"thresholds", "quotas", "objections"}
"""What has the authorities of its parts."""

Place = tuple[str | int, ...]
"""Where something stands in a policy: keys and positions from the top."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a policy."""

    place: Place
    says: str
    line: int | None = None
    authority: str | None = None
    indonesian: str | None = None

    def told(self, language: Language) -> str:
        """What is wrong; in English where there are no other words."""
        return (self.indonesian if language == "id" else None) or self.says

    @override
    def __str__(self) -> str:
        at = "" if self.line is None else f"line {self.line}, "
        by = "" if self.authority is None else f" ({self.authority})"
        return f"{at}{'.'.join(map(str, self.place)) or 'policy'}: {self.says}{by}"


class PolicyError(Exception):
    """A policy that does not hold together. The text names every fault with its place."""

    def __init__(self, text: str, faults: tuple[Fault, ...] = ()) -> None:
        super().__init__(text)
        self.faults = faults


class _FaultsError(ValueError):
    """What is wrong between a policy's parts."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(fault.says for fault in faults))
        self.faults = faults


def _exact(value: object) -> object:
    if isinstance(value, float):
        raise PydanticCustomError("float", "write it in quotes: a float is not exact")
    if isinstance(value, bool):
        raise PydanticKnownError("decimal_type")  # it would be read as 1
    return value


Exact = Annotated[Decimal, BeforeValidator(_exact), Field(ge=0, max_digits=12, decimal_places=6)]
Positive = Annotated[Decimal, BeforeValidator(_exact), Field(gt=0, max_digits=12, decimal_places=6)]
Whole = Annotated[int, Field(strict=True)]
"""Strict, since `true` would be read as 1."""
Flag = Annotated[bool, Field(strict=True)]
Name = Annotated[str, StringConstraints(pattern=NAME)]
StageName = Annotated[str, StringConstraints(pattern=STAGE_NAME)]
Code = Annotated[str, StringConstraints(pattern=CODE)]
ResultCode = Annotated[str, StringConstraints(pattern=RESULT_CODE)]
AuthorityName = Annotated[
    Name, Field(description="Where the figure comes from: one of the policy's authorities")
]


class _Part(BaseModel):
    """A figure that this version does not know is refused, never passed over: it may be the law."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Text(_Part):
    """The same in both languages of the pages."""

    id: str
    en: str


class Authority(_Part):
    """Where a figure stands written, and how sure we are of it."""

    decree: Annotated[str, Field(min_length=1)]
    article: Annotated[str, Field(min_length=1)]
    confidence: Annotated[
        Literal["A", "B", "C", "D"],
        Field(description="A: article read; B: reports agree; C: one source; D: not verified"),
    ]
    remark: str = ""

    @model_validator(mode="after")
    def _unsure_is_marked(self) -> Self:
        if self.confidence in "CD" and not self.remark.startswith(TO_BE_CONFIRMED):
            raise ValueError(
                f"confidence {self.confidence} needs a `remark` that begins with `{TO_BE_CONFIRMED}` and says what"
            )
        return self


class Need(_Part):
    """A kind of need (jenis kebutuhan) that a vacancy may be for."""

    name: Text
    labels: Annotated[
        tuple[str, ...],
        Field(min_length=1, description="What the national list of vacancies calls it"),
    ]
    authority: AuthorityName | None = None


class Criterion(_Part):
    """One thing that a panel or a verifier judges; the points of all make the component's."""

    name: Text
    maximum: Positive


class Step(_Part):
    """From here on, these points."""

    at_least: Annotated[str, Field(description="A number, or for `education` a level's code")]
    points: Exact


class Evidence(_Part):
    """Points that follow from a fact of the person, which a verifier found proven: those of the
    highest step reached.

    Below the first step, and where the fact is unknown, there are none. Experience counts in the
    months that a verifier marked relevant.
    """

    of: Literal["relevant_experience_months", "gpa", "education"]
    steps: Annotated[tuple[Step, ...], Field(min_length=1, description="Ascending")]


class Component(_Part):
    """One part of a stage that gets points of its own."""

    code: Code
    name: Text
    scoring: Annotated[
        Literal["right-wrong", "graded", "panel", "evidence", "points"],
        Field(
            description="How points come about: items right or wrong, items of graded options, a panel's rubric, evidence that a verifier weighs, or points as the agency states them"
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
        Evidence | None,
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

    def fault_of(self, points: Decimal) -> str | None:
        """What is wrong with stated points; none where nothing is."""
        if not points.is_finite() or points < 0:
            return f"{points} is below 0"
        if points > self.maximum:
            return f"{points} is above the maximum {self.maximum}"
        return f"{points} is no multiple of {self.step}" if points % self.step else None


class Bonus(_Part):
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
            description="Points, months, a mark, a level of education, or a priority group (that one or one before)"
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


class Threshold(_Part):
    """A passing grade (nilai ambang batas): whoever is below it fails the stage, whatever the other
    points.
    """

    needs: Annotated[tuple[Code, ...], Field(min_length=1)]
    of: Annotated[str, Field(description="A component of the stage, or `total`")]
    minimum: Exact
    authority: AuthorityName


class LongerTime(_Part):
    """Who gets more time."""

    need: Code
    who: Text
    minutes: Annotated[Whole, Field(gt=0)]


class Stage(_Part):
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
        return sum((component.maximum for component in self.components), Decimal(0))

    @property
    def stated(self) -> tuple[Component, ...]:
        """The components whose points somebody states: all but those that follow from facts."""
        return tuple(component for component in self.components if component.evidence is None)

    def component(self, code: str) -> Component | None:
        return next((component for component in self.components if component.code == code), None)


class Term(_Part):
    """A stage's part in a score, or that of one of its components: total ÷ divisor, times weight %."""

    stage: StageName
    component: Annotated[
        Code | None, Field(description="Of that component only; none: the stage's total")
    ] = None
    needs: Annotated[
        tuple[Code, ...], Field(description="Counts for these kinds of need; none named: for all")
    ] = ()
    divisor: Annotated[
        Positive,
        Field(description="Brings the total to the scale of 100, or 1 where it stays as it is"),
    ]
    weight: Annotated[Positive, Field(le=100, description="Percent")]


class Score(_Part):
    """How a list's score comes out of the stages' totals."""

    terms: Annotated[tuple[Term, ...], Field(min_length=1)]
    decimals: Annotated[Whole, Field(ge=0, le=6, description="Digits after the point")]
    rounding: Annotated[
        Literal["each-step", "end"],
        Field(
            description="Half-up, after each division and each multiplication, or once at the end"
        ),
    ]
    authority: AuthorityName


class Tie(_Part):
    """One step of the order between equals. What is unknown goes last, in either direction."""

    by: Annotated[
        str,
        Field(
            description="A component, a stage (its total), a sum of components (A+B), or a fact of the person"
        ),
    ]
    order: Annotated[
        Literal["highest-first", "lowest-first"],
        Field(description="Which value goes before the other"),
    ]


class Cut(_Part):
    """How many of those who passed go on."""

    multiple: Annotated[Whole, Field(ge=1, description="Times the vacancy's seats")]
    equals_at_the_limit: Annotated[
        Literal["all-admitted", "officer-decides"],
        Field(
            description="What becomes of those who are equal in score and every tie where only some fit"
        ),
    ]
    authority: AuthorityName


class Codes(_Part):
    """What a list calls each outcome."""

    within: Annotated[ResultCode, Field(description="Passed, and within the cut")]
    passed: Annotated[ResultCode, Field(description="Passed, outside the cut")]
    below: Annotated[ResultCode, Field(description="Below a threshold")]
    absent: ResultCode
    disqualified: ResultCode
    withdrawn: ResultCode
    rejected: Annotated[ResultCode, Field(description="Does not meet the requirements")]


class List(_Part):
    """A ranking that is fixed at some point of the round: who is on it, by what score, in what
    order, how many go on.
    """

    code: StageName
    name: Text
    by_priority: Annotated[
        Flag, Field(description="The policy's priority groups go before any score")
    ] = False
    stage: Annotated[StageName, Field(description="The stage whose sitting completes it")]
    after: Annotated[
        StageName | None, Field(description="The list whose cut admits to this one's stage")
    ] = None
    score: Score
    ties: tuple[Tie, ...]
    ties_authority: AuthorityName
    cut: Cut | None = None
    codes: Codes
    codes_authority: AuthorityName

    def goes_on(self, code: str) -> bool:
        """Whether a code of this list, as published, means a place within the cut, whatever
        priority group stands before it (`R2/L`).
        """
        return code == self.codes.within or code.endswith(f"/{self.codes.within}")


class EducationLevel(_Part):
    """A level of education (jenjang)."""

    code: Code
    name: Text
    labels: Annotated[
        tuple[str, ...], Field(min_length=1, description="What lists of vacancies call it")
    ]


class PriorityGroup(_Part):
    """People who go before all of the groups after, whatever the score."""

    code: Code
    name: Text
    labels: Annotated[tuple[str, ...], Field(description="Other words for it in files")] = ()
    result_code: Annotated[
        ResultCode | None,
        Field(
            description="Shown in place of the list's code, and before `/` and it where within; none: the list's"
        ),
    ] = None
    result_code_authority: Annotated[
        AuthorityName | None, Field(description="None: that of the group")
    ] = None
    authority: AuthorityName


class Quota(_Part):
    """The least share of a round's seats that a kind of need has."""

    need: Code
    least_percent: Annotated[Positive, Field(le=100)]
    authority: AuthorityName


class Objection(_Part):
    """Who may object (sanggah) to a result, once, about the own case."""

    after: Annotated[
        str, Field(description="The list whose announcement opens it, or `administration`")
    ]
    days: Annotated[Whole, Field(gt=0, le=MOST_DAYS, description="Days from the announcement")]
    answer_days: Annotated[
        Whole,
        Field(
            gt=0,
            le=MOST_DAYS,
            description="Days after the window in which it is answered and announced",
        ),
    ]
    authority: AuthorityName


class Publication(_Part):
    """What a published list shows of a candidate besides number, rank and code.

    No level shows a name or a personal fact.
    """

    level: Annotated[
        Literal["components", "scores"],
        Field(description="Score and points by component, or the score alone"),
    ]
    authority: AuthorityName


class SeatMove(_Part):
    """One way to fill a seat that the vacancy's own list left empty (optimalisasi): whose next best
    may be offered it.

    Moves are tried in the policy's order; those whom one move allows, in merit order. Nobody is
    moved without consent.
    """

    to_needs: Annotated[
        tuple[Code, ...],
        Field(min_length=1, description="Kinds of need whose empty seats this fills"),
    ]
    from_needs: Annotated[
        tuple[Code, ...],
        Field(min_length=1, description="Kinds of need from whose vacancies people may come"),
    ]
    where: Annotated[
        Literal["same-unit", "other-unit"],
        Field(
            description="Whether the vacancy that they applied for is at the unit of the empty seat"
        ),
    ]
    same: Annotated[
        tuple[Literal["agency", "post", "need", "education"], ...],
        Field(
            min_length=1,
            description="What both vacancies have in common; `education`: at least one accepted level and programme",
        ),
    ]
    thresholds_of: Annotated[
        Code | None,
        Field(
            description="Kind of need whose passing grades must be met too; none: those of the own need suffice"
        ),
    ] = None
    code: Annotated[ResultCode, Field(description="Result code of whoever takes the seat")]
    authority: AuthorityName


class SeatGroup(_Part):
    """Posts whose empty seats are filled from within the group only, whatever the moves."""

    name: Text
    posts: Annotated[
        tuple[str, ...], Field(min_length=1, description="As the list of vacancies calls them")
    ]
    authority: AuthorityName


class Policy(_Part):
    """A round's law: stages, lists in the order in which they are closed, kinds of need, and the
    authorities of it all.
    """

    id: Name
    version: Annotated[str, StringConstraints(pattern=VERSION)]
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
        return next((one for one in self.lists if one.code == code), None)

    def need_of(self, label: str) -> Need | None:
        """The kind of need that the national list calls `label`; blanks and case don't count."""
        code = self.need_code(label)
        return self.needs[code] if code is not None else None

    def need_code(self, label: str) -> str | None:
        """The same kind of need by its code."""
        wanted = _plain(label)
        return next(
            (
                code
                for code, need in self.needs.items()
                if any(_plain(known) == wanted for known in need.labels)
            ),
            None,
        )

    def education_code(self, label: str) -> str | None:
        """The level of education that a code or a list's word names."""
        return _named(label, self.education)

    def priority_code(self, label: str) -> str | None:
        """The priority group that a code or a file's word names."""
        return _named(label, self.priority_groups)

    def uses_facts(self, one: List) -> bool:
        """True where a list's order or points use a fact of the person: facts must have arrived
        before it is fixed.
        """
        stages = [self.stage(term.stage) for term in one.score.terms]
        asked = {tie.by for tie in one.ties}
        asked |= {bonus.of for stage in stages if stage for bonus in stage.bonuses if bonus.of}
        evidence = any(
            component.evidence for stage in stages if stage for component in stage.components
        )
        return one.by_priority or evidence or not asked.isdisjoint(FACTS)

    def quota_faults(self, seats: Mapping[str, int]) -> list[str]:
        """Which quotas a round's seats by kind of need fall short of, a sentence each; empty where
        none.
        """
        total = sum(seats.values())
        return [
            f"{quota.need}: {seats.get(quota.need, 0)} of {total} seats are less than {quota.least_percent} %"
            for quota in self.quotas
            if seats.get(quota.need, 0) * 100 < quota.least_percent * total
        ]

    def point_faults(
        self, stage: str, points: Mapping[str, Decimal], need: str | None = None
    ) -> list[str]:
        """What is wrong with a candidate's points in a stage, a sentence each; empty where nothing
        is. `need`: the candidate's kind of need; unless it is known, components that only some
        kinds have may be there or not.
        """
        found = self.stage(stage)
        if found is None:
            return [
                f"{stage}: the policy has no such stage; it has {', '.join(one.code for one in self.stages)}"
            ]
        return list(_point_faults(found, points, need))

    def as_json(self) -> dict[str, Any]:
        """The policy as JSON has it: decimals are strings, what stands at its default is left out."""
        return self.model_dump(mode="json", exclude_defaults=True)

    def hash(self) -> str:
        """SHA-256, in hexadecimal, of the canonical JSON: sorted keys, no blanks, UTF-8."""
        canonical = json.dumps(
            self.as_json(), sort_keys=True, separators=(",", ":"), ensure_ascii=False
        )
        return hashlib.sha256(canonical.encode()).hexdigest()

    @model_validator(mode="after")
    def _holds_together(self, info: ValidationInfo) -> Self:
        faults = [*self._faults()]
        if info.context == IN_A_FILE:
            faults += self._unused_authorities()
        if faults:
            raise _FaultsError(faults)
        return self

    def _faults(self) -> Iterator[Fault]:
        yield from _twice(("stages",), "stage", [one.code for one in self.stages])
        yield from _twice(("lists",), "list", [one.code for one in self.lists])
        components = [component.code for stage in self.stages for component in stage.components]
        yield from _twice(("stages",), "component", components)
        labels = [_plain(label) for need in self.needs.values() for label in need.labels]
        for label in _repeated(labels):
            yield Fault(("needs",), f"label {label} names two kinds of need")
        for place, name in _named_authorities(self):
            if name not in self.authorities:
                yield Fault(place, f"no authority {name}")
        for place, name in _named_needs(self):
            if name not in self.needs:
                yield Fault(place, f"no kind of need {name}")
        for number, stage in enumerate(self.stages):
            yield from self._stage_faults(("stages", number), stage)
        earlier: list[str] = []
        for number, one in enumerate(self.lists):
            yield from self._list_faults(("lists", number), one, earlier)
            earlier.append(one.code)
        for number, move in enumerate(self.seat_moves):
            yield from self._move_faults(("seat_moves", number), move)
        posts = [_plain(post) for group in self.seat_groups for post in group.posts]
        yield from _twice(("seat_groups",), "post", posts)
        yield from _ordered_faults("education", self.education)
        yield from _ordered_faults("priority_groups", self.priority_groups)
        yield from self._other_faults()

    def _unused_authorities(self) -> Iterator[Fault]:
        """Asked of files only: a round's policy may be of an older version, and a question to it
        may take away what cited an authority.
        """
        used = {name for _, name in _named_authorities(self)}
        for name in self.authorities:
            if name not in used:
                yield Fault(("authorities", name), f"nothing names the authority {name}")

    def _stage_faults(self, place: Place, stage: Stage) -> Iterator[Fault]:
        where = f"stage {stage.code}"
        if stage.code in KEPT:
            yield Fault((*place, "code"), f"{where}: the name stands for something else")
        if not stage.stated:
            yield Fault(place, f"{where}: all points follow from facts: there is nothing to sit")
        for number, longer in enumerate(stage.longer):
            if stage.minutes is not None and longer.minutes <= stage.minutes:
                says = f"{where}, longer time: {longer.minutes} minutes are not more than the stage's own {stage.minutes}"
                yield Fault((*place, "longer", number, "minutes"), says)
        for number, component in enumerate(stage.components):
            yield from self._component_faults(
                (*place, "components", number), f"{where}, {component.code}", component
            )
        for number, bonus in enumerate(stage.bonuses):
            yield from self._bonus_faults(
                (*place, "bonuses", number), f"{where}, bonus on {bonus.component}", bonus
            )
        for number, threshold in enumerate(stage.thresholds):
            yield from self._threshold_faults(
                (*place, "thresholds", number), where, stage, threshold
            )
        for twice in _repeated(
            [f"{one.of} for {need}" for one in stage.thresholds for need in one.needs]
        ):
            yield Fault((*place, "thresholds"), f"{where}: two thresholds on {twice}")
        if stage.thresholds:
            covered = {need for threshold in stage.thresholds for need in threshold.needs}
            for need in sorted(self.needs.keys() - covered):
                yield Fault((*place, "thresholds"), f"{where}: no threshold for {need}")

    def _threshold_faults(
        self, place: Place, where: str, stage: Stage, threshold: Threshold
    ) -> Iterator[Fault]:
        where = f"{where}, threshold on {threshold.of}"
        component = stage.component(threshold.of)
        if component is None and threshold.of != "total":
            yield Fault((*place, "of"), f"{where}: no such component")
            return
        for need in threshold.needs:
            parts = [one for one in stage.components if one.of_need(need)]
            most = (
                component.maximum if component else sum((one.maximum for one in parts), Decimal(0))
            )
            if threshold.minimum > most:
                yield Fault(
                    (*place, "minimum"), f"{where}: {threshold.minimum} is above the maximum {most}"
                )
                return
            if component is not None and component not in parts:
                yield Fault(
                    (*place, "needs"), f"{where}: vacancies for {need} have no {threshold.of}"
                )

    def _component_faults(self, place: Place, where: str, component: Component) -> Iterator[Fault]:
        if component.maximum % component.step:
            says = f"{where}: the maximum {component.maximum} is no multiple of {component.step}"
            yield Fault((*place, "step"), says)
        if (
            component.scoring == "right-wrong"
            and component.items
            and component.items * component.step != component.maximum
        ):
            says = f"{where}: {component.items} items of {component.step} points do not make {component.maximum}"
            yield Fault((*place, "maximum"), says)
        if component.knock_out is not None and component.knock_out > component.maximum:
            says = f"{where}: the knock-out minimum {component.knock_out} is above the maximum {component.maximum}"
            yield Fault((*place, "knock_out"), says)
        if component.rubric:
            if component.scoring not in {"panel", "evidence"} or component.evidence is not None:
                yield Fault(
                    (*place, "rubric"),
                    f"{where}: a rubric is for what a panel or a verifier judges",
                )
            rubric = sum((criterion.maximum for criterion in component.rubric), Decimal(0))
            if rubric != component.maximum:
                says = f"{where}: the rubric's maxima sum to {rubric}, not {component.maximum}"
                yield Fault((*place, "rubric"), says)
        if component.evidence is not None:
            if component.scoring != "evidence":
                yield Fault(
                    (*place, "scoring"),
                    f"{where}: points that follow from a fact are scored by evidence",
                )
            yield from self._evidence_faults(
                (*place, "evidence"), where, component, component.evidence
            )

    def _evidence_faults(
        self, place: Place, where: str, component: Component, evidence: Evidence
    ) -> Iterator[Fault]:
        reached = []
        for number, step in enumerate(evidence.steps):
            at = (*place, "steps", number)
            value = self.threshold_of_fact(evidence.of, step.at_least)
            if value is None:
                yield Fault(
                    (*at, "at_least"), f"{where}: {step.at_least} is no value of {evidence.of}"
                )
                return
            reached.append((value, step.points))
            if step.points > component.maximum:
                says = f"{where}: {step.points} points are above the maximum {component.maximum}"
                yield Fault((*at, "points"), says)
            if step.points % component.step:
                yield Fault(
                    (*at, "points"),
                    f"{where}: {step.points} points are no multiple of {component.step}",
                )
        if any(one[0] >= other[0] or one[1] > other[1] for one, other in pairwise(reached)):
            yield Fault((*place, "steps"), f"{where}: the steps do not ascend")

    def _bonus_faults(self, place: Place, where: str, bonus: Bonus) -> Iterator[Fault]:
        stage = next(one for one in self.stages if any(each is bonus for each in one.bonuses))
        component = stage.component(bonus.component)
        if component is None:
            yield Fault((*place, "component"), f"{where}: stage {stage.code} has no such component")
            return
        if bonus.ceiling > component.maximum:
            says = f"{where}: the ceiling {bonus.ceiling} is above the maximum {component.maximum}"
            yield Fault((*place, "ceiling"), says)
        for name, value in (("points", bonus.points), ("ceiling", bonus.ceiling)):
            if value % component.step:
                yield Fault((*place, name), f"{where}: {value} is no multiple of {component.step}")
        if bonus.of is None or bonus.at_least is None:
            return
        if bonus.of in FACTS:
            if self.threshold_of_fact(bonus.of, bonus.at_least) is None:
                yield Fault(
                    (*place, "at_least"), f"{where}: {bonus.at_least} is no value of {bonus.of}"
                )
        elif stage.component(bonus.of) is None:
            yield Fault(
                (*place, "of"), f"{where}: nothing in stage {stage.code} is called {bonus.of}"
            )
        elif _number(bonus.at_least) is None:
            yield Fault((*place, "at_least"), f"{where}: {bonus.at_least} is no number of points")

    def threshold_of_fact(self, fact: str, at_least: str) -> Decimal | None:
        """A fact's value as a number that grows with it: months, a mark, the place of a level from
        the lowest, or of a priority group from the last; none where there is no such value.
        """
        if fact == "education":
            codes = [level.code for level in self.education]
        elif fact == "priority":
            codes = [group.code for group in reversed(self.priority_groups)]
        else:
            return _number(at_least)
        return Decimal(codes.index(at_least)) if at_least in codes else None

    def _list_faults(self, place: Place, one: List, earlier: list[str]) -> Iterator[Fault]:
        where = f"list {one.code}"
        if self.stage(one.stage) is None:
            yield Fault((*place, "stage"), f"{where}: no stage {one.stage}")
        if one.after is not None and one.after not in earlier:
            yield Fault(
                (*place, "after"),
                f"{where}: after {one.after}, but no list before it has that code",
            )
        if one.by_priority and not self.priority_groups:
            yield Fault((*place, "by_priority"), f"{where}: the policy has no priority groups")
        yield from self._score_faults((*place, "score"), f"{where}, score", one)
        yield from self._tie_faults((*place, "ties"), f"{where}, ties", one)
        codes = [str(code) for code in one.codes.model_dump().values()]
        for code in _repeated(codes):
            yield Fault((*place, "codes"), f"{where}, codes: {code} stands for two outcomes")
        if kept := sorted({"WAIT", "UNDECIDED"} & {*codes}):
            yield Fault(
                (*place, "codes"),
                f"{where}, codes: {' and '.join(kept)} is kept for who has no outcome yet",
            )
        for group in self.priority_groups if one.by_priority else ():
            if group.result_code and len(group.result_code) + 1 + len(one.codes.within) > 12:
                says = f"{where}, codes: {group.result_code}/{one.codes.within} is longer than 12 characters"
                yield Fault((*place, "codes", "within"), says)

    def _score_faults(self, place: Place, where: str, one: List) -> Iterator[Fault]:
        terms = one.score.terms
        for number, term in enumerate(terms):
            at = (*place, "terms", number)
            stage = self.stage(term.stage)
            if stage is None:
                yield Fault((*at, "stage"), f"{where}: no stage {term.stage}")
            elif term.component is not None and stage.component(term.component) is None:
                yield Fault(
                    (*at, "component"),
                    f"{where}: stage {term.stage} has no component {term.component}",
                )
        if one.stage not in [term.stage for term in terms]:
            yield Fault((*place, "terms"), f"{where}: its own stage {one.stage} does not count")
        told: set[str] = set()
        for need in self.needs:
            counted = [term for term in terms if not term.needs or need in term.needs]
            says = [
                f"{where}: stage {twice} counts twice"
                for twice in _repeated(
                    [f"{term.stage} {term.component or ''}".strip() for term in counted]
                )
            ]
            whole = {term.stage for term in counted if term.component is None}
            says += [
                f"{where}: stage {term.stage} counts as a whole and by its component {term.component}"
                for term in counted
                if term.component is not None and term.stage in whole
            ]
            weights = sum((term.weight for term in counted), Decimal(0))
            if weights != 100:
                says.append(f"{where}: the weights sum to {weights} %, not 100 %")
            for term in counted:
                stage = self.stage(term.stage)
                component = stage.component(term.component) if stage and term.component else None
                if component is not None and not component.of_need(need):
                    says.append(f"{where}: vacancies for {need} have no {component.code}")
            for each in says:
                if each not in told:
                    told.add(each)
                    yield Fault(
                        (*place, "terms"),
                        each if len(self.needs) == 1 or not _by_need(terms) else f"{each} ({need})",
                    )
        most = (
            sum(
                (self._most_of(term) / term.divisor * term.weight / 100 for term in terms),
                Decimal(0),
            )
            * 10**one.score.decimals
        )
        if most >= MOST_UNITS:
            yield Fault(place, f"{where}: it can grow past {MOST_UNITS} units of its last digit")

    def _most_of(self, term: Term) -> Decimal:
        stage = self.stage(term.stage)
        component = stage.component(term.component) if stage and term.component else None
        return component.maximum if component else stage.maximum if stage else Decimal(0)

    def _tie_faults(self, place: Place, where: str, one: List) -> Iterator[Fault]:
        components: set[str] = set()
        known = {*FACTS}
        for stage in filter(None, (self.stage(term.stage) for term in one.score.terms)):
            components |= {component.code for component in stage.components}
            known.add(stage.code)
        for number, tie in enumerate(one.ties):
            parts = tie.by.split("+")
            if tie.by not in known and not components.issuperset(parts):
                names = ", ".join(sorted(known | components))
                yield Fault(
                    (*place, number, "by"),
                    f"{where}: nothing is called {tie.by}; there are {names}",
                )
            if _repeated(parts):
                yield Fault((*place, number, "by"), f"{where}: {tie.by} counts a component twice")
            if tie.by in {"education", "priority"} and not (
                self.education if tie.by == "education" else self.priority_groups
            ):
                yield Fault((*place, number, "by"), f"{where}: the policy has no order of {tie.by}")
            if tie.by == "priority" and one.by_priority:
                yield Fault(
                    (*place, number, "by"), f"{where}: priority goes before the score already"
                )
        yield from _twice(place, where + ":", [tie.by for tie in one.ties])

    def _move_faults(self, place: Place, move: SeatMove) -> Iterator[Fault]:
        where = f"seat move {int(place[-1]) + 1}"
        if move.where == "same-unit" and (shared := sorted({*move.to_needs} & {*move.from_needs})):
            yield Fault(
                (*place, "where"),
                f"{where}: {', '.join(shared)} at the same unit is the vacancy itself",
            )
        if "need" in move.same and {*move.to_needs} != {*move.from_needs}:
            says = f"{where}: the same need on both sides, but the two sides name different needs"
            yield Fault((*place, "same"), says)
        for outcome, code in self.lists[-1].codes.model_dump().items():
            if move.code == code or move.code.endswith(f"/{code}"):  # R2/L reads as L does
                says = f"{where}: the code {move.code} reads like the last list's own {code} ({outcome})"
                yield Fault((*place, "code"), says)

    def _other_faults(self) -> Iterator[Fault]:
        if self.priority_groups and not any(one.by_priority for one in self.lists):
            used = {tie.by for one in self.lists for tie in one.ties}
            used |= {bonus.of for stage in self.stages for bonus in stage.bonuses if bonus.of}
            if "priority" not in used:
                yield Fault(("priority_groups",), "priority groups: no list goes by them")
        for twice in _repeated([quota.need for quota in self.quotas]):
            yield Fault(("quotas",), f"quotas: {twice} stands twice")
        if (total := sum((quota.least_percent for quota in self.quotas), Decimal(0))) > 100:
            yield Fault(("quotas",), f"quotas: they sum to {total} % of the seats")
        lists = {"administration", *(one.code for one in self.lists)}
        for number, objection in enumerate(self.objections):
            if objection.after not in lists:
                says = f"objection {number + 1}: nothing is announced as {objection.after}"
                yield Fault(("objections", number, "after"), says)
        yield from _twice(
            ("objections",), "objection to", [objection.after for objection in self.objections]
        )


def read(
    source: str, values: Mapping[str, Any], lines: Mapping[Place, int] | None = None
) -> Policy:
    """The policy that `values` hold.

    Raises PolicyError naming `source` (a file) and every fault with its place.

    `lines`: where each place stands in the file, if it is one: there each authority must be used,
    too. A fault also names the authority of the figure that it concerns, where one stands near.
    """
    try:
        return Policy.model_validate(values, context=None if lines is None else IN_A_FILE)
    except ValidationError as error:
        found: list[Fault] = []
        for each in error.errors():
            told = each.get("ctx", {})
            if isinstance(inner := told.get("error"), _FaultsError):
                found += inner.faults
                continue
            indonesian, english = plainly(each["type"], each["msg"], told)
            place: Place = tuple(
                step for step in each["loc"] if step != "[key]"
            )  # pydantic's word for a key itself
            found.append(Fault(place, english, indonesian=indonesian))
        faults = tuple(
            replace(
                fault,
                line=_line_of(fault.place, lines or {}),
                authority=_authority_near(fault.place, values),
            )
            for fault in found
        )
        text = "\n  ".join([f"{source} is no policy:", *map(str, faults)])
        raise PolicyError(text, faults) from error


def _line_of(place: Place, lines: Mapping[Place, int]) -> int | None:
    """The line of the place, or of what holds it where it stands nowhere."""
    return next(
        (lines[place[:length]] for length in range(len(place), 0, -1) if place[:length] in lines),
        None,
    )


def _authority_near(place: Place, values: Mapping[str, Any]) -> str | None:
    """Decree and article of the innermost part around the place that names an authority; of all
    thresholds where the fault is what they make together.
    """
    around: list[tuple[str | int | None, Any]] = [(None, values)]
    for step in place:
        try:
            around.append((step, around[-1][1][step]))
        except (KeyError, IndexError, TypeError):
            break
    fields = [*(CITED_APART[str(step)] for step in place if step in CITED_APART), "authority"]
    names: list[str] = [str(one) for one in place[1:2]] if place[:1] == ("authorities",) else []
    while around and not names:
        key, part = around.pop()
        if isinstance(part, Mapping):
            names = [part[field] for field in fields if isinstance(part.get(field), str)][:1]
        elif key in CITED_BY_PARTS and isinstance(part, list):
            names = [
                one["authority"]
                for one in part
                if isinstance(one, Mapping) and isinstance(one.get("authority"), str)
            ]
    known = values.get("authorities")
    stated = (
        [known.get(name) for name in dict.fromkeys(names)] if isinstance(known, Mapping) else []
    )
    return "; ".join(filter(None, map(_decree_and_article, stated))) or None


def _decree_and_article(authority: object) -> str:
    """What there is of both."""
    if not isinstance(authority, Mapping):
        return ""
    both = (authority.get("decree"), authority.get("article"))
    return ", ".join(one for one in both if isinstance(one, str) and one)


def _named_authorities(part: BaseModel, place: Place = ()) -> Iterator[tuple[Place, str]]:
    """Every authority that is named, with its place."""
    for at, owner in _parts(part, place):
        for name in CITES:
            if (value := getattr(owner, name, None)) is not None:
                yield (*at, name), value


def _named_needs(part: BaseModel, place: Place = ()) -> Iterator[tuple[Place, str]]:
    """Every kind of need that is named outside their own table, with its place."""
    for at, owner in _parts(part, place):
        for name in ("need", "needs", "to_needs", "from_needs", "thresholds_of"):
            value = getattr(owner, name, None)
            if isinstance(value, str):
                yield (*at, name), value
            elif isinstance(value, tuple):
                yield from (((*at, name, number), each) for number, each in enumerate(value))


def _parts(part: BaseModel, place: Place) -> Iterator[tuple[Place, BaseModel]]:
    """A part and all parts within it, with their places."""
    yield place, part
    for name in type(part).model_fields:
        value = getattr(part, name)
        if isinstance(value, BaseModel):
            yield from _parts(value, (*place, name))
        elif isinstance(value, tuple | dict):
            for key, each in value.items() if isinstance(value, dict) else enumerate(value):
                if isinstance(each, BaseModel):
                    yield from _parts(each, (*place, name, key))


def _ordered_faults(
    name: str, ordered: "Sequence[EducationLevel | PriorityGroup]"
) -> Iterator[Fault]:
    words = [_plain(word) for one in ordered for word in {one.code, *one.labels}]
    for word in _repeated(words):
        yield Fault((name,), f"{name}: {word} names two of them")


def _named(label: str, ordered: "Sequence[EducationLevel | PriorityGroup]") -> str | None:
    wanted = _plain(label)
    return next(
        (one.code for one in ordered if wanted in map(_plain, (one.code, *one.labels))), None
    )


def _by_need(terms: Sequence[Term]) -> bool:
    return any(term.needs for term in terms)


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() and number >= 0 else None


def _point_faults(stage: Stage, points: Mapping[str, Decimal], need: str | None) -> Iterator[str]:
    for code in points:
        if stage.component(code) is None:
            yield f"{code}: stage {stage.code} has no such component; it has {', '.join(one.code for one in stage.components)}"
    for component in stage.components:
        value = points.get(component.code)
        if value is None:
            if component.evidence is None and (
                component.of_need(need) if need is not None else not component.needs
            ):
                yield f"{component.code}: points are missing"
        elif need is not None and not component.of_need(need):
            yield f"{component.code}: vacancies for {need} have no such component"
        elif component.evidence is not None:
            yield f"{component.code}: nobody states these points, they follow from {component.evidence.of}"
        elif (fault := component.fault_of(value)) is not None:
            yield f"{component.code}: {fault}"


def _plain(label: str) -> str:
    return " ".join(label.split()).casefold()


def _repeated(names: Sequence[str]) -> list[str]:
    return sorted({name for name in names if names.count(name) > 1})


def _twice(place: Place, kind: str, names: Sequence[str]) -> Iterator[Fault]:
    yield from (Fault(place, f"{kind} {name} stands twice") for name in _repeated(names))
