"""The clock of a demonstration over HTTP, beside its issuer: what it says, and days that pass."""

from datetime import datetime, timedelta

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from shared.clock import DemoClock


class Present(BaseModel):
    """What the services take for the present, UTC."""

    now: datetime


class TimePasses(BaseModel):
    """How many hours pass at once."""

    model_config = ConfigDict(extra="forbid", strict=True)

    hours: int = Field(ge=1, le=24 * 366)


def demo_clock_routes(clock: DemoClock) -> APIRouter:
    """`/issuer/clock`: GET tells the time of the demonstration, POST lets hours pass."""
    routes = APIRouter()

    @routes.get("/issuer/clock")
    async def present() -> Present:
        return Present(now=clock())

    @routes.post("/issuer/clock")
    async def let_time_pass(command: TimePasses) -> Present:
        # async and without an await: two moves never meet
        clock.move(timedelta(hours=command.hours))
        return Present(now=clock())

    return routes
