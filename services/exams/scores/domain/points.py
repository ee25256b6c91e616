"""Points as people write them: exact decimals in digits, never a float."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator

from shared.contracts.fields import Points
from shared.contracts.strict import DECIMAL_COMMA, decimal_text
from shared.phrases import Phrase
from shared.policies import Policy
from shared.refusals import Refusal

ComponentPoints = Mapping[str, Decimal]
"""A candidate's points by component code."""


def _without_final_zeros(value: Decimal) -> Decimal:
    """The same number, so that 82.50 and 82.5 are stated alike."""
    short = value.normalize()
    return short.quantize(Decimal(1)) if short == short.to_integral_value() else short


WrittenPoints = Annotated[
    Points,
    *decimal_text(r"^(0|[1-9][0-9]{0,5})(\.[0-9]{1,6})?$", example="82.5"),
    AfterValidator(_without_final_zeros),
]
"""Points out of a request."""

PointsInFile = Annotated[WrittenPoints, DECIMAL_COMMA]


def points_refusal(
    policy: Policy, stage: str, points: ComponentPoints, need: str | None
) -> Refusal | None:
    """`points-refused` with every fault that the policy finds in the points, or none.

    `need` is the kind of need of the candidate's vacancy.
    """
    faults = policy.point_faults(stage, points, need)
    if not faults:
        return None
    errors: list[dict[str, object]] = [
        {"field": f"points.{component}", "reason": fault} for component, fault in faults
    ]
    named = [
        Phrase("component-fault", component=component, fault=fault) for component, fault in faults
    ]
    return Refusal("points-refused", faults=named, errors=errors)
