"""A published list as one file that anyone can check: canonical lines, a Merkle tree over them (RFC
6962, section 2.1), a signed head, receipts.

Every byte of a file counts: the policy by its hash in the head, each leaf by the tree's root in the
head, the head by the signature; and what was read must give the same bytes when it is written
again.
"""

import json
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

LIST = "terang-list-1"
RECEIPT = "terang-receipt-1"
COMMITMENT = b"terang-commitment-1\n"
LEAF, NODE = b"\0", b"\1"
"""What goes before the bytes that are hashed, so that a leaf can never pass for a node."""

SALT_BYTES = 16
"""Points and scores are few: without a salt a leaf's hash in somebody else's receipt would say what
stands in it."""

SECRET_BYTES = 32

Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Salt = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
Signature = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{128}$")]
Exact = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,9}(\.[0-9]{1,6})?$")]
Instant = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,15}Z$")]

HALF_A_CHARACTER = "half a character (a lone surrogate) is no text"
TOO_DEEP = "nested too deep to be a list or a receipt"

Accepts = Callable[[bytes, bytes], bool]
"""(signature, what was signed) -> whether the key that one trusts made it."""


class FaultError(Exception):
    """The first thing that is wrong with a file: where, and what was expected."""

    def __init__(self, where: str, says: str) -> None:
        super().__init__(f"{where}: {says}")
        self.where = where
        self.says = says


class _Part(BaseModel):
    """No field may be missing, none added, none of another kind."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class VacancyLeaf(_Part):
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
    seats: int


class ListLeaf(_Part):
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
    decided: dict[str, int]


class LineLeaf(_Part):
    """A candidate's line.

    `points` by component as they counted, else empty; `priority`: the group, where the list goes by
    groups.

    Where personal facts put people in order whom the public ties before do not tell apart, `order`
    is the place among them (equals share one) and `commitment` binds the facts without showing
    them; elsewhere both are none.
    """

    kind: Literal["line"]
    salt: Salt
    vacancy_id: str
    list: str
    place: int
    participant_no: str
    rank: int | None
    equals: int
    score: Exact | None
    code: str
    points: dict[str, Exact]
    priority: str | None
    order: int | None
    commitment: Hash | None


class SeatGoes(_Part):
    """A seat offered to somebody, and the answer.

    `move`: the policy's, from 1; none for the next on the vacancy's own list.
    """

    participant_no: str
    applied_for: str
    move: int | None
    code: str
    answer: Literal["accepted", "declined", "lapsed"]


class EducationAccepted(_Part):
    """A level and programme of education that a vacancy accepts."""

    level: str
    programme: str


class SeatingLeaf(_Part):
    """How a vacancy's seats were filled once its lists were fixed, after these: offers in their
    order, and who of the list gave a seat up.

    `education`: what the vacancy accepts, which moves ask for. `not_asked`: ranked without a seat,
    and disqualified, rejected or withdrawn by the time when filling began. `decided`: among whom an
    officer decided for a last empty seat here.
    """

    kind: Literal["seating"]
    salt: Salt
    vacancy_id: str
    education: list[EducationAccepted]
    gave_up: dict[str, Literal["declined", "lapsed"]]
    not_asked: list[str]
    decided: list[str]
    offers: list[SeatGoes]

    def offers_to(self, vacancy_id: str, participant_no: str) -> list[SeatGoes]:
        """Seats here that this candidate of that vacancy was offered."""
        return [
            each
            for each in self.offers
            if (each.applied_for, each.participant_no) == (vacancy_id, participant_no)
        ]

    def names(self, vacancy_id: str, participant_no: str) -> bool:
        """Whether anything here is about this candidate of that vacancy."""
        own = self.vacancy_id == vacancy_id and participant_no in {*self.gave_up, *self.not_asked}
        return own or bool(self.offers_to(vacancy_id, participant_no))


Leaf = VacancyLeaf | ListLeaf | LineLeaf | SeatingLeaf
_LEAF: TypeAdapter[Leaf] = TypeAdapter(Annotated[Leaf, Field(discriminator="kind")])


class Proposal(_Part):
    """What an officer proposes to publish; `root` stands for all leaves.

    `previous`: the root of the version before, none for the first.
    """

    format: Literal["terang-list-1"]
    province: str
    round_id: str
    round_name: str
    version: int
    previous: Hash | None
    policy_id: str
    policy_version: str
    policy_hash: Hash
    seed: Hash
    decreed_seats: int
    vacancies: int
    lines: int
    leaves: int
    root: Hash
    proposed_at: Instant
    proposed_by: Literal["officer"]

    def digest(self) -> str:
        """What the second officer signs by name: SHA-256 of the canonical proposal, in hexadecimal."""
        return sha256(canonical(self.model_dump())).hexdigest()


class Head(Proposal):
    """The proposal as signed. Of the people who did it the file names the roles."""

    signed_by: Literal["officer"]
    published_at: Instant
    key_id: Hash

    def signed(self) -> bytes:
        """The bytes that the signature is over."""
        return LIST.encode() + b"\n" + canonical(self.model_dump())


class Opening(_Part):
    """What opens a commitment to the person: the facts, and the salt that hides them from everyone
    else.
    """

    vacancy_id: str
    list: str
    participant_no: str
    facts: dict[str, str | int | None]
    salt: Hash

    def commitment(self) -> str:
        """SHA-256, in hexadecimal."""
        return sha256(COMMITMENT + canonical(self.model_dump())).hexdigest()


class Proven(_Part):
    """A leaf with the way from it to the root: the hashes beside it, from the bottom up."""

    index: int
    leaf: Annotated[Leaf, Field(discriminator="kind")]
    path: list[Hash]


@dataclass(frozen=True, slots=True)
class Published:
    """A list file: its head, the signature, the policy as JSON, and the leaves."""

    head: Head
    signature: str
    policy: Mapping[str, Any]
    leaves: Sequence[Leaf]


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt: the leaves of one candidate, each proven, and what opens commitments among them,
    where the person asked.
    """

    head: Head
    signature: str
    leaves: Sequence[Proven]
    openings: Sequence[Opening]


