"""How many brokers have each record: a setting of the deployment, checked against the cluster."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from typing_extensions import override


class Replication(BaseModel):
    """The settings of every topic's replicas; without them, those of a single broker.

    They are never guessed from the brokers that answer: with one of three away, topics would lose
    their safety for good.
    """

    model_config = ConfigDict(frozen=True)

    factor: Annotated[
        int,
        Field(
            validation_alias="TERANG_KAFKA_REPLICATION_FACTOR",
            ge=1,
            le=15,
            title="Replicas",
            description="Brokers that have each record of a topic: 1, or 3 on a cluster",
        ),
    ] = 1
    min_insync: Annotated[
        int,
        Field(
            validation_alias="TERANG_KAFKA_MIN_INSYNC_REPLICAS",
            ge=1,
            le=15,
            title="Replicas that must have a record",
            description="Brokers that must have a record before it is acknowledged: 2 of 3",
        ),
    ] = 1

    @override
    def __str__(self) -> str:
        return f"on {self.factor} brokers of which {self.min_insync} must have a record"

    @field_validator("min_insync")
    @classmethod
    def _fits(cls, number: int, others: ValidationInfo) -> int:
        factor = others.data.get("factor", number)
        if number > factor:
            raise ValueError(
                f"no topic has more than its {factor} replicas (TERANG_KAFKA_REPLICATION_FACTOR),"
                " so nothing could be written"
            )
        if factor > 1 and number < 2:
            raise ValueError(
                f"give 2 or more of {factor} replicas: what one broker alone has is lost with it"
            )
        return number
