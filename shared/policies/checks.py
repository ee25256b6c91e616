"""Checks that the parts of a policy fit each other: what is named must exist, sums must be right.

Stages and lists have modules of their own (stage_checks.py, list_checks.py).
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from pydantic import BaseModel

from shared.policies.faults import CheckedPart, Location, PolicyFault, repeated, repetitions
from shared.policies.fields import normalized
from shared.policies.list_checks import list_faults
from shared.policies.parts import EducationLevel, PriorityGroup, SeatMove
from shared.policies.stage_checks import stage_faults

if TYPE_CHECKING:  # the model runs these checks when it is validated
    from shared.policies.model import Policy

AUTHORITY_FIELDS = (
    "authority",
    "ties_authority",
    "codes_authority",
    "education_authority",
    "result_code_authority",
)
"""Fields that name an authority."""

NEED_FIELDS = ("need", "needs", "to_needs", "from_needs", "thresholds_of")
"""Fields that name kinds of need."""


def policy_faults(policy: "Policy") -> Iterator[PolicyFault]:
    """Everything that is wrong between a policy's parts."""
    yield from _repeated_codes(policy)
    yield from _unknown_names(policy)
    for number, stage in enumerate(policy.stages):
        yield from stage_faults(policy, ("stages", number), stage)
    for number, ranking in enumerate(policy.lists):
        earlier = [before.code for before in policy.lists[:number]]
        yield from list_faults(policy, ("lists", number), ranking, earlier)
    yield from _seat_faults(policy)
    yield from _repeated_words("education", policy.education)
    yield from _repeated_words("priority_groups", policy.priority_groups)
    yield from _unused_priority_groups(policy)
    yield from _quota_faults(policy)
    yield from _objection_faults(policy)


def unused_authorities(policy: "Policy") -> Iterator[PolicyFault]:
    """Authorities that nothing names.

    This is asked of files only: a round's policy may be of an older version, and a what-if question
    may take away what cited an authority.
    """
    used = {name for _, name in _named(policy, AUTHORITY_FIELDS)}
    for name in policy.authorities:
        if name not in used:
            yield PolicyFault(("authorities", name), f"nothing names the authority {name}")


def _repeated_codes(policy: "Policy") -> Iterator[PolicyFault]:
    yield from repetitions(("stages",), "stage", [stage.code for stage in policy.stages])
    yield from repetitions(("lists",), "list", [ranking.code for ranking in policy.lists])
    components = [component.code for stage in policy.stages for component in stage.components]
    yield from repetitions(("stages",), "component", components)
    labels = [normalized(label) for need in policy.needs.values() for label in need.labels]
    for label in repeated(labels):
        yield PolicyFault(("needs",), f"label {label} names two kinds of need")


def _unknown_names(policy: "Policy") -> Iterator[PolicyFault]:
    for location, name in _named(policy, AUTHORITY_FIELDS):
        if name not in policy.authorities:
            yield PolicyFault(location, f"no authority {name}")
    for location, name in _named(policy, NEED_FIELDS):
        if name not in policy.needs:
            yield PolicyFault(location, f"no kind of need {name}")


def _seat_faults(policy: "Policy") -> Iterator[PolicyFault]:
    for number, move in enumerate(policy.seat_moves):
        part = CheckedPart(("seat_moves", number), f"seat move {number + 1}")
        yield from _move_faults(policy, part, move)
    posts = [normalized(post) for group in policy.seat_groups for post in group.posts]
    yield from repetitions(("seat_groups",), "post", posts)


def _move_faults(policy: "Policy", part: CheckedPart, move: SeatMove) -> Iterator[PolicyFault]:
    to_needs, from_needs = {*move.to_needs}, {*move.from_needs}
    if move.where == "same-unit" and (both := sorted(to_needs & from_needs)):
        yield part.fault(f"{', '.join(both)} at the same unit is the vacancy itself", "where")
    if "need" in move.same and to_needs != from_needs:
        yield part.fault(
            "the same need on both sides, but the two sides name different needs", "same"
        )
    for outcome, code in policy.lists[-1].codes.model_dump().items():
        if move.code == code or move.code.endswith(f"/{code}"):  # R2/L reads as L does
            says = f"the code {move.code} reads like the last list's own {code} ({outcome})"
            yield part.fault(says, "code")


def _repeated_words(
    name: str, groups: Sequence[EducationLevel | PriorityGroup]
) -> Iterator[PolicyFault]:
    words = [normalized(word) for group in groups for word in {group.code, *group.labels}]
    for word in repeated(words):
        yield PolicyFault((name,), f"{name}: {word} names two of them")


def _unused_priority_groups(policy: "Policy") -> Iterator[PolicyFault]:
    used = {tie.by for ranking in policy.lists for tie in ranking.ties}
    used |= {bonus.of for stage in policy.stages for bonus in stage.bonuses if bonus.of}
    by_priority = any(ranking.by_priority for ranking in policy.lists)
    if policy.priority_groups and not by_priority and "priority" not in used:
        yield PolicyFault(("priority_groups",), "priority groups: no list goes by them")


def _quota_faults(policy: "Policy") -> Iterator[PolicyFault]:
    part = CheckedPart(("quotas",), "quotas")
    for need in repeated([quota.need for quota in policy.quotas]):
        yield part.fault(f"{need} stands twice")
    total = sum((quota.least_percent for quota in policy.quotas), Decimal(0))
    if total > 100:
        yield part.fault(f"they sum to {total} % of the seats")


def _objection_faults(policy: "Policy") -> Iterator[PolicyFault]:
    announced = {"administration", *(ranking.code for ranking in policy.lists)}
    for number, objection in enumerate(policy.objections):
        if objection.after not in announced:
            part = CheckedPart(("objections", number), f"objection {number + 1}")
            yield part.fault(f"nothing is announced as {objection.after}", "after")
    afters = [objection.after for objection in policy.objections]
    yield from repetitions(("objections",), "objection to", afters)


def _named(policy: "Policy", fields: Sequence[str]) -> Iterator[tuple[Location, str]]:
    """Every name that stands in one of these fields, with its location."""
    for location, part in _parts(policy, ()):
        for field in fields:
            value = getattr(part, field, None)
            if isinstance(value, str):
                yield (*location, field), value
            elif isinstance(value, tuple):
                for number, name in enumerate(value):
                    yield (*location, field, number), name


def _parts(part: BaseModel, location: Location) -> Iterator[tuple[Location, BaseModel]]:
    """A part and all parts within it, with their locations."""
    yield location, part
    for field in type(part).model_fields:
        value = getattr(part, field)
        if isinstance(value, BaseModel):
            yield from _parts(value, (*location, field))
        elif isinstance(value, tuple | dict):
            for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
                if isinstance(inner, BaseModel):
                    yield from _parts(inner, (*location, field, key))
