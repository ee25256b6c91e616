"""A selection policy: what is tested, what must be reached, how scores are put together, and who goes before whom.

Points and scores are exact decimals; a float is refused. A policy is checked as a whole when it is read: what it names must exist.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError, model_validator

FACTS = ("gpa", "birth_date", "relevant_experience_months")
"""Facts of a person, apart from points, that an order may use."""

TO_BE_CONFIRMED = "To be confirmed by the agency"


class PolicyError(Exception):
    """A policy that does not hold together. The text names every fault with its place."""


def _no_float(value: object) -> object:
    if isinstance(value, float):
        raise ValueError("write it in quotes: a float is not exact")
    return value


Exact = Annotated[Decimal, BeforeValidator(_no_float), Field(ge=0, max_digits=12, decimal_places=6)]
Positive = Annotated[Decimal, BeforeValidator(_no_float), Field(gt=0, max_digits=12, decimal_places=6)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
StageName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,19}$")]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]{0,39}$")]
ResultCode = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9/-]{1,12}$")]
AuthorityName = Annotated[Name, Field(description="Where the figure comes from: one of the policy's authorities")]


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
    labels: Annotated[tuple[str, ...], Field(min_length=1, description="What the national list of vacancies calls it")]


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
    items: Annotated[int | None, Field(gt=0, description="Number of items, where it has items")] = None
    maximum: Positive
    step: Annotated[Positive, Field(description="Points are whole multiples of this")]
    authority: AuthorityName


class Threshold(_Part):
    """A passing grade (nilai ambang batas): whoever is below it fails the stage, whatever the other points."""

    needs: Annotated[tuple[Code, ...], Field(min_length=1)]
    of: Annotated[str, Field(description="A component of the stage, or `total`")]
    minimum: Exact
    authority: AuthorityName


class LongerTime(_Part):
    """Who gets more time."""

    need: Code
    who: Text
    minutes: Annotated[int, Field(gt=0)]


class Stage(_Part):
    """What is sat in one go. Its total is the sum of its components."""

    code: StageName
    name: Text
    minutes: Annotated[int | None, Field(gt=0)] = None
    longer: tuple[LongerTime, ...] = ()
    components: Annotated[tuple[Component, ...], Field(min_length=1)]
    thresholds: Annotated[
        tuple[Threshold, ...], Field(description="None at all, or at least one for each kind of need")
    ] = ()
    authority: AuthorityName

    @property
    def maximum(self) -> Decimal:
        return sum((component.maximum for component in self.components), Decimal(0))

    def component(self, code: str) -> Component | None:
        return next((component for component in self.components if component.code == code), None)


class Term(_Part):
    """A stage's part in a score: total ÷ divisor, times weight %."""

    stage: StageName
    divisor: Annotated[
        Positive, Field(description="Brings the total to the scale of 100, or 1 where it stays as it is")
    ]
    weight: Annotated[Positive, Field(le=100, description="Percent")]


class Score(_Part):
    """How a list's score comes out of the stages' totals."""

    terms: Annotated[tuple[Term, ...], Field(min_length=1)]
    decimals: Annotated[int, Field(ge=0, le=6, description="Digits after the point")]
    rounding: Annotated[
        Literal["each-step", "end"],
        Field(description="Half-up, after each division and each multiplication, or once at the end"),
    ]
    authority: AuthorityName


class Tie(_Part):
    """One step of the order between equals. What is unknown goes last, in either direction."""

    by: Annotated[str, Field(description="A component, a stage (its total), or a fact of the person")]
    order: Literal["highest-first", "lowest-first"]