def canonical(value: object) -> bytes:
    """JSON with sorted keys and no blanks, UTF-8.

    Raises FaultError for what can be read but not written: half a character, a nest just not too
    deep.
    """
    try:
        return json.dumps(
            value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
        ).encode()
    except UnicodeEncodeError as error:
        raise FaultError("the file", HALF_A_CHARACTER) from error
    except RecursionError as error:
        raise FaultError("the file", TOO_DEEP) from error


def new_salt() -> str:
    """A leaf's salt."""
    return secrets.token_hex(SALT_BYTES)


def new_secret() -> str:
    """A commitment's salt."""
    return secrets.token_hex(SECRET_BYTES)


# The tree -----------------------------------------------------------------------------------------


def leaf_text(leaf: Leaf) -> bytes:
    """A leaf as it stands in a file."""
    return canonical(leaf.model_dump())


def leaf_hash(text: bytes) -> bytes:
    """The hash of a leaf's text."""
    return sha256(LEAF + text).digest()


def tree(texts: Iterable[bytes]) -> list[list[bytes]]:
    """All hashes by level, from the leaves up to the root alone.

    A node without a neighbour goes up as it is, which gives RFC 6962's tree.

    Raises ValueError for no leaf at all.
    """
    levels = [[leaf_hash(text) for text in texts]]
    if not levels[0]:
        raise ValueError("a tree has a leaf at least")
    while len(levels[-1]) > 1:
        below = levels[-1]
        levels.append(
            [
                _node(below[at], below[at + 1]) if at + 1 < len(below) else below[at]
                for at in range(0, len(below), 2)
            ]
        )
    return levels


def beside(index: int, leaves: int) -> list[int]:
    """Where, among the hashes of all levels one after the other, those stand that lead from a leaf
    to the root.
    """
    places = []
    start, width = 0, leaves
    while width > 1:
        if index ^ 1 < width:
            places.append(start + (index ^ 1))
        start, width, index = start + width, (width + 1) // 2, index // 2
    return places


def root_from(text: bytes, index: int, leaves: int, path: Sequence[str]) -> str | None:
    """The root that a leaf's path leads to, or none where the path has not the length that the
    leaf's place asks for.
    """
    if not 0 <= index < leaves or len(path) != len(beside(index, leaves)):
        return None
    steps = iter(path)
    found, width = leaf_hash(text), leaves
    while width > 1:
        if index ^ 1 < width:
            other = bytes.fromhex(next(steps))
            found = _node(other, found) if index % 2 else _node(found, other)
        width, index = (width + 1) // 2, index // 2
    return found.hex()


def _node(left: bytes, right: bytes) -> bytes:
    return sha256(NODE + left + right).digest()


# Files --------------------------------------------------------------------------------------------


def list_file(
    head: Head, signature: str, policy: Mapping[str, Any], leaves: Iterable[bytes]
) -> bytes:
    """A list as a file: JSON with each leaf (its text) on a line of its own."""
    return b"".join(
        (
            _opened(head, signature),
            b'"policy":' + canonical(policy) + b',\n"leaves":[\n',
            b",\n".join(leaves),
            b"\n]}\n",
        )
    )


