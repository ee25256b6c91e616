"""Parameters that several rooms' requests share."""

from typing import Annotated

from fastapi import Query

from services.ranking.standings.storage.requested_list import State
from shared.contracts.fields import StageCode

WhichList = Annotated[
    StageCode | None,
    Query(alias="list", description="`skd` or `final`; by default the newest that has begun"),
]
WhichState = Annotated[
    State | None,
    Query(
        description="`closed`: as an officer fixed it; `live`: by all that is known now; by"
        " default as fixed, where it is"
    ),
]
