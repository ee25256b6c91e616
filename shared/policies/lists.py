"""The lists of a selection: scores, the order between equals, and how many go on."""

from typing import Annotated, Literal

from pydantic import Field

from shared.policies.fields import (
    AuthorityName,
    Code,
    Flag,
    PolicyPart,
    Positive,
    ResultCode,
    StageName,
    Text,
    Whole,
)


class ScoreTerm(PolicyPart):
    """A stage's or component's part in a score: total ÷ divisor, times weight %."""

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

    def counts_for(self, need: str) -> bool:
        """True where the term counts for that kind of need."""
        return not self.needs or need in self.needs


class Score(PolicyPart):
    """How a list's score comes out of the stages' totals."""

    terms: Annotated[tuple[ScoreTerm, ...], Field(min_length=1)]
    decimals: Annotated[Whole, Field(ge=0, le=6, description="Digits after the point")]
    rounding: Annotated[
        Literal["each-step", "end"],
        Field(
            description="Half-up, after each division and each multiplication, or once at the end"
        ),
    ]
    authority: AuthorityName


class Tie(PolicyPart):
    """One step of the order between equals. What is unknown goes last, in either direction."""

    by: Annotated[
        str,
        Field(
            description="A component, a stage (its total), a sum of components (A+B), "
            "or a fact of the person"
        ),
    ]
    order: Annotated[
        Literal["highest-first", "lowest-first"],
        Field(description="Which value goes before the other"),
    ]


class CutRule(PolicyPart):
    """How many of those who passed go on."""

    multiple: Annotated[Whole, Field(ge=1, description="Times the vacancy's seats")]
    equals_at_the_limit: Annotated[
        Literal["all-admitted", "officer-decides"],
        Field(
            description="What becomes of those who are equal in score and every tie "
            "where only some fit"
        ),
    ]
    authority: AuthorityName


class Codes(PolicyPart):
    """What a list calls each outcome."""

    within: Annotated[ResultCode, Field(description="Passed, and within the cut")]
    passed: Annotated[ResultCode, Field(description="Passed, outside the cut")]
    below: Annotated[ResultCode, Field(description="Below a threshold")]
    absent: ResultCode
    disqualified: ResultCode
    withdrawn: ResultCode
    rejected: Annotated[ResultCode, Field(description="Does not meet the requirements")]


class List(PolicyPart):
    """A ranking that is fixed at some point of the round.

    It says who is on it, by what score, in what order, and how many go on.
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
    cut: CutRule | None = None
    codes: Codes
    codes_authority: AuthorityName

    def goes_on(self, code: str) -> bool:
        """Whether a published code means a place within the cut.

        A priority group may stand before it (`R2/L`).
        """
        return code == self.codes.within or code.endswith(f"/{self.codes.within}")
