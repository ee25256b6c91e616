"""Checks of the stages of a policy: components, evidence, bonuses, thresholds."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

from shared.policies.faults import CheckedPart, Location, PolicyFault, repeated
from shared.policies.fields import FACTS, number_in
from shared.policies.stages import Bonus, Component, EvidenceScale, Stage, Threshold

if TYPE_CHECKING:  # the model runs these checks when it is validated
    from shared.policies.model import Policy

RESERVED_NAMES = {*FACTS, "score", "decision", "equal", "total"}
"""Names that mean something else where a stage is named: in ties, and in what decided."""


def stage_faults(policy: "Policy", location: Location, stage: Stage) -> Iterator[PolicyFault]:
    """What is wrong with a stage."""
    part = CheckedPart(location, f"stage {stage.code}")
    if stage.code in RESERVED_NAMES:
        yield part.fault("the name stands for something else", "code")
    if not stage.stated:
        yield part.fault("all points follow from facts: there is nothing to sit")
    yield from _longer_time_faults(part, stage)
    for number, component in enumerate(stage.components):
        inner = part.part(component.code, "components", number)
        yield from _component_faults(policy, inner, component)
    for number, bonus in enumerate(stage.bonuses):
        inner = part.part(f"bonus on {bonus.component}", "bonuses", number)
        yield from _bonus_faults(policy, inner, stage, bonus)
    for number, threshold in enumerate(stage.thresholds):
        inner = part.part(f"threshold on {threshold.of}", "thresholds", number)
        yield from _threshold_faults(inner, stage, threshold)
    yield from _coverage_faults(policy, part, stage)


def _longer_time_faults(part: CheckedPart, stage: Stage) -> Iterator[PolicyFault]:
    for number, longer in enumerate(stage.longer):
        if stage.minutes is not None and longer.minutes <= stage.minutes:
            yield part.part("longer time", "longer", number).fault(
                f"{longer.minutes} minutes are not more than the stage's own {stage.minutes}",
                "minutes",
            )


# Components


def _component_faults(
    policy: "Policy", part: CheckedPart, component: Component
) -> Iterator[PolicyFault]:
    if component.maximum % component.step:
        yield part.fault(
            f"the maximum {component.maximum} is no multiple of {component.step}", "step"
        )
    yield from _item_faults(part, component)
    if component.knock_out is not None and component.knock_out > component.maximum:
        says = (
            f"the knock-out minimum {component.knock_out} is above the maximum {component.maximum}"
        )
        yield part.fault(says, "knock_out")
    yield from _rubric_faults(part, component)
    if component.evidence is not None:
        if component.scoring != "evidence":
            yield part.fault("points that follow from a fact are scored by evidence", "scoring")
        yield from _evidence_faults(policy, part, component, component.evidence)


def _item_faults(part: CheckedPart, component: Component) -> Iterator[PolicyFault]:
    if component.scoring != "right-wrong" or not component.items:
        return
    if component.items * component.step != component.maximum:
        says = f"{component.items} items of {component.step} points do not make {component.maximum}"
        yield part.fault(says, "maximum")


def _rubric_faults(part: CheckedPart, component: Component) -> Iterator[PolicyFault]:
    if not component.rubric:
        return
    if component.scoring not in {"panel", "evidence"} or component.evidence is not None:
        yield part.fault("a rubric is for what a panel or a verifier judges", "rubric")
    total = sum((criterion.maximum for criterion in component.rubric), Decimal(0))
    if total != component.maximum:
        says = f"the rubric's maxima sum to {total}, not {component.maximum}"
        yield part.fault(says, "rubric")


def _evidence_faults(
    policy: "Policy", part: CheckedPart, component: Component, evidence: EvidenceScale
) -> Iterator[PolicyFault]:
    reached: list[tuple[Decimal, Decimal]] = []
    for number, step in enumerate(evidence.steps):
        at = ("evidence", "steps", number)
        value = policy.value_of_fact(evidence.of, step.at_least)
        if value is None:
            yield part.fault(f"{step.at_least} is no value of {evidence.of}", *at, "at_least")
            return
        reached.append((value, step.points))
        if step.points > component.maximum:
            says = f"{step.points} points are above the maximum {component.maximum}"
            yield part.fault(says, *at, "points")
        if step.points % component.step:
            yield part.fault(
                f"{step.points} points are no multiple of {component.step}", *at, "points"
            )
    if not all(_ascends(before, after) for before, after in pairwise(reached)):
        yield part.fault("the steps do not ascend", "evidence", "steps")


def _ascends(before: tuple[Decimal, Decimal], after: tuple[Decimal, Decimal]) -> bool:
    """Whether the second step asks for more of the fact and gives no fewer points."""
    return before[0] < after[0] and before[1] <= after[1]


# Bonuses


def _bonus_faults(
    policy: "Policy", part: CheckedPart, stage: Stage, bonus: Bonus
) -> Iterator[PolicyFault]:
    component = stage.component(bonus.component)
    if component is None:
        yield part.fault(f"stage {stage.code} has no such component", "component")
        return
    if bonus.ceiling > component.maximum:
        says = f"the ceiling {bonus.ceiling} is above the maximum {component.maximum}"
        yield part.fault(says, "ceiling")
    for field, value in (("points", bonus.points), ("ceiling", bonus.ceiling)):
        if value % component.step:
            yield part.fault(f"{value} is no multiple of {component.step}", field)
    yield from _condition_faults(policy, part, stage, bonus)


def _condition_faults(
    policy: "Policy", part: CheckedPart, stage: Stage, bonus: Bonus
) -> Iterator[PolicyFault]:
    if bonus.of is None or bonus.at_least is None:
        return
    if bonus.of in FACTS:
        if policy.value_of_fact(bonus.of, bonus.at_least) is None:
            yield part.fault(f"{bonus.at_least} is no value of {bonus.of}", "at_least")
    elif stage.component(bonus.of) is None:
        yield part.fault(f"nothing in stage {stage.code} is called {bonus.of}", "of")
    elif number_in(bonus.at_least) is None:
        yield part.fault(f"{bonus.at_least} is no number of points", "at_least")


# Thresholds


def _threshold_faults(
    part: CheckedPart, stage: Stage, threshold: Threshold
) -> Iterator[PolicyFault]:
    component = stage.component(threshold.of)
    if component is None and threshold.of != "total":
        yield part.fault("no such component", "of")
        return
    for need in threshold.needs:
        most = component.maximum if component else stage.maximum_for(need)
        if threshold.minimum > most:
            yield part.fault(f"{threshold.minimum} is above the maximum {most}", "minimum")
            return
        if component is not None and not component.of_need(need):
            yield part.fault(f"vacancies for {need} have no {threshold.of}", "needs")


def _coverage_faults(policy: "Policy", part: CheckedPart, stage: Stage) -> Iterator[PolicyFault]:
    """Each kind of need has one threshold on a thing, and where there are any, at least one."""
    named = [
        f"{threshold.of} for {need}" for threshold in stage.thresholds for need in threshold.needs
    ]
    for twice in repeated(named):
        yield part.fault(f"two thresholds on {twice}", "thresholds")
    if stage.thresholds:
        covered = {need for threshold in stage.thresholds for need in threshold.needs}
        for need in sorted(policy.needs.keys() - covered):
            yield part.fault(f"no threshold for {need}", "thresholds")
