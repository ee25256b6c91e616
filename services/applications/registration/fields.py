"""The kinds of value that several answers of applications show; shared/contracts/fields.py has
those that events state too.
"""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from services.applications.registration.domain import Status

StatusNow = Annotated[
    Status,
    Field(
        description="`submitted`: waits for a verifier; `verified` or `rejected`: does or does not meet the requirements; `withdrawn`: taken back"
    ),
]
SubmittedAt = Annotated[datetime, Field(description="When the applicant applied, UTC")]
DecidedAt = Annotated[datetime, Field(description="When a verifier decided, UTC")]
MaybeDecidedAt = Annotated[
    datetime | None, Field(description="When a verifier decided, UTC; none before")
]
WithdrawnAt = Annotated[datetime, Field(description="When the applicant took it back, UTC")]
MaybeWithdrawnAt = Annotated[
    datetime | None,
    Field(description="When the applicant took it back, UTC; none where they did not"),
]
