"""Parts of a policy beside stages and lists: authorities, needs, quotas, objections, seats."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from shared.policies.fields import (
    AuthorityName,
    Code,
    PolicyPart,
    Positive,
    ResultCode,
    Text,
    Whole,
)

TO_BE_CONFIRMED = "To be confirmed by the agency"

MAX_DAYS = 60
"""Days of an objection or of its answer, at most.

Rules give three and seven; a slip (30000 for 3) would hold a round's lists for ever.
"""


class Authority(PolicyPart):
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
                f"confidence {self.confidence} needs a `remark` that begins with "
                f"`{TO_BE_CONFIRMED}` and says what"
            )
        return self


class Need(PolicyPart):
    """A kind of need (jenis kebutuhan) that a vacancy may be for."""

    name: Text
    labels: Annotated[
        tuple[str, ...],
        Field(min_length=1, description="What the national list of vacancies calls it"),
    ]
    authority: AuthorityName | None = None


class EducationLevel(PolicyPart):
    """A level of education (jenjang)."""

    code: Code
    name: Text
    labels: Annotated[
        tuple[str, ...], Field(min_length=1, description="What lists of vacancies call it")
    ]


class PriorityGroup(PolicyPart):
    """People who go before all of the groups after, whatever the score."""

    code: Code
    name: Text
    labels: Annotated[tuple[str, ...], Field(description="Other words for it in files")] = ()
    result_code: Annotated[
        ResultCode | None,
        Field(
            description="Shown in place of the list's code, and before `/` and it where within; "
            "none: the list's"
        ),
    ] = None
    result_code_authority: Annotated[
        AuthorityName | None, Field(description="None: that of the group")
    ] = None
    authority: AuthorityName


class Quota(PolicyPart):
    """The least share of a round's seats that a kind of need has."""

    need: Code
    least_percent: Annotated[Positive, Field(le=100)]
    authority: AuthorityName


class Objection(PolicyPart):
    """Who may object (sanggah) to a result, once, about the own case."""

    after: Annotated[
        str, Field(description="The list whose announcement opens it, or `administration`")
    ]
    days: Annotated[Whole, Field(gt=0, le=MAX_DAYS, description="Days from the announcement")]
    answer_days: Annotated[
        Whole,
        Field(
            gt=0,
            le=MAX_DAYS,
            description="Days after the window in which it is answered and announced",
        ),
    ]
    authority: AuthorityName


class Publication(PolicyPart):
    """What a published list shows of a candidate besides number, rank and code.

    No level shows a name or a personal fact.
    """

    level: Annotated[
        Literal["components", "scores"],
        Field(description="Score and points by component, or the score alone"),
    ]
    authority: AuthorityName


class SeatMove(PolicyPart):
    """One way to fill a seat that the vacancy's own list left empty (optimalisasi).

    It says whose next best may be offered the seat. Moves are tried in the policy's order; those
    whom one move allows, in merit order. Nobody is moved without consent.
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
            description="What both vacancies have in common; "
            "`education`: at least one accepted level and programme",
        ),
    ]
    thresholds_of: Annotated[
        Code | None,
        Field(
            description="Kind of need whose passing grades must be met too; "
            "none: those of the own need suffice"
        ),
    ] = None
    code: Annotated[ResultCode, Field(description="Result code of whoever takes the seat")]
    authority: AuthorityName


class SeatGroup(PolicyPart):
    """Posts whose empty seats are filled from within the group only, whatever the moves."""

    name: Text
    posts: Annotated[
        tuple[str, ...], Field(min_length=1, description="As the list of vacancies calls them")
    ]
    authority: AuthorityName
