"""Whether a candidate's stated points fit a stage."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from shared.phrases import Phrase
from shared.policies.stages import Component, Stage


def point_faults(
    stage: Stage, points: Mapping[str, Decimal], need: str | None
) -> Iterator[tuple[str, Phrase]]:
    """What is wrong with a candidate's points: component and fault.

    `need` is the candidate's kind of need, if it is known.
    """
    for code in points:
        if stage.component(code) is None:
            known = ", ".join(component.code for component in stage.components)
            yield code, Phrase("component-unknown", stage=stage.code, known=known)
    for component in stage.components:
        value = points.get(component.code)
        fault = _missing(component, need) if value is None else _wrong(component, value, need)
        if fault is not None:
            yield component.code, fault


def _missing(component: Component, need: str | None) -> Phrase | None:
    """What is wrong where no points are stated for a component."""
    asked = not component.needs if need is None else component.of_need(need)
    return Phrase("points-missing") if asked and component.evidence is None else None


def _wrong(component: Component, points: Decimal, need: str | None) -> Phrase | None:
    """What is wrong with the points stated for a component."""
    if need is not None and not component.of_need(need):
        return Phrase("component-not-of-need", need=need)
    if component.evidence is not None:
        return Phrase("points-derived", fact=component.evidence.of)
    return component.fault_of(points)
