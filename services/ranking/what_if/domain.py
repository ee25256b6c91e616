"""What would be if the rules were others: a list ranked twice in memory, and who moves."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.ranking.merit.domain.list_rules import ListRules
from services.ranking.merit.domain.placement import Placement
from shared.policies import Exact, List, Policy, Positive, Tie


class UnknownPartError(Exception):
    """A change names what the list does not have."""

    def __init__(self, where: str, name: str, known: Iterable[str]) -> None:
        super().__init__(where, name)
        self.where = where
        self.name = name
        self.known = tuple(known)


class _Changed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class OtherThreshold(_Changed):
    """Another passing grade for some kinds of need."""

    of: Annotated[
        str, Field(max_length=40, description="A component, or `total` of the list's own stage")
    ]
    minimum: Annotated[Exact | None, Field(description="None takes the threshold away")]
    needs: Annotated[
        tuple[str, ...], Field(max_length=100, description="Kinds of need; none named: all")
    ] = ()


class Changes(_Changed):
    """What would be different on one list.

    What is left out stays as it is; the changed policy is checked as a whole.
    """

    weights: Annotated[
        dict[str, Positive],
        Field(max_length=50, description="Percent by stage, or by component where the list has it"),
    ] = {}
    divisors: Annotated[
        dict[str, Positive], Field(max_length=50, description="By stage or component")
    ] = {}
    rounding: Annotated[
        Literal["each-step", "end"] | None,
        Field(
            description="Half-up, after each division and each multiplication, or once at the end"
        ),
    ] = None
    decimals: Annotated[
        int | None, Field(ge=0, le=6, description="Digits of the score after the point")
    ] = None
    thresholds: Annotated[
        tuple[OtherThreshold, ...],
        Field(
            max_length=200,
            description="Each in place of what the policy asks for in that component, or in total, of these kinds of need",
        ),
    ] = ()
    ties: Annotated[
        tuple[Tie, ...] | None,
        Field(max_length=50, description="The whole order, in place of the list's"),
    ] = None
    multiple: Annotated[
        int | None, Field(ge=1, le=1000, description="Of the seats, that the cut has room for")
    ] = None
    equals_at_the_limit: Annotated[
        Literal["all-admitted", "officer-decides"] | None,
        Field(
            description="What becomes of those who are equal in score and every tie where only some fit"
        ),
    ] = None


def changed_policy(policy: Policy, list_code: str, changes: Changes) -> dict[str, Any]:
    """The policy as JSON has it, with the changes on that list; not checked yet.

    Raises UnknownPartError for a weight of what does not count.
    """
    values: dict[str, Any] = policy.model_dump(mode="json")
    one = next(each for each in values["lists"] if each["code"] == list_code)
    score = one["score"]
    for field, given in (("weight", changes.weights), ("divisor", changes.divisors)):
        for name, value in given.items():
            terms = [
                term for term in score["terms"] if (term["component"] or term["stage"]) == name
            ]
            if not terms:
                known = dict.fromkeys(term["component"] or term["stage"] for term in score["terms"])
                raise UnknownPartError(f"{field}s", name, known)
            for term in terms:
                term[field] = str(value)
    score["rounding"] = changes.rounding or score["rounding"]
    score["decimals"] = score["decimals"] if changes.decimals is None else changes.decimals
    for threshold in changes.thresholds:
        _set_threshold(policy, values, one, threshold)
    if changes.ties is not None:
        one["ties"] = [tie.model_dump() for tie in changes.ties]
    if changes.multiple is not None or changes.equals_at_the_limit is not None:
        cut = one["cut"] or {
            "multiple": 1,
            "equals_at_the_limit": "officer-decides",
            "authority": score["authority"],
        }
        one["cut"] = cut
        cut["multiple"] = changes.multiple or cut["multiple"]
        cut["equals_at_the_limit"] = changes.equals_at_the_limit or cut["equals_at_the_limit"]
    return values


def _set_threshold(
    policy: Policy, values: dict[str, Any], one: Mapping[str, Any], other: OtherThreshold
) -> None:
    counted = [
        stage
        for stage in values["stages"]
        if stage["code"] in {term["stage"] for term in one["score"]["terms"]}
    ]
    own = next(stage for stage in counted if stage["code"] == one["stage"])
    holds = [
        stage for stage in counted if any(part["code"] == other.of for part in stage["components"])
    ]
    if other.of != "total" and not holds:
        known = [part["code"] for stage in counted for part in stage["components"]]
        raise UnknownPartError("thresholds", other.of, [*known, "total"])
    stage = own if other.of == "total" else holds[0]
    needs = [*(other.needs or policy.needs)]
    kept = []
    for threshold in stage["thresholds"]:
        if threshold["of"] == other.of:
            threshold["needs"] = [need for need in threshold["needs"] if need not in needs]
        if threshold["needs"]:
            kept.append(threshold)
    if other.minimum is not None:
        kept.append(
            {
                "needs": needs,
                "of": other.of,
                "minimum": str(other.minimum),
                "authority": stage["authority"],
            }
        )
    stage["thresholds"] = kept


Way = Literal["in", "out", "moved"]


@dataclass(frozen=True, slots=True)
class Move:
    """Somebody who would stand elsewhere: into the cut, out of it, or at another rank, score or
    code.
    """

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
    """Two rankings of the same people: who moves, by participant number, and how many have which
    code.
    """

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
        Counter(each.code for each in now.values()),
        Counter(each.code for each in then.values()),
    )


def rules_for(policy: Policy, list_code: str, need: str, seed: str) -> ListRules:
    """One list of a policy that is tried out: compiled for this question alone."""
    one: List | None = policy.list_called(list_code)
    assert one is not None
    return ListRules(policy, one, need, seed)
