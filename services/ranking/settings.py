"""What the ranking service is told by its environment."""

from typing import Annotated

from pydantic import Field

from shared import settings


class Settings(settings.RoundSettings):
    """The settings of services that decide in rounds, and ranking's own."""

    signing_key: Annotated[
        str | None,
        Field(
            validation_alias="TERANG_RANKING_SIGNING_KEY",
            min_length=1,
            title="Signing key",
            description="Ed25519 private key for published lists: PEM, or the path of a PEM file;"
            " without it nothing is published",
        ),
    ] = None
    kept_answers_mib: Annotated[
        int,
        Field(
            validation_alias="TERANG_RANKING_KEPT_ANSWERS_MIB",
            ge=0,
            le=1024,
            title="Memory for answers that are kept, MiB",
            description="Lists and explanations that many ask for are made once and sent again as"
            " long as they are right; each api process keeps this much, 0 keeps none",
        ),
    ] = 64
