"""Query parameters of every list that pages."""

from typing import Annotated

from fastapi import Query
from pydantic import Field

from shared.contracts.fields import ParticipantNo
from shared.contracts.strict import IN_DIGITS

Limit = Annotated[int, Field(ge=1, le=500), IN_DIGITS, Query(description="Items a page")]
Cursor = Annotated[
    str | None,
    Query(max_length=400, description="`next` of the page before; leave out for the first page"),
]

NumberSearched = Annotated[
    ParticipantNo | None, Query(description="Only the candidate of this participant number")
]