class Cut(_Part):
    """How many of those who passed go on."""

    multiple: Annotated[int, Field(ge=1, description="Times the vacancy's seats")]
    equals_at_the_limit: Annotated[
        Literal["all-admitted", "officer-decides"],
        Field(description="What becomes of those who are equal in score and every tie where only some fit"),
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
    """A ranking that is fixed at some point of the round: who is on it, by what score, in what order, how many go on."""

    code: StageName
    name: Text
    stage: Annotated[StageName, Field(description="The stage whose sitting completes it")]
    after: Annotated[StageName | None, Field(description="The list whose cut admits to this one's stage")] = None
    score: Score
    ties: tuple[Tie, ...]
    ties_authority: AuthorityName
    cut: Cut | None = None
    codes: Codes
    codes_authority: AuthorityName

    @property
    def uses_facts(self) -> bool:
        """True where a tie uses a fact of the person: facts must have arrived before the list is fixed."""
        return any(tie.by in FACTS for tie in self.ties)


class SeatMove(_Part):
    """One way to fill a seat that the vacancy's own list left empty (optimalisasi): whose next best may be offered it.

    Moves are tried in the policy's order; those whom one move allows, in merit order. Nobody is moved without consent.
    """

    to_needs: Annotated[tuple[Code, ...], Field(min_length=1, description="Kinds of need whose empty seats this fills")]
    from_needs: Annotated[
        tuple[Code, ...], Field(min_length=1, description="Kinds of need from whose vacancies people may come")
    ]
    where: Annotated[
        Literal["same-unit", "other-unit"],
        Field(description="Whether the vacancy that they applied for is at the unit of the empty seat"),
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
        Field(description="Kind of need whose passing grades must be met too; none: those of the own need suffice"),
    ] = None
    code: Annotated[ResultCode, Field(description="Result code of whoever takes the seat")]
    authority: AuthorityName


class SeatGroup(_Part):
    """Posts whose empty seats are filled from within the group only, whatever the moves."""

    name: Text
    posts: Annotated[tuple[str, ...], Field(min_length=1, description="As the list of vacancies calls them")]
    authority: AuthorityName


class Policy(_Part):
    """A round's law: stages, lists in the order in which they are closed, kinds of need, and the authorities of it all."""

    id: Name
    version: Annotated[str, StringConstraints(pattern=r"^[0-9]+(\.[0-9]+)*$")]
    name: Text
    authorities: dict[Name, Authority]
    needs: Annotated[dict[Code, Need], Field(min_length=1)]
    stages: Annotated[tuple[Stage, ...], Field(min_length=1)]
    lists: Annotated[tuple[List, ...], Field(min_length=1)]
    seat_moves: Annotated[
        tuple[SeatMove, ...], Field(description="How seats that stay empty are filled, in this order; none: they stay")
    ] = ()
    seat_groups: tuple[SeatGroup, ...] = ()

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
            (code for code, need in self.needs.items() if any(_plain(known) == wanted for known in need.labels)), None
        )

    def point_faults(self, stage: str, points: Mapping[str, Decimal]) -> list[str]:
        """What is wrong with a candidate's points in a stage, a sentence each; empty where nothing is."""
        found = self.stage(stage)
        if found is None:
            return [f"{stage}: the policy has no such stage; it has {', '.join(one.code for one in self.stages)}"]
        return list(_point_faults(found, points))

    def as_json(self) -> dict[str, Any]:
        """The policy as JSON has it: decimals are strings, what stands at its default is left out."""
        return self.model_dump(mode="json", exclude_defaults=True)

    def hash(self) -> str:
        """SHA-256, in hexadecimal, of the canonical JSON: sorted keys, no blanks, UTF-8."""
        canonical = json.dumps(self.as_json(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(canonical.encode()).hexdigest()

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        faults = [*self._faults()]
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def _faults(self) -> Iterator[str]:
        for kind, codes in (("stage", [one.code for one in self.stages]), ("list", [one.code for one in self.lists])):
            yield from (f"{kind} {code} stands twice" for code in _twice(codes))
        components = [component.code for stage in self.stages for component in stage.components]
        yield from (f"component {code} stands twice" for code in _twice(components))
        labels = [_plain(label) for need in self.needs.values() for label in need.labels]
        yield from (f"label {label} names two kinds of need" for label in _twice(labels))
        yield from (f"no authority {name}" for name in sorted(self._named_authorities() - self.authorities.keys()))
        for stage in self.stages:
            yield from self._stage_faults(stage)
        earlier: list[str] = []
        for one in self.lists:
            yield from self._list_faults(one, earlier)
            earlier.append(one.code)
        for number, move in enumerate(self.seat_moves, 1):
            yield from self._move_faults(f"seat move {number}", move)
        posts = [_plain(post) for group in self.seat_groups for post in group.posts]
        yield from (f"seat groups: post {post} stands twice" for post in _twice(posts))

    def _move_faults(self, where: str, move: SeatMove) -> Iterator[str]:
        named = {*move.to_needs, *move.from_needs, *filter(None, [move.thresholds_of])}
        yield from (f"{where}: no kind of need {need}" for need in sorted(named - self.needs.keys()))
        if move.where == "same-unit" and (shared := sorted({*move.to_needs} & {*move.from_needs})):
            yield f"{where}: {', '.join(shared)} at the same unit is the vacancy itself"
        if "need" in move.same and {*move.to_needs} != {*move.from_needs}:
            yield f"{where}: the same need on both sides, but the two sides name different needs"
        codes = self.lists[-1].codes.model_dump()
        outcome = next((outcome for outcome, code in codes.items() if code == move.code), None)
        if outcome is not None and outcome != "within":
            yield f"{where}: the last list's code {move.code} stands for another outcome ({outcome})"

    def _named_authorities(self) -> set[str]:
        named = {stage.authority for stage in self.stages}
        for stage in self.stages:
            named |= {component.authority for component in stage.components}
            named |= {threshold.authority for threshold in stage.thresholds}
        for one in self.lists:
            named |= {one.score.authority, one.ties_authority, one.codes_authority}
            named |= {one.cut.authority} if one.cut else set()
        named |= {move.authority for move in self.seat_moves} | {group.authority for group in self.seat_groups}
        return named

    def _stage_faults(self, stage: Stage) -> Iterator[str]:
        where = f"stage {stage.code}"
        for component in stage.components:
            if component.maximum % component.step:
                yield f"{where}, {component.code}: the maximum {component.maximum} is no multiple of {component.step}"
        for longer in stage.longer:
            if longer.need not in self.needs:
                yield f"{where}, longer time: no kind of need {longer.need}"
        seen: list[str] = []
        for threshold in stage.thresholds:
            component_ = stage.component(threshold.of)
            if component_ is None and threshold.of != "total":
                yield f"{where}, threshold: no component {threshold.of}"
                continue
            most = component_.maximum if component_ else stage.maximum
            if threshold.minimum > most:
                yield f"{where}, threshold on {threshold.of}: {threshold.minimum} is above the maximum {most}"
            yield from (
                f"{where}, threshold on {threshold.of}: no kind of need {need}"
                for need in threshold.needs
                if need not in self.needs
            )
            seen += [f"{threshold.of} for {need}" for need in threshold.needs]
        yield from (f"{where}: two thresholds on {one}" for one in _twice(seen))
        if stage.thresholds:
            covered = {need for threshold in stage.thresholds for need in threshold.needs}
            yield from (f"{where}: no threshold for {need}" for need in self.needs if need not in covered)

    def _list_faults(self, one: List, earlier: list[str]) -> Iterator[str]:
        where = f"list {one.code}"
        if self.stage(one.stage) is None:
            yield f"{where}: no stage {one.stage}"
        if one.after is not None and one.after not in earlier:
            yield f"{where}: after {one.after}, but no list before it has that code"
        terms = [term.stage for term in one.score.terms]
        yield from (f"{where}, score: no stage {stage}" for stage in terms if self.stage(stage) is None)
        yield from (f"{where}, score: stage {stage} counts twice" for stage in _twice(terms))
        if one.stage not in terms:
            yield f"{where}, score: its own stage {one.stage} does not count"
        weights = sum((term.weight for term in one.score.terms), Decimal(0))
        if weights != 100:
            yield f"{where}, score: the weights sum to {weights} %, not 100 %"
        known = {*FACTS}
        for stage in filter(None, map(self.stage, terms)):
            known |= {stage.code, *(component.code for component in stage.components)}
        yield from (
            f"{where}, ties: nothing is called {tie.by}; there are {', '.join(sorted(known))}"
            for tie in one.ties
            if tie.by not in known
        )
        yield from (f"{where}, ties: {by} stands twice" for by in _twice([tie.by for tie in one.ties]))
        codes = [str(code) for code in one.codes.model_dump().values()]
        yield from (f"{where}, codes: {code} stands for two outcomes" for code in _twice(codes))
        if "WAIT" in codes:
            yield f"{where}, codes: WAIT is kept for candidates without a result"


def read(source: str, values: Mapping[str, Any]) -> Policy:
    """The policy that `values` hold. Raises PolicyError naming `source` (a file) and every fault with its place."""
    try:
        return Policy.model_validate(values)
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, fault['loc'])) or 'policy'}: {fault['msg']}" for fault in error.errors()]
        raise PolicyError(f"{source} is no policy:\n  " + "\n  ".join(faults)) from error


def _point_faults(stage: Stage, points: Mapping[str, Decimal]) -> Iterator[str]:
    for code in points:
        if stage.component(code) is None:
            yield f"{code}: stage {stage.code} has no such component; it has {', '.join(one.code for one in stage.components)}"
    for component in stage.components:
        value = points.get(component.code)
        if value is None:
            yield f"{component.code}: points are missing"
        elif not value.is_finite() or value < 0:
            yield f"{component.code}: {value} is below 0"
        elif value > component.maximum:
            yield f"{component.code}: {value} is above the maximum {component.maximum}"
        elif value % component.step:
            yield f"{component.code}: {value} is no multiple of {component.step}"


def _plain(label: str) -> str:
    return " ".join(label.split()).casefold()


def _twice(names: list[str]) -> list[str]:
    return sorted({name for name in names if names.count(name) > 1})
