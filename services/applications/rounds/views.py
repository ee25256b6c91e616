"""What everyone may see of rounds."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from services.applications.rounds.storage import ROUNDS
from shared.contracts.fields import RoundId
from shared.paging import Page, page, text_after
from shared.phrases import Phrase
from shared.postgres.pool import Connection
from shared.refusals import Refusal

RoundName = Annotated[str, Field(description="The round's name for people")]


class RoundView(BaseModel):
    """A round as it stands."""

    round_id: RoundId
    name: RoundName
    policy_id: str = Field(description="Name of the policy")
    policy_version: str = Field(description="Its version")
    policy_hash: str = Field(
        description="SHA-256 of the policy's canonical JSON, as RoundOpened states it"
    )
    seed: str = Field(
        description="Published seed that orders the lines of equals; it decides nothing"
    )
    decreed_seats: int = Field(description="Seats that the Minister's decree grants")
    registration_opens: datetime = Field(
        description="First instant at which people may register, UTC"
    )
    registration_closes: datetime = Field(
        description="First instant at which they no longer may, UTC"
    )
    opened_at: datetime = Field(description="When an officer opened the round, UTC")
    published_at: datetime | None = Field(
        description="When its vacancies became public; none before"
    )
    closed_at: datetime | None = Field(description="When registration was closed; none before")
    vacancies: int = Field(description="Vacancies imported, public or not yet")
    seats: int = Field(description="Their seats together")


async def show_round(connection: Connection, round_id: str) -> RoundView:
    """One round. Raises Refusal `not-found`."""
    row = await ROUNDS.round_by_id(connection, round_id=round_id)
    if row is None:
        raise Refusal("not-found", what=Phrase("round", round_id=round_id))
    return RoundView(**row)


async def show_rounds(connection: Connection, cursor: str | None, limit: int) -> Page[RoundView]:
    """Rounds in order of id. Raises Refusal `bad-cursor`."""
    after = text_after(cursor)
    rounds = [
        RoundView(**row)
        async for row in ROUNDS.page_of_rounds(connection, after=after, limit=limit + 1)
    ]
    return page(rounds, limit, lambda round_: (round_.round_id,))
