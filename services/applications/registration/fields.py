"""Fields that several answers show; shared/contracts/fields.py has those of events."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from services.applications.registration.domain import ApplicationStatus

StatusNow = Annotated[
    ApplicationStatus,
    Field(
        description="`submitted`: waits for a verifier; `verified` or `rejected`: does or does not "
        "meet the requirements; `withdrawn`: taken back"
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
