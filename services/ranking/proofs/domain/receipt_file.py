"""A receipt as a file: the leaves of one candidate, each proven to stand on the published list."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from services.ranking.proofs.domain.canonical import (
    FilePart,
    Hash,
    Signature,
    canonical,
    check_same_bytes,
)
from services.ranking.proofs.domain.commitments import Opening
from services.ranking.proofs.domain.fault import ProofFault, validated
from services.ranking.proofs.domain.head import Accepts, Head, check_head, signed_beginning
from services.ranking.proofs.domain.leaves import (
    ADMINISTRATION,
    ApplicantLeaf,
    LeafOfKind,
    LineLeaf,
    SeatingLeaf,
    leaf_bytes,
)
from services.ranking.proofs.domain.merkle_tree import root_from_inclusion_proof

RECEIPT_FORMATS = {"terang-list-1": "terang-receipt-1", "terang-list-2": "terang-receipt-2"}
"""By the format of the list on which the leaves stand."""


OwnLeaf = ApplicantLeaf | LineLeaf
"""A leaf about one candidate."""


class InclusionProof(FilePart):
    """A leaf with its inclusion path (RFC 9162): hashes from the bottom up, in hexadecimal."""

    index: int
    leaf: LeafOfKind
    path: list[Hash]


@dataclass(frozen=True, slots=True)
class Receipt:
    """The leaves of one candidate, each proven.

    `openings`: what opens the commitments among them, where the person asked.
    """

    head: Head
    signature: str
    leaves: Sequence[InclusionProof]
    openings: Sequence[Opening]


class _ReceiptJson(FilePart):
    format: Literal["terang-receipt-1", "terang-receipt-2"]
    head: Head
    signature: Signature
    leaves: list[InclusionProof]
    openings: list[Opening]


def write_receipt(receipt: Receipt) -> bytes:
    """A receipt as a file, written like a list."""
    return b"".join(
        (
            signed_beginning(RECEIPT_FORMATS[receipt.head.format], receipt.head, receipt.signature),
            b'"leaves":[\n',
            b",\n".join(canonical(proof.model_dump()) for proof in receipt.leaves),
            b'\n],\n"openings":[\n',
            b",\n".join(canonical(opening.model_dump()) for opening in receipt.openings),
            b"\n]}\n",
        )
    )


def parse_receipt(data: bytes, value: object) -> Receipt:
    """The receipt in a file (its bytes, and the JSON in them).

    Raises ProofFault where it is no receipt, or not written as it must be to the byte.
    """
    found = validated(_ReceiptJson, value)
    receipt = Receipt(found.head, found.signature, found.leaves, found.openings)
    check_same_bytes(data, write_receipt(receipt))
    return receipt


def check_receipt(receipt: Receipt, accepts: Accepts, key_id: str) -> None:
    """Checks signature, inclusion proofs and openings, and that all are of one candidate.

    Raises ProofFault with the first fault.
    """
    check_head(receipt.head, receipt.signature, accepts, key_id)
    _check_inclusion(receipt)
    own = _own_leaves(receipt.leaves)
    _check_one_candidate(receipt.leaves, next(iter(own.values())))
    for number, opening in enumerate(receipt.openings, 1):
        _check_opening(number, opening, own)


def _check_inclusion(receipt: Receipt) -> None:
    seen: set[int] = set()
    for number, proof in enumerate(receipt.leaves, 1):
        where = f"leaf {number}"
        root = root_from_inclusion_proof(
            leaf_bytes(proof.leaf), proof.index, receipt.head.leaves, proof.path
        )
        if root != receipt.head.root:
            says = f"its path leads to {root or 'nothing'}, expected the root {receipt.head.root}"
            raise ProofFault(where, f"{says}: it does not stand on the published list")
        if proof.index in seen:
            raise ProofFault(where, "it stands in the receipt twice")
        seen.add(proof.index)


def _own_leaves(proofs: Sequence[InclusionProof]) -> dict[str, OwnLeaf]:
    """The candidate's line on each list. Raises ProofFault for two lines of a list, or for none."""
    own: dict[str, OwnLeaf] = {}
    for number, proof in enumerate(proofs, 1):
        leaf = proof.leaf
        if not isinstance(leaf, ApplicantLeaf | LineLeaf):
            continue
        name = list_of(leaf)
        if own.setdefault(name, leaf) is not leaf:
            raise ProofFault(
                f"leaf {number}", f"a second line of the list {name}, expected one candidate's"
            )
    if len({(leaf.vacancy_id, leaf.participant_no) for leaf in own.values()}) != 1:
        raise ProofFault("leaves", "expected the lines of one candidate")
    return own


def list_of(leaf: OwnLeaf) -> str:
    """The list on which somebody's leaf stands."""
    return leaf.list if isinstance(leaf, LineLeaf) else ADMINISTRATION


def _check_one_candidate(proofs: Sequence[InclusionProof], line: OwnLeaf) -> None:
    """Raises ProofFault for a leaf that is not about the candidate of this one."""
    for number, proof in enumerate(proofs, 1):
        leaf = proof.leaf
        if isinstance(leaf, SeatingLeaf):
            if not leaf.names(line.vacancy_id, line.participant_no):
                raise ProofFault(f"leaf {number}", f"it says nothing of {line.participant_no}")
        elif leaf.vacancy_id != line.vacancy_id:
            says = f"it is about {leaf.vacancy_id}, expected {line.vacancy_id}"
            raise ProofFault(f"leaf {number}", says)


def _check_opening(number: int, opening: Opening, own: dict[str, OwnLeaf]) -> None:
    line = own.get(opening.list)
    whose = (opening.vacancy_id, opening.participant_no)
    if line is None or (line.vacancy_id, line.participant_no) != whose:
        raise ProofFault(f"opening {number}", "it opens no line of this receipt")
    if opening.commitment() != line.commitment:
        raise ProofFault(
            f"opening {number}",
            f"it does not open the commitment {line.commitment}: a fact or the salt was changed",
        )
