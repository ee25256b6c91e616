"""What routes get by dependency injection: the resources of their process."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request

from shared.identity import Accounts
from shared.messaging.outbox import Outbox
from shared.postgres.pool import Pool
from shared.settings import ServiceSettings
from shared.web.authentication import TokenVerifier
from shared.web.problems import Problems


@dataclass(frozen=True, slots=True)
class Resources:
    """What a service's HTTP process holds from its start to its end.

    `clock` gives the present instant in UTC. `accounts` is there in the services that decide in
    rounds.
    """

    service: str
    settings: ServiceSettings
    pool: Pool
    outbox: Outbox
    clock: Callable[[], datetime]
    token_verifier: TokenVerifier
    problems: Problems
    accounts: Accounts | None = None


async def get_resources(request: Request) -> Resources:
    """The resources of the app that serves this request."""
    # async: FastAPI runs a plain function in a thread, for each request
    resources: Resources = request.app.state.resources
    return resources


ResourcesDependency = Annotated[Resources, Depends(get_resources)]
