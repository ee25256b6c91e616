"""Query parameters of every list that pages."""

from typing import Annotated

from fastapi import Query

from shared.contracts.fields import ParticipantNo

Limit = Annotated[int, Query(ge=1, le=500, description="Items a page")]
Cursor = Annotated[
    str | None,
    Query(max_length=400, description="`next` of the page before; leave out for the first page"),
]

NumberSearched = Annotated[
    ParticipantNo | None, Query(description="Only the candidate of this participant number")
]