def proposal_file(proposal: Proposal, policy: Mapping[str, Any], leaves: Iterable[bytes]) -> bytes:
    """What is proposed, as officers read it before anything is signed."""
    return b"".join(
        (
            b'{"proposal":'
            + canonical(proposal.model_dump())
            + b',\n"digest":'
            + canonical(proposal.digest()),
            b',\n"policy":' + canonical(policy) + b',\n"leaves":[\n',
            b",\n".join(leaves),
            b"\n]}\n",
        )
    )


def receipt_file(receipt: Receipt) -> bytes:
    """A receipt as a file, written like a list."""
    return b"".join(
        (
            _opened(receipt.head, receipt.signature, RECEIPT),
            b'"leaves":[\n',
            b",\n".join(canonical(one.model_dump()) for one in receipt.leaves),
            b'\n],\n"openings":[\n',
            b",\n".join(canonical(one.model_dump()) for one in receipt.openings),
            b"\n]}\n",
        )
    )


def _opened(head: Head, signature: str, format_: str = LIST) -> bytes:
    return b"".join(
        (
            b'{"format":' + canonical(format_) + b',\n"head":' + canonical(head.model_dump()),
            b',\n"signature":' + canonical(signature) + b",\n",
        )
    )


LINES_BEFORE_LEAVES = 5
"""Of a list file: format, head, signature, policy, and where the leaves begin."""


class _ListFile(_Part):
    format: Literal["terang-list-1"]
    head: Head
    signature: Signature
    policy: dict[str, Any]
    leaves: list[Any]


class _ReceiptFile(_Part):
    format: Literal["terang-receipt-1"]
    head: Head
    signature: Signature
    leaves: list[Proven]
    openings: list[Opening]


def read(data: bytes) -> Published | Receipt:
    """The list or the receipt that a file holds.

    Raises FaultError where it is neither, or not written as it must be to the byte.
    """
    value = _json(data)
    if isinstance(value, dict) and value.get("format") == RECEIPT:
        file = _valid(_ReceiptFile, value)
        receipt = Receipt(file.head, file.signature, file.leaves, file.openings)
        _same_bytes(data, receipt_file(receipt))
        return receipt
    found = _valid(_ListFile, value)
    leaves = []
    for number, leaf in enumerate(found.leaves, LINES_BEFORE_LEAVES + 1):
        try:
            leaves.append(_LEAF.validate_python(leaf))
        except ValidationError as error:
            raise first_fault(error, f"line {number}") from error
    _same_bytes(data, list_file(found.head, found.signature, found.policy, map(leaf_text, leaves)))
    return Published(found.head, found.signature, found.policy, leaves)


def _json(data: bytes) -> Any:
    try:
        return json.loads(data.decode(), parse_float=_no_float, parse_constant=_no_float)
    except RecursionError as error:
        raise FaultError("the file", TOO_DEEP) from error
    except ValueError as error:
        raise FaultError("the file", f"not JSON in UTF-8 as it was written: {error}") from error


def _no_float(text: str) -> Any:
    raise ValueError(f"{text} is no integer; exact decimals are strings")


Model = TypeVar("Model", bound=BaseModel)


def _valid(model: type[Model], value: object) -> Model:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise first_fault(error, "the file") from error


_IN_WORDS = {
    "dict_type": "expected an object",
    "extra_forbidden": "nothing is called so here",
    "int_type": "expected an integer",
    "list_type": "expected a list",
    "literal_error": "expected {expected}",
    "missing": "it is missing",
    "model_attributes_type": "expected an object",
    "model_type": "expected an object",
    "string_pattern_mismatch": "expected a text like {pattern}",
    "string_type": "expected a text",
    "string_unicode": HALF_A_CHARACTER,
    "union_tag_invalid": "expected one of the kinds {expected_tags}",
    "union_tag_not_found": "expected an object that says of which kind it is",
    "value_error": "{error}",
}
"""By pydantic's kinds of faults; of the other ones only that something else was expected."""


def first_fault(error: ValidationError, where: str) -> FaultError:
    """The first thing that was not as its model says, for people who know no pydantic."""
    fault = error.errors()[0]
    at = ".".join(map(str, fault["loc"]))
    says = _IN_WORDS.get(fault["type"], "expected something else").format(**fault.get("ctx", {}))
    return FaultError(f"{where}, {at}" if at else where, says)


