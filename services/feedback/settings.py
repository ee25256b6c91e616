"""The settings of feedback: those of every process, and when a unit is flagged."""

from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field, model_validator

from services.feedback.flags.domain import FlagLimits
from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """When flags are raised and cleared; each limit is public, in events or the API."""

    flag_ratio: Annotated[
        Decimal,
        Field(
            validation_alias="TERANG_FEEDBACK_FLAG_RATIO",
            ge=1,
            le=10,
            title="Ratio of a flag",
            description="A unit is in trouble when its rate of complaints is above so many "
            "times the province's",
        ),
    ] = Decimal("1.5")
    flag_probability: Annotated[
        Decimal,
        Field(
            validation_alias="TERANG_FEEDBACK_FLAG_PROBABILITY",
            gt=Decimal("0.5"),
            lt=1,
            title="Probability to flag",
            description="A flag is raised when the probability of being above the ratio reaches "
            "this",
        ),
    ] = Decimal("0.95")
    clear_probability: Annotated[
        Decimal,
        Field(
            validation_alias="TERANG_FEEDBACK_CLEAR_PROBABILITY",
            gt=0,
            lt=1,
            title="Probability to clear",
            description="A flag is lowered when the probability falls below this; it lies under "
            "the flagging one, so that a flag does not flicker",
        ),
    ] = Decimal("0.80")
    flag_complaints: Annotated[
        int,
        Field(
            validation_alias="TERANG_FEEDBACK_FLAG_COMPLAINTS",
            ge=1,
            le=1000,
            title="Fewest complaints of a flag",
            description="With fewer complaints in the window no flag is raised, however sure "
            "the statistics are",
        ),
    ] = 5
    prior_complaints: Annotated[
        Decimal,
        Field(
            validation_alias="TERANG_FEEDBACK_PRIOR_COMPLAINTS",
            ge=Decimal("0.5"),
            le=100,
            title="Weight of the prior",
            description="Every unit starts as if so many complaints had come at the province's "
            "rate; 2 says that units' true rates differ by some 70 % of their mean",
        ),
    ] = Decimal(2)
    workload_flag: Annotated[
        Decimal,
        Field(
            validation_alias="TERANG_FEEDBACK_WORKLOAD_FLAG",
            gt=0,
            le=10,
            title="Workload that asks for staff",
            description="A slow unit needs staff when its services per member of staff are "
            "above so many times the province's",
        ),
    ] = Decimal("1.1")
    workload_clear: Annotated[
        Decimal,
        Field(
            validation_alias="TERANG_FEEDBACK_WORKLOAD_CLEAR",
            gt=0,
            le=10,
            title="Workload that no longer does",
            description="A unit flagged for staff stays so until its workload is no longer "
            "above this",
        ),
    ] = Decimal("1.0")

    @model_validator(mode="after")
    def _limits_in_order(self) -> Self:
        if self.clear_probability >= self.flag_probability:
            raise ValueError(
                "TERANG_FEEDBACK_CLEAR_PROBABILITY must lie under TERANG_FEEDBACK_FLAG_PROBABILITY"
            )
        if self.workload_clear > self.workload_flag:
            raise ValueError(
                "TERANG_FEEDBACK_WORKLOAD_CLEAR must not lie over TERANG_FEEDBACK_WORKLOAD_FLAG"
            )
        return self

    @property
    def limits(self) -> FlagLimits:
        return FlagLimits(
            ratio=self.flag_ratio,
            flag_probability=self.flag_probability,
            clear_probability=self.clear_probability,
            least_complaints=self.flag_complaints,
            prior_complaints=self.prior_complaints,
            workload_flag=self.workload_flag,
            workload_clear=self.workload_clear,
        )
