"""Kinds of value that the answers of several rooms show.

Those that events state too stand in shared/contracts/fields.py.
"""

from typing import Annotated

from pydantic import Field

SeatsInAll = Annotated[int, Field(description="Seats to be filled, those included that are taken")]
VacancyNumber = Annotated[int, Field(description="Its number within the round")]

Rank = Annotated[int, Field(description="Place on the list; equals share one (1, 2, 2, 4)")]
MaybeRank = Annotated[
    int | None,
    Field(
        description="Shared by equals (1, 2, 2, 4); none for whoever is out or has no result yet"
    ),
]
Score = Annotated[str, Field(description="Exact decimal with the policy's digits")]
MaybeScore = Annotated[
    str | None, Field(description="Exact decimal with the policy's digits; none without a rank")
]
PointsByComponent = Annotated[
    dict[str, str],
    Field(
        description="Points by component; empty where they do not count, or where the policy does"
        " not publish them"
    ),
]
LineCode = Annotated[
    str,
    Field(
        description="Result code as it is, or would be now; WAIT: no result yet; UNDECIDED: an"
        " officer has to choose"
    ),
]
Equals = Annotated[int, Field(description="Others who are equal in score and every tie")]

Candidates = Annotated[
    int, Field(description="Everyone on the list: ranked, out by a code, or without a result yet")
]
CandidatesByCode = Annotated[dict[str, int], Field(description="Candidates by result code")]

Minimum = Annotated[str, Field(description="Points to be reached, an exact decimal")]
OwnPoints = Annotated[str, Field(description="Points that the candidate has, an exact decimal")]
Passed = Annotated[bool, Field(description="Whether the threshold is met")]

ListVersionNumber = Annotated[int, Field(description="As in StandingsRecomputed")]
ListDigest = Annotated[str, Field(description="SHA-256 of all lines, as in StandingsRecomputed")]

PublicationVersion = Annotated[
    int, Field(description="From 1; a later version follows, it never replaces")
]
Root = Annotated[str, Field(description="Root of the tree over every line, in hexadecimal")]
