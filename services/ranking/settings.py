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
