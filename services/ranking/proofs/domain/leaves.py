"""The leaves of a published list: vacancies, applicants, lists, lines, how seats were filled."""

import secrets
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError

from services.ranking.proofs.domain.canonical import (
    ExactDecimal,
    FilePart,
    Hash,
    Instant,
    Salt,
    canonical,
)
from services.ranking.proofs.domain.fault import first_fault
from shared.contracts.fields import ParticipantNo

SALT_BYTES = 16
"""Points and scores are few: without a salt a leaf's hash in somebody else's receipt would say what
stands in it."""


ADMINISTRATION = "administration"
"""The list of everyone who applied, where others are called by the policy's codes."""


def new_salt() -> str:
    """A random salt for a leaf, in hexadecimal."""
    return secrets.token_hex(SALT_BYTES)


class VacancyLeaf(FilePart):
    """A vacancy, before its lists."""

    kind: Literal["vacancy"]
    salt: Salt
    vacancy_id: str
    number: int
    listing_id: str
    agency: str
    post: str
    unit_id: str
    unit_path: str
    need: str
    seats: Annotated[int, Field(ge=1)]


class AdministrationLeaf(FilePart):
    """How many applied for a vacancy; it stands before the applicants.

    `submitted`: participant numbers that were given out, from 1 without a gap, as
    RegistrationClosed says.
    """

    kind: Literal["administration"]
    salt: Salt
    vacancy_id: str
    submitted: Annotated[int, Field(ge=0)]


class ApplicantLeaf(FilePart):
    """What became of an application before any test.

    `outcome`: the requirements are met (MS), are not met (TMS), or the application was withdrawn
    (APS). `commitment` binds the reasons of a TMS without showing them; elsewhere it is None.
    """

    kind: Literal["applicant"]
    salt: Salt
    vacancy_id: str
    participant_no: ParticipantNo
    outcome: Literal["MS", "TMS", "APS"]
    commitment: Hash | None


class ListLeaf(FilePart):
    """A list as an officer fixed it, before its lines.

    `decided`: the places that an officer gave among people equal in everything.
    """

    kind: Literal["list"]
    salt: Salt
    vacancy_id: str
    list: str
    version: int
    closed_at: Instant
    digest: Hash
    decided: dict[ParticipantNo, int]


class LineLeaf(FilePart):
    """A candidate's line.

    `points` by component as they counted, else empty; `priority`: the group, where the list goes by
    groups.

    Where personal facts put people in order whom the public ties before do not tell apart, `order`
    is the place among them (equals share one) and `commitment` binds the facts without showing
    them; elsewhere both are None.
    """

    kind: Literal["line"]
    salt: Salt
    vacancy_id: str
    list: str
    place: int
    participant_no: ParticipantNo
    rank: int | None
    equals: int
    score: ExactDecimal | None
    code: str
    points: dict[str, ExactDecimal]
    priority: str | None
    order: int | None
    commitment: Hash | None


class AnsweredOffer(FilePart):
    """A seat offered to somebody, and the answer.

    `move`: number of the policy's move, from 1; None for the next on the vacancy's own list.
    """

    participant_no: ParticipantNo
    applied_for: str
    move: int | None
    code: str
    answer: Literal["accepted", "declined", "lapsed"]


class AcceptedEducation(FilePart):
    """A level and programme of education that a vacancy accepts."""

    level: str
    programme: str


class SeatingLeaf(FilePart):
    """How a vacancy's seats were filled once its lists were fixed; it stands after them.

    `education`: what the vacancy accepts, which moves ask for. `gave_up`: who of the list gave a
    seat up. `not_asked`: ranked without a seat, and disqualified, rejected or withdrawn by the time
    when filling began. `decided`: among whom an officer decided for a last empty seat here.
    `offers`: in their order.
    """

    kind: Literal["seating"]
    salt: Salt
    vacancy_id: str
    education: list[AcceptedEducation]
    gave_up: dict[ParticipantNo, Literal["declined", "lapsed"]]
    not_asked: list[ParticipantNo]
    decided: list[ParticipantNo]
    offers: list[AnsweredOffer]

    @property
    def accepted(self) -> int:
        """How many offers were accepted."""
        return sum(offer.answer == "accepted" for offer in self.offers)

    def offers_to(self, vacancy_id: str, participant_no: str) -> list[AnsweredOffer]:
        """Seats here that this candidate of that vacancy was offered."""
        return [
            offer
            for offer in self.offers
            if (offer.applied_for, offer.participant_no) == (vacancy_id, participant_no)
        ]

    def names(self, vacancy_id: str, participant_no: str) -> bool:
        """Whether anything here is about this candidate of that vacancy."""
        own = self.vacancy_id == vacancy_id and participant_no in {*self.gave_up, *self.not_asked}
        return own or bool(self.offers_to(vacancy_id, participant_no))


Leaf = VacancyLeaf | AdministrationLeaf | ApplicantLeaf | ListLeaf | LineLeaf | SeatingLeaf
LeafOfKind = Annotated[Leaf, Field(discriminator="kind")]
_LEAF: TypeAdapter[Leaf] = TypeAdapter(LeafOfKind)


def parse_leaf(value: object, where: str) -> Leaf:
    """The leaf of a JSON object. Raises ProofFault, which says where in the file it stands."""
    try:
        return _LEAF.validate_python(value)
    except ValidationError as error:
        raise first_fault(error, where) from error


def leaf_bytes(leaf: Leaf) -> bytes:
    """A leaf as it stands in a file."""
    return canonical(leaf.model_dump())
