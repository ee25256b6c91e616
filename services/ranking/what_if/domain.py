"""What would be if the rules were others: a list ranked twice in memory, and who moves."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StringConstraints

from services.ranking.merit.domain.list_rules import ListRules
from services.ranking.merit.domain.placement import Placement
from shared.contracts.fields import NeedCode
from shared.contracts.strict import NO_OTHER_NAMES, Command, Whole
from shared.policies import Exact, Policy, Positive, Tie


class UnknownPartError(Exception):
    """A change names what the list does not have."""

    def __init__(self, where: str, name: str, known: Iterable[str]) -> None:
        super().__init__(where, name)
        self.where = where
        self.name = name
        self.known = tuple(known)


PartName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,39}$")]
"""The code of a component or stage."""


class _Changed(Command):
    model_config = ConfigDict(frozen=True)


class OtherThreshold(_Changed):
    """Another passing grade for some kinds of need."""

    of: Annotated[
        PartName,
        Field(description="A component, or `total` of the list's own stage"),
    ]
    minimum: Annotated[Exact | None, Field(description="None takes the threshold away")]
    needs: Annotated[
        tuple[NeedCode, ...],
        Field(max_length=100, description="Kinds of need; none named: all"),
    ] = ()


class Changes(_Changed):
    """What would be different on one list.

    What is left out stays as it is; the changed policy is checked as a whole.
    """

    weights: Annotated[
        dict[PartName, Positive],
        Field(
            default_factory=dict,
            max_length=50,
            description="Percent by stage, or by component where the list has it",
            json_schema_extra=NO_OTHER_NAMES,
        ),
    ]
    divisors: Annotated[
        dict[PartName, Positive],
        Field(
            default_factory=dict,
            max_length=50,
            description="By stage or component",
            json_schema_extra=NO_OTHER_NAMES,
        ),
    ]
    rounding: Annotated[
        Literal["each-step", "end"] | None,
        Field(
            description="Half-up, after each division and each multiplication, or once at the end"
        ),
    ] = None
    decimals: Annotated[
        Whole | None, Field(ge=0, le=6, description="Digits of the score after the point")
    ] = None
    thresholds: Annotated[
        tuple[OtherThreshold, ...],
        Field(
            max_length=200,
            description="Each in place of what the policy asks for in that component, "
            "or in total, of these kinds of need",
        ),
    ] = ()
    ties: Annotated[
        tuple[Tie, ...] | None,
        Field(max_length=50, description="The whole order, in place of the list's"),
    ] = None
    multiple: Annotated[
        Whole | None, Field(ge=1, le=1000, description="Of the seats, that the cut has room for")
    ] = None
    equals_at_the_limit: Annotated[
        Literal["all-admitted", "officer-decides"] | None,
        Field(
            description="What becomes of those who are equal in score and every tie "
            "where only some fit"
        ),
    ] = None


def changed_policy(policy: Policy, list_code: str, changes: Changes) -> dict[str, Any]:
    """The policy as JSON has it, with the changes on that list; it is not checked yet.

    Raises UnknownPartError for a weight, divisor or threshold of what does not count on the list.
    """
    values: dict[str, Any] = policy.model_dump(mode="json")
    changed = next(found for found in values["lists"] if found["code"] == list_code)
    score = changed["score"]
    _set_terms(score["terms"], "weight", changes.weights)
    _set_terms(score["terms"], "divisor", changes.divisors)
    score["rounding"] = changes.rounding or score["rounding"]
    score["decimals"] = score["decimals"] if changes.decimals is None else changes.decimals
    for threshold in changes.thresholds:
        stage = _stage_of(threshold.of, changed, values["stages"])
        _set_threshold(stage, threshold, [*(threshold.needs or policy.needs)])
    if changes.ties is not None:
        changed["ties"] = [tie.model_dump() for tie in changes.ties]
    changed["cut"] = _changed_cut(changed["cut"], changes, score["authority"])
    return values


def _set_terms(terms: Iterable[dict[str, Any]], field: str, values: Mapping[str, Decimal]) -> None:
    """Sets the weights or divisors (`field`) of a score's terms, by stage or component."""
    by_name: dict[str, list[dict[str, Any]]] = {}
    for term in terms:
        by_name.setdefault(term["component"] or term["stage"], []).append(term)
    for name, value in values.items():
        if name not in by_name:
            raise UnknownPartError(f"{field}s", name, by_name)
        for term in by_name[name]:
            term[field] = str(value)


def _changed_cut(
    cut: dict[str, Any] | None, changes: Changes, authority: str
) -> dict[str, Any] | None:
    """The list's cut with the changes; a list without one gets one under that authority."""
    if changes.multiple is None and changes.equals_at_the_limit is None:
        return cut
    before = cut or {
        "multiple": 1,
        "equals_at_the_limit": "officer-decides",
        "authority": authority,
    }
    return {
        **before,
        "multiple": changes.multiple or before["multiple"],
        "equals_at_the_limit": changes.equals_at_the_limit or before["equals_at_the_limit"],
    }


def _stage_of(
    of: str, changed: Mapping[str, Any], stages: Iterable[dict[str, Any]]
) -> dict[str, Any]:
    """The stage on the list that has the component, or the list's own stage for `total`."""
    codes = {term["stage"] for term in changed["score"]["terms"]}
    counted = {stage["code"]: stage for stage in stages if stage["code"] in codes}
    by_name = {
        component["code"]: stage for stage in counted.values() for component in stage["components"]
    }
    by_name["total"] = counted[changed["stage"]]
    if of not in by_name:
        raise UnknownPartError("thresholds", of, by_name)
    return by_name[of]


def _set_threshold(stage: dict[str, Any], other: OtherThreshold, needs: list[str]) -> None:
    """Puts another threshold in place of the stage's for these kinds of need, or takes it away."""
    kept = []
    for threshold in stage["thresholds"]:
        if threshold["of"] == other.of:
            threshold["needs"] = [need for need in threshold["needs"] if need not in needs]
        if threshold["needs"]:
            kept.append(threshold)
    if other.minimum is not None:
        minimum, authority = str(other.minimum), stage["authority"]
        kept.append({"needs": needs, "of": other.of, "minimum": minimum, "authority": authority})
    stage["thresholds"] = kept


Way = Literal["in", "out", "moved"]


@dataclass(frozen=True, slots=True)
class Move:
    """A candidate who would be elsewhere: in the cut or out of it, or with another rank or code."""

    participant_no: str
    now: Placement
    then: Placement

    @property
    def way(self) -> Way:
        if self.now.within == self.then.within:
            return "moved"
        return "in" if self.then.within else "out"


@dataclass(slots=True)
class Difference:
    """Two rankings of the same people: who moves, and how many have which code."""

    moves: list[Move]
    codes_now: Counter[str]
    codes_then: Counter[str]


def difference(now: Mapping[str, Placement], then: Mapping[str, Placement]) -> Difference:
    """What differs between two rankings of the same candidates."""
    moves = [
        Move(number, now[number], then[number])
        for number in sorted(now)
        if now[number] != then[number]
    ]
    return Difference(
        moves,
        Counter(place.code for place in now.values()),
        Counter(place.code for place in then.values()),
    )


def rules_for(policy: Policy, list_code: str, need: str, seed: str) -> ListRules:
    """One list of a policy that is tried out, compiled for this question alone."""
    policy_list = policy.list_called(list_code)
    assert policy_list is not None
    return ListRules(policy, policy_list, need, seed)
