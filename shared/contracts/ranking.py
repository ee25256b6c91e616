"""What the ranking service states: standings as they move, and what officers fixed."""

from typing import Annotated

from pydantic import Field, StringConstraints

from shared.contracts.fields import (
    Count,
    Fact,
    ParticipantNo,
    Points,
    ResultCode,
    RoundId,
    Sha256,
    StageCode,
    VacancyId,
)
from shared.contracts.strict import Id, Whole


class Line(Fact):
    """One line of a standing. Equals share a rank (1, 2, 2, 4)."""

    rank: Annotated[Whole, Field(ge=1, description="Place on the list; equals share one")]
    participant_no: ParticipantNo
    score: Annotated[Points, Field(description="Score of the list, as the policy rounds it")]


class Cut(Fact):
    """Where the list is cut: so many may pass, and who is last of them now.

    Ties at the limit are all admitted.
    """

    limit: Annotated[
        Whole, Field(ge=0, description="The policy's multiple of the seats, or the seats")
    ]
    within: Annotated[Count, Field(description="Candidates within the cut now")]
    score: Annotated[
        Points | None, Field(description="Score of the last within; none while nobody is")
    ] = None


class ListEvent(Fact):
    """What every event about a vacancy's list says."""

    vacancy_id: VacancyId
    round_id: RoundId
    list: StageCode


class StandingsRecomputed(ListEvent):
    """The live standings changed.

    States figures and a digest of the whole, never the whole list.
    """

    version: Annotated[Whole, Field(ge=1, description="Dense from 1 for each list of a vacancy")]
    candidates: Annotated[
        Count, Field(description="Admitted to the list's stage: ranked, waiting, or out by a code")
    ]
    codes: Annotated[
        dict[ResultCode, Count],
        Field(description="Candidates by result code as it would be now; `WAIT` has no result yet"),
    ]
    cut: Cut
    first: Annotated[tuple[Line, ...], Field(max_length=10, description="The first ten lines")]
    digest: Annotated[
        Sha256,
        Field(
            description="SHA-256 of all lines in order of participant number: "
            "`participant_no,rank,score,code\\n`, rank and score empty where there are none"
        ),
    ]


class CandidateShortlisted(ListEvent):
    """The candidate is admitted to the next stage, until AdmissionRevoked.

    They passed the list's gates and stand within its cut. Said anew where a corrected list has them
    on another line.
    """

    participant_no: ParticipantNo
    rank: Annotated[Whole, Field(ge=1, description="Place on the list; equals share one")]
    score: Annotated[Points, Field(description="Score of the list, as the policy rounds it")]
    code: ResultCode


class StageClosed(ListEvent):
    """An officer fixed the list's codes.

    `shortlisted` events of this vacancy say who goes on (at the final list: who is selected).
    """

    version: Annotated[
        Whole, Field(ge=1, description="The version of the standings that was fixed")
    ]
    codes: Annotated[
        dict[ResultCode, Count], Field(description="Candidates by result code, as fixed")
    ]
    shortlisted: Annotated[Count, Field(description="Candidates who go on, or are selected")]
    digest: Annotated[Sha256, Field(description="As in StandingsRecomputed, of the fixed lines")]


class CandidateSelected(ListEvent):
    """The final list gives the candidate a seat, until AdmissionRevoked.

    Said anew where a corrected list has them on another line.
    """

    participant_no: ParticipantNo
    rank: Annotated[Whole, Field(ge=1, description="Place on the list; equals share one")]
    score: Annotated[Points, Field(description="Score of the list, as the policy rounds it")]
    code: ResultCode


class AdmissionRevoked(ListEvent):
    """A corrected list no longer lets the candidate go on, or gives them no seat.

    CandidateShortlisted or CandidateSelected holds no more.
    """

    participant_no: ParticipantNo
    code: Annotated[
        ResultCode, Field(description="Result code on the corrected list", examples=["P"])
    ]


class ClosedListCorrected(ListEvent):
    """An officer adopted a corrected version of a closed list.

    It counts from now on; the earlier one stays as it is, and readable.

    Before it, for this vacancy and list, come AdmissionRevoked of whoever no longer goes on, and
    CandidateShortlisted (CandidateSelected) of whoever goes on with another line than before, newly
    or not.
    """

    version: Annotated[
        Whole, Field(ge=1, description="The version of the standings that counts now")
    ]
    follows: Annotated[Whole, Field(ge=1, description="The version that counted until now")]
    codes: Annotated[
        dict[ResultCode, Count], Field(description="Candidates by result code, as they count now")
    ]
    shortlisted: Annotated[
        Count, Field(description="Candidates who go on, or are selected, in all")
    ]
    digest: Annotated[
        Sha256, Field(description="As in StandingsRecomputed, of the lines that count now")
    ]


class StandingsPublished(Fact):
    """Two officers published all lists of a round.

    Whoever knows the key can check the signature here, and then any file of the list against the
    root.
    """

    round_id: RoundId
    version: Annotated[
        Whole,
        Field(
            ge=1,
            description="Dense from 1 for each round; a later version follows, it never replaces",
        ),
    ]
    vacancies: Annotated[Count, Field(description="Vacancies on the list")]
    lines: Annotated[Count, Field(description="Lines of all lists of all vacancies")]
    policy_hash: Annotated[
        Sha256,
        Field(description="Of the policy under which everyone was ranked, as in RoundOpened"),
    ]
    root: Annotated[Sha256, Field(description="Root of the Merkle tree (RFC 6962) over every line")]
    key_id: Annotated[
        Sha256,
        Field(description="RFC 7638 thumbprint of the signing key; GET /ranking/keys has the key"),
    ]
    head: Annotated[
        str,
        Field(
            description="The text that was signed: the file's format, as `terang-list-2`, a line "
            "feed, canonical JSON with all of the above"
        ),
    ]
    signature: Annotated[
        str,
        StringConstraints(pattern=r"^[0-9a-f]{128}$"),
        Field(description="Ed25519 over `head` in UTF-8, in hexadecimal"),
    ]


class SeatOffered(Fact):
    """An empty seat is offered to someone whom a final list ranked.

    It is theirs only once they accept; their answer goes to applications.
    """

    offer_id: Annotated[
        Id, Field(description="The offer; follows from round, vacancy and participant number")
    ]
    vacancy_id: Annotated[VacancyId, Field(description="The vacancy that has the empty seat")]
    round_id: RoundId
    participant_no: ParticipantNo
    applied_for: Annotated[VacancyId, Field(description="The vacancy that they applied for")]
    code: Annotated[ResultCode, Field(description="Result code once they accept", examples=["L-1"])]
    move: Annotated[
        Whole | None,
        Field(
            ge=1,
            description="Which of the policy's seat moves allows it; none: they are next on the "
            "vacancy's own list",
        ),
    ] = None


class SeatLeftEmpty(Fact):
    """Nobody is left to whom these seats may be offered."""

    vacancy_id: VacancyId
    round_id: RoundId
    seats: Annotated[
        Whole,
        Field(
            ge=1,
            description="Seats of the vacancy that stay empty, in all; a later event may say more",
        ),
    ]
