"""The settings of applications, out of its environment."""

from typing import Annotated

from pydantic import Field

from shared import settings


class Settings(settings.RoundSettings):
    """Those of services that decide in rounds, and how long an offered seat may be answered."""

    seat_answer_days: Annotated[
        int,
        Field(
            validation_alias="TERANG_APPLICATIONS_SEAT_ANSWER_DAYS",
            ge=1,
            le=60,
            title="Days to answer an offered seat",
            description="An offer that nobody answered so many days after it was made lapses, "
            "and the seat goes to the next",
        ),
    ] = 7
