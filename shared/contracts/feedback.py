"""What the feedback service states: complaints without their words, and flags of units."""

from typing import Annotated, Literal

from pydantic import Field

from shared.contracts.fields import Count, Fact, Figure, UnitId
from shared.contracts.strict import Day, Id, Whole

ComplaintCategory = Literal[
    "slow-service", "conduct", "competence", "requirements", "facilities", "other"
]
FlagKind = Literal["staff", "training", "process"]


ShownCategory = Annotated[
    ComplaintCategory | None,
    Field(
        description="None where the unit has fewer than 5 staff: a category would point at persons"
    ),
]


class ComplaintFiled(Fact):
    """A citizen complained about a unit. What was said, where, and by whom stays in feedback."""

    complaint_id: Annotated[Id, Field(description="Id of the complaint")]
    unit_id: UnitId
    category: ShownCategory = None
    filed_on: Annotated[Day, Field(description="Day in the province's zone")]


class ComplaintResolved(Fact):
    """An officer answered a complaint."""

    complaint_id: Annotated[Id, Field(description="Id of the complaint")]
    unit_id: UnitId
    category: ShownCategory = None
    outcome: Annotated[
        Literal["upheld", "not-upheld", "referred"],
        Field(description="Found right, found wrong, or for another body"),
    ]
    days: Annotated[Whole, Field(ge=0, description="Whole days from filing to the answer")]


class FlagFigures(Fact):
    """The figures behind a flag: what was counted, against what, and how sure it is."""

    complaints: Annotated[
        Count,
        Field(
            description="Complaints of the categories that the flag rests on, filed in the "
            "window; without those answered `not-upheld` or `referred`"
        ),
    ]
    exposure: Annotated[
        Count,
        Field(
            description="Services rendered in the window (a month not reported counts as the mean "
            "of those reported), or staff, at least 1, where no services are known"
        ),
    ]
    exposure_kind: Annotated[
        Literal["services", "staff"], Field(description="What `exposure` counts")
    ]
    window_from: Annotated[
        Day, Field(description="First day of the window of twelve calendar months")
    ]
    window_to: Annotated[Day, Field(description="First day after the window")]
    province_rate: Annotated[
        Figure,
        Field(
            description="Complaints per 1,000 of exposure, over all units of the province with "
            "this kind of exposure"
        ),
    ]
    unit_rate: Annotated[
        Figure, Field(description="Posterior mean for the unit, per 1,000 of exposure")
    ]
    probability: Annotated[
        Figure,
        Field(
            description="Posterior probability that the unit's rate is above the province's by "
            "the stated ratio"
        ),
    ]
    ratio: Annotated[Figure, Field(description="The ratio that `probability` speaks of")]
    prior_complaints: Annotated[
        Figure,
        Field(
            description="Weight of the prior: with p of it at the province's rate r, the unit's "
            "rate is Gamma(p + complaints, p/r + exposure)"
        ),
    ]
    workload_ratio: Annotated[
        Figure | None,
        Field(description="Services per member of staff over the province's; none where unknown"),
    ] = None


class UnitFlagged(Fact):
    """The evidence says that the unit needs staff, training, or another process."""

    unit_id: UnitId
    kind: Annotated[
        FlagKind, Field(description="What the unit needs: staff, training, or another process")
    ]
    figures: Annotated[FlagFigures, Field(description="The figures on which this was decided")]


class UnitCleared(Fact):
    """The flag no longer stands.

    The probability fell below the clearing limit (which lies under the flagging one), another kind
    took its place, or the unit became too small to be judged by its people.
    """

    unit_id: UnitId
    kind: Annotated[
        FlagKind, Field(description="What the unit needs: staff, training, or another process")
    ]
    figures: Annotated[FlagFigures, Field(description="The figures on which this was decided")]