def _same_bytes(data: bytes, expected: bytes) -> None:
    if data == expected:
        return
    at = next(
        (at for at, (one, other) in enumerate(zip(data, expected, strict=False)) if one != other),
        min(len(data), len(expected)),
    )
    raise FaultError(
        f"line {data.count(10, 0, at) + 1}",
        f"not written canonically: expected {_shown(expected[at : at + 20])}, found {_shown(data[at : at + 20])}",
    )


def _shown(part: bytes) -> str:
    return repr(part.decode(errors="replace")) if part else "the end"


# Signature and root -------------------------------------------------------------------------------


def check_head(head: Head, signature: str, accepts: Accepts, key_id: str) -> None:
    """The head was signed with the key of that id. Raises FaultError."""
    if head.key_id != key_id:
        raise FaultError(
            "head, key_id",
            f"signed with the key {head.key_id}, expected {key_id}: is it the right key?",
        )
    if not accepts(bytes.fromhex(signature), head.signed()):
        raise FaultError(
            "signature", "it does not belong to this head: the head or the signature was changed"
        )


def check_counts(proposal: Proposal, leaves: Sequence[Leaf], policy: Mapping[str, Any]) -> None:
    """The head's policy hash and counts are those of what follows. Raises FaultError."""
    found = sha256(canonical(policy)).hexdigest()
    if found != proposal.policy_hash:
        raise FaultError(
            "policy",
            f"its hash is {found}, expected {proposal.policy_hash}: the policy was changed",
        )
    for what, kind in (("leaves", Leaf), ("vacancies", VacancyLeaf), ("lines", LineLeaf)):
        count = sum(isinstance(leaf, kind) for leaf in leaves)
        if count != getattr(proposal, what):
            raise FaultError(
                f"head, {what}", f"{count} are there, expected {getattr(proposal, what)}"
            )


def check_root(proposal: Proposal, leaves: Sequence[Leaf]) -> None:
    """The head's root is that of the leaves. Raises FaultError."""
    root = tree(map(leaf_text, leaves))[-1][0].hex()
    if root != proposal.root:
        raise FaultError(
            "leaves",
            f"their root is {root}, expected {proposal.root}: a line was changed, moved or taken out",
        )


def check_receipt(receipt: Receipt, accepts: Accepts, key_id: str) -> None:
    """Signature, every path, every opening; and all of it about one candidate of one vacancy.

    Raises FaultError.
    """
    check_head(receipt.head, receipt.signature, accepts, key_id)
    seen: set[int] = set()
    for number, proven in enumerate(receipt.leaves, 1):
        where = f"leaf {number}"
        root = root_from(leaf_text(proven.leaf), proven.index, receipt.head.leaves, proven.path)
        if root != receipt.head.root:
            says = f"its path leads to {root or 'nothing'}, expected the root {receipt.head.root}"
            raise FaultError(where, f"{says}: it does not stand on the published list")
        if proven.index in seen:
            raise FaultError(where, "it stands in the receipt twice")
        seen.add(proven.index)
    lines = _lines_of_one(receipt.leaves)
    for number, opening in enumerate(receipt.openings, 1):
        line = lines.get(opening.list)
        if line is None or (line.vacancy_id, line.participant_no) != (
            opening.vacancy_id,
            opening.participant_no,
        ):
            raise FaultError(f"opening {number}", "it opens no line of this receipt")
        if opening.commitment() != line.commitment:
            raise FaultError(
                f"opening {number}",
                f"it does not open the commitment {line.commitment}: a fact or the salt was changed",
            )


def _lines_of_one(leaves: Sequence[Proven]) -> dict[str, LineLeaf]:
    """The lines by list.

    Raises FaultError unless all leaves are about one candidate of one vacancy.
    """
    lines: dict[str, LineLeaf] = {}
    for number, proven in enumerate(leaves, 1):
        if (
            isinstance(proven.leaf, LineLeaf)
            and lines.setdefault(proven.leaf.list, proven.leaf) is not proven.leaf
        ):
            raise FaultError(
                f"leaf {number}",
                f"a second line of the list {proven.leaf.list}, expected one candidate's",
            )
    if len({(line.vacancy_id, line.participant_no) for line in lines.values()}) != 1:
        raise FaultError("leaves", "expected the lines of one candidate")
    one = next(iter(lines.values()))
    vacancy_id = one.vacancy_id
    for number, proven in enumerate(leaves, 1):
        if isinstance(proven.leaf, SeatingLeaf):
            if not proven.leaf.names(vacancy_id, one.participant_no):
                raise FaultError(f"leaf {number}", f"it says nothing of {one.participant_no}")
        elif proven.leaf.vacancy_id != vacancy_id:
            raise FaultError(
                f"leaf {number}", f"it is about {proven.leaf.vacancy_id}, expected {vacancy_id}"
            )
    return lines
